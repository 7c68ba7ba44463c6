/* SPDX-License-Identifier: ISC */
#include "config/found_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

#include "../unit.h"

static char told[4000]; /* errors and, each with "remark: " before it, what is without effect; one a line */

static void note(void *arg, const char *line)
{
    size_t length = strlen(told);

    (void)arg;
    ck_assert_uint_lt(length + strlen(line) + 1, sizeof told);
    snprintf(told + length, sizeof told - length, "%s%s", length ? "\n" : "", line);
}

bool __wrap_curl_features_ntlm(void);
bool __wrap_curl_features_ntlm(void)
{
    return true;
}

void __wrap_section_remark(const struct section *section, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void __wrap_section_remark(const struct section *section, int line, const char *format, ...)
{
    char text[500], place[SOURCES_TEXT_MAX];
    va_list values;
    int length = snprintf(text, sizeof text, "remark: %s: ", sources_format(section->sources, line, place));

    va_start(values, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, values);
    va_end(values);
    note(NULL, text);
}

/* Reads "[proxy]" with these keys, from line 2 on, and a listener.  The caller's; NULL: it was refused. */
static struct config *read_keys(const char *keys, enum config_use use)
{
    char text[4000];
    int length = snprintf(text, sizeof text, "[proxy]\n%s[imap]\ntarget = mail.example.net\n"
                          "[proxy outer]\nurl = http://o.example\n", keys);
    FILE *stream = fmemopen(text, (size_t)length, "r");
    struct config *config;

    ck_assert_int_lt(length, (int)sizeof text);
    ck_assert_ptr_nonnull(stream);
    told[0] = '\0';
    config = config_parse(stream, "f", use, note, NULL);
    fclose(stream);
    return config;
}

#define PAC "url = pac:https://w.example/p\n"
#define TRUST "trusted = p.example\n"
#define ALONE(line, key) "f:" line ": " key " goes with proxies that are found: url = pac:..., system or command:..."
#define ONLY_TRUSTED(line, key) "f:" line ": " key ": who finds the proxies names where credentials would go, so " \
                                "they go only to hosts in `trusted`: set that, as in trusted = proxy.example.net " \
                                "*.example.net"
#define PLAIN "f:2: url: anybody on the way could put another PAC file in the place of one that comes by http://: " \
              "write https://, or set insecure = yes where the way is safe"
#define NO_EFFECT "remark: f:3: insecure has no effect: no PAC file is fetched"
#define OWN(line, key, whose) "f:" line ": " key " needs a `url` of its own, not " whose

static const struct rule {
    const char *keys, *told;
} rules[] = {
    {PAC, ""},
    {"url = system\n", ""},
    {"url = command:/bin/sh\n", ""},
    {PAC TRUST "pac-url = http://{host}/\nfallback = direct\nca-file = /dev/null\n", ""},
    {PAC "trusted = *.com\nuser = me\npassword = x\n", "f:3: trusted: anybody can have a host below such a domain, and "
     "would get the password: name the domain of your own, as in *.example.net"},
    /* keys that go with them alone */
    {"url = http://p.example\n" TRUST, ALONE("3", "trusted")},
    {"url = environment\n" TRUST, ALONE("3", "trusted")},
    {"url = http://p.example\npac-url = http://{host}/\n", ALONE("3", "pac-url")},
    {"url = environment\ninsecure = yes\n", ALONE("3", "insecure")},
    {"url = http://p.example\npac-url = https://{host}:{port}/\ninsecure = no\n", ""}, /* as `check` prints it */
    {TRUST, "f:1: [proxy] needs the key `url`\n" ALONE("2", "trusted")},
    /* credentials without anybody who is trusted */
    {PAC "user = me\npassword = x\n", ONLY_TRUSTED("3", "user")},
    {"url = system\nuser = me\npassword = x\n", ONLY_TRUSTED("3", "user")},
    {"url = command:/bin/sh\nuser = me\npassword = x\n", ONLY_TRUSTED("3", "user")},
    {PAC "header = X-A: 1\n", ONLY_TRUSTED("3", "header")},
    {PAC "header = Proxy-Authorization: Basic eHg6eXk=\n", ONLY_TRUSTED("3", "header")},
    {PAC "auth = negotiate\n", ONLY_TRUSTED("3", "auth")},
    {PAC "cert-file = /dev/null\n", ONLY_TRUSTED("3", "cert-file")},
    {PAC TRUST "user = me\npassword = x\nheader = X-A: 1\ncert-file = /dev/null\n", ""},
    {PAC TRUST "auth = negotiate\n", ""},
    {"url = environment\nuser = me\npassword = x\nheader = X-A: 1\n", ""},
    /* the PAC file, and the program */
    {"url = pac:http://w.example/p\n", PLAIN},
    {"url = pac:http://localhost/p\n", PLAIN},
    {"url = pac:http://w.example/p\ninsecure = yes\n", ""},
    {PAC "insecure = yes\n", ""}, /* for where it leads to */
    {"url = system\ninsecure = yes\n", ""},
    {"url = command:/bin/sh\ninsecure = yes\n", ""},
    {"url = pac:/dev/null\ninsecure = yes\n", NO_EFFECT},
    {"url = pac:/dev/null\n", ""},
    {"url = pac:/nowhere/p.pac\n", "remark: f:2: url: /nowhere/p.pac: No such file or directory; there is no session "
     "without it"},
    {"url = command:/nowhere/x\n", "f:2: url: /nowhere/x: No such file or directory"},
    {"url = command:/dev/null\n", "f:2: url: /dev/null: not a program that can be run"},
    {"url = command:/tmp\n", "f:2: url: /tmp: not a program that can be run"},
    {"url = command:/bin/sh -v\n", "f:2: url: /bin/sh -v: No such file or directory\nf:2: url: the program gets one "
     "argument, the URL that it is asked about: blanks behind command: are part of its path"},
    /* what needs to know the proxies beforehand */
    {PAC "via = outer\n", "f:3: via: not for proxies that are found: those are reached from here"},
    {PAC "preconnect = 1\n", OWN("3", "preconnect:", "a PAC file's")},
    {"url = system\npreconnect = 1\n", OWN("3", "preconnect:", "the desktop's")},
    {"url = command:/bin/sh\npreconnect = 1\n", OWN("3", "preconnect:", "a program's")},
    {PAC "http = 2\n", OWN("3", "http = 2", "a PAC file's")},
    {PAC "http = auto\n", ""},
    {PAC "http = auto\nrequire-switch = yes\n", "remark: f:3: http = auto has no effect: require-switch needs "
     "HTTP/1.1, where alone a proxy can switch"},
    {PAC "http = auto\nmethod = proxy\n", "remark: f:3: http = auto has no effect: HTTP/2 has no method but connect"},
    {PAC "method = proxy\n", ""},
    {PAC "method = tcpconnection\n", OWN("3", "method = tcpconnection", "a PAC file's")},
    {PAC "form = absolute\n", "f:3: form = absolute goes with method = tcpconnection alone\nf:3: form = absolute needs "
     "a `via`: it is the proxy before the server that is asked so"},
    {PAC TRUST "auth = ntlm\nuser = me\npassword = x\n", ""},
    {PAC TRUST "auth = ntlm\nuser = me\npassword = x\nmethod = proxy\n", "f:4: auth = ntlm needs method = connect"},
    {PAC "announce = none\nrequire-switch = yes\n", "f:1: [proxy]: require-switch needs upgrade in announce: nothing "
     "else can be answered by a switch"},
};

START_TEST(each_rule)
{
    struct config *config = read_keys(rules[_i].keys, CONFIG_TO_CHECK);

    ck_assert_msg(strcmp(told, rules[_i].told) == 0, "%s\n-> %s\n<> %s", rules[_i].keys, told, rules[_i].told);
    config_unref(config);
}
END_TEST

/* A person who can be asked for a password has a user all the same. */
START_TEST(whoever_is_asked_for_a_password_trusts_somebody_too)
{
    ck_assert_ptr_null(read_keys(PAC "user = me\n", CONFIG_TO_ASK));
    ck_assert_str_eq(told, ONLY_TRUSTED("3", "user"));
}
END_TEST

/* A file that is there, and that its owner alone cannot read, as other programs write them. */
START_TEST(a_file_that_cannot_be_read_is_remarked_on)
{
    char path[] = "/tmp/check-found.XXXXXX", keys[100], wanted[200];
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    snprintf(keys, sizeof keys, "url = pac:%s\n", path);
    config_unref(read_keys(keys, CONFIG_TO_RUN));
    ck_assert_str_eq(told, "");
    ck_assert_int_eq(fchmod(fd, 0), 0);
    close(fd);
    config_unref(read_keys(keys, CONFIG_TO_RUN));
    snprintf(wanted, sizeof wanted, "remark: f:2: url: %s: Permission denied; there is no session without it", path);
    ck_assert_str_eq(told, access(path, R_OK) == 0 ? "" : wanted); /* root may read all */
    unlink(path);
}
END_TEST

START_TEST(a_long_path_is_cut_in_words_alone)
{
    char keys[3000] = "url = command:/";

    memset(keys + strlen(keys), 'x', 200);
    snprintf(keys + strlen(keys), 2, "\n");
    ck_assert_ptr_null(read_keys(keys, CONFIG_TO_CHECK));
    ck_assert_uint_lt(strlen(told), 230);
    ck_assert_ptr_nonnull(strstr(told, "xxx: No such file or directory"));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("found_check");

    tcase_add_loop_test(cases, each_rule, 0, sizeof rules / sizeof rules[0]);
    tcase_add_test(cases, whoever_is_asked_for_a_password_trusts_somebody_too);
    tcase_add_test(cases, a_file_that_cannot_be_read_is_remarked_on);
    tcase_add_test(cases, a_long_path_is_cut_in_words_alone);
    return unit_run();
}
