/* SPDX-License-Identifier: ISC */
#include "net/network_print.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../unit.h"
#include "rtnetlink.h"

enum { LINKS, ADDRESSES, WAY_SIX, WAY_FOUR, ONE = 2, TWO = 3 };

#define RUNS (IFF_UP | IFF_RUNNING)
#define SEQUENCE 7

static struct datagram datagram;

static enum network_print_answer read_now(struct network_print *print, unsigned question)
{
    char *bytes = unit_exact(datagram.bytes, datagram.length);
    enum network_print_answer answer = network_print_read(print, question, SEQUENCE, bytes, datagram.length);

    free(bytes);
    rtnetlink_clear(&datagram);
    return answer;
}

static bool is_news(const struct network_print *print)
{
    char *bytes = unit_exact(datagram.bytes, datagram.length);
    bool news = network_print_is_news(print, bytes, datagram.length);

    free(bytes);
    rtnetlink_clear(&datagram);
    return news;
}

/* A machine with two links, of which the second may be down; its address and its ways may be NULL. */
static struct network_print *machine(unsigned two_flags, const char *address, const char *router)
{
    struct network_print *print = network_print_new();

    ck_assert_ptr_nonnull(print);
    rtnetlink_link(&datagram, RTM_NEWLINK, SEQUENCE, 1, IFF_UP | IFF_RUNNING | IFF_LOOPBACK);
    rtnetlink_link(&datagram, RTM_NEWLINK, SEQUENCE, ONE, RUNS);
    ck_assert_int_eq(read_now(print, LINKS), NETWORK_PRINT_MORE);
    rtnetlink_link(&datagram, RTM_NEWLINK, SEQUENCE, TWO, two_flags);
    rtnetlink_done(&datagram, SEQUENCE);
    ck_assert_int_eq(read_now(print, LINKS), NETWORK_PRINT_WHOLE);
    rtnetlink_address(&datagram, RTM_NEWADDR, SEQUENCE, ONE, "10.0.0.2", 24, 0);
    if (address)
        rtnetlink_address(&datagram, RTM_NEWADDR, SEQUENCE, TWO, address, 64, 0);
    rtnetlink_done(&datagram, SEQUENCE);
    ck_assert_int_eq(read_now(print, ADDRESSES), NETWORK_PRINT_WHOLE);
    if (router)
        rtnetlink_route(&datagram, RTM_NEWROUTE, SEQUENCE, AF_INET, 32, RTN_UNICAST, TWO, router);
    else
        rtnetlink_error(&datagram, SEQUENCE, ENETUNREACH);
    ck_assert_int_eq(read_now(print, WAY_FOUR), NETWORK_PRINT_WHOLE);
    rtnetlink_error(&datagram, SEQUENCE, ENETUNREACH);
    ck_assert_int_eq(read_now(print, WAY_SIX), NETWORK_PRINT_WHOLE);
    return print;
}

/* Whether two are of the same network; frees them. */
static bool same(struct network_print *a, struct network_print *b)
{
    bool equal = network_print_equal(a, b);

    ck_assert(equal == network_print_equal(b, a));
    network_print_free(a);
    network_print_free(b);
    return equal;
}

START_TEST(addresses_and_ways_tell_networks_apart)
{
    ck_assert(same(machine(RUNS, "2001:db8::2", "10.1.0.1"), machine(RUNS, "2001:db8::2", "10.1.0.1")));
    ck_assert(!same(machine(RUNS, "2001:db8::2", "10.1.0.1"), machine(RUNS, "2001:db8::3", "10.1.0.1")));
    ck_assert(!same(machine(RUNS, "2001:db8::2", NULL), machine(RUNS, NULL, NULL)));
    ck_assert(!same(machine(RUNS, NULL, "10.1.0.1"), machine(RUNS, NULL, "10.1.0.3")));
    ck_assert(!same(machine(RUNS, NULL, "10.1.0.1"), machine(RUNS, NULL, NULL)));
}
END_TEST

