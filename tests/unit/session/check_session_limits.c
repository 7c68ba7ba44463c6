/* SPDX-License-Identifier: ISC */
#include "session/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "scene.h"

#define ACCEPTED "info imap #1 accepted from=here\n"
#define OPENED "info imap #1 open proxy=" SCENE_PROXY " target=" SCENE_TARGET " switched=no redirects=0 ms=0\n"
#define NO "HTTP/1.1 403 No way\r\nContent-Length: 0\r\n\r\n"
#define STEP 100 /* ms by which a deadline may be late, to be looked at together with others */

/* --- OPENING --- */

struct limit {
    const char *line, *reason;
    unsigned ms;
    const char *rests; /* what the log says of the proxy, whose fault it is */
};

/* How long a client waits at most for each step; the test's settings are one second apart from each other. */
static const struct limit limits[] = {
    {"* BYE [UNAVAILABLE] sallyport: no answer from the name servers within 3 s\r\n",
     "no answer from the name servers within 3 s", 3000, ""},
    {"* BYE [UNAVAILABLE] sallyport: no answer from the name servers within 3 s (proxy.example:3128)\r\n",
     SCENE_PROXY ": no answer from the name servers within 3 s", 3000,
     "warning imap #1 " SCENE_PROXY " rests for 2 s: no answer from the name servers within 3 s\n"},
    {"* BYE [UNAVAILABLE] sallyport: cannot connect: no answer within 4 s (proxy.example:3128)\r\n",
     SCENE_PROXY ": cannot connect to 192.0.2.1:3128: no answer within 4 s", 4000,
     "warning imap #1 " SCENE_PROXY " rests for 2 s: cannot connect to 192.0.2.1:3128: no answer within 4 s\n"},
    {"* BYE [UNAVAILABLE] sallyport: no answer within 5 s (proxy.example:3128)\r\n",
     SCENE_PROXY ": no answer within 5 s", 5000,
     "warning imap #1 " SCENE_PROXY " rests for 2 s: no answer within 5 s\n"},
};

START_TEST(each_step_of_opening_has_a_limit)
{
    const struct limit *limit = &limits[_i];
    char lines[400];
    struct scene scene;

    scene_set_up(&scene, "[sallyport]\nresolve-timeout=3s\nconnect-timeout=4s\nhandshake-timeout=5s\n"
                         "[proxy]\nurl=" SCENE_PROXY "\n[imap]\ntarget=srv:example.net\n");
    stage_srv("_imap._tcp.example.net", _i == 0 ? "" : SCENE_TARGET);
    if (_i == 1)
        stage_name("proxy.example", "");
    if (_i == 2)
        stage_address("192.0.2.1", STAGE_SILENT);
    scene_start(&scene, "imap");
    stage_advance(limit->ms - 1);
    ck_assert_str_eq(scene_state(&scene), "opening");
    ck_assert_uint_eq(scene.client->heard_length, 0);
    stage_advance(1);
    ck_assert_str_eq(scene_state(&scene), "draining");
    ck_assert_str_eq(scene.client->heard, limit->line);
    ck_assert_uint_eq(stage_lookups_open() + stage_dials_open(), 0);
    snprintf(lines, sizeof lines, ACCEPTED "%swarning imap #1 failed class=temporary reason=\"%s\"\n", limit->rests,
             limit->reason);
    given_check_log(lines);
    scene_tear_down(&scene);
}
END_TEST

/* --- DRAINING --- */

START_TEST(a_refused_client_has_two_seconds_to_read_why)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_ask(&scene, "imap");
    stage_advance(777);
    wire_say(scene.proxy, NO);
    stage_advance(1000);
    wire_say(scene.client, "what?"); /* buys it no time */
    stage_advance(999);
    ck_assert_str_eq(scene_state(&scene), "draining");
    ck_assert(wire_is_held(scene.client));
    ck_assert_uint_eq(scene.ended, 0);
    stage_advance(1);
    ck_assert(scene.client->closed);
    ck_assert_uint_eq(scene.ended, 1);
    ck_assert_uint_eq(scene.well, 0);
    ck_assert_uint_eq(sessions_count(scene.sessions), 0);
    scene_tear_down(&scene);
}
END_TEST

