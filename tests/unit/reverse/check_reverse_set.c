/* SPDX-License-Identifier: ISC */
#include "reverse/reverse_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../session/given.h"
#include "../unit.h"
#include "relay_scene.h"
#include "reverse/back_off.h"
#include "reverse/standing.h"

#define BUSY "HTTP/1.1 503 Busy\r\n\r\n"
#define REST_MOST 1250 /* ms: the first rest with its jitter */

bool __wrap_transport_ends(const struct transport *transport, struct address *far, struct address *near);

static struct services *services;
static struct sessions *sessions;
static struct config *config;
static struct reverse_set *set;
static const char *target_at = "192.0.2.9";
static size_t most; /* sessions of all sections; set by start */
static unsigned began;

/* The ends of a connection in memory. */
bool __wrap_transport_ends(const struct transport *transport, struct address *far, struct address *near)
{
    (void)transport;
    return address_from_literal(far, target_at, 143) && address_from_literal(near, "192.0.2.99", 1);
}

static void on_began(void *arg)
{
    (void)arg;
    began++;
}

static void keep(const char *text)
{
    struct config *fresh = unit_config(text);

    ck_assert(reverse_set_keep(set, fresh, most));
    config_unref(config);
    config = fresh;
    stage_settle();
}

/* On the stage as it is; nothing is kept yet. */
static void make(void)
{
    sessions = sessions_new(services, NULL, NULL);
    set = reverse_set_new(services, sessions, on_began, NULL);
    config = NULL;
    most = 4096;
    began = 0;
}

static void start(const char *text)
{
    services = relay_scene_set_up();
    make();
    given_forget_log();
    keep(text);
}

static void end(void)
{
    reverse_set_free(set);
    sessions_free(sessions);
    config_unref(config);
    stage_tear_down();
}

/* How many connections to the relay are held. */
static unsigned held(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < stage_wires(); i++)
        count += strcmp(stage_wire(i)->to, RELAY_AT) == 0 && wire_is_held(stage_wire(i));
    return count;
}

static struct reverse_facts facts;
static unsigned seen;
static char last_error[600];

static void see(void *arg, const struct reverse_facts *shown)
{
    (void)arg;
    facts = *shown;
    snprintf(last_error, sizeof last_error, "%s", shown->last_error);
    ck_assert_str_eq(shown->name, "reverse/home");
    ck_assert_str_eq(shown->relay, RELAY_URL);
    seen++;
}

/* What status shows: places that stand, and sessions. */
static void check_facts(unsigned waiting, size_t count, const char *error)
{
    seen = 0;
    reverse_set_each(set, see, NULL);
    ck_assert_uint_eq(seen, 1);
    ck_assert_uint_eq(facts.waiting, waiting);
    ck_assert_uint_eq(facts.sessions, count);
    ck_assert_str_eq(last_error, error);
}

/* --- places --- */

START_TEST(as_many_places_as_are_wanted)
{
    start(RELAY_SECTION(RELAY_TARGET));
    ck_assert_uint_eq(held(), 2);
    check_facts(0, 0, "");
    stage_advance(STANDING_STANDS_MS);
    check_facts(2, 0, "");
    given_check_log("info reverse/home waiting\n");
    stage_advance(3000);
    check_facts(2, 0, "");
    ck_assert_uint_eq(facts.since_ms_ago, 3000);
    end();
}
END_TEST