START_TEST(a_link_that_is_down_has_no_address_and_one_without_carrier_no_way)
{
    ck_assert(same(machine(0, "2001:db8::2", NULL), machine(0, NULL, NULL)));
    ck_assert(!same(machine(IFF_UP, "2001:db8::2", NULL), machine(IFF_UP, NULL, NULL)));
    ck_assert(same(machine(IFF_UP, NULL, "10.1.0.1"), machine(IFF_UP, NULL, NULL)));
}
END_TEST

/* Adds an address to a machine as news and asks whether it is some, then looks whether it counts. */
static bool counts(const char *host, unsigned flags)
{
    struct network_print *print = machine(RUNS, NULL, NULL), *before = machine(RUNS, NULL, NULL);
    bool news, count;

    rtnetlink_address(&datagram, RTM_NEWADDR, 0, TWO, host, 64, flags);
    news = is_news(print);
    rtnetlink_address(&datagram, RTM_NEWADDR, SEQUENCE, TWO, host, 64, flags);
    rtnetlink_done(&datagram, SEQUENCE);
    ck_assert_int_eq(read_now(print, ADDRESSES), NETWORK_PRINT_WHOLE);
    count = !same(print, before);
    ck_assert_msg(news == count, "%s", host);
    return count;
}

START_TEST(which_addresses_count)
{
    static const struct {
        const char *host;
        unsigned flags;
        bool counts;
    } cases[] = {
        {"192.168.1.7", 0, true},
        {"192.168.1.7", IFA_F_PERMANENT, true},
        {"192.168.1.7", IFA_F_SECONDARY, true}, /* the same bit as temporary, and another thing */
        {"192.168.1.7", IFA_F_DEPRECATED, false},
        {"127.0.0.9", 0, false},
        {"169.254.7.7", 0, false},
        {"170.254.7.7", 0, true},
        {"2001:db8::7", 0, true},
        {"2001:db8::7", IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE, true},
        {"2001:db8::7", IFA_F_TEMPORARY, false},
        {"2001:db8::7", IFA_F_DEPRECATED, false},
        {"2001:db8::7", IFA_F_TENTATIVE, false},
        {"2001:db8::7", IFA_F_DADFAILED, false},
        {"fd00::7", 0, true},
        {"fe80::7", 0, false},
        {"febf::7", 0, false},
        {"fec0::7", 0, true},
        {"::1", 0, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(counts(cases[i].host, cases[i].flags) == cases[i].counts, "%s %x", cases[i].host,
                      cases[i].flags);
}
END_TEST

START_TEST(the_order_and_repetition_do_not_count)
{
    struct network_print *a = network_print_new(), *b = network_print_new();

    for (unsigned i = 0; i < 3; i++) {
        char host[32];

        snprintf(host, sizeof host, "10.0.0.%u", i);
        rtnetlink_address(&datagram, RTM_NEWADDR, SEQUENCE, ONE, host, 24, 0);
        ck_assert_int_eq(read_now(a, ADDRESSES), NETWORK_PRINT_MORE);
        snprintf(host, sizeof host, "10.0.0.%u", 2 - i);
        rtnetlink_address(&datagram, RTM_NEWADDR, SEQUENCE, ONE, host, 24, 0);
        rtnetlink_address(&datagram, RTM_NEWADDR, SEQUENCE, TWO, host, 24, 0);
        ck_assert_int_eq(read_now(b, ADDRESSES), NETWORK_PRINT_MORE);
    }
    ck_assert(same(a, b));
}
END_TEST

/* Of several routers in a network of IPv6 the kernel may choose now this one, now that one. */
START_TEST(a_router_with_a_link_local_address_does_not_count)
{
    static const struct {
        const char *router;
        bool same;
    } cases[] = {{"fe80::1", true}, {"fe80::2", true}, {NULL, true}, {"2001:db8::1", false}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct network_print *a = machine(RUNS, NULL, NULL), *b = machine(RUNS, NULL, NULL);

        rtnetlink_route(&datagram, RTM_NEWROUTE, SEQUENCE, AF_INET6, 128, RTN_UNICAST, TWO, "fe80::1");
        ck_assert_int_eq(read_now(a, WAY_SIX), NETWORK_PRINT_WHOLE);
        rtnetlink_route(&datagram, RTM_NEWROUTE, SEQUENCE, AF_INET6, 128, RTN_UNICAST, TWO, cases[i].router);
        ck_assert_int_eq(read_now(b, WAY_SIX), NETWORK_PRINT_WHOLE);
        ck_assert_msg(same(a, b) == cases[i].same, "%zu", i);
    }
}
END_TEST

START_TEST(a_way_that_leads_nowhere_is_none)
{
    static const unsigned kinds[] = {RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT, RTN_LOCAL};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct network_print *print = machine(RUNS, NULL, "10.1.0.1");

        rtnetlink_route(&datagram, RTM_NEWROUTE, SEQUENCE, AF_INET, 32, kinds[i], TWO, NULL);
        ck_assert_int_eq(read_now(print, WAY_FOUR), NETWORK_PRINT_WHOLE);
        ck_assert(same(print, machine(RUNS, NULL, NULL)));
    }
}
END_TEST

START_TEST(what_is_news)
{
    struct network_print *print = machine(RUNS, "2001:db8::2", "10.1.0.1");

    ck_assert(!network_print_is_news(print, NULL, 0));
    /* links */
    rtnetlink_link(&datagram, RTM_NEWLINK, 0, TWO, RUNS);
    ck_assert_msg(!is_news(print), "the same");
    rtnetlink_link(&datagram, RTM_NEWLINK, 0, TWO, RUNS | IFF_PROMISC | IFF_ALLMULTI);
    ck_assert_msg(!is_news(print), "flags of no consequence");
    rtnetlink_link(&datagram, RTM_NEWLINK, 0, TWO, IFF_UP);
    ck_assert_msg(is_news(print), "without carrier");
    rtnetlink_link(&datagram, RTM_NEWLINK, 0, TWO, 0);
    ck_assert_msg(is_news(print), "down");
    rtnetlink_link(&datagram, RTM_NEWLINK, 0, 9, 0);
    ck_assert_msg(!is_news(print), "a new one that is down");
    rtnetlink_link(&datagram, RTM_NEWLINK, 0, 9, RUNS);
    ck_assert_msg(is_news(print), "a new one");
    rtnetlink_link(&datagram, RTM_DELLINK, 0, TWO, 0);
    ck_assert_msg(is_news(print), "one goes");
    rtnetlink_link(&datagram, RTM_DELLINK, 0, 9, RUNS);
    ck_assert_msg(!is_news(print), "one goes that was never there");
    /* addresses */
    for (unsigned i = 0; i < 200; i++) { /* lifetimes, as routers advertise them */
        rtnetlink_address(&datagram, RTM_NEWADDR, 0, TWO, "2001:db8::2", 64, 0);
        rtnetlink_address(&datagram, RTM_NEWADDR, 0, TWO, "2001:db8::9", 64, IFA_F_TEMPORARY);
        ck_assert_msg(!is_news(print), "told again");
    }
    rtnetlink_address(&datagram, RTM_NEWADDR, 0, TWO, "2001:db8::2", 64, IFA_F_DEPRECATED);
    ck_assert_msg(is_news(print), "deprecated now");
    rtnetlink_address(&datagram, RTM_DELADDR, 0, TWO, "2001:db8::2", 64, 0);
    ck_assert_msg(is_news(print), "gone");
    rtnetlink_address(&datagram, RTM_DELADDR, 0, TWO, "2001:db8::9", 64, IFA_F_TEMPORARY);
    ck_assert_msg(!is_news(print), "a temporary one is gone");
    rtnetlink_address(&datagram, RTM_NEWADDR, 0, TWO, "2001:db8::2", 48, 0);
    ck_assert_msg(is_news(print), "another prefix");
    /* routes */
    rtnetlink_route(&datagram, RTM_NEWROUTE, 0, AF_INET, 0, RTN_UNICAST, TWO, "10.1.0.1");
    ck_assert_msg(!is_news(print), "the way that is known");
    rtnetlink_route(&datagram, RTM_NEWROUTE, 0, AF_INET, 0, RTN_UNICAST, TWO, "10.1.0.9");
    ck_assert_msg(is_news(print), "another router");
    rtnetlink_route(&datagram, RTM_NEWROUTE, 0, AF_INET, 1, RTN_UNICAST, ONE, NULL);
    ck_assert_msg(is_news(print), "half of the world, as a VPN takes it");
    rtnetlink_route(&datagram, RTM_NEWROUTE, 0, AF_INET, 24, RTN_UNICAST, ONE, NULL);
    ck_assert_msg(!is_news(print), "a network");
    rtnetlink_route(&datagram, RTM_DELROUTE, 0, AF_INET, 0, RTN_UNICAST, TWO, "10.1.0.1");
    ck_assert_msg(is_news(print), "the way goes");
    rtnetlink_route(&datagram, RTM_NEWROUTE, 0, AF_INET6, 0, RTN_UNICAST, TWO, "fe80::1");
    ck_assert_msg(is_news(print), "a way for IPv6");
    /* and all the rest */
    rtnetlink_address(&datagram, RTM_NEWRULE, 0, ONE, "10.0.0.2", 0, 0);
    ck_assert_msg(is_news(print), "a rule");
    rtnetlink_link(&datagram, RTM_NEWLINK, 0, TWO, RUNS);
    rtnetlink_link(&datagram, RTM_NEWLINK, 0, ONE, 0);
    ck_assert_msg(is_news(print), "the second of two messages");
    network_print_free(print);
}
END_TEST

START_TEST(an_answer_that_is_none)
{
    struct network_print *print = network_print_new();

    rtnetlink_error(&datagram, SEQUENCE, EPERM);
    ck_assert_int_eq(read_now(print, LINKS), NETWORK_PRINT_BROKEN);
    rtnetlink_link(&datagram, RTM_NEWLINK, SEQUENCE, ONE, RUNS);
    rtnetlink_flag(&datagram, NLM_F_DUMP_INTR);
    ck_assert_int_eq(read_now(print, LINKS), NETWORK_PRINT_BROKEN);
    rtnetlink_done(&datagram, SEQUENCE);
    rtnetlink_flag(&datagram, NLM_F_DUMP_INTR);
    ck_assert_int_eq(read_now(print, ADDRESSES), NETWORK_PRINT_BROKEN);
    rtnetlink_done(&datagram, SEQUENCE + 1); /* of an answer that was given up */
    ck_assert_int_eq(read_now(print, ADDRESSES), NETWORK_PRINT_MORE);
    rtnetlink_link(&datagram, RTM_NEWLINK, SEQUENCE, ONE, RUNS);
    ck_assert_int_eq(read_now(print, WAY_FOUR), NETWORK_PRINT_BROKEN);
    rtnetlink_route(&datagram, RTM_NEWROUTE, SEQUENCE, AF_INET6, 128, RTN_UNICAST, TWO, NULL);
    ck_assert_int_eq(read_now(print, WAY_FOUR), NETWORK_PRINT_BROKEN);
    network_print_free(print);
}
END_TEST

/* Whatever is cut off is noticed, and nothing behind the end is read. */
START_TEST(messages_that_are_cut)
{
    struct network_print *print = machine(RUNS, "2001:db8::2", "10.1.0.1");
    struct datagram whole = {0};

    rtnetlink_link(&whole, RTM_NEWLINK, 0, TWO, RUNS);
    rtnetlink_address(&whole, RTM_NEWADDR, 0, TWO, "2001:db8::2", 64, 0);
    rtnetlink_route(&whole, RTM_NEWROUTE, 0, AF_INET, 0, RTN_UNICAST, TWO, "10.1.0.1");
    for (size_t length = 1; length <= whole.length; length++) {
        char *bytes = unit_exact(whole.bytes, length);
        uint32_t first;

        memcpy(&first, whole.bytes, sizeof first);
        if (length < first)
            ck_assert_msg(network_print_is_news(print, bytes, length), "%zu", length);
        (void)network_print_is_news(print, bytes, length);
        (void)network_print_read(print, LINKS, 0, bytes, length);
        (void)network_print_read(print, ADDRESSES, 0, bytes, length);
        (void)network_print_read(print, WAY_FOUR, 0, bytes, length);
        free(bytes);
    }
    network_print_free(print);
    for (size_t at = 0; at < whole.length; at++) /* and lengths that lie */
        for (unsigned value = 0; value < 256; value += 17) {
            struct datagram wrong = whole;

            wrong.bytes[at] = (unsigned char)value;
            print = network_print_new();
            for (unsigned question = 0; question < NETWORK_PRINT_QUESTIONS; question++)
                (void)network_print_read(print, question, 0, wrong.bytes, wrong.length);
            (void)network_print_is_news(print, wrong.bytes, wrong.length);
            network_print_free(print);
        }
}
END_TEST

START_TEST(more_than_there_is_room_for)
{
    struct network_print *print = network_print_new();
    enum network_print_answer answer = NETWORK_PRINT_MORE;
    unsigned count = 0;

    for (unsigned i = 0; i < NETWORK_PRINT_ADDRESSES_MAX + 10; i++) {
        char host[32];

        snprintf(host, sizeof host, "10.0.%u.%u", i / 250, i % 250);
        rtnetlink_address(&datagram, RTM_NEWADDR, SEQUENCE, ONE, host, 24, 0);
        ck_assert_int_eq(read_now(print, ADDRESSES), NETWORK_PRINT_MORE);
    }
    for (int i = 0; i < NETWORK_PRINT_LINKS_MAX + 10; i++) {
        rtnetlink_link(&datagram, RTM_NEWLINK, SEQUENCE, i + 1, 0);
        ck_assert_int_eq(read_now(print, LINKS), NETWORK_PRINT_MORE);
    }
    for (; answer == NETWORK_PRINT_MORE && count < 2 * NETWORK_PRINT_MESSAGES_MAX; count++) {
        rtnetlink_link(&datagram, RTM_NEWLINK, SEQUENCE, 1, 0);
        answer = read_now(print, LINKS);
    }
    ck_assert_int_eq(answer, NETWORK_PRINT_BROKEN);
    ck_assert_uint_le(count, NETWORK_PRINT_MESSAGES_MAX);
    network_print_free(print);
    network_print_free(NULL);
}
END_TEST

START_TEST(the_questions)
{
    static const unsigned types[] = {RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETROUTE};
    unsigned char out[NETWORK_PRINT_QUESTION_MAX];
    struct nlmsghdr head;

    for (unsigned i = 0; i < NETWORK_PRINT_QUESTIONS; i++) {
        size_t length = network_print_question(i, 42, out);

        memcpy(&head, out, sizeof head);
        ck_assert_uint_eq(head.nlmsg_len, length);
        ck_assert_uint_le(length, sizeof out);
        ck_assert_uint_eq(head.nlmsg_type, types[i]);
        ck_assert_uint_eq(head.nlmsg_seq, 42);
        ck_assert_uint_eq(head.nlmsg_flags & NLM_F_REQUEST, NLM_F_REQUEST);
        ck_assert((head.nlmsg_flags & NLM_F_DUMP) == (i < 2 ? NLM_F_DUMP : 0)); /* a list of all routes may be long */
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("network print");

    tcase_add_test(cases, addresses_and_ways_tell_networks_apart);
    tcase_add_test(cases, a_link_that_is_down_has_no_address_and_one_without_carrier_no_way);
    tcase_add_test(cases, which_addresses_count);
    tcase_add_test(cases, the_order_and_repetition_do_not_count);
    tcase_add_test(cases, a_router_with_a_link_local_address_does_not_count);
    tcase_add_test(cases, a_way_that_leads_nowhere_is_none);
    tcase_add_test(cases, what_is_news);
    tcase_add_test(cases, an_answer_that_is_none);
    tcase_add_test(cases, messages_that_are_cut);
    tcase_add_test(cases, more_than_there_is_room_for);
    tcase_add_test(cases, the_questions);
    return unit_run();
}