/* One timer serves all; none is ended before its time, and none long after it. */
START_TEST(deadlines_that_are_close_are_looked_at_together)
{
    struct scene scene;
    struct wire *clients[40];

    scene_set_up(&scene, SCENE_IMAP);
    for (unsigned i = 0; i < 40; i++) {
        scene_ask(&scene, "imap");
        clients[i] = scene.client;
        wire_say(scene.proxy, NO);
        stage_advance(13);
    }
    for (uint64_t now = stage_time(); now < 2000 + 13 * 40 + STEP; now = stage_time()) {
        for (unsigned i = 0; i < 40; i++) {
            if (now < 2000 + 13 * i)
                ck_assert_msg(wire_is_held(clients[i]), "%u is ended early", i);
            else if (now > 2000 + 13 * i + STEP)
                ck_assert_msg(clients[i]->closed, "%u is ended late", i);
        }
        stage_advance(1);
    }
    ck_assert_uint_eq(scene.ended, 40);
    scene_tear_down(&scene);
}
END_TEST

/* --- PIPING: the greeting --- */

START_TEST(a_server_that_does_not_greet_is_given_up)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_open(&scene, "imap");
    stage_advance(59999);
    ck_assert_str_eq(scene_state(&scene), "piping");
    stage_advance(1);
    ck_assert_str_eq(scene_state(&scene), "draining");
    ck_assert_str_eq(scene.client->heard, "* BYE [UNAVAILABLE] sallyport: no greeting within 60 s, though the tunnel "
                                          "is open (proxy.example:3128)\r\n");
    ck_assert(scene.client->shut);
    ck_assert(scene.proxy->reset);
    given_check_log(ACCEPTED OPENED "warning imap #1 failed class=temporary reason=\"" SCENE_PROXY ": the tunnel is "
                    "open, but no greeting came within 60 s\"\n");
    stage_advance(2000);
    ck_assert(scene.client->closed);
    ck_assert_uint_eq(scene.ended, 1);
    ck_assert_uint_eq(scene.well, 0);
    scene_tear_down(&scene);
}
END_TEST

/* The time counts from when the tunnel stood, also when it is looked at before it is over, for idle-timeout. */
START_TEST(the_greetings_time_begins_with_the_tunnel)
{
    struct scene scene;

    scene_set_up(&scene, "[sallyport]\ngreeting-timeout=2s\nidle-timeout=1s\n" SCENE_IMAP);
    scene_ask(&scene, "imap");
    stage_advance(20000);
    wire_say(scene.proxy, SCENE_OPEN);
    stage_advance(1999);
    ck_assert_str_eq(scene_state(&scene), "piping");
    stage_advance(1);
    ck_assert_str_eq(scene_state(&scene), "draining");
    scene_tear_down(&scene);
}
END_TEST

/* Of a session that spoke first to a server that should, nobody knows what it would make of a line. */
START_TEST(who_spoke_before_the_greeting_gets_a_reset)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_open(&scene, "imap");
    stage_advance(30000);
    wire_say(scene.client, "\x16\x03\x01"); /* its bytes do not move the time of the greeting */
    stage_advance(29999);
    ck_assert_str_eq(scene_state(&scene), "piping");
    stage_advance(1);
    ck_assert(scene.client->reset && scene.proxy->reset);
    ck_assert_uint_eq(scene.client->heard_length, 0);
    ck_assert_uint_eq(scene.ended, 1);
    scene_tear_down(&scene);
}
END_TEST