START_TEST(a_client_becomes_a_session_and_its_place_is_taken_at_once)
{
    struct wire *relay, *server;

    start(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    relay = relay_scene_asked("");
    stage_advance(STANDING_STANDS_MS);
    given_forget_log();
    wire_say(relay, RELAY_101 RELAY_FORWARDED "\r\nA1 NOOP\r\n");
    ck_assert_uint_eq(stage_wires(), 3);
    server = stage_wire(strcmp(stage_wire(1)->to, "192.0.2.9:143") == 0 ? 1 : 2);
    ck_assert_str_eq(server->to, "192.0.2.9:143");
    ck_assert_str_eq(server->heard, "A1 NOOP\r\n");
    ck_assert_uint_eq(held(), 2);
    ck_assert_str_eq(stage_wire(3 - server->number)->heard, RELAY_GET "\r\n");
    check_facts(0, 1, "");
    given_check_log("info reverse/home #1 reverse from=192.0.2.7:50000\n"
                    "info reverse/home #1 open proxy=direct target=mail.example.net:143 switched=no redirects=0 "
                    "ms=0\n");
    wire_say(server, "* OK hello\r\n");
    ck_assert_str_eq(relay->heard, "* OK hello\r\n");
    stage_advance(STANDING_STANDS_MS);
    check_facts(1, 1, "");
    end();
}
END_TEST

START_TEST(the_server_is_told_who_comes)
{
    struct wire *relay;

    start(RELAY_SECTION(RELAY_TARGET "waiting = 1\nforwarded = proxy-v1"));
    relay = relay_scene_asked("");
    given_forget_log();
    if (_i == 0) {
        wire_say(relay, RELAY_101 RELAY_FORWARDED "\r\nA1 NOOP\r\n");
        for (unsigned i = 0; i < stage_wires(); i++)
            if (strcmp(stage_wire(i)->to, "192.0.2.9:143") == 0)
                ck_assert_str_eq(stage_wire(i)->heard, "PROXY TCP4 192.0.2.7 192.0.2.80 50000 143\r\nA1 NOOP\r\n");
        check_facts(0, 1, "");
    } else { /* nobody says who it is */
        wire_say(relay, _i == 1 ? RELAY_101 "\r\n" : RELAY_101 "Forwarded: for=unknown\r\n\r\n");
        for (unsigned i = 0; i < stage_wires(); i++)
            ck_assert_str_ne(stage_wire(i)->to, "192.0.2.9:143");
        ck_assert_int_eq(strncmp(relay->heard, "* BYE ", 6), 0);
    }
    end();
}
END_TEST

/* `check` cannot know where a name leads. */
START_TEST(a_mail_server_that_turns_out_to_be_ours_gets_no_strangers)
{
    static const char *const keys[] = {"", "trusted-clients = yes\n", "forwarded = proxy-v1\n"};
    char text[300];
    struct wire *relay, *server;

    snprintf(text, sizeof text, RELAY_SECTION(RELAY_TARGET "waiting = 1\nprotocol = smtp\n%s"), keys[_i]);
    start(text);
    target_at = "127.0.1.1";
    relay = relay_scene_asked("");
    wire_say(relay, RELAY_101 RELAY_FORWARDED "\r\n");
    server = stage_wire(strcmp(stage_wire(1)->to, "192.0.2.9:143") == 0 ? 1 : 2);
    ck_assert_int_eq(wire_is_held(server), _i > 0);
    ck_assert_int_eq(strncmp(relay->heard, "421 ", 4) == 0, _i == 0);
    target_at = "192.0.2.9";
    end();
}
END_TEST

START_TEST(no_more_sessions_than_there_may_be)
{
    struct wire *relay;

    start(RELAY_SECTION(RELAY_TARGET "waiting = 2\nsessions = 2"));
    ck_assert_uint_eq(held(), 2);
    relay = stage_wire(0);
    wire_say(relay, RELAY_101 "\r\n");
    ck_assert_uint_eq(held(), 2); /* one session, one place */
    wire_say(stage_wire(1), RELAY_101 "\r\n");
    ck_assert_uint_eq(held(), 2); /* two sessions, and none is asked for */
    stage_advance(20000);
    ck_assert_uint_eq(held(), 2);
    check_facts(0, 2, "");
    wire_break(relay, ECONNRESET);
    ck_assert_uint_eq(held(), 2);
    ck_assert_ptr_ne(relay_scene_asked(""), relay);
    stage_advance(STANDING_STANDS_MS);
    check_facts(1, 1, "");
    end();
}
END_TEST

START_TEST(a_session_that_begins_is_told)
{
    start(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    ck_assert_uint_eq(began, 0);
    wire_say(stage_wire(0), RELAY_101 "\r\n");
    ck_assert_uint_eq(began, 1);
    ck_assert_uint_eq(sessions_count_reverse(sessions), 1);
    wire_break(stage_wire(0), ECONNRESET);
    ck_assert_uint_eq(sessions_count_reverse(sessions), 0);
    ck_assert_uint_eq(began, 1);
    end();
}
END_TEST

/* How many requests stand for a section of that name at the relay. */
static unsigned stand_for(const char *name)
{
    char line[100];
    unsigned count = 0;

    snprintf(line, sizeof line, "GET /%s HTTP/1.1\r\n", name);
    for (unsigned i = 0; i < stage_wires(); i++)
        count += wire_is_held(stage_wire(i)) && strncmp(stage_wire(i)->heard, line, strlen(line)) == 0 &&
                 stage_wire(i)->said_length == 0;
    return count;
}

#define TWO_SECTIONS(sessions) \
    "[reverse one]\nrelay = http://relay.example.net:8080/one\ninsecure = yes\n" RELAY_TARGET sessions \
    "[reverse two]\nrelay = http://relay.example.net:8080/two\ninsecure = yes\n" RELAY_TARGET sessions

/* A client comes for a section; gives its wire. */
static struct wire *come_for(const char *name)
{
    for (unsigned i = 0; i < stage_wires(); i++) {
        struct wire *wire = stage_wire(i);

        if (wire_is_held(wire) && wire->said_length == 0 && strncmp(wire->heard, "GET /", 5) == 0 &&
            strncmp(wire->heard + 5, name, strlen(name)) == 0) {
            wire_say(wire, RELAY_101 "\r\n");
            return wire;
        }
    }
    ck_abort_msg("nothing stands for %s", name);
}

START_TEST(all_sections_together_leave_room_for_listeners)
{
    struct wire *first;

    services = relay_scene_set_up();
    make();
    most = 5;
    keep(TWO_SECTIONS("sessions = 5\n"));
    ck_assert_uint_eq(stand_for("one"), 2);
    ck_assert_uint_eq(stand_for("two"), 2);
    first = come_for("one");
    ck_assert_uint_eq(stand_for("one"), 2); /* each may become a session: that makes five */
    ck_assert_uint_eq(stand_for("two"), 2);
    come_for("one");
    ck_assert_uint_eq(stand_for("one"), 1);
    ck_assert_uint_eq(stand_for("two"), 2);
    come_for("two");
    come_for("two");
    given_forget_log();
    come_for("one");
    ck_assert_uint_eq(stand_for("one") + stand_for("two"), 0);
    ck_assert_uint_eq(sessions_count(sessions), 5);
    given_check_log("info reverse/one #5 reverse from=unknown\n"
                    "warning reverse/one no place waits: all [reverse] sections together have 5 sessions, which is "
                    "their share; raise max-sessions, or the limit of descriptors (ulimit -n, LimitNOFILE)\n"
                    "info reverse/one #5 open proxy=direct target=mail.example.net:143 switched=no redirects=0 "
                    "ms=0\n");
    wire_break(first, ECONNRESET);
    ck_assert_uint_eq(stand_for("one"), 1); /* the first in the configuration */
    ck_assert_uint_eq(stand_for("two"), 0);
    most = 6;
    keep(TWO_SECTIONS("sessions = 5\n"));
    ck_assert_uint_eq(stand_for("one") + stand_for("two"), 2);
    end();
}
END_TEST

START_TEST(a_section_in_trouble_leaves_its_share_to_the_other)
{
    services = relay_scene_set_up();
    make();
    most = 3;
    keep(TWO_SECTIONS(""));
    ck_assert_uint_eq(stand_for("one"), 2);
    ck_assert_uint_eq(stand_for("two"), 1);
    for (unsigned i = 0; i < 3; i++)
        if (strncmp(stage_wire(i)->heard, "GET /one ", 9) == 0)
            wire_say(stage_wire(i), BUSY);
    ck_assert_uint_eq(stand_for("one"), 0);
    ck_assert_uint_eq(stand_for("two"), 2);
    end();
}
END_TEST

/* --- trouble --- */

START_TEST(a_relay_that_is_gone_is_found_again)
{
    uint64_t from;

    start(RELAY_SECTION(RELAY_TARGET));
    stage_advance(70000);
    check_facts(2, 0, "");
    given_forget_log();
    stage_address(RELAY_AT, STAGE_REFUSES);
    wire_end(stage_wire(0));
    wire_end(stage_wire(1));
    check_facts(0, 0, "http://relay.example.net:8080: closed the connection without an answer");
    given_check_log("warning reverse/home failed class=temporary reason=\"http://relay.example.net:8080: closed the "
                    "connection without an answer\"\n");
    from = stage_dials();
    stage_advance(40000);
    ck_assert_uint_ge(stage_dials() - from, 40000 / REST_MOST - 1);
    ck_assert_uint_le(stage_dials() - from, 40000 / 750 + 1); /* one place looks for it */
    stage_address(RELAY_AT, STAGE_CONNECTS);
    stage_advance(REST_MOST);
    ck_assert_uint_eq(held(), 1); /* within 2 s */
    stage_advance(STANDING_STANDS_MS);
    ck_assert_uint_eq(held(), 2);
    check_facts(1, 0, "");
    stage_advance(STANDING_STANDS_MS);
    check_facts(2, 0, "");
    end();
}
END_TEST

START_TEST(it_is_looked_for_less_often_later)
{
    unsigned before;

    services = relay_scene_set_up();
    stage_address(RELAY_AT, STAGE_REFUSES);
    make();
    keep(RELAY_SECTION(RELAY_TARGET));
    stage_advance(3600000);
    before = stage_dials();
    stage_advance(3600000);
    ck_assert_uint_ge(stage_dials() - before, 3600000 / (BACK_OFF_MOST_MS * 5 / 4));
    ck_assert_uint_le(stage_dials() - before, 3600000 / (BACK_OFF_MOST_MS * 3 / 4) + 1);
    reverse_set_renew(set); /* the network has changed */
    stage_settle();
    ck_assert_uint_ge(stage_dials() - before, 2);
    before = stage_dials();
    stage_advance(10000);
    ck_assert_uint_ge(stage_dials() - before, 10000 / REST_MOST - 1);
    end();
}
END_TEST

/* The back-off is the section's, and what it takes to end it. */
START_TEST(an_answer_of_trouble_doubles_the_rest)
{
    uint64_t rest = BACK_OFF_FIRST_MS;

    start(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    for (unsigned i = 0; i < 6; i++, rest *= 2) {
        struct wire *wire = relay_scene_asked("");
        unsigned before = stage_wires();

        stage_advance(STANDING_STANDS_MS); /* a request that stood for a moment is no proof */
        wire_say(wire, BUSY);
        stage_advance(rest * 3 / 4 - 1);
        ck_assert_uint_eq(stage_wires(), before);
        stage_advance(rest / 2 + 1);
        ck_assert_uint_eq(stage_wires(), before + 1);
    }
    if (_i == 0) {
        stage_advance(STANDING_LASTS_MS);
        wire_say(relay_scene_asked(""), BUSY);
    } else {
        wire_say(relay_scene_asked(""), RELAY_101 "\r\n");
        wire_say(stage_wire(stage_wires() - 1), BUSY);
        for (unsigned i = 0; i < stage_wires(); i++)
            if (strcmp(stage_wire(i)->to, RELAY_AT) == 0 && strcmp(stage_wire(i)->heard, RELAY_GET "\r\n") == 0)
                wire_say(stage_wire(i), BUSY);
    }
    rest = stage_wires();
    stage_advance(REST_MOST);
    ck_assert_uint_eq(stage_wires(), rest + 1);
    end();
}
END_TEST

START_TEST(retry_after_is_heeded)
{
    start(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    wire_say(relay_scene_asked(""), "HTTP/1.1 429 Slower\r\nRetry-After: 100\r\n\r\n");
    stage_advance(99999);
    ck_assert_uint_eq(stage_wires(), 1);
    stage_advance(1);
    ck_assert_uint_eq(stage_wires(), 2);
    end();
}
END_TEST

START_TEST(a_final_answer_is_logged_once_and_asked_for_again_each_ten_minutes)
{
    static const char *const answers[] = {"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 302 x\r\nLocation: /\r\n\r\n",
                                          "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 401 Who\r\n\r\n",
                                          "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"};
    start(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    for (unsigned i = 0; i < 3; i++) {
        wire_say(relay_scene_asked(""), answers[_i]);
        if (i > 0)
            given_check_log("");
        given_forget_log();
        stage_advance(REVERSE_SET_AGAIN_MS - 1);
        ck_assert_uint_eq(stage_wires(), i + 1);
        stage_advance(1);
        ck_assert_uint_eq(stage_wires(), i + 2);
    }
    end();
}
END_TEST

START_TEST(a_refused_password_rests_by_the_rules_of_the_lockout)
{
    start(RELAY_SECTION(RELAY_TARGET "user = me\npassword = sesame"));
    wire_say(relay_scene_asked(RELAY_BASIC), "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"r\"\r\n\r\n");
    stage_advance(LOCKOUT_REST_FIRST_MS - 1);
    ck_assert_uint_eq(stage_wires(), 1);
    stage_advance(100);
    ck_assert_uint_eq(stage_wires(), 2);
    wire_say(relay_scene_asked(RELAY_BASIC), "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"r\"\r\n\r\n");
    stage_advance(2 * LOCKOUT_REST_FIRST_MS - 100);
    ck_assert_uint_eq(stage_wires(), 2); /* it is doubled */
    end();
}
END_TEST

/* --- replacing --- */

START_TEST(an_old_request_is_replaced_the_new_one_first)
{
    struct wire *old;

    start(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    old = relay_scene_asked("");
    stage_advance(STANDING_OLD_MS);
    ck_assert_uint_eq(held(), 2);
    ck_assert_ptr_ne(relay_scene_asked(""), old);
    stage_advance(STANDING_STANDS_MS - 1);
    ck_assert(wire_is_held(old));
    stage_advance(1);
    ck_assert(!wire_is_held(old));
    ck_assert(old->closed);
    check_facts(1, 0, "");
    end();
}
END_TEST

START_TEST(a_client_that_comes_to_an_old_request_is_served)
{
    struct wire *old;

    start(RELAY_SECTION(RELAY_TARGET "waiting = 1\nsessions = 1"));
    old = relay_scene_asked("");
    stage_advance(STANDING_OLD_MS);
    ck_assert_uint_eq(held(), 2);
    wire_say(old, RELAY_101 "\r\n");
    check_facts(0, 1, "");
    ck_assert_uint_eq(held(), 1); /* there is no room for another session */
    end();
}
END_TEST

START_TEST(silence_behind_heartbeats_replaces_it)
{
    struct wire *old;

    start(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    old = relay_scene_asked("");
    stage_advance(50000);
    wire_say(old, RELAY_204);
    stage_advance(STANDING_SILENT_MS - 1);
    ck_assert_uint_eq(held(), 1);
    stage_address(RELAY_AT, STAGE_REFUSES); /* and the relay is gone */
    stage_advance(1);
    check_facts(1, 0, "relay.example.net:8080: cannot connect to " RELAY_AT ": Connection refused");
    stage_advance(10000);
    ck_assert_uint_eq(held(), 1); /* the old one stands until a new one does */
    stage_address(RELAY_AT, STAGE_CONNECTS);
    stage_advance(REST_MOST + STANDING_STANDS_MS);
    ck_assert_uint_eq(held(), 1);
    ck_assert(!wire_is_held(old));
    end();
}
END_TEST

/* In the first seconds of another network an answer of trouble does not make the rest longer. */
START_TEST(in_another_network_failures_count_less)
{
    start(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    reverse_set_renew(set);
    stage_settle();
    for (unsigned i = 0; i < 3; i++) {
        unsigned before;

        wire_say(relay_scene_asked(""), BUSY);
        before = stage_wires();
        stage_advance(BACK_OFF_FIRST_MS * 5 / 4);
        ck_assert_uint_eq(stage_wires(), before + 1);
    }
    end();
}
END_TEST

START_TEST(after_sleep_all_are_replaced)
{
    start(RELAY_SECTION(RELAY_TARGET));
    stage_advance(STANDING_STANDS_MS);
    reverse_set_renew(set);
    stage_settle();
    ck_assert_uint_eq(held(), 4);
    reverse_set_renew(set); /* once more, before the new ones stand */
    stage_settle();
    ck_assert_uint_eq(held(), 4);
    stage_advance(STANDING_STANDS_MS);
    ck_assert_uint_eq(held(), 2);
    ck_assert(!wire_is_held(stage_wire(0)) && !wire_is_held(stage_wire(1)));
    check_facts(2, 0, "");
    end();
}
END_TEST

/* Fewer are wanted than were to be replaced: none of those is left over. */
START_TEST(fewer_replace_all)
{
    start(RELAY_SECTION(RELAY_TARGET "waiting = 3"));
    stage_advance(STANDING_STANDS_MS);
    reverse_set_renew(set);
    keep(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    stage_advance(STANDING_STANDS_MS);
    ck_assert_uint_eq(held(), 1);
    ck_assert(wire_is_held(stage_wire(stage_wires() - 1)));
    check_facts(1, 0, "");
    end();
}
END_TEST

/* --- reload and stop --- */

START_TEST(a_reload_keeps_what_has_not_changed)
{
    start(RELAY_SECTION(RELAY_TARGET));
    stage_advance(STANDING_STANDS_MS);
    keep(RELAY_SECTION("target = other.example.net:143\nwaiting = 3"));
    ck_assert_uint_eq(held(), 3);
    ck_assert(wire_is_held(stage_wire(0)) && wire_is_held(stage_wire(1)));
    keep(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    ck_assert_uint_eq(held(), 1);
    wire_say(stage_wire(wire_is_held(stage_wire(0)) ? 0 : 1), RELAY_101 "\r\n");
    check_facts(0, 1, "");
    ck_assert_uint_eq(sessions_count(sessions), 1);
    end();
}
END_TEST

#define BEHIND(host) "[proxy out]\nurl = http://" host ":3128\n" \
                     RELAY_SECTION(RELAY_TARGET "waiting = 1\nproxy = out")

/* What stands would be asked anew, after a heartbeat, by what the file said when it was begun. */
START_TEST(a_reload_goes_by_the_proxy_of_today)
{
    services = relay_scene_set_up();
    stage_name("old.example", "192.0.2.1");
    stage_address("192.0.2.1:3128", STAGE_CONNECTS);
    stage_name("new.example", "192.0.2.2");
    stage_address("192.0.2.2:3128", STAGE_CONNECTS);
    make();
    keep(BEHIND("old.example"));
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    stage_advance(STANDING_STANDS_MS);
    keep(BEHIND("new.example"));
    ck_assert(wire_is_held(stage_wire(0))); /* until the new one stands */
    ck_assert_uint_eq(stage_wires(), 2);
    ck_assert_str_eq(stage_wire(1)->to, "192.0.2.2:3128");
    wire_say(stage_wire(1), "HTTP/1.1 200 OK\r\n\r\n");
    stage_advance(STANDING_STANDS_MS);
    ck_assert(!wire_is_held(stage_wire(0)));
    check_facts(1, 0, "");
    end();
}
END_TEST

START_TEST(a_reload_never_leaves_two_sets)
{
    start(RELAY_SECTION(RELAY_TARGET));
    stage_advance(STANDING_STANDS_MS);
    keep(RELAY_SECTION(RELAY_TARGET "user = me\npassword = sesame"));
    ck_assert(!wire_is_held(stage_wire(0)) && !wire_is_held(stage_wire(1)));
    relay_scene_asked(RELAY_BASIC);
    ck_assert_uint_le(held(), 2);
    stage_advance(STANDING_STANDS_MS + 100);
    ck_assert_uint_eq(held(), 2);
    keep("[imap]\ntarget = mail.example.net\n[proxy]\nurl = http://p:3128\n");
    ck_assert_uint_eq(held(), 0);
    seen = 0;
    reverse_set_each(set, see, NULL);
    ck_assert_uint_eq(seen, 0);
    end();
}
END_TEST

START_TEST(a_reload_asks_again_what_was_final)
{
    start(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    wire_say(relay_scene_asked(""), "HTTP/1.1 404 Not Found\r\n\r\n");
    keep(RELAY_SECTION(RELAY_TARGET "waiting = 1"));
    ck_assert_uint_eq(stage_wires(), 2);
    end();
}
END_TEST

START_TEST(a_stop_closes_all_places_at_once_and_no_session)
{
    start(RELAY_SECTION(RELAY_TARGET));
    stage_advance(STANDING_STANDS_MS);
    wire_say(stage_wire(0), RELAY_101 "\r\n");
    reverse_set_close(set);
    stage_settle();
    ck_assert_uint_eq(held(), 1);
    ck_assert(stage_wire(1)->closed);
    check_facts(0, 1, "");
    wire_break(stage_wire(0), ECONNRESET);
    stage_advance(60000);
    ck_assert_uint_eq(held(), 0);
    end();
}
END_TEST

/* 6 h of heartbeats: the same two connections, and no more timers than they need. */
START_TEST(heartbeats_for_six_hours)
{
    unsigned timers;

    start(RELAY_SECTION(RELAY_TARGET));
    stage_advance(120000);
    timers = stage_timers();
    for (unsigned i = 0; i < 6 * 3600 / 50; i++) {
        stage_advance(50000);
        wire_say(stage_wire(0), RELAY_204);
        wire_say(stage_wire(1), RELAY_204);
    }
    ck_assert_uint_eq(stage_wires(), 2);
    ck_assert_uint_eq(held(), 2);
    check_facts(2, 0, "");
    ck_assert_uint_le(stage_timers() - timers, 2 * 2 * 6 * 3600 / 50 + 4);
    end();
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("reverse_set");

    tcase_add_test(tests, as_many_places_as_are_wanted);
    tcase_add_test(tests, a_client_becomes_a_session_and_its_place_is_taken_at_once);
    tcase_add_loop_test(tests, the_server_is_told_who_comes, 0, 3);
    tcase_add_loop_test(tests, a_mail_server_that_turns_out_to_be_ours_gets_no_strangers, 0, 3);
    tcase_add_test(tests, no_more_sessions_than_there_may_be);
    tcase_add_test(tests, a_session_that_begins_is_told);
    tcase_add_test(tests, all_sections_together_leave_room_for_listeners);
    tcase_add_test(tests, a_section_in_trouble_leaves_its_share_to_the_other);
    tcase_add_test(tests, a_relay_that_is_gone_is_found_again);
    tcase_add_test(tests, it_is_looked_for_less_often_later);
    tcase_add_loop_test(tests, an_answer_of_trouble_doubles_the_rest, 0, 2);
    tcase_add_test(tests, retry_after_is_heeded);
    tcase_add_loop_test(tests, a_final_answer_is_logged_once_and_asked_for_again_each_ten_minutes, 0, 5);
    tcase_add_test(tests, a_refused_password_rests_by_the_rules_of_the_lockout);
    tcase_add_test(tests, an_old_request_is_replaced_the_new_one_first);
    tcase_add_test(tests, a_client_that_comes_to_an_old_request_is_served);
    tcase_add_test(tests, silence_behind_heartbeats_replaces_it);
    tcase_add_test(tests, in_another_network_failures_count_less);
    tcase_add_test(tests, after_sleep_all_are_replaced);
    tcase_add_test(tests, fewer_replace_all);
    tcase_add_test(tests, a_reload_keeps_what_has_not_changed);
    tcase_add_test(tests, a_reload_goes_by_the_proxy_of_today);
    tcase_add_test(tests, a_reload_never_leaves_two_sets);
    tcase_add_test(tests, a_reload_asks_again_what_was_final);
    tcase_add_test(tests, a_stop_closes_all_places_at_once_and_no_session);
    tcase_add_test(tests, heartbeats_for_six_hours);
    return unit_run();
}
