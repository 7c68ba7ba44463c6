/* SPDX-License-Identifier: ISC */
#include "recipe/filling.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define PROXY "[sallyport]\n[proxy]\nurl = http://proxy.example.net:3128\n"

static struct config *config;

/* The first listener, which listens there. */
static const struct listener_config *listening(const char *listen)
{
    char text[1000];

    snprintf(text, sizeof text, "%s[imap work]\nlisten = %s\ntarget = mail.example.net:993\n", PROXY, listen);
    config = unit_config(text);
    return &config->listeners[0];
}

/* --- places --- */

static void reached_at(const char *listen, const char *wanted)
{
    struct endpoint place;
    char text[ENDPOINT_TEXT_MAX];
    bool found = filling_place(listening(listen), &place);

    ck_assert_msg(found == (wanted != NULL), "%s", listen);
    if (wanted)
        ck_assert_str_eq(endpoint_format(&place, text), wanted);
    config_unref(config);
}

START_TEST(the_place_is_the_first_on_loopback)
{
    reached_at("localhost:1143", "localhost:1143");
    reached_at("127.0.0.2:99", "127.0.0.2:99");
    reached_at("192.0.2.1:99 [::1]:98 127.0.0.1:97", "[::1]:98");
    reached_at("192.0.2.1:99 192.0.2.2:98", "192.0.2.1:99");
    reached_at("192.0.2.1:99 127.0.0.1:0", "192.0.2.1:99");
}
END_TEST

START_TEST(any_address_is_reached_by_loopback)
{
    reached_at("0.0.0.0:1143", "127.0.0.1:1143");
    reached_at("[::]:1143", "[::1]:1143");
    reached_at("192.0.2.1:99 0.0.0.0:98", "127.0.0.1:98");
}
END_TEST

START_TEST(a_free_port_is_no_place)
{
    reached_at("localhost:0", NULL);
    reached_at("localhost:0 127.0.0.1:98", "127.0.0.1:98");
}
END_TEST

/* --- words --- */

/* Fails unless the text becomes the wanted one. */
static void becomes(const struct recipe_params *params, const char *listen, const char *text, const char *wanted)
{
    const struct filling filling = {params, listening(listen), "work", NULL};
    char *got = NULL;
    size_t length;
    FILE *out = open_memstream(&got, &length);

    filling_print(&filling, text, out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_str_eq(got, wanted);
    free(got);
    config_unref(config);
}

static const struct recipe_params nobody, somebody = {.address = "a@b@example.org", .login = "we+me@example.org"};

START_TEST(words_of_the_listener)
{
    becomes(&nobody, "[::1]:99", "{host} {urlhost} {port} {place}", "::1 [::1] 99 [::1]:99");
    becomes(&nobody, "localhost:99", "{host} {urlhost} {port} {place}", "localhost localhost 99 localhost:99");
    becomes(&nobody, "localhost:99", "{target} {targetport} {account} {listener} {name}",
            "mail.example.net 993 work imap/work imap-work");
    becomes(&nobody, "unix:/a/b localhost:99", "{socket}", "/a/b");
}
END_TEST

START_TEST(words_of_the_person)
{
    becomes(&nobody, "localhost:99", "{address} {login} {urllogin} {local} {domain}",
            "me@example.net me@example.net me%40example.net me example.net");
    becomes(&somebody, "localhost:99", "{address} {login} {urllogin} {local} {domain}",
            "a@b@example.org we+me@example.org we%2Bme%40example.org a@b example.org");
}
END_TEST

START_TEST(without_a_login_it_is_the_address)
{
    const struct recipe_params params = {.address = "a@example.org"};

    becomes(&params, "localhost:99", "{login}", "a@example.org");
}
END_TEST

START_TEST(all_accounts_at_once)
{
    static struct accounts accounts = {.count = 2, .at = {{.name = "a"}, {.name = "b"}}};
    const struct filling filling = {.params = &nobody, .accounts = &accounts};
    char *got = NULL;
    size_t length;
    FILE *out = open_memstream(&got, &length);

    filling_print(&filling, "{accounts}.", out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_str_eq(got, "a, b.");
    free(got);
}
END_TEST

START_TEST(what_is_no_word_stays)
{
    becomes(&nobody, "localhost:99", "{{place}/x}{}{nothing}{place", "{localhost:99/x}{}{nothing}{place");
    becomes(&nobody, "localhost:99", "", "");
    becomes(&nobody, "localhost:99", "100% {port}{port}", "100% 9999");
}
END_TEST

/* --- the command --- */

START_TEST(the_command_names_the_file_only_where_it_must)
{
    const struct recipe_params params = {.config_path = "/home/me/my-mail_1+.ini"};

    becomes(&nobody, "localhost:99", "{connect}", "sallyport connect imap/work");
    becomes(&params, "localhost:99", "{connect}", "sallyport -c /home/me/my-mail_1+.ini connect imap/work");
}
END_TEST

START_TEST(a_path_that_needs_quotes_makes_no_command)
{
    static const char *const odd[] = {"/a b", "/a'", "/a\"", "/$a", "/a%40", "/a{host}", "/a\n", "/a#", "/\xc3\xa4"};
    struct recipe_params params = {.config_path = "/home/me/my-mail_1+.ini"};

    ck_assert(filling_can_connect(&nobody));
    ck_assert(filling_can_connect(&params));
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        params.config_path = odd[i];
        ck_assert_msg(!filling_can_connect(&params), "%s", odd[i]);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("filling");

    tcase_add_test(cases, the_place_is_the_first_on_loopback);
    tcase_add_test(cases, any_address_is_reached_by_loopback);
    tcase_add_test(cases, a_free_port_is_no_place);
    tcase_add_test(cases, words_of_the_listener);
    tcase_add_test(cases, words_of_the_person);
    tcase_add_test(cases, without_a_login_it_is_the_address);
    tcase_add_test(cases, all_accounts_at_once);
    tcase_add_test(cases, what_is_no_word_stays);
    tcase_add_test(cases, the_command_names_the_file_only_where_it_must);
    tcase_add_test(cases, a_path_that_needs_quotes_makes_no_command);
    return unit_run();
}
