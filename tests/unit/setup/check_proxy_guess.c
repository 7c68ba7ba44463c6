/* SPDX-License-Identifier: ISC */
#include "setup/proxy_guess.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static struct proxy_guess guess;

static void clear(void)
{
    static const char *const names[] = {"imap_proxy", "submission_proxy", "all_proxy", "https_proxy", "http_proxy",
                                        "IMAP_PROXY", "SUBMISSION_PROXY", "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

START_TEST(the_environment_in_order)
{
    static const struct {
        const char *variable, *value, *url, *by;
    } rows[] = { /* each in front of those before it */
        {"http_proxy", "one:3128", "http://one:3128", "http_proxy"},
        {"HTTPS_PROXY", "https://two", "https://two:443", "https_proxy"},
        {"all_proxy", " http://three/ ", "http://three:80", "all_proxy"},
        {"imap_proxy", "four:1", "http://four:1", "imap_proxy"},
    };

    clear();
    proxy_guess_environment(&guess);
    ck_assert_str_eq(guess.url, "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setenv(rows[i].variable, rows[i].value, 1);
        proxy_guess_environment(&guess);
        ck_assert_str_eq(guess.url, rows[i].url);
        ck_assert_str_eq(guess.variable, rows[i].by);
        ck_assert_str_eq(guess.user, "");
    }
}
END_TEST

START_TEST(what_is_of_no_use_is_passed_over)
{
    clear();
    setenv("https_proxy", "socks5h://one", 1);
    setenv("http_proxy", "http://fred:a%20b@two:3128", 1);
    proxy_guess_environment(&guess);
    ck_assert_str_eq(guess.url, "http://two:3128");
    ck_assert_str_eq(guess.user, "fred");
    ck_assert_str_eq(guess.password, "a b");
    setenv("http_proxy", "http://", 1);
    proxy_guess_environment(&guess);
    ck_assert_str_eq(guess.url, "");
    ck_assert_str_eq(guess.user, "");
}
END_TEST

START_TEST(what_a_person_writes)
{
    static const struct {
        const char *text, *url, *user, *password; /* url NULL: it is nothing of the kind */
    } rows[] = {
        {"http://proxy.example.net:3128", "http://proxy.example.net:3128", "", ""},
        {"proxy.example.net:3128", "http://proxy.example.net:3128", "", ""},
        {"proxy.example.net", "http://proxy.example.net:80", "", ""},
        {"proxy:3128", "http://proxy:3128", "", ""},
        {"https://fred@proxy", "https://proxy:443", "fred", ""},
        {"fred:x%3A@proxy:1", "http://proxy:1", "fred", "x:"},
        {"system", NULL, "", ""},
        {"none", NULL, "", ""},
        {"environment", NULL, "", ""},
        {"pac:http://wpad/proxy.pac", NULL, "", ""},
        {"http://proxy/path", NULL, "", ""},
        {"http://proxy:3128, http://other:3128", NULL, "", ""},
        {"http://fred:%@proxy", NULL, "", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(proxy_guess_split(&guess, rows[i].text) == (rows[i].url != NULL), "%s", rows[i].text);
        ck_assert_str_eq(guess.url, rows[i].url ? rows[i].url : "");
        ck_assert_str_eq(guess.user, rows[i].user);
        ck_assert_str_eq(guess.password, rows[i].password);
    }
    ck_assert(proxy_guess_split(&guess, "a:b@c:1"));
    proxy_guess_wipe(&guess);
    ck_assert_str_eq(guess.password, "");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("proxy_guess");

    tcase_add_test(cases, the_environment_in_order);
    tcase_add_test(cases, what_is_of_no_use_is_passed_over);
    tcase_add_test(cases, what_a_person_writes);
    return unit_run();
}
