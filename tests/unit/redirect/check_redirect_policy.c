#include "redirect/redirect_policy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/inifile.h"

#include "../unit.h"

static void tell(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

static char *words(const char *ini)
{
    FILE *stream = fmemopen((void *)(uintptr_t)ini, strlen(ini), "r"), *out;
    struct config *config = config_parse(stream, "test.ini", CONFIG_TO_CHECK, tell, NULL);
    char *text = NULL, *rest, *line, *copy;
    size_t size;

    fclose(stream);
    out = open_memstream(&text, &size);
    redirect_policy_print(config, out);
    fclose(out);
    config_unref(config);
    rest = copy = strdup(text);
    while ((line = strsep(&rest, "\n")))
        ck_assert_msg(!*line || (line[0] == ';' && strlen(line) < INIFILE_LINE_MAX), "no comment: %s", line);
    free(copy);
    return text;
}

#define ROUTE "[proxy]\nurl = http://p:3128\n[imap]\ntarget = mail.example.net\n"

START_TEST(each_wish_has_its_words)
{
    static const struct {
        const char *redirects, *wanted;
    } cases[] = {
        {"", "; imap: a proxy may move imap://mail.example.net:143/ and nothing wider; wider scopes are asked about\n"},
        {"wider = refuse", "imap://mail.example.net:143/ and nothing wider; wider scopes are refused\n"},
        {"wider = clamp", "imap://mail.example.net:143/ and nothing wider; wider scopes are cut down to this\n"},
        {"wider = same-domain", "and more, to a proxy of its own domain; wider scopes to others are asked about\n"},
        {"wider = accept", "imap://mail.example.net:143/ and whatever else it names\n"},
        {"", "; for 1d at most where it names a time; over 5 redirects at most for one session\n"},
        {"max-lifetime = 90m\nmax-hops = 1", "; for 90m at most where it names a time; over 1 redirect at most"},
        {"max-lifetime = 90s", "; for 90s at most"},
        {"", "; not to the server directly, without a proxy (DIRECT)\n"},
        {"direct = yes", "; it may send us to the server directly, without a proxy (DIRECT)\n"},
        {"", "; not from a proxy behind TLS to one without\n"},
        {"downgrade = yes", "; from a proxy behind TLS also to one without\n"},
        {"", "; a question that nobody answers within 1m counts as refused\n"},
        {"follow = no", "; no proxy may move anything: redirects are not followed\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char ini[400], *text;

        snprintf(ini, sizeof ini, "%s[redirects]\n%s\n", ROUTE, cases[i].redirects);
        text = words(ini);
        ck_assert_msg(strstr(text, cases[i].wanted) != NULL, "no %s in:\n%s", cases[i].wanted, text);
        free(text);
    }
}
END_TEST

START_TEST(what_is_not_so_is_not_said)
{
    char *text = words(ROUTE "[redirects]\nfollow = no\n");

    ck_assert_ptr_null(strstr(text, "may move imap"));
    free(text);
    text = words(ROUTE "[redirects]\nwider = refuse\n");
    ck_assert_ptr_null(strstr(text, "question"));
    free(text);
}
END_TEST

START_TEST(each_listener_has_its_line)
{
    char *text = words(ROUTE "[imap x]\nlisten = localhost:1\ntarget = mail.example.net\nproxy = direct\n"
                             "[submission]\ntarget = srv:example.net\n[nntp]\ntarget = [::1]:1119\n");

    ck_assert_ptr_nonnull(strstr(text, "; imap: a proxy may move imap://mail.example.net:143/ and"));
    ck_assert_ptr_nonnull(strstr(text, "; imap/x: goes without a proxy, so none may move it\n"));
    ck_assert_ptr_nonnull(strstr(text, "; submission: a proxy may move the server of srv:example.net and"));
    ck_assert_ptr_nonnull(strstr(text, "; nntp: a proxy may move nntp://[::1]:1119/ and"));
    free(text);
}
END_TEST

/* `check` must accept what it prints: words() looks at each line's length. */
START_TEST(the_longest_names_make_no_line_that_is_too_long)
{
    char ini[600], host[190] = "";

    for (size_t length = 3; length < 180; length += 3) {
        char *text;

        memcpy(host + length - 3, "ab.", 3);
        host[length - 1] = '\0';
        snprintf(ini, sizeof ini, "[proxy]\nurl = http://p:3128\n[forward abcdefghijklmnopqrstuvwxyz012345]\n"
                 "listen = localhost:1\nprotocol = ABCDEFGHIJKLMNOPQRSTUVWXYZ012345\ntarget = %s:65535\n", host);
        text = words(ini);
        ck_assert_ptr_nonnull(strstr(text, "a proxy may move abcdefghijklmnopqrstuvwxyz012345://ab"));
        ck_assert_ptr_nonnull(strstr(text, "wider scopes are asked about"));
        free(text);
        host[length - 1] = '.';
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("policy");

    tcase_add_test(cases, each_wish_has_its_words);
    tcase_add_test(cases, what_is_not_so_is_not_said);
    tcase_add_test(cases, each_listener_has_its_line);
    tcase_add_test(cases, the_longest_names_make_no_line_that_is_too_long);
    return unit_run();
}
