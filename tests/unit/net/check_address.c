/* SPDX-License-Identifier: ISC */
#include "net/address.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static struct address literal(const char *host, uint16_t port)
{
    struct address address;

    ck_assert_msg(address_from_literal(&address, host, port), "%s is a literal", host);
    return address;
}

START_TEST(literals_are_read_and_written)
{
    static const struct {
        const char *host, *text, *bare;
        uint16_t port;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1:1", "127.0.0.1", 1},
        {"0.0.0.0", "0.0.0.0:0", "0.0.0.0", 0},
        {"255.255.255.255", "255.255.255.255:65535", "255.255.255.255", 65535},
        {"::", "[::]:25", "::", 25},
        {"::1", "[::1]:143", "::1", 143},
        {"2001:DB8:0:0:0:0:0:7", "[2001:db8::7]:119", "2001:db8::7", 119},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535},
        {"::ffff:127.0.0.1", "[::ffff:127.0.0.1]:2", "::ffff:127.0.0.1", 2},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address address = literal(rows[i].host, rows[i].port);
        char *out = malloc(ADDRESS_TEXT_MAX);

        ck_assert_str_eq(address_format(&address, out), rows[i].text);
        ck_assert_str_eq(address_format_host(&address, out), rows[i].bare);
        ck_assert_uint_eq(address_port(&address), rows[i].port);
        ck_assert_uint_eq(address_length(&address), strchr(rows[i].host, ':') ? sizeof(struct sockaddr_in6)
                                                                              : sizeof(struct sockaddr_in));
        free(out);
    }
}
END_TEST

START_TEST(anything_else_is_no_literal)
{
    static const char *const rows[] = {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", " 1.2.3.4",
                                       "01.2.3.4x", "[::1]", "::1%lo", ":::", "1::2::3", "12345::", "127.0.0.1:25"};
    struct address address;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(!address_from_literal(&address, rows[i], 1), "\"%s\" is no literal", rows[i]);
}
END_TEST

START_TEST(ports_are_set_in_both_families)
{
    static const char *const hosts[] = {"192.0.2.1", "2001:db8::1"};

    for (size_t i = 0; i < 2; i++) {
        struct address address = literal(hosts[i], 0);

        address_set_port(&address, 0x1234);
        ck_assert_uint_eq(address_port(&address), 0x1234);
    }
}
END_TEST

START_TEST(equal_means_host_port_and_scope)
{
    struct address a = literal("192.0.2.1", 25), b = literal("192.0.2.1", 25), scoped;

    ck_assert(address_equal(&a, &b));
    b = literal("192.0.2.2", 25);
    ck_assert(!address_equal(&a, &b));
    b = literal("192.0.2.1", 26);
    ck_assert(!address_equal(&a, &b));
    b = literal("::ffff:192.0.2.1", 25);
    ck_assert(!address_equal(&a, &b));
    a = literal("2001:db8::1", 25);
    b = literal("2001:0db8:0::0001", 25);
    ck_assert(address_equal(&a, &b));
    b = literal("2001:db8::2", 25);
    ck_assert(!address_equal(&a, &b));
    scoped = a;
    scoped.v6.sin6_scope_id = 3;
    ck_assert(!address_equal(&a, &scoped));
    a.v4.sin_zero[0] = 0; /* what is no part of the value */
    scoped = literal("2001:db8::1", 25);
    scoped.v6.sin6_flowinfo = 9;
    a = literal("2001:db8::1", 25);
    ck_assert(address_equal(&a, &scoped));
}
END_TEST

START_TEST(loopback_is_told_from_the_rest)
{
    static const struct {
        const char *host;
        bool loopback;
    } rows[] = {
        {"127.0.0.1", true},          {"127.255.255.255", true},  {"126.255.255.255", false}, {"128.0.0.1", false},
        {"0.0.0.0", false},           {"::1", true},              {"::", false},              {"::2", false},
        {"::ffff:127.0.0.1", true},   {"::ffff:127.9.9.9", true}, {"::ffff:10.0.0.1", false}, {"::127.0.0.1", false},
        {"2001:db8::7f00:1", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address address = literal(rows[i].host, 1);

        ck_assert_msg(address_is_loopback(&address) == rows[i].loopback, "%s", rows[i].host);
    }
}
END_TEST

/* Each list of four and six letters ('4', '6') up to 8 long, and a full one. */
START_TEST(families_take_turns_each_in_its_order)
{
    for (unsigned length = 0; length <= 8; length++) {
        for (unsigned mix = 0; mix < 1u << length; mix++) {
            struct address_list list = {.count = length};
            unsigned six = 0, four = 0, left6 = 0, left4;

            for (unsigned i = 0; i < length; i++) {
                list.at[i] = literal(mix >> i & 1 ? "2001:db8::" : "192.0.2.0", (uint16_t)(i + 1));
                left6 += mix >> i & 1;
            }
            left4 = length - left6;
            address_list_interleave(&list);
            ck_assert_uint_eq(list.count, length);
            for (unsigned i = 0; i < length; i++) {
                bool is6 = list.at[i].any.sa_family == AF_INET6;
                unsigned *last = is6 ? &six : &four, *left = is6 ? &left6 : &left4;
                unsigned other_left = is6 ? left4 : left6;

                ck_assert_uint_gt(address_port(&list.at[i]), *last);
                *last = address_port(&list.at[i]);
                (*left)--;
                if (i == 0)
                    ck_assert(is6 || mix == 0);
                else if ((list.at[i - 1].any.sa_family == AF_INET6) == is6)
                    ck_assert_uint_eq(other_left, 0); /* two in a row: only when the other family is used up */
            }
        }
    }
}
END_TEST

START_TEST(a_full_list_keeps_all)
{
    struct address_list list = {.count = ADDRESS_LIST_MAX};
    unsigned sum = 0;

    for (unsigned i = 0; i < ADDRESS_LIST_MAX; i++)
        list.at[i] = literal(i < 3 ? "2001:db8::" : "192.0.2.0", (uint16_t)(1 + i));
    address_list_interleave(&list);
    for (unsigned i = 0; i < ADDRESS_LIST_MAX; i++)
        sum += address_port(&list.at[i]);
    ck_assert_uint_eq(sum, ADDRESS_LIST_MAX * (ADDRESS_LIST_MAX + 1) / 2);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("address");

    tcase_add_test(cases, literals_are_read_and_written);
    tcase_add_test(cases, anything_else_is_no_literal);
    tcase_add_test(cases, ports_are_set_in_both_families);
    tcase_add_test(cases, equal_means_host_port_and_scope);
    tcase_add_test(cases, loopback_is_told_from_the_rest);
    tcase_add_test(cases, families_take_turns_each_in_its_order);
    tcase_add_test(cases, a_full_list_keeps_all);
    return unit_run();
}
