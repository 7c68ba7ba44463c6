/* SPDX-License-Identifier: ISC */
#include "config/proxy_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static void set(const char *name, const char *value)
{
    ck_assert_int_eq(setenv(name, value, 1), 0);
}

START_TEST(lower_case_before_upper_and_the_scheme_before_all)
{
    static const char *const names[] = {"ALL_PROXY", "all_proxy", "IMAP_PROXY", "imap_proxy"};

    for (size_t i = 0; i < 4; i++)
        unsetenv(names[i]);
    ck_assert_ptr_null(proxy_environment_find("imap"));
    for (size_t i = 0; i < 4; i++) {
        set(names[i], names[i]);
        ck_assert_str_eq(proxy_environment_find("imap"), names[i]);
    }
    ck_assert_str_eq(proxy_environment_find("smtp"), "all_proxy");
    for (size_t i = 4; i-- > 0;) { /* empty is unset */
        ck_assert_str_eq(proxy_environment_find("imap"), names[i]);
        set(names[i], "");
    }
    ck_assert_ptr_null(proxy_environment_find("imap"));
}
END_TEST

START_TEST(exceptions)
{
    unsetenv("no_proxy"), unsetenv("NO_PROXY");
    ck_assert_ptr_null(proxy_environment_no_proxy());
    set("NO_PROXY", "a");
    ck_assert_str_eq(proxy_environment_no_proxy(), "a");
    set("no_proxy", "b");
    ck_assert_str_eq(proxy_environment_no_proxy(), "b");
    set("no_proxy", "");
    ck_assert_str_eq(proxy_environment_no_proxy(), "a");
    set("NO_PROXY", "");
    ck_assert_ptr_null(proxy_environment_no_proxy());
}
END_TEST

START_TEST(a_scheme_of_any_length_does_no_harm)
{
    char scheme[1000];

    unsetenv("all_proxy"), unsetenv("ALL_PROXY");
    memset(scheme, 's', sizeof scheme - 1);
    scheme[sizeof scheme - 1] = '\0';
    ck_assert_ptr_null(proxy_environment_find(scheme));
    set("all_proxy", "http://p");
    ck_assert_str_eq(proxy_environment_find(scheme), "http://p");
    set("all_proxy", "");
}
END_TEST

/* --- in words --- */

static void clear(void)
{
    static const char *const names[] = {"imap_proxy", "all_proxy", "https_proxy", "http_proxy", "socks_proxy",
                                        "ftp_proxy", "IMAP_PROXY", "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY",
                                        "SOCKS_PROXY", "FTP_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

#define SET_WHAT "; set imap_proxy or all_proxy to http://host:port"
#define STARTS "a proxy's URL starts with http:// or https://"

START_TEST(why_there_is_no_proxy)
{
    static const struct {
        const char *set[3][2];
        const char *text; /* NULL: there is one */
    } rows[] = {
        {{{NULL}}, "neither imap_proxy nor all_proxy is set" SET_WHAT},
        {{{"all_proxy", "http://p:1"}}, NULL},
        {{{"IMAP_PROXY", " http://u:secret@p:1\t"}, {"all_proxy", "nonsense"}}, NULL},
        {{{"https_proxy", "http://p:1"}},
         "neither imap_proxy nor all_proxy is set; https_proxy=\"http://p:1\" is for https alone" SET_WHAT},
        {{{"HTTPS_PROXY", "http://u:secret@p:1"}, {"all_proxy", "socks://p:9"}},
         "all_proxy=\"socks://p:9\" cannot be used: " STARTS
         "; HTTPS_PROXY=\"http://u:********@p:1\" is for https alone" SET_WHAT},
        {{{"imap_proxy", "socks5://u:secret@p"}, {"all_proxy", "u:secret@b"}},
         "imap_proxy=\"socks5://u:********@p\" cannot be used: " STARTS
         "; all_proxy=\"u:********@b\" is not asked, since imap_proxy is set" SET_WHAT},
        {{{"imap_proxy", "http://u:a/secret@b@p:0"}},
         "imap_proxy=\"http://u:********@p:0\" cannot be used: the port is not a number from 1 to 65535" SET_WHAT},
        {{{"imap_proxy", "http://u:secret%zz@p"}},
         "imap_proxy=\"http://u:********@p\" cannot be used: user or password is not readable" SET_WHAT},
        {{{"imap_proxy", "\"http://p\"\x1b"}},
         "imap_proxy=\"\\\"http://p\\\"\\x1b\" cannot be used: " STARTS SET_WHAT},
    };
    char text[600];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool told;

        clear();
        for (size_t k = 0; k < 3 && rows[i].set[k][0]; k++)
            set(rows[i].set[k][0], rows[i].set[k][1]);
        told = proxy_environment_explain("imap", text, sizeof text);
        ck_assert_msg(told == (rows[i].text != NULL), "row %zu: %s", i, text);
        ck_assert_msg(!told || strcmp(text, rows[i].text) == 0, "row %zu: %s", i, text);
        ck_assert(!strstr(text, "secret"));
    }
    clear();
}
END_TEST

START_TEST(a_long_value_is_cut_in_words_alone)
{
    char value[4000], *text;

    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    text = unit_exact(value, 40);
    clear();
    set("all_proxy", value);
    ck_assert(proxy_environment_explain("imap", text, 40));
    ck_assert_str_eq(text, "all_proxy=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    free(text);
    clear();
}
END_TEST

START_TEST(blanks_around_a_value_do_not_count)
{
    struct endpoint proxy;
    const char *userinfo, *why = "", *text = " \t http://u@p:1 \r\n";
    size_t length;

    ck_assert_msg(proxy_environment_parse(&proxy, text, strlen(text), &userinfo, &length, &why), "%s", why);
    ck_assert_str_eq(proxy.host, "p");
    ck_assert_uint_eq(proxy.port, 1);
    ck_assert_uint_eq(length, 1);
    clear();
    set("imap_proxy", " \t");
    ck_assert_ptr_null(proxy_environment_find("imap"));
    clear();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("environment");

    tcase_add_test(cases, lower_case_before_upper_and_the_scheme_before_all);
    tcase_add_test(cases, exceptions);
    tcase_add_test(cases, a_scheme_of_any_length_does_no_harm);
    tcase_add_test(cases, why_there_is_no_proxy);
    tcase_add_test(cases, a_long_value_is_cut_in_words_alone);
    tcase_add_test(cases, blanks_around_a_value_do_not_count);
    return unit_run();
}
