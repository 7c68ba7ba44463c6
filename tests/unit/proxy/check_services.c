/* SPDX-License-Identifier: ISC */
#include "proxy/services.h"

#include <string.h>

#include "../unit.h"

#define NONE "it leads to this machine by way of an address that is none"
#define LOOPBACK "it leads to this machine itself (loopback)"
#define LINK_LOCAL "it leads to a link-local address"
#define OWN "it leads to one of our own listeners"
#define FREE NULL

/* --- we listen at these, and nowhere else --- */

static const struct {
    const char *host;
    uint16_t port;
} listens[] = {
    {"127.0.0.1", 1143}, {"::1", 1143}, {"192.0.2.7", 1143}, {"2001:db8::7", 1143}, {"127.0.0.2", 1025},
};

struct asked {
    unsigned times;
    struct address address;
};

static bool listens_on(void *arg, const struct address *address)
{
    struct asked *asked = arg;

    asked->times++;
    asked->address = *address;
    for (size_t i = 0; i < sizeof listens / sizeof listens[0]; i++) {
        struct address own;

        ck_assert(address_from_literal(&own, listens[i].host, listens[i].port));
        if (address_equal(&own, address))
            return true;
    }
    return false;
}

static void check_why(const char *why, const char *expected, const char *host, unsigned port)
{
    ck_assert_msg((why == NULL) == (expected == NULL), "%s port %u: %s", host, port, why ? why : "free");
    if (expected)
        ck_assert_msg(strcmp(why, expected) == 0, "%s port %u: %s", host, port, why);
}

/* --- an address: what a sender elsewhere may name, and one on loopback --- */

struct place {
    const char *host;
    uint16_t port;
    const char *remote, *local; /* why not, by where the sender is */
};

static const struct place addresses[] = {
    /* somewhere else: anybody may */
    {"192.0.2.1", 3128, FREE, FREE},
    {"10.0.0.1", 3128, FREE, FREE},
    {"2001:db8::1", 3128, FREE, FREE},
    {"fd00::1", 3128, FREE, FREE},

    /* this machine: who is on it may */
    {"127.0.0.1", 3128, LOOPBACK, FREE},
    {"127.255.255.254", 3128, LOOPBACK, FREE},
    {"::1", 3128, LOOPBACK, FREE},
    {"169.254.169.254", 80, LINK_LOCAL, FREE},
    {"fe80::1", 80, LINK_LOCAL, FREE},
    {"febf::1", 80, LINK_LOCAL, FREE},

    /* what is close to these and is none of them */
    {"126.255.255.255", 3128, FREE, FREE},
    {"128.0.0.1", 3128, FREE, FREE},
    {"169.253.255.255", 80, FREE, FREE},
    {"169.255.0.0", 80, FREE, FREE},
    {"fec0::1", 80, FREE, FREE},
    {"::2", 3128, FREE, FREE},

    /* no address at all: nobody may */
    {"0.0.0.0", 3128, NONE, NONE},
    {"0.1.2.3", 3128, NONE, NONE},
    {"::", 3128, NONE, NONE},
    {"::ffff:127.0.0.1", 3128, NONE, NONE},
    {"::ffff:192.0.2.1", 3128, NONE, NONE},

    /* a listener of ours: nobody may, and the rule of the address is told first */
    {"127.0.0.1", 1143, LOOPBACK, OWN},
    {"127.0.0.2", 1025, LOOPBACK, OWN},
    {"::1", 1143, LOOPBACK, OWN},
    {"192.0.2.7", 1143, OWN, OWN},
    {"2001:db8::7", 1143, OWN, OWN},

    /* another port of it, another address with that port */
    {"127.0.0.1", 1025, LOOPBACK, FREE},
    {"127.0.0.2", 1143, LOOPBACK, FREE},
    {"192.0.2.7", 3128, FREE, FREE},
    {"192.0.2.8", 1143, FREE, FREE},
    {"2001:db8::7", 1144, FREE, FREE},
};

START_TEST(an_address_is_forbidden_by_where_it_leads_and_who_named_it)
{
    const struct place *place = &addresses[_i];
    struct asked asked = {0};
    const struct services services = {.is_own = listens_on, .is_own_arg = &asked};
    struct address address;

    ck_assert(address_from_literal(&address, place->host, place->port));
    check_why(services_forbid(&services, false, &address), place->remote, place->host, place->port);
    check_why(services_forbid(&services, true, &address), place->local, place->host, place->port);
}
END_TEST

/* Whoever listens nowhere has the rule of addresses left. */
START_TEST(without_listeners_nothing_is_our_own)
{
    const struct place *place = &addresses[_i];
    const struct services services = {.is_own = NULL};
    const char *remote = place->remote && strcmp(place->remote, OWN) == 0 ? FREE : place->remote,
               *local = place->local && strcmp(place->local, OWN) == 0 ? FREE : place->local;
    struct address address;

    ck_assert(address_from_literal(&address, place->host, place->port));
    check_why(services_forbid(&services, false, &address), remote, place->host, place->port);
    check_why(services_forbid(&services, true, &address), local, place->host, place->port);
}
END_TEST

START_TEST(whose_listeners_they_are_is_asked_with_address_and_port)
{
    struct asked asked = {0};
    const struct services services = {.is_own = listens_on, .is_own_arg = &asked};
    struct address address;

    ck_assert(address_from_literal(&address, "2001:db8::9", 4711));
    ck_assert_ptr_null(services_forbid(&services, false, &address));
    ck_assert_uint_eq(asked.times, 1);
    ck_assert(address_equal(&asked.address, &address));
}
END_TEST