/* One byte is a greeting as far as we can tell; where the client speaks first, none is waited for. */
START_TEST(a_greeting_or_none_to_come_leaves_all_the_time)
{
    struct scene scene;

    scene_set_up(&scene, _i == 0 ? SCENE_IMAP : "[proxy]\nurl=" SCENE_PROXY "\n[forward]\nlisten=localhost:1\n"
                                                "protocol=X\ntarget=" SCENE_TARGET "\n");
    scene_open(&scene, _i == 0 ? "imap" : "forward");
    stage_advance(59999);
    if (_i == 0)
        wire_say(scene.proxy, "*");
    ck_assert_uint_eq(stage_timers_running(), 0); /* it does not even wake up */
    stage_advance(30ull * 24 * 3600 * 1000);
    ck_assert_str_eq(scene_state(&scene), "piping");
    ck_assert(wire_is_held(scene.client) && wire_is_held(scene.proxy));
    scene_tear_down(&scene);
}
END_TEST

/* --- PIPING: silence --- */

#define IDLE "[sallyport]\nidle-timeout=10s\n" SCENE_IMAP

START_TEST(silence_ends_a_session_after_its_time)
{
    struct scene scene;

    scene_set_up(&scene, IDLE);
    scene_open(&scene, "imap");
    wire_say(scene.proxy, "* OK\r\n");
    stage_advance(9000);
    wire_say(scene.client, "a1 IDLE\r\n"); /* each way counts */
    stage_advance(9000);
    wire_say(scene.proxy, "+\r\n");
    stage_advance(9999);
    ck_assert_str_eq(scene_state(&scene), "piping");
    stage_advance(1 + STEP);
    ck_assert(scene.client->reset && scene.proxy->reset);
    ck_assert_uint_eq(scene.ended, 1);
    ck_assert_uint_eq(scene.well, 0);
    given_check_log(ACCEPTED OPENED "info imap #1 closed in=9 out=9 seconds=28 by=idle-timeout\n");
    scene_tear_down(&scene);
}
END_TEST

/* What does not arrive does not move: a side that takes nothing is as silent as one that says nothing. */
START_TEST(bytes_that_nobody_takes_are_silence)
{
    struct scene scene;

    scene_set_up(&scene, IDLE);
    scene_open(&scene, "imap");
    wire_say(scene.proxy, "* OK\r\n");
    scene.client->room = 0;
    stage_advance(9000);
    wire_say(scene.proxy, "* 1 EXISTS\r\n");
    stage_advance(1000 + STEP);
    ck_assert(scene.client->reset && scene.proxy->reset);
    given_check_log(ACCEPTED OPENED "info imap #1 closed in=0 out=6 seconds=10 by=idle-timeout\n");
    scene_tear_down(&scene);
}
END_TEST

/* While a greeting is awaited, only its own limit counts; from then on silence does. */
START_TEST(silence_does_not_count_before_the_greeting)
{
    struct scene scene;

    scene_set_up(&scene, IDLE);
    scene_open(&scene, "imap");
    stage_advance(59000);
    ck_assert_str_eq(scene_state(&scene), "piping");
    if (_i == 0)
        wire_say(scene.proxy, "* OK\r\n");
    stage_advance(999);
    ck_assert_str_eq(scene_state(&scene), "piping");
    stage_advance(1 + STEP);
    ck_assert_str_eq(scene_state(&scene), _i == 0 ? "piping" : "draining");
    if (_i == 0) {
        stage_advance(8899);
        ck_assert_str_eq(scene_state(&scene), "piping");
        stage_advance(1 + STEP);
        ck_assert_str_eq(scene_state(&scene), "");
    }
    scene_tear_down(&scene);
}
END_TEST

