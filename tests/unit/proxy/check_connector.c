/* SPDX-License-Identifier: ISC */
#include "proxy/connector.h"

#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "asked_connector.h"

#define HOST "proxy.example.net"

static const struct endpoint by_name = {.host = HOST, .port = 3128};
static const struct endpoint by_address = {.host = "192.0.2.1", .port = 3128};

/* --- names and addresses --- */

START_TEST(a_name_is_looked_up_and_dialed)
{
    struct asked_connector asked = asked_connector_set_up();
    struct transport *transport;

    stage_name(HOST, "192.0.2.1");
    stage_address("192.0.2.1:3128", STAGE_CONNECTS);
    asked_connector_go(&asked, &by_name);
    ck_assert_uint_eq(stage_lookups(), 1);
    ck_assert_uint_eq(stage_lookups_for_both(), 0); /* the first family to answer will do */
    ck_assert_uint_eq(stage_dials(), 1);
    transport = asked_connector_take(&asked);
    ck_assert_ptr_eq(transport, &stage_wire(0)->near);
    ck_assert_str_eq(stage_wire(0)->to, "192.0.2.1:3128");
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    ck_assert_str_eq(asked.steps, "resolve " HOST " is 192.0.2.1;connect 192.0.2.1:3128;");
    ck_assert(!connector_on_loopback(asked.connector));
    connector_free(asked.connector);
    stage_settle();
    ck_assert(wire_is_held(stage_wire(0))); /* it is ours */
    transport_close(transport);
    stage_tear_down();
}
END_TEST

START_TEST(of_several_addresses_the_one_that_answers_is_taken)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_name(HOST, "2001:db8::1 127.0.0.2 192.0.2.1");
    stage_address("127.0.0.2", STAGE_CONNECTS);
    stage_address("192.0.2.1", STAGE_CONNECTS);
    asked_connector_go(&asked, &by_name);
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert_str_eq(stage_wire(0)->to, "127.0.0.2:3128");
    ck_assert(connector_on_loopback(asked.connector));
    ck_assert_str_eq(asked.steps, "resolve " HOST " is 2001:db8::1 and more;connect 127.0.0.2:3128;");
    transport_close(asked_connector_take(&asked));
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(what_nobody_takes_is_closed)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_address("192.0.2.1", STAGE_CONNECTS);
    asked_connector_go(&asked, &by_address);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(looking_up_an_address_is_no_step)
{
    static const struct endpoint v6 = {.host = "2001:db8::1", .port = 80};
    struct asked_connector asked = asked_connector_set_up();

    stage_address("192.0.2.1", STAGE_CONNECTS);
    stage_address("2001:db8::1", STAGE_CONNECTS);
    asked_connector_go(&asked, &by_address);
    ck_assert_str_eq(asked.steps, "connect 192.0.2.1:3128;");
    asked_connector_end(&asked);
    asked_connector_go(&asked, &v6);
    ck_assert_str_eq(asked.steps, "connect [2001:db8::1]:80;");
    ck_assert_str_eq(stage_wire(1)->to, "[2001:db8::1]:80");
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(a_name_without_addresses)
{
    struct asked_connector asked = asked_connector_set_up();

    asked_connector_go(&asked, &by_name);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "cannot find its address: unknown name");
    ck_assert(!connector_connected(asked.connector));
    asked_connector_end(&asked);
    stage_name(HOST, "!the name server refuses");
    asked_connector_go(&asked, &by_name);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                 "cannot find its address: the name server refuses");
    ck_assert_uint_eq(stage_lookups(), 2); /* one each */
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(name_servers_have_a_limit)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_name(HOST, "");
    asked_connector_go(&asked, &by_name);
    stage_advance(RESOLVE_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_eq(stage_lookups_open(), 1);
    stage_advance(1);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                 "no answer from the name servers within 10 s");
    ck_assert(!connector_connected(asked.connector));
    asked_connector_tear_down(&asked);
}
END_TEST

/* Any of its addresses, at its port; no other is dialed then. */
START_TEST(an_address_may_be_forbidden)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_name(HOST, "192.0.2.1 192.0.2.2");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    asked.forbidden = _i == 0 ? "192.0.2.1:3128" : "192.0.2.2:3128";
    asked_connector_go(&asked, &by_name);
    asked_connector_check_failed(&asked, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "it is 100% ours");
    ck_assert_uint_eq(stage_dials(), 0);
    ck_assert_uint_eq(stage_lookups(), 1);
    ck_assert(!connector_connected(asked.connector));
    ck_assert_str_eq(asked.steps, "");
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(another_address_being_forbidden_changes_nothing)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_name(HOST, "192.0.2.1");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    asked.forbidden = "192.0.2.1:3129";
    asked_connector_go(&asked, &by_name);
    transport_close(asked_connector_take(&asked));
    asked_connector_tear_down(&asked);
}
END_TEST