/* --- a proxy as it is named --- */

static const struct place names[] = {
    /* localhost and what is below it is loopback, however it is written */
    {"localhost", 3128, LOOPBACK, FREE},
    {"LocalHost", 3128, LOOPBACK, FREE},
    {"localhost.", 3128, LOOPBACK, FREE},
    {"a.localhost", 3128, LOOPBACK, FREE},
    {"a.b.LOCALHOST.", 3128, LOOPBACK, FREE},
    {"localhost", 1143, LOOPBACK, OWN},
    {"a.localhost", 1143, LOOPBACK, OWN},
    {"localhost", 1025, LOOPBACK, FREE},

    /* literals are looked at as the addresses they are, with the port of the proxy */
    {"127.0.0.1", 3128, LOOPBACK, FREE},
    {"127.0.0.1", 1143, LOOPBACK, OWN},
    {"::1", 3128, LOOPBACK, FREE},
    {"::1", 1143, LOOPBACK, OWN},
    {"169.254.0.1", 80, LINK_LOCAL, FREE},
    {"fe80::1", 80, LINK_LOCAL, FREE},
    {"0.0.0.0", 3128, NONE, NONE},
    {"::ffff:127.0.0.1", 3128, NONE, NONE},
    {"192.0.2.7", 1143, OWN, OWN},
    {"2001:db8::7", 1143, OWN, OWN},
    {"192.0.2.7", 1144, FREE, FREE},
    {"2001:db8::1", 3128, FREE, FREE},

    /* of any other name nothing is known yet */
    {"proxy.example.net", 3128, FREE, FREE},
    {"proxy.example.net", 1143, FREE, FREE},
    {"localhost.example.net", 1143, FREE, FREE},
    {"notlocalhost", 1143, FREE, FREE},
    {"local", 1143, FREE, FREE},
    {"127.0.0.1.example.net", 1143, FREE, FREE},
};

START_TEST(a_named_proxy_is_forbidden_as_far_as_its_place_is_known)
{
    const struct place *place = &names[_i];
    struct asked asked = {0};
    const struct services services = {.is_own = listens_on, .is_own_arg = &asked};
    struct endpoint proxy = {.port = place->port};

    ck_assert_uint_lt(strlen(place->host), sizeof proxy.host);
    memcpy(proxy.host, place->host, strlen(place->host));
    check_why(services_forbid_named(&services, false, &proxy), place->remote, place->host, place->port);
    check_why(services_forbid_named(&services, true, &proxy), place->local, place->host, place->port);
}
END_TEST

START_TEST(of_a_name_to_be_looked_up_no_listener_is_asked)
{
    struct asked asked = {0};
    const struct services services = {.is_own = listens_on, .is_own_arg = &asked};
    const struct endpoint name = {.host = "proxy.example.net", .port = 1143}, local = {.host = "localhost", .port = 80};
    struct address loopback;

    ck_assert_ptr_null(services_forbid_named(&services, true, &name));
    ck_assert_uint_eq(asked.times, 0);
    ck_assert_ptr_null(services_forbid_named(&services, true, &local));
    ck_assert_uint_eq(asked.times, 1);
    ck_assert(address_from_literal(&loopback, "127.0.0.1", 80));
    ck_assert(address_equal(&asked.address, &loopback));
}
END_TEST

/* --- making them --- */

START_TEST(all_are_made_and_all_are_freed)
{
    int before = unit_descriptors();
    struct services services;
    char error[200];

    memset(&services, 'x', sizeof services);
    ck_assert_msg(services_init(&services, error, sizeof error), "%s", error);
    ck_assert_ptr_nonnull(services.loop);
    ck_assert_ptr_nonnull(services.resolver);
    ck_assert_ptr_nonnull(services.curl_loop);
    ck_assert_ptr_nonnull(services.dialer);
    ck_assert_ptr_nonnull(services.contexts);
    ck_assert_ptr_nonnull(services.passwords);
    ck_assert_ptr_nonnull(services.lockout);
    ck_assert_ptr_nonnull(services.health);
    ck_assert_ptr_nonnull(services.redirects);
    ck_assert_ptr_nonnull(services.questions);
    ck_assert_ptr_null(services.pool);
    ck_assert(services.is_own == NULL);
    services_release(&services);
    ck_assert_ptr_null(services.loop);
    ck_assert_int_eq(unit_descriptors(), before);
    services_release(&services); /* zeroed now */
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("services");

    tcase_add_loop_test(cases, an_address_is_forbidden_by_where_it_leads_and_who_named_it, 0,
                        sizeof addresses / sizeof addresses[0]);
    tcase_add_loop_test(cases, without_listeners_nothing_is_our_own, 0, sizeof addresses / sizeof addresses[0]);
    tcase_add_test(cases, whose_listeners_they_are_is_asked_with_address_and_port);
    tcase_add_loop_test(cases, a_named_proxy_is_forbidden_as_far_as_its_place_is_known, 0,
                        sizeof names / sizeof names[0]);
    tcase_add_test(cases, of_a_name_to_be_looked_up_no_listener_is_asked);
    tcase_add_test(cases, all_are_made_and_all_are_freed);
    return unit_run();
}
