/* SPDX-License-Identifier: ISC */
#include "session/origin.h"

#include <string.h>

#include "config/settings.h"

#include "../stage.h"
#include "../unit.h"

bool __wrap_transport_ends(const struct transport *transport, struct address *far, struct address *near);

static bool connected; /* the server still is */
static const char *place, *own; /* its address, and ours */
static struct wire *server;
static struct failure failure;

bool __wrap_transport_ends(const struct transport *transport, struct address *far, struct address *near)
{
    ck_assert_ptr_eq(transport, &server->near);
    return connected && address_from_literal(far, place, 143) && address_from_literal(near, own, 1);
}

static void set_up(void)
{
    stage_set_up();
    server = stage_new_wire();
    connected = true;
    place = "203.0.113.9";
    own = "192.0.2.99";
    memset(&failure, 0, sizeof failure);
}

static void tear_down(void)
{
    transport_close(&server->near);
    stage_tear_down();
}

static struct origin origin_of(const char *from, const char *on, unsigned told)
{
    struct origin origin = {.told = told};

    if (*from)
        ck_assert(address_from_literal(&origin.from, from, 5123));
    if (*on)
        ck_assert(address_from_literal(&origin.on, on, 993));
    return origin;
}

START_TEST(only_who_is_to_be_told_has_to_know)
{
    static const struct {
        const char *from, *on;
        unsigned told;
        bool suffices;
    } rows[] = {
        {"", "", FORWARDED_NONE, true},
        {"", "203.0.113.5", FORWARDED_PROXY_V1, false},
        {"", "", FORWARDED_PROXY_V2, false},
        {"192.0.2.7", "", FORWARDED_PROXY_V1, true},
        {"192.0.2.7", "203.0.113.5", FORWARDED_PROXY_V2, true},
    };
    const struct origin origin = origin_of(rows[_i].from, rows[_i].on, rows[_i].told);

    ck_assert_int_eq(origin_suffices(&origin, &failure), rows[_i].suffices);
    ck_assert_str_eq(failure.what, rows[_i].suffices ? "" : "the relay does not say who the client is, and the server "
                     "is to be told; it must send Forwarded with the address of one client; or take `forwarded` out");
}
END_TEST

START_TEST(the_servers_own_machine_is_nobodys)
{
    static const struct {
        const char *from;
        bool suffices;
    } rows[] = {
        {"127.0.0.1", false}, {"127.9.9.9", false}, {"0.0.0.0", false}, {"224.0.0.1", false}, {"239.1.2.3", false},
        {"::1", false}, {"::", false}, {"ff02::1", false}, {"::ffff:127.0.0.1", false}, {"::ffff:0.0.0.0", false},
        {"128.0.0.1", true}, {"192.168.0.7", true}, {"240.0.0.1", true}, {"::ffff:192.0.2.7", true},
        {"2001:db8::7", true}, {"fe80::1", true},
    };
    struct origin origin = origin_of(rows[_i].from, "", FORWARDED_PROXY_V2);

    ck_assert_int_eq(origin_suffices(&origin, &failure), rows[_i].suffices);
    ck_assert_int_eq(strstr(failure.what, "local user") != NULL, !rows[_i].suffices);
    origin.trusting = true;
    ck_assert(origin_suffices(&origin, &failure));
    origin.trusting = false;
    origin.told = FORWARDED_NONE;
    ck_assert(origin_suffices(&origin, &failure));
}
END_TEST

START_TEST(the_server_is_told_what_the_section_says)
{
    static const struct {
        const char *from, *on;
        unsigned told;
        const char *head;
    } rows[] = {
        {"192.0.2.7", "203.0.113.5", FORWARDED_NONE, ""},
        {"", "", FORWARDED_NONE, ""},
        {"192.0.2.7", "203.0.113.5", FORWARDED_PROXY_V1, "PROXY TCP4 192.0.2.7 203.0.113.5 5123 993\r\n"},
        /* the relay did not say where it was: where was dialed */
        {"192.0.2.7", "", FORWARDED_PROXY_V1, "PROXY TCP4 192.0.2.7 203.0.113.9 5123 143\r\n"},
        {"2001:db8::7", "", FORWARDED_PROXY_V1, "PROXY TCP6 2001:db8::7 ::ffff:203.0.113.9 5123 143\r\n"},
    };
    const struct origin origin = origin_of(rows[_i].from, rows[_i].on, rows[_i].told);

    ck_assert(origin_introduce(&origin, &server->near, &failure));
    ck_assert_str_eq(server->heard, rows[_i].head);
}
END_TEST