/* The deadline is looked at again when it has come, which is to be rarely: a laptop is not to be woken for it. */
START_TEST(a_session_that_waits_wakes_nobody)
{
    struct scene scene;
    unsigned timers;

    scene_set_up(&scene, IDLE);
    scene_open(&scene, "imap");
    timers = stage_timers();
    stage_advance(59999); /* the greeting does not come */
    ck_assert_uint_le(stage_timers() - timers, 6);
    wire_say(scene.proxy, "* OK\r\n");
    timers = stage_timers();
    for (unsigned i = 0; i < 1000; i++) {
        stage_advance(20);
        wire_say(scene.proxy, "*\r\n");
    }
    ck_assert_uint_le(stage_timers() - timers, 4);
    ck_assert_str_eq(scene_state(&scene), "piping");
    scene_tear_down(&scene);
}
END_TEST

/* --- how many --- */

static void end_both(struct wire *client)
{
    wire_end(client);
    wire_end(stage_wire(client->number + 1));
    ck_assert(!wire_is_held(client));
}

START_TEST(clients_beyond_max_sessions_are_told_so)
{
    struct scene scene;
    struct wire *first;

    scene_set_up(&scene, "[sallyport]\nmax-sessions=2\n" SCENE_IMAP);
    scene_open(&scene, "imap");
    first = scene.client;
    scene_open(&scene, "imap");
    given_forget_log();
    scene_start(&scene, "imap");
    given_check_log("warning imap #3 refused from=here class=temporary reason=\"2 sessions are open, which is "
                    "max-sessions\"\n");
    ck_assert_str_eq(scene.client->heard, "* BYE [UNAVAILABLE] sallyport: 2 sessions are open, which is "
                                          "max-sessions\r\n");
    ck_assert_str_eq(scene_state(&scene), "draining");
    ck_assert_uint_eq(stage_dials(), 2);
    end_both(first);
    scene_open(&scene, "imap"); /* the one that drains takes nobody's place */
    ck_assert_uint_eq(sessions_count(scene.sessions), 3);
    scene_tear_down(&scene);
}
END_TEST

/* A session that is being refused is no burden any more, whatever it was before. */
START_TEST(a_refused_session_makes_room)
{
    struct scene scene;

    scene_set_up(&scene, "[sallyport]\nmax-sessions=1\ngreeting-timeout=2s\n" SCENE_IMAP);
    scene_ask(&scene, "imap");
    wire_say(scene.proxy, NO);
    ck_assert_str_eq(scene_state(&scene), "draining");
    scene_open(&scene, "imap");
    stage_advance(2000);
    ck_assert_str_eq(scene_state(&scene), "draining"); /* for want of a greeting */
    scene_open(&scene, "imap");
    ck_assert_uint_eq(sessions_count(scene.sessions), 2);
    scene_start(&scene, "imap");
    ck_assert_str_eq(scene_state(&scene), "draining");
    scene_tear_down(&scene);
}
END_TEST

/* Even being told takes memory. */
START_TEST(a_flood_of_clients_is_not_told)
{
    struct scene scene;

    scene_set_up(&scene, "[sallyport]\nmax-sessions=1\n" SCENE_IMAP);
    scene_open(&scene, "imap");
    for (unsigned i = 0; i < 64; i++) {
        scene_start(&scene, "imap");
        ck_assert_str_eq(scene_state(&scene), "draining");
    }
    given_forget_log();
    scene_start(&scene, "imap");
    ck_assert(scene.client->reset);
    ck_assert_uint_eq(scene.client->heard_length, 0);
    given_check_log("");
    ck_assert_uint_eq(sessions_count(scene.sessions), 65);
    ck_assert_uint_eq(sessions_sums(scene.sessions).sessions, 65);
    ck_assert_uint_eq(scene.ended, 0);
    scene_tear_down(&scene);
}
END_TEST

/* --- what can be told --- */

static void list(void *arg, const struct session_facts *facts)
{
    char *text = arg;
    size_t length = strlen(text);

    snprintf(text + length, 600 - length, "%s|%s|%s|%u|%u|%u|%s\n", facts->name, facts->listener, facts->state,
             (unsigned)facts->age_ms, (unsigned)facts->in, (unsigned)facts->out, facts->via);
}