/* --- dialing --- */

/* The name is looked up once more, and says nothing new. */
START_TEST(all_addresses_refuse)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_name(HOST, "192.0.2.1 2001:db8::1");
    asked_connector_go(&asked, &by_name);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                 "cannot connect to [2001:db8::1]:3128: Connection refused");
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert_uint_eq(stage_lookups(), 2);
    ck_assert_uint_eq(stage_lookups_for_both(), 1);
    ck_assert_uint_eq(stage_lookups_anew(), 1); /* what is known cannot be reached */
    ck_assert(!connector_connected(asked.connector));
    ck_assert_str_eq(asked.steps, "resolve " HOST " is 192.0.2.1 and more;");
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(an_address_that_was_given_is_not_said_again)
{
    struct asked_connector asked = asked_connector_set_up();

    asked_connector_go(&asked, &by_address);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "cannot connect: Connection refused");
    ck_assert_uint_eq(stage_dials(), 1);
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(connecting_has_a_limit)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_name(HOST, "192.0.2.1");
    stage_address("192.0.2.1", STAGE_SILENT);
    asked_connector_go(&asked, &by_name);
    stage_advance(CONNECT_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_eq(stage_dials_open(), 1);
    stage_advance(1);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                 "cannot connect to 192.0.2.1:3128: no answer within 15 s");
    asked_connector_tear_down(&asked);
}
END_TEST

/* It is not the proxy's fault, and looking again would not help. */
START_TEST(we_are_out_of_descriptors)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_name(HOST, "192.0.2.1");
    stage_address("192.0.2.1", STAGE_LOCAL);
    asked_connector_go(&asked, &by_name);
    asked_connector_check_failed(&asked, OUTCOME_LOCAL, FAILURE_TEMPORARY,
                                 "cannot connect to 192.0.2.1:3128: Too many open files");
    ck_assert_uint_eq(stage_lookups(), 1);
    asked_connector_end(&asked);
    asked_connector_go(&asked, &by_address);
    asked_connector_check_failed(&asked, OUTCOME_LOCAL, FAILURE_TEMPORARY, "cannot connect: Too many open files");
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(we_are_out_of_memory)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_address("192.0.2.1", STAGE_CONNECTS);
    stage_lack((enum stage_lack)_i);
    asked_connector_go(&asked, &by_address);
    asked_connector_check_failed(&asked, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
    ck_assert(!connector_connected(asked.connector));
    ck_assert_uint_eq(stage_time(), 0);
    asked_connector_tear_down(&asked);
}
END_TEST

/* Too many names wait for name servers that are dead: that is no trouble of ours alone, and another proxy may have its
 * name already. */
START_TEST(no_look_up_can_be_started)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_lack(STAGE_LACKS_LOOKUP);
    asked_connector_go(&asked, &by_name);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                 "no answer from the name servers within 10 s");
    ck_assert_uint_eq(stage_time(), 0);
    asked_connector_tear_down(&asked);
}
END_TEST

/* --- the family that is answered while the other one is dialed --- */

#define LATE_MS 300

/* The name servers have one family, whose address does that, and are asked for the other still. */
static struct asked_connector set_up_one_family(enum stage_dial how)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_name_in_part(HOST, "2001:db8::1");
    stage_address("2001:db8::1", how);
    return asked;
}

/* That is what the name has in all. */
static void answer_rest(const char *addresses)
{
    stage_advance(LATE_MS);
    ck_assert_uint_eq(stage_lookups_open(), 1);
    stage_name(HOST, addresses);
    stage_answer_silent();
    stage_settle();
    ck_assert_uint_eq(stage_lookups_open(), 0);
}

