/* SPDX-License-Identifier: ISC */
#include "config/spelling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

START_TEST(keys)
{
    static const struct {
        enum option_section section;
        const char *key, *hint;
    } rows[] = {
        {OPTION_LISTENER, "taget", ": did you mean `target`?"},
        {OPTION_LISTENER, "tagret", ": did you mean `target`?"},
        {OPTION_LISTENER, "Target", ": did you mean `target`?"},
        {OPTION_LISTENER, "targets", ": did you mean `target`?"},
        {OPTION_LISTENER, "tl", ": did you mean `tls`?"},
        {OPTION_LISTENER, "tls_verify", ": did you mean `tls-verify`?"},
        {OPTION_LISTENER, "ca-file", ": did you mean `tls-ca-file`?"},
        {OPTION_LISTENER, "user", ": it belongs into [proxy]"},
        {OPTION_LISTENER, "max-sessions", ": it belongs into [sallyport]"},
        {OPTION_GLOBAL, "log_level", ": did you mean `log-level`?"},
        {OPTION_GLOBAL, "loglevel", ": did you mean `log-level`?"},
        {OPTION_GLOBAL, "conect-timeuot", ": did you mean `connect-timeout`?"},
        {OPTION_GLOBAL, "wider", ": it belongs into [redirects]"},
        {OPTION_PROXY, "pasword", ": did you mean `password`?"},
        {OPTION_PROXY, "password-comand", ": did you mean `password-command`?"},
        {OPTION_PROXY, "tls", ": it belongs into the section of a listener"},
        {OPTION_RELAY, "allow", ": it belongs into [public]"},
        {OPTION_LISTENER, "trusted-clients", ": it belongs into [reverse]"},
        {OPTION_PUBLIC, "users", ": it belongs into [relay]"},
        {OPTION_REVERSE, "cert_file", ": did you mean `cert-file`?"},
        {OPTION_PROXY, "usr", ": did you mean `user`?"},
        {OPTION_PROXY, "uri", ": did you mean `url`?"},
        {OPTION_PROXY, "orign", ": did you mean `origin`?"},
        {OPTION_PROXY, "from", ": did you mean `form`?"},
        {OPTION_PROXY, "tls_upgrade", ": did you mean `tls-upgrade`?"},
        {OPTION_PROXY, "upgrade", ": did you mean `tls-upgrade`?"},
        {OPTION_LISTENER, "origin", ": it belongs into [proxy]"},
        {OPTION_LISTENER, "tls-upgrade", ": it belongs into [proxy]"},
        {OPTION_PROXY, "colour", ""},
        {OPTION_PROXY, "x", ""},
        {OPTION_PROXY, "", ""},
        {OPTION_PROXY, "passwordpasswordpasswordpasswordpassword", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *key = unit_exact(rows[i].key, strlen(rows[i].key) + 1), out[SPELLING_HINT_MAX];

        ck_assert_msg(strcmp(spelling_hint_key(rows[i].section, key, out), rows[i].hint) == 0, "%s: %s", key, out);
        free(key);
    }
}
END_TEST

START_TEST(sections)
{
    static const struct {
        const char *word, *hint;
    } rows[] = {
        {"revers", ": did you mean [reverse]?"},      {"reverse/home", ": did you mean [reverse home]?"},
        {"realy", ": did you mean [relay]?"},         {"publc", ": did you mean [public]?"},
        {"imapp", ": did you mean [imap]?"},         {"IMAP", ": did you mean [imap]?"},
        {"ntp", ": did you mean [nntp]?"},           {"stmp", ": did you mean [smtp]?"},
        {"managsieve", ": did you mean [managesieve]?"}, {"redirect", ": did you mean [redirects]?"},
        {"sally-port", ": did you mean [sallyport]?"},   {"proxys", ": did you mean [proxy]?"},
        {"imap/work", ": did you mean [imap work]?"}, {"proxy.night", ": did you mean [proxy night]?"},
        {"pop3:", ": did you mean [pop3]?"},         {"ldap", ""},
        {"general", ""},                             {"x", ""},
        {"", ""},                                    {"imap/a-label-of-more-than-thirty-two-bytes", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *word = unit_exact(rows[i].word, strlen(rows[i].word)), out[SPELLING_HINT_MAX];

        spelling_hint_section(word, strlen(rows[i].word), out);
        ck_assert_msg(strcmp(out, rows[i].hint) == 0, "%s: %s", rows[i].word, out);
        free(word);
    }
}
END_TEST

/* No key or section that exists is taken for another one. */
START_TEST(each_known_word_is_the_nearest_to_itself)
{
    char out[SPELLING_HINT_MAX], wanted[SPELLING_HINT_MAX];

    for (size_t i = 0; option_row(i); i++) {
        const struct option_row *row = option_row(i);

        snprintf(wanted, sizeof wanted, ": did you mean `%s`?", row->rule.key);
        ck_assert_str_eq(spelling_hint_key(row->section, row->rule.key, out), wanted);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("spelling");

    tcase_add_test(cases, keys);
    tcase_add_test(cases, sections);
    tcase_add_test(cases, each_known_word_is_the_nearest_to_itself);
    return unit_run();
}
