/* SPDX-License-Identifier: ISC */
#include "net/public_suffix.h"

#include <string.h>

#include "../unit.h"

START_TEST(hosts_of_one_registrable_domain)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"proxy1.example.net", "proxy2.example.net", true},
        {"example.net", "a.b.example.net", true},
        {"Proxy.EXAMPLE.net", "other.example.NET", true},
        {"proxy.example.net.", "other.example.net", true},
        {"proxy.example.net", "proxy.example.org", false},
        {"proxy.example.net", "proxy.badexample.net", false},
        {"proxy.example.net", "example.net.evil.org", false},
        /* neighbours below a public suffix are strangers */
        {"a.co.uk", "b.co.uk", false},
        {"a.example.co.uk", "b.example.co.uk", true},
        {"alice.github.io", "mallory.github.io", false},
        {"co.uk", "a.co.uk", false},
        {"net", "example.net", false},
        /* what has no registrable domain must be equal */
        {"localhost", "localhost", true},
        {"localhost", "LOCALHOST", true},
        {"proxy-a", "proxy-b", false},
        {"co.uk", "co.uk", true},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"10.0.2.1", "20.0.2.1", false},
        {"2001:db8::1", "2001:DB8::1", true},
        {"2001:db8::1", "2001:db8::2", false},
        {"192.0.2.1", "proxy.example.net", false},
        {"", "", true},
        {"", "example.net", false},
        {".", "example.net", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(public_suffix_same_domain(rows[i].a, rows[i].b) == rows[i].same, "%s and %s", rows[i].a,
                      rows[i].b);
        ck_assert_msg(public_suffix_same_domain(rows[i].b, rows[i].a) == rows[i].same, "%s and %s", rows[i].b,
                      rows[i].a);
    }
}
END_TEST

START_TEST(names_below_which_anybody_may_be)
{
    static const struct {
        const char *name;
        bool is;
    } rows[] = {
        {"com", true}, {"COM.", true}, {"co.uk", true}, {"github.io", true}, {"any.ck", true},
        {"example.com", false}, {"example.co.uk", false}, {"alice.github.io", false},
        {"lan", false}, {"corp", false}, {"example.internal", false}, {"192.0.2.1", false}, {"", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(public_suffix_is(rows[i].name) == rows[i].is, "%s", rows[i].name);
}
END_TEST

START_TEST(names_that_are_too_long_have_no_domain)
{
    char a[400], b[400];

    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    memcpy(a + sizeof a - 13, ".example.net", 13);
    memcpy(b + sizeof b - 13, ".example.net", 13);
    ck_assert(!public_suffix_same_domain(a, b));
    ck_assert(public_suffix_same_domain(a, a));
}
END_TEST

START_TEST(the_library_has_a_version_and_a_list)
{
    ck_assert_uint_gt(strlen(public_suffix_version()), 2);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("public_suffix");

    tcase_add_test(cases, hosts_of_one_registrable_domain);
    tcase_add_test(cases, names_below_which_anybody_may_be);
    tcase_add_test(cases, names_that_are_too_long_have_no_domain);
    tcase_add_test(cases, the_library_has_a_version_and_a_list);
    return unit_run();
}