START_TEST(a_family_that_is_late_joins_the_dial)
{
    struct asked_connector asked = set_up_one_family(STAGE_SILENT);

    asked_connector_go(&asked, &by_name);
    stage_address("192.0.2.1", STAGE_CONNECTS);
    answer_rest("2001:db8::1 192.0.2.1");
    ck_assert_str_eq(stage_wire(0)->to, "192.0.2.1:3128");
    ck_assert_str_eq(asked.steps, "resolve " HOST " is 2001:db8::1;resolve " HOST " is 192.0.2.1;"
                                  "connect 192.0.2.1:3128;");
    ck_assert_uint_eq(stage_time(), LATE_MS);
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert_uint_eq(stage_lookups(), 1);
    transport_close(asked_connector_take(&asked));
    asked_connector_tear_down(&asked);
}
END_TEST

/* It refuses, has no new address, fails, or is forbidden: the first one is waited for all the same. */
static const struct {
    const char *rest, *forbidden;
} no_help[] = {
    {"2001:db8::1 192.0.2.1", NULL},
    {"2001:db8::1", NULL},
    {"!gone", NULL},
    {"2001:db8::1 192.0.2.1", "192.0.2.1:3128"},
};

START_TEST(a_late_family_that_is_no_help_changes_nothing)
{
    struct asked_connector asked = set_up_one_family(STAGE_SILENT);

    asked.forbidden = no_help[_i].forbidden;
    asked_connector_go(&asked, &by_name);
    if (no_help[_i].forbidden)
        stage_address("192.0.2.1", STAGE_CONNECTS);
    answer_rest(no_help[_i].rest);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_eq(stage_dials_open(), 1);
    stage_address("2001:db8::1", STAGE_CONNECTS);
    stage_answer_dial();
    ck_assert_str_eq(stage_wire(0)->to, "[2001:db8::1]:3128");
    ck_assert_uint_eq(stage_dials(), 1);
    transport_close(asked_connector_take(&asked));
    asked_connector_tear_down(&asked);
}
END_TEST

/* Each was dialed once, though the name is looked up once more. */
START_TEST(both_families_are_silent)
{
    struct asked_connector asked = set_up_one_family(STAGE_SILENT);

    asked_connector_go(&asked, &by_name);
    stage_address("192.0.2.1", STAGE_SILENT);
    answer_rest("2001:db8::1 192.0.2.1");
    stage_advance(CONNECT_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                 "cannot connect to 192.0.2.1:3128: no answer within 15 s");
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert_uint_eq(stage_lookups_anew(), 1);
    asked_connector_tear_down(&asked);
}
END_TEST

