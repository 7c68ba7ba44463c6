/* SPDX-License-Identifier: ISC */
#include "config/trusted.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static const struct value_rule rule = {.key = "trusted", .kind = &value_trusted};

/* The caller's to release. */
static struct value_texts read_list(const char *text)
{
    struct value_texts list = {0};
    const char *why = "";

    ck_assert_msg(value_parse(&rule, NULL, &list, text, &why), "%s: %s", text, why);
    return list;
}

static const struct {
    const char *list, *host;
    bool named;
} rows[] = {
    {"proxy.example.net", "proxy.example.net", true},
    {"proxy.example.net", "PROXY.Example.Net", true},
    {"PROXY.example.net", "proxy.example.net", true},
    {"proxy.example.net", "proxy.example.net.", true},
    {"proxy.example.net.", "proxy.example.net", true},
    {"proxy.example.net", "a.proxy.example.net", false},
    {"proxy.example.net", "example.net", false},
    {"proxy.example.net", "xproxy.example.net", false},
    {"proxy.example.net", "proxy.example.net.evil.example", false},
    {"proxy.example.net", "proxy.example.ne", false},
    {"proxy.example.net", "", false},
    {"*.example.net", "proxy.example.net", true},
    {"*.example.net", "a.b.example.net", true},
    {"*.EXAMPLE.net", "proxy.example.NET.", true},
    {"*.example.net.", "proxy.example.net", true},
    {"*.example.net", "example.net", false},
    {"*.example.net", "example.net.", false},
    {"*.example.net", "evilexample.net", false},
    {"*.example.net", "example.net.evil", false},
    {"*.example.net", "*.example.net", true}, /* which no host is */
    {"*.lan", "proxy.example.lan", true},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.10", false},
    {"192.0.2.1", "::ffff:192.0.2.1", false},
    {"192.0.2.1", "192.0.2.1.example", false},
    {"2001:db8::1", "2001:DB8:0::1", true},
    {"[2001:db8::1]", "2001:db8::1", true},
    {"2001:db8::1", "2001:db8::2", false},
    {"a.example b.example *.c.example", "b.example", true},
    {"a.example b.example *.c.example", "x.c.example", true},
    {"a.example b.example *.c.example", "d.example", false},
};

START_TEST(each_host)
{
    struct value_texts list = read_list(rows[_i].list);

    ck_assert_msg(trusted_names(&list, rows[_i].host) == rows[_i].named, "%s in %s", rows[_i].host, rows[_i].list);
    value_release(&rule, &list);
}
END_TEST

START_TEST(nobody_is_in_an_empty_list)
{
    const struct value_texts list = {0};

    ck_assert(!trusted_names(&list, "proxy.example.net"));
    ck_assert(!trusted_names(&list, "192.0.2.1"));
    ck_assert(!trusted_names(&list, ""));
}
END_TEST

/* One that a list has been given without its rules does no harm either. */
START_TEST(a_part_of_an_address_is_no_domain)
{
    char star[] = "*.2.1";
    const struct value_texts list = {.count = 1, .at = {star}};

    ck_assert(!trusted_names(&list, "192.0.2.1"));
}
END_TEST

START_TEST(a_list_has_32_members)
{
    struct value_texts list = read_list("a b c d e f g h i j k l m n o p q r s t u v w x y z aa bb cc dd ee");
    const char *why;

    ck_assert(value_continue(&rule, NULL, &list, "ff", &why));
    ck_assert_uint_eq(list.count, VALUE_LIST_MAX);
    ck_assert(!value_continue(&rule, NULL, &list, "gg", &why));
    ck_assert_str_eq(why, "more than 32 in one list");
    value_release(&rule, &list);
    ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(nobody_trusts_all_the_world)
{
    static const char *const lists[] = {"*.com", "proxy.example.net *.CO.uk.", "*.github.io"};
    struct value_texts list = {0};
    const char *why;

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        ck_assert_msg(!value_parse(&rule, NULL, &list, lists[i], &why), "%s", lists[i]);
        ck_assert_str_eq(why, "anybody can have a host below such a domain, and would get the password: name the "
                              "domain of your own, as in *.example.net");
        value_release(&rule, &list);
    }
    list = read_list("com *.corp *.example.co.uk"); /* a host, and domains of somebody's */
    ck_assert_uint_eq(list.count, 3);
    value_release(&rule, &list);
}
END_TEST

/* The longest name, below it or itself. */
START_TEST(a_name_has_253_bytes)
{
    char text[2 + ENDPOINT_HOST_MAX + 2] = "*.";
    struct value_texts list = {0};
    const char *why;

    for (size_t i = 2; i < sizeof text - 2; i++)
        text[i] = i % 2 ? '.' : 'a';
    text[sizeof text - 2] = '\0';
    ck_assert(value_parse(&rule, NULL, &list, text, &why));
    ck_assert(value_continue(&rule, NULL, &list, text + 2, &why));
    ck_assert_str_eq(list.at[0], text);
    value_release(&rule, &list);
    text[sizeof text - 2] = 'a';
    text[sizeof text - 1] = '\0';
    ck_assert(!value_parse(&rule, NULL, &list, text, &why));
    ck_assert_str_eq(why, "the host is longer than 253 bytes");
    value_release(&rule, &list);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("trusted");

    tcase_add_loop_test(cases, each_host, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(cases, nobody_is_in_an_empty_list);
    tcase_add_test(cases, a_part_of_an_address_is_no_domain);
    tcase_add_test(cases, nobody_trusts_all_the_world);
    tcase_add_test(cases, a_list_has_32_members);
    tcase_add_test(cases, a_name_has_253_bytes);
    return unit_run();
}