START_TEST(the_sessions_are_shown_and_summed)
{
    struct session_sums sums;
    struct scene scene;
    struct wire *first;
    char text[600] = "";

    scene_set_up(&scene, SCENE_IMAP "[smtp work]\ntarget=" SCENE_TARGET "\n[pop3]\nproxy=direct\ntarget="
                 SCENE_TARGET "\n");
    stage_name("mail.example.net", "192.0.2.7");
    stage_address("192.0.2.7", STAGE_CONNECTS);
    scene_open(&scene, "imap");
    first = scene.client;
    wire_say(scene.proxy, "* OK\r\n");
    wire_say(first, "a1 NOOP\r\n");
    stage_advance(1000);
    scene_start(&scene, "pop3");
    wire_say(stage_wire(3), "+OK\r\n");
    stage_advance(100);
    scene_open(&scene, "imap");
    stage_advance(10);
    scene_ask(&scene, "smtp/work");
    wire_say(scene.proxy, NO);
    stage_advance(1);
    scene_start(&scene, "smtp/work");
    sessions_some(scene.sessions, SESSIONS_NEWEST, SIZE_MAX, list, text);
    ck_assert_str_eq(text, "smtp/work #5|smtp/work|opening|0|0|0|\n"
                           "smtp/work #4|smtp/work|draining|1|0|0|\n"
                           "imap #3|imap|piping|11|0|0|" SCENE_PROXY "\n"
                           "pop3 #2|pop3|piping|111|0|5|" SCENE_TARGET "\n"
                           "imap #1|imap|piping|1111|9|6|" SCENE_PROXY "\n");
    end_both(first);
    text[0] = '\0';
    sessions_some(scene.sessions, SESSIONS_NEWEST, SIZE_MAX, list, text);
    ck_assert_ptr_null(strstr(text, "#1"));
    sums = sessions_sums(scene.sessions);
    ck_assert_uint_eq(sums.sessions, 5);
    ck_assert_uint_eq(sums.in, 9);
    ck_assert_uint_eq(sums.out, 11);
    ck_assert_uint_eq(sessions_count(scene.sessions), 4);
    scene_tear_down(&scene);
}
END_TEST

/* --- a graceful end --- */

START_TEST(a_stop_refuses_who_opens_and_resets_who_is_silent)
{
    struct wire *opening, *quiet, *busy, *draining;
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_open(&scene, "imap");
    quiet = scene.client;
    scene_open(&scene, "imap");
    busy = scene.client;
    stage_advance(1);
    wire_say(busy, "a1 FETCH\r\n");
    stage_advance(2900);
    scene_ask(&scene, "imap");
    draining = scene.client;
    wire_say(scene.proxy, NO);
    scene_ask(&scene, "imap");
    opening = scene.client;
    given_forget_log();
    stage_advance(98);
    sessions_wind_down(scene.sessions);
    ck_assert_str_eq(opening->heard, "* BYE [UNAVAILABLE] sallyport: sallyport is being stopped\r\n");
    given_check_log("warning imap #4 failed class=temporary reason=\"sallyport is being stopped\"\n");
    ck_assert(wire_is_held(quiet) && wire_is_held(busy) && wire_is_held(draining)); /* 2999 ms */
    stage_advance(1);
    sessions_wind_down(scene.sessions);
    given_check_log("info imap #1 closed in=0 out=0 seconds=3 by=stop\n");
    ck_assert(quiet->reset && stage_wire(quiet->number + 1)->reset);
    ck_assert(wire_is_held(busy) && wire_is_held(opening) && wire_is_held(draining));
    stage_advance(2100);
    ck_assert(opening->closed && draining->closed);
    ck_assert_uint_eq(sessions_count(scene.sessions), 1);
    sessions_wind_down(scene.sessions);
    ck_assert_uint_eq(sessions_count(scene.sessions), 0);
    ck_assert(busy->reset);
    ck_assert_uint_eq(scene.ended, 4);
    ck_assert_uint_eq(scene.well, 0);
    scene_tear_down(&scene);
}
END_TEST