START_TEST(version_2_is_told_as_version_2)
{
    const struct origin origin = origin_of("192.0.2.7", "203.0.113.5", FORWARDED_PROXY_V2);

    ck_assert(origin_introduce(&origin, &server->near, &failure));
    ck_assert_uint_eq(server->heard_length, 28);
    ck_assert_mem_eq(server->heard, "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\7\xcb\0\x71\5\x14\x03\x03\xe1", 28);
}
END_TEST

START_TEST(a_server_that_is_gone_is_not_told)
{
    const struct origin origin = origin_of("192.0.2.7", "", FORWARDED_PROXY_V1);

    if (_i == 0)
        connected = false;
    else
        server->room = _i == 1 ? 0 : 20; /* not all of it */
    ck_assert(!origin_introduce(&origin, &server->near, &failure));
    ck_assert_str_eq(failure.what, "the server was gone before it was told who the client is");
    ck_assert_int_eq(failure.class, FAILURE_TEMPORARY);
}
END_TEST

/* Whatever the name of the target is, and whoever has changed what it means. */
START_TEST(a_mail_server_of_this_network_does_not_take_strangers_for_us)
{
    static const struct {
        const char *place, *own;
        bool wary;
        unsigned told;
        bool goes;
    } rows[] = {
        {"127.0.1.1", "127.0.0.1", true, FORWARDED_NONE, false},
        {"10.0.0.7", "10.0.0.2", true, FORWARDED_NONE, false},
        {"::1", "::1", true, FORWARDED_NONE, false},
        {"203.0.113.9", "203.0.113.9", true, FORWARDED_NONE, false}, /* this machine by its public address */
        {"203.0.113.9", "192.0.2.99", true, FORWARDED_NONE, true},
        {"127.0.1.1", "127.0.0.1", true, FORWARDED_PROXY_V1, true},
        {"127.0.1.1", "127.0.0.1", false, FORWARDED_NONE, true},
    };
    struct origin origin = origin_of("192.0.2.7", "", rows[_i].told);

    origin.wary = rows[_i].wary;
    place = rows[_i].place;
    own = rows[_i].own;
    ck_assert_int_eq(origin_introduce(&origin, &server->near, &failure), rows[_i].goes);
    ck_assert_int_eq(failure.what[0] == '\0', rows[_i].goes);
}
END_TEST

START_TEST(it_is_shown_as_far_as_it_is_known)
{
    const struct origin known = origin_of("192.0.2.7", "2001:db8::5", FORWARDED_NONE);
    const struct origin unknown = {.told = FORWARDED_NONE};
    char from[ADDRESS_TEXT_MAX], on[ADDRESS_TEXT_MAX];

    origin_format(&known, from, on);
    ck_assert_str_eq(from, "192.0.2.7:5123");
    ck_assert_str_eq(on, "[2001:db8::5]:993");
    ck_assert_uint_eq(origin_port(&known), 993);
    origin_format(&unknown, from, on);
    ck_assert_str_eq(from, "");
    ck_assert_str_eq(on, "");
    ck_assert_uint_eq(origin_port(&unknown), 0);
}
END_TEST

/* Mail that a stranger brings must not bounce because of us, and our network is not described to it. */
START_TEST(a_stranger_is_told_little)
{
    struct failure told;

    failure_set(&told, FAILURE_PERMANENT, "no such host");
    failure_at_url(&told, "mail.internal.example:143");
    origin_tell(&told);
    ck_assert_int_eq(told.class, FAILURE_TEMPORARY);
    ck_assert_str_eq(told.what, "the server is not there at the moment");
    ck_assert_str_eq(told.where, "");
    ck_assert_str_eq(told.brief, "");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("origin");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, only_who_is_to_be_told_has_to_know, 0, 5);
    tcase_add_loop_test(cases, the_servers_own_machine_is_nobodys, 0, 16);
    tcase_add_loop_test(cases, the_server_is_told_what_the_section_says, 0, 5);
    tcase_add_test(cases, version_2_is_told_as_version_2);
    tcase_add_loop_test(cases, a_server_that_is_gone_is_not_told, 0, 3);
    tcase_add_loop_test(cases, a_mail_server_of_this_network_does_not_take_strangers_for_us, 0, 7);
    tcase_add_test(cases, it_is_shown_as_far_as_it_is_known);
    tcase_add_test(cases, a_stranger_is_told_little);
    return unit_run();
}