/* While it was a matter of another address it did not count. */
START_TEST(a_late_address_that_is_forbidden_is_told_where_all_else_fails)
{
    struct asked_connector asked = set_up_one_family(STAGE_SILENT);

    asked.forbidden = "192.0.2.1:3128";
    asked_connector_go(&asked, &by_name);
    answer_rest("2001:db8::1 192.0.2.1");
    stage_advance(CONNECT_MS - LATE_MS);
    asked_connector_check_failed(&asked, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "it is 100% ours");
    ck_assert_uint_eq(stage_dials(), 1);
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(where_one_family_refuses_the_other_is_waited_for)
{
    struct asked_connector asked = set_up_one_family(STAGE_REFUSES);

    asked_connector_go(&asked, &by_name);
    stage_address("192.0.2.1", STAGE_CONNECTS);
    answer_rest(_i == 0 ? "2001:db8::1 192.0.2.1" : "!gone");
    ck_assert_uint_eq(stage_lookups(), 2);
    ck_assert_uint_eq(stage_lookups_anew(), 1);
    if (_i == 0)
        transport_close(asked_connector_take(&asked));
    else
        asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                     "cannot connect to [2001:db8::1]:3128: Connection refused");
    ck_assert_uint_eq(stage_dials(), _i == 0 ? 2 : 1);
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(the_wait_for_the_other_family_has_a_limit)
{
    struct asked_connector asked = set_up_one_family(STAGE_REFUSES);

    asked_connector_go(&asked, &by_name);
    stage_advance(RESOLVE_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                 "cannot connect to [2001:db8::1]:3128: Connection refused");
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(whoever_is_connected_waits_for_no_other_family)
{
    struct asked_connector asked = set_up_one_family(STAGE_CONNECTS);

    asked_connector_go(&asked, &by_name);
    ck_assert_uint_eq(stage_lookups_open(), 0);
    transport_close(asked_connector_take(&asked));
    asked_connector_tear_down(&asked);
}
END_TEST

static void free_it(void *arg)
{
    connector_free(((struct asked_connector *)arg)->connector);
}

/* As soon as it dials, while the other family is awaited, when that has joined, and where that is all that is left. */
START_TEST(with_a_family_to_come_it_may_end_at_any_moment)
{
    struct asked_connector asked = set_up_one_family(_i == 3 ? STAGE_REFUSES : STAGE_SILENT);

    asked_connector_start(&asked, &by_name);
    stage_address("192.0.2.1", STAGE_SILENT);
    if (_i == 0)
        connector_hand_over(asked.connector, free_it, NULL, &asked);
    stage_settle();
    if (_i == 2)
        answer_rest("2001:db8::1 192.0.2.1");
    ck_assert_uint_eq(stage_dials_open(), _i == 1 || _i == 2 ? 1 : 0);
    ck_assert_uint_eq(stage_lookups_open(), _i == 1 || _i == 3 ? 1 : 0);
    if (_i > 0)
        connector_free(asked.connector);
    ck_assert_uint_eq(stage_lookups_open() + stage_dials_open(), 0);
    stage_advance(3 * CONNECT_MS);
    ck_assert_uint_eq(asked.told, 0);
    stage_tear_down();
}
END_TEST

/* --- addresses that are found after all have failed --- */

/* The first address is silent; meanwhile the name has others. */
static void fail_once(struct asked_connector *asked, const char *addresses)
{
    stage_name(HOST, "192.0.2.1");
    stage_address("192.0.2.1", STAGE_SILENT);
    asked_connector_go(asked, &by_name);
    stage_name(HOST, addresses);
    stage_address("192.0.2.1", STAGE_CONNECTS); /* were it dialed again */
    stage_advance(CONNECT_MS);
    ck_assert_uint_eq(stage_lookups(), 2);
    ck_assert_uint_eq(stage_lookups_for_both(), 1);
}

static const char first_dial_failed[] = "cannot connect to 192.0.2.1:3128: no answer within 15 s";

START_TEST(late_addresses_are_dialed)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_address("2001:db8::1", STAGE_CONNECTS);
    fail_once(&asked, "192.0.2.1 2001:db8::1");
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_str_eq(stage_wire(0)->to, "[2001:db8::1]:3128");
    ck_assert_str_eq(asked.steps, "resolve " HOST " is 192.0.2.1;resolve " HOST " is 2001:db8::1;"
                                  "connect [2001:db8::1]:3128;");
    transport_close(asked_connector_take(&asked));
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(addresses_that_were_tried_are_left_out)
{
    struct asked_connector asked = asked_connector_set_up();

    fail_once(&asked, "192.0.2.1");
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, first_dial_failed);
    ck_assert_uint_eq(stage_dials(), 1);
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(late_addresses_refuse_too)
{
    struct asked_connector asked = asked_connector_set_up();

    fail_once(&asked, "192.0.2.1 2001:db8::1 2001:db8::2");
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                 "cannot connect to [2001:db8::2]:3128: Connection refused");
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_uint_eq(stage_lookups(), 2); /* there is no third time */
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(late_addresses_are_silent_too)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_address("2001:db8::1", STAGE_SILENT);
    fail_once(&asked, "2001:db8::1");
    stage_advance(CONNECT_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                 "cannot connect to [2001:db8::1]:3128: no answer within 15 s");
    ck_assert_uint_eq(stage_lookups(), 2);
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(descriptors_may_run_out_late)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_address("2001:db8::1", STAGE_LOCAL);
    fail_once(&asked, "2001:db8::1");
    asked_connector_check_failed(&asked, OUTCOME_LOCAL, FAILURE_TEMPORARY,
                                 "cannot connect to [2001:db8::1]:3128: Too many open files");
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(a_late_address_may_be_forbidden)
{
    struct asked_connector asked = asked_connector_set_up();

    asked.forbidden = "[2001:db8::1]:3128";
    stage_address("2001:db8::1", STAGE_CONNECTS);
    fail_once(&asked, "2001:db8::1");
    asked_connector_check_failed(&asked, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "it is 100% ours");
    ck_assert_uint_eq(stage_dials(), 1);
    asked_connector_tear_down(&asked);
}
END_TEST

/* What the dial failed of is the reason, and not what became of the look-up behind it. */
START_TEST(the_second_look_up_fails)
{
    struct asked_connector asked = asked_connector_set_up();

    fail_once(&asked, "!gone");
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, first_dial_failed);
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(the_second_look_up_has_a_limit)
{
    struct asked_connector asked = asked_connector_set_up();

    fail_once(&asked, "");
    ck_assert_uint_eq(stage_lookups_open(), 1);
    stage_advance(RESOLVE_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, first_dial_failed);
    asked_connector_tear_down(&asked);
}
END_TEST

/* --- versions --- */

/* Without TLS there is nobody to ask: HTTP/2 is spoken where nothing else will do. */
START_TEST(http2_without_tls_is_spoken_only_where_it_is_set)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_address("192.0.2.1", STAGE_CONNECTS);
    asked.http = (unsigned)_i;
    asked_connector_go(&asked, &by_address);
    ck_assert_int_eq(connector_speaks_h2(asked.connector), _i == PROXY_HTTP_2);
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    transport_close(asked_connector_take(&asked));
    asked_connector_end(&asked);
    asked.through = &stage_new_wire()->near;
    asked_connector_go(&asked, &by_address);
    ck_assert_int_eq(connector_speaks_h2(asked.connector), _i == PROXY_HTTP_2);
    transport_close(asked_connector_take(&asked));
    asked_connector_tear_down(&asked);
}
END_TEST

/* --- a connection that another proxy has given --- */

START_TEST(a_given_connection_is_passed_on)
{
    static const struct endpoint local = {.host = "127.0.0.1", .port = 3128};
    struct asked_connector asked = asked_connector_set_up();

    asked.through = &stage_new_wire()->near;
    asked.forbidden = "127.0.0.1:3128"; /* it is not us who dials */
    asked_connector_go(&asked, &local);
    ck_assert_uint_eq(stage_lookups() + stage_dials(), 0);
    ck_assert_str_eq(asked.steps, "");
    ck_assert(!connector_on_loopback(asked.connector));
    ck_assert_ptr_eq(asked_connector_take(&asked), asked.through);
    ck_assert(wire_is_held(stage_wire(0)));
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    transport_close(asked.through);
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(a_given_connection_may_not_have_spoken)
{
    struct asked_connector asked = asked_connector_set_up();

    asked.through = &stage_new_wire()->near;
    asked.leftover = "220 mail ESMTP\r\n";
    asked_connector_go(&asked, &by_name);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT,
                                 "speaks before it is asked: it is no HTTP proxy");
    ck_assert(connector_connected(asked.connector));
    asked_connector_tear_down(&asked);
}
END_TEST

/* In HTTP/2 a proxy sends its settings without being asked. */
START_TEST(in_http2_a_given_connection_may_have_spoken)
{
    struct asked_connector asked = asked_connector_set_up();
    struct transport *transport;
    char got[16] = "";

    asked.http = PROXY_HTTP_2;
    asked.through = &stage_new_wire()->near;
    asked.leftover = "settings";
    asked_connector_go(&asked, &by_name);
    ck_assert(connector_speaks_h2(asked.connector));
    transport = asked_connector_take(&asked);
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), 8);
    ck_assert_str_eq(got, "settings");
    transport_close(transport);
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(a_given_connection_is_closed_when_it_is_freed)
{
    struct asked_connector asked = asked_connector_set_up();

    asked.through = &stage_new_wire()->near;
    asked.leftover = "more";
    asked_connector_start(&asked, &by_name);
    connector_free(asked.connector);
    ck_assert(stage_wire(0)->closed);
    stage_settle();
    ck_assert_uint_eq(asked.told, 0);
    connector_free(NULL);
    stage_tear_down();
}
END_TEST