/* --- the one session at standard input --- */

START_TEST(the_servers_end_ends_a_lone_session)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    sessions_set_lone(scene.sessions);
    scene_open(&scene, "imap");
    wire_say(scene.proxy, "* BYE\r\n");
    wire_end(scene.proxy); /* the person has not ended theirs */
    ck_assert_str_eq(scene.client->heard, "* BYE\r\n");
    ck_assert(scene.client->closed && scene.proxy->closed);
    ck_assert_uint_eq(scene.well, 1);
    given_check_log(ACCEPTED OPENED "info imap #1 closed in=0 out=7 seconds=0 by=proxy\n");
    scene_tear_down(&scene);
}
END_TEST

START_TEST(how_a_lone_session_breaks_is_a_warning)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    sessions_set_lone(scene.sessions);
    scene_open(&scene, "imap");
    wire_break(scene.proxy, ECONNRESET);
    ck_assert(scene.proxy->reset);
    ck_assert_uint_eq(scene.well, 0);
    given_check_log(ACCEPTED OPENED
                    "warning imap #1 closed in=0 out=0 seconds=0 by=proxy error=\"Connection reset by peer\"\n");
    scene_tear_down(&scene);
}
END_TEST

/* Nobody hears the answer, but what was said is on its way to the server and is not to be lost. */
START_TEST(what_a_lone_session_has_said_arrives)
{
    bool said_all = _i == 0;
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    sessions_set_lone(scene.sessions);
    scene_open(&scene, "imap");
    wire_say(scene.client, "QUIT\r\n");
    if (said_all)
        wire_end(scene.client);
    scene.client->room = 0;
    wire_say(scene.proxy, "221 Bye\r\n");
    wire_break(scene.client, EPIPE);
    ck_assert_str_eq(scene.proxy->heard, "QUIT\r\n");
    ck_assert_int_eq(scene.proxy->closed, said_all);
    ck_assert_int_eq(scene.proxy->reset, !said_all);
    ck_assert_uint_eq(scene.ended, 1);
    ck_assert_uint_eq(scene.well, 0);
    scene_tear_down(&scene);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("session_limits");

    tcase_add_loop_test(cases, each_step_of_opening_has_a_limit, 0, sizeof limits / sizeof limits[0]);
    tcase_add_test(cases, a_refused_client_has_two_seconds_to_read_why);
    tcase_add_test(cases, deadlines_that_are_close_are_looked_at_together);
    tcase_add_test(cases, a_server_that_does_not_greet_is_given_up);
    tcase_add_test(cases, the_greetings_time_begins_with_the_tunnel);
    tcase_add_test(cases, who_spoke_before_the_greeting_gets_a_reset);
    tcase_add_loop_test(cases, a_greeting_or_none_to_come_leaves_all_the_time, 0, 2);
    tcase_add_test(cases, silence_ends_a_session_after_its_time);
    tcase_add_test(cases, bytes_that_nobody_takes_are_silence);
    tcase_add_loop_test(cases, silence_does_not_count_before_the_greeting, 0, 2);
    tcase_add_test(cases, a_session_that_waits_wakes_nobody);
    tcase_add_test(cases, clients_beyond_max_sessions_are_told_so);
    tcase_add_test(cases, a_refused_session_makes_room);
    tcase_add_test(cases, a_flood_of_clients_is_not_told);
    tcase_add_test(cases, the_sessions_are_shown_and_summed);
    tcase_add_test(cases, a_stop_refuses_who_opens_and_resets_who_is_silent);
    tcase_add_test(cases, the_servers_end_ends_a_lone_session);
    tcase_add_test(cases, how_a_lone_session_breaks_is_a_warning);
    tcase_add_loop_test(cases, what_a_lone_session_has_said_arrives, 0, 2);
    return unit_run();
}
