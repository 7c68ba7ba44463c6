/* SPDX-License-Identifier: ISC */
#include "config/networks.h"

#include <string.h>

#include "../unit.h"

static struct address address_of(const char *text)
{
    struct address address;

    ck_assert_msg(address_from_literal(&address, text, 4711), "%s", text);
    return address;
}

static bool allows(const char *networks, const char *client)
{
    static const struct value_rule rule = {.key = "allow", .kind = &value_networks};
    static struct value_networks read;
    const struct address address = address_of(client);
    const char *why = "";

    memset(&read, 0, sizeof read);
    if (networks)
        ck_assert_msg(value_parse(&rule, NULL, &read, networks, &why), "%s: %s", networks, why);
    return networks_allow(&read, &address);
}

START_TEST(who_may_come)
{
    static const struct {
        const char *networks, *client;
        bool may;
    } rows[] = {
        {"everyone", "192.0.2.7", true},
        {"everyone", "2001:db8::7", true},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.0/31", "192.0.2.1", true},
        {"192.0.2.0/31", "192.0.2.2", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::7", false},
        {"::/0", "2001:db8::7", true},
        {"::/0", "192.0.2.7", false},
        {"::/0", "::ffff:192.0.2.7", false}, /* which is an IPv4 address */
        {"192.0.2.0/24", "::ffff:192.0.2.7", true},
        {"192.0.2.0/24", "::ffff:192.0.3.7", false},
        {"192.0.2.0/24", "::192.0.2.7", false},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"2001:db8:8000::/33", "2001:db8:8000::1", true},
        {"2001:db8:8000::/33", "2001:db8:7fff::1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1", "2001:db8::2", false},
        {"198.51.100.1 192.0.2.0/24 ::1", "192.0.2.9", true},
        {"198.51.100.1 192.0.2.0/24 ::1", "::1", true},
        {"198.51.100.1 192.0.2.0/24 ::1", "198.51.100.2", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(allows(rows[i].networks, rows[i].client) == rows[i].may, "%s: %s", rows[i].networks,
                      rows[i].client);
}
END_TEST

START_TEST(nobody_may_come_where_nothing_is_said)
{
    ck_assert(!allows(NULL, "127.0.0.1"));
    ck_assert(!allows(NULL, "::1"));
}
END_TEST

/* The first and the last address of each block, and their neighbours. */
START_TEST(what_is_private)
{
    static const char *const private[] = {
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "169.254.0.0", "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0",
        "192.168.255.255", "::", "::1", "fc00::", "fdff:ffff::1", "fe80::1", "febf::1", "::ffff:127.0.0.1",
        "::ffff:10.1.2.3", "::ffff:192.168.1.1",
    };
    static const char *const public[] = {
        "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
        "203.0.113.1", "::2", "fbff::1", "fe00::1", "fec0::1", "2001:db8::1", "::ffff:203.0.113.1",
    };

    for (size_t i = 0; i < sizeof private / sizeof private[0]; i++) {
        const struct address address = address_of(private[i]);

        ck_assert_msg(networks_is_private(&address), "%s", private[i]);
    }
    for (size_t i = 0; i < sizeof public / sizeof public[0]; i++) {
        const struct address address = address_of(public[i]);

        ck_assert_msg(!networks_is_private(&address), "%s", public[i]);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("networks");

    tcase_add_test(cases, who_may_come);
    tcase_add_test(cases, nobody_may_come_where_nothing_is_said);
    tcase_add_test(cases, what_is_private);
    return unit_run();
}