/* --- another owner --- */

static unsigned dialed, told;
static enum outcome outcome;
static struct failure failure;

static void on_dials(void *arg)
{
    ck_assert_ptr_eq(arg, &told);
    dialed++;
}

static void on_told(void *arg, enum outcome how, const struct failure *why)
{
    ck_assert_ptr_eq(arg, &told);
    unit_note_outcome(&told, &outcome, &failure, how, why);
}

/* Before it begins, looking up, dialing, when it stands, when it has failed. */
static const struct {
    const char *name;
    enum stage_dial dial;
    bool dials_by_then, ended;
} moments[] = {
    {"", STAGE_SILENT, false, false},
    {"", STAGE_SILENT, false, false},
    {"192.0.2.1", STAGE_SILENT, true, false},
    {"192.0.2.1", STAGE_CONNECTS, false, true},
    {"192.0.2.1", STAGE_REFUSES, false, true},
};

START_TEST(another_owner_goes_on_with_it)
{
    struct asked_connector asked = asked_connector_set_up();
    bool fails = moments[_i].dial == STAGE_REFUSES;

    dialed = told = 0;
    stage_name(HOST, moments[_i].name);
    stage_address("192.0.2.1", moments[_i].dial);
    asked_connector_start(&asked, &by_name);
    if (_i > 0)
        stage_settle();
    ck_assert_int_eq(connector_hand_over(asked.connector, on_dials, on_told, &told), moments[_i].ended);
    ck_assert_uint_eq(dialed, moments[_i].dials_by_then ? 1 : 0);
    ck_assert_uint_eq(told, 0); /* not from within the call */
    stage_settle();
    if (!moments[_i].ended) {
        ck_assert_uint_eq(told, 0);
        stage_name(HOST, "192.0.2.1");
        stage_address("192.0.2.1", STAGE_CONNECTS);
        if (moments[_i].dials_by_then)
            stage_answer_dial();
        else
            stage_answer_silent();
        stage_settle();
        ck_assert_uint_eq(dialed, 1);
    }
    ck_assert_uint_eq(asked.told, moments[_i].ended ? 1 : 0);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, fails ? OUTCOME_PEER : OUTCOME_DONE);
    if (fails)
        ck_assert_str_eq(failure.what, "cannot connect to 192.0.2.1:3128: Connection refused");
    else
        transport_close(connector_take(asked.connector));
    asked_connector_tear_down(&asked);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("connector");

    tcase_add_test(cases, a_name_is_looked_up_and_dialed);
    tcase_add_test(cases, of_several_addresses_the_one_that_answers_is_taken);
    tcase_add_test(cases, what_nobody_takes_is_closed);
    tcase_add_test(cases, looking_up_an_address_is_no_step);
    tcase_add_test(cases, a_name_without_addresses);
    tcase_add_test(cases, name_servers_have_a_limit);
    tcase_add_loop_test(cases, an_address_may_be_forbidden, 0, 2);
    tcase_add_test(cases, another_address_being_forbidden_changes_nothing);
    tcase_add_test(cases, all_addresses_refuse);
    tcase_add_test(cases, an_address_that_was_given_is_not_said_again);
    tcase_add_test(cases, connecting_has_a_limit);
    tcase_add_test(cases, we_are_out_of_descriptors);
    tcase_add_loop_test(cases, we_are_out_of_memory, STAGE_LACKS_DIAL, STAGE_LACKS_TRANSPORT + 1);
    tcase_add_test(cases, no_look_up_can_be_started);
    tcase_add_test(cases, a_family_that_is_late_joins_the_dial);
    tcase_add_loop_test(cases, a_late_family_that_is_no_help_changes_nothing, 0, sizeof no_help / sizeof no_help[0]);
    tcase_add_test(cases, both_families_are_silent);
    tcase_add_test(cases, a_late_address_that_is_forbidden_is_told_where_all_else_fails);
    tcase_add_loop_test(cases, where_one_family_refuses_the_other_is_waited_for, 0, 2);
    tcase_add_test(cases, the_wait_for_the_other_family_has_a_limit);
    tcase_add_test(cases, whoever_is_connected_waits_for_no_other_family);
    tcase_add_loop_test(cases, with_a_family_to_come_it_may_end_at_any_moment, 0, 4);
    tcase_add_test(cases, late_addresses_are_dialed);
    tcase_add_test(cases, addresses_that_were_tried_are_left_out);
    tcase_add_test(cases, late_addresses_refuse_too);
    tcase_add_test(cases, late_addresses_are_silent_too);
    tcase_add_test(cases, descriptors_may_run_out_late);
    tcase_add_test(cases, a_late_address_may_be_forbidden);
    tcase_add_test(cases, the_second_look_up_fails);
    tcase_add_test(cases, the_second_look_up_has_a_limit);
    tcase_add_loop_test(cases, http2_without_tls_is_spoken_only_where_it_is_set, 0, PROXY_HTTP_2 + 1);
    tcase_add_test(cases, a_given_connection_is_passed_on);
    tcase_add_test(cases, a_given_connection_may_not_have_spoken);
    tcase_add_test(cases, in_http2_a_given_connection_may_have_spoken);
    tcase_add_test(cases, a_given_connection_is_closed_when_it_is_freed);
    tcase_add_loop_test(cases, another_owner_goes_on_with_it, 0, sizeof moments / sizeof moments[0]);
    return unit_run();
}
