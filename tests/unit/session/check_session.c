/* SPDX-License-Identifier: ISC */
#include "session/session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#include "../unit.h"
#include "scene.h"

#define ACCEPTED "info imap #1 accepted from=here\n"
#define OPENED "info imap #1 open proxy=" SCENE_PROXY " target=" SCENE_TARGET " switched=no redirects=0 ms=0\n"

/* --- how it opens --- */

START_TEST(a_session_begins_with_the_request_and_pipes_when_the_proxy_says_yes)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_start(&scene, "imap");
    given_check_log(ACCEPTED);
    ck_assert_str_eq(scene_state(&scene), "opening");
    ck_assert_uint_eq(sessions_count(scene.sessions), 1);
    ck_assert_str_eq(stage_wire(1)->to, "192.0.2.1:3128");
    ck_assert_str_eq(stage_wire(1)->heard, "CONNECT mail.example.net:143 HTTP/1.1\r\nHost: mail.example.net:143\r\n"
                     "Upgrade: IMAP\r\nConnection: Upgrade\r\nUser-Agent: sallyport/" PACKAGE_VERSION "\r\n\r\n");
    stage_advance(250);
    ck_assert_uint_eq(scene.client->heard_length, 0);
    wire_say(stage_wire(1), SCENE_OPEN);
    ck_assert_str_eq(scene_state(&scene), "piping");
    given_check_log("info imap #1 open proxy=" SCENE_PROXY " target=" SCENE_TARGET
                    " switched=no redirects=0 ms=250\n");
    ck_assert_uint_eq(scene.client->heard_length, 0);
    ck_assert_uint_eq(scene.ended, 0);
    scene_tear_down(&scene);
}
END_TEST

static void see_via(void *arg, const struct session_facts *facts)
{
    const struct session_facts *wanted = arg;

    ck_assert_str_eq(facts->via, wanted->via);
    ck_assert_int_eq(facts->switched, wanted->switched);
}

START_TEST(the_log_and_the_status_say_whether_the_proxy_switched)
{
    struct session_facts wanted = {.via = ""};
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_ask(&scene, "imap");
    sessions_some(scene.sessions, SESSIONS_NEWEST, SIZE_MAX, see_via, &wanted);
    wire_say(scene.proxy, SCENE_SWITCHED);
    given_check_log(ACCEPTED "info imap #1 open proxy=" SCENE_PROXY " target=" SCENE_TARGET
                    " switched=yes redirects=0 ms=0\n");
    wanted.via = SCENE_PROXY;
    wanted.switched = true;
    sessions_some(scene.sessions, SESSIONS_NEWEST, SIZE_MAX, see_via, &wanted);
    scene_tear_down(&scene);
}
END_TEST

START_TEST(without_a_proxy_the_target_is_dialed)
{
    struct session_facts wanted = {.via = SCENE_TARGET};
    struct scene scene;

    scene_set_up(&scene, "[imap]\nproxy=direct\ntarget=" SCENE_TARGET "\n");
    stage_name("mail.example.net", "192.0.2.7");
    stage_address("192.0.2.7", STAGE_CONNECTS);
    scene_start(&scene, "imap");
    given_check_log(ACCEPTED "info imap #1 open proxy=direct target=" SCENE_TARGET
                    " switched=no redirects=0 ms=0\n");
    ck_assert_str_eq(stage_wire(1)->to, "192.0.2.7:143");
    sessions_some(scene.sessions, SESSIONS_NEWEST, SIZE_MAX, see_via, &wanted);
    wire_say(stage_wire(1), "* OK ready\r\n");
    ck_assert_str_eq(scene.client->heard, "* OK ready\r\n");
    scene_tear_down(&scene);
}
END_TEST

/* --- bytes that come before their time --- */

START_TEST(what_a_client_says_early_goes_out_first)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_start(&scene, "imap");
    wire_say(scene.client, "a1 CAPA");
    scene.proxy = stage_wire(1);
    wire_clear(scene.proxy);
    wire_say(scene.client, "BILITY\r\n");
    ck_assert_uint_eq(scene.proxy->heard_length, 0); /* not before there is a tunnel */
    ck_assert_str_eq(scene_state(&scene), "opening");
    wire_say(scene.proxy, SCENE_OPEN);
    ck_assert_str_eq(scene.proxy->heard, "a1 CAPABILITY\r\n");
    wire_say(scene.client, "a2 NOOP\r\n");
    ck_assert_str_eq(scene.proxy->heard, "a1 CAPABILITY\r\na2 NOOP\r\n");
    scene_tear_down(&scene);
}
END_TEST

START_TEST(a_client_may_say_all_and_end_before_the_tunnel_stands)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_ask(&scene, "imap");
    wire_say(scene.client, "a1 LOGOUT\r\n");
    wire_end(scene.client);
    ck_assert_str_eq(scene_state(&scene), "opening");
    wire_say(scene.proxy, SCENE_OPEN);
    ck_assert_str_eq(scene.proxy->heard, "a1 LOGOUT\r\n");
    ck_assert(scene.proxy->shut);
    wire_say(scene.proxy, "* BYE\r\n");
    ck_assert_str_eq(scene.client->heard, "* BYE\r\n");
    ck_assert(wire_is_held(scene.client));
    wire_end(scene.proxy);
    ck_assert(scene.client->closed && scene.proxy->closed);
    ck_assert_uint_eq(scene.well, 1);
    scene_tear_down(&scene);
}
END_TEST

START_TEST(what_came_behind_the_answer_reaches_the_client_first)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_ask(&scene, "imap");
    wire_say(scene.proxy, SCENE_OPEN "* OK rea");
    ck_assert_str_eq(scene.client->heard, "* OK rea");
    wire_say(scene.proxy, "dy\r\n");
    ck_assert_str_eq(scene.client->heard, "* OK ready\r\n");
    ck_assert_uint_eq(sessions_sums(scene.sessions).out, strlen("* OK ready\r\n"));
    scene_tear_down(&scene);
}
END_TEST

/* --- how it ends: PIPING -> DEAD --- */

START_TEST(each_side_may_end_its_stream_while_the_other_goes_on)
{
    bool client_first = _i == 0;
    struct scene scene;
    struct wire *first, *last;

    scene_set_up(&scene, SCENE_IMAP);
    scene_open(&scene, "imap");
    first = client_first ? scene.client : scene.proxy;
    last = client_first ? scene.proxy : scene.client;
    wire_say(first, "last words");
    wire_end(first);
    ck_assert_str_eq(last->heard, "last words");
    ck_assert(last->shut);
    ck_assert(!first->shut);
    stage_advance(7999);
    ck_assert_str_eq(scene_state(&scene), "piping");
    wire_say(last, "an answer");
    ck_assert_str_eq(first->heard, "an answer");
    ck_assert_uint_eq(scene.ended, 0);
    wire_end(last);
    ck_assert(first->closed && last->closed);
    ck_assert_uint_eq(scene.ended, 1);
    ck_assert_uint_eq(scene.well, 1);
    ck_assert_uint_eq(sessions_count(scene.sessions), 0);
    given_check_log(client_first ? ACCEPTED OPENED "info imap #1 closed in=10 out=9 seconds=7 by=client\n"
                                 : ACCEPTED OPENED "info imap #1 closed in=9 out=10 seconds=7 by=proxy\n");
    scene_tear_down(&scene);
}
END_TEST

START_TEST(a_side_that_breaks_breaks_the_other)
{
    static const char *const lines[] = {
        ACCEPTED OPENED "info imap #1 closed in=5 out=6 seconds=0 by=client error=\"Connection reset by peer\"\n",
        ACCEPTED OPENED "info imap #1 closed in=5 out=6 seconds=0 by=proxy error=\"Connection reset by peer\"\n",
    };
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_open(&scene, "imap");
    wire_say(scene.proxy, "* OK\r\n");
    wire_say(scene.client, "HELLO");
    wire_break(_i == 0 ? scene.client : scene.proxy, ECONNRESET);
    ck_assert(scene.client->reset && scene.proxy->reset);
    ck_assert_uint_eq(scene.ended, 1);
    ck_assert_uint_eq(scene.well, 0);
    given_check_log(lines[_i]);
    scene_tear_down(&scene);
}
END_TEST

/* A client that got all but the proxy's last word: half of the talk has ended well, the whole has not. */
START_TEST(a_break_behind_an_end_is_a_reset_too)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_open(&scene, "imap");
    wire_say(scene.proxy, "* OK\r\n");
    wire_end(scene.client);
    wire_break(scene.proxy, ETIMEDOUT);
    ck_assert(scene.client->reset && scene.proxy->reset);
    ck_assert_uint_eq(scene.well, 0);
    given_check_log(ACCEPTED OPENED
                    "info imap #1 closed in=0 out=6 seconds=0 by=proxy error=\"Connection timed out\"\n");
    scene_tear_down(&scene);
}
END_TEST

#define MISFIT "warning imap #1 the client speaks TLS, and the server plain text: set the client to "

/* Who speaks what is seen by the first byte of each side, whichever comes first. */
START_TEST(a_client_that_speaks_tls_to_a_plain_port_is_told_of)
{
    static const struct {
        const char *client, *server;
        bool line;
    } firsts[] = {{"\x16\x03\x01", "* OK hi\r\n", true}, {"\x16", "\x16\x03", false}, {"\x16", "\x15\x03", false},
                  {"a1 NOOP\r\n", "* OK hi\r\n", false}, {"\x17", "* OK hi\r\n", false}};
    const char *client = firsts[_i / 2].client, *server = firsts[_i / 2].server;
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_open(&scene, "imap");
    given_forget_log();
    wire_say(_i % 2 ? scene.client : scene.proxy, _i % 2 ? client : server);
    given_check_log("");
    wire_say(_i % 2 ? scene.proxy : scene.client, _i % 2 ? server : client);
    given_check_log(firsts[_i / 2].line ? MISFIT "STARTTLS, or to no encryption\n" : "");
    wire_say(scene.proxy, "more"), wire_say(scene.client, "more");
    given_check_log("");
    scene_tear_down(&scene);
}
END_TEST

/* It has taken its leave, or has ended its stream: that it is gone then is no error, and all that it said arrives. */
START_TEST(a_client_that_has_said_goodbye_may_be_gone)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_open(&scene, "imap");
    wire_say(scene.proxy, "* OK hi\r\n");
    wire_say(scene.client, _i == 0 ? "a1 LOGOUT\r\n" : "\x17\x03\x03");
    if (_i > 0)
        wire_end(scene.client);
    wire_break(scene.client, ECONNRESET);
    if (_i > 0)
        wire_say(scene.proxy, "\x17\x03\x03");
    given_check_log(_i == 0 ? ACCEPTED OPENED "info imap #1 closed in=11 out=9 seconds=0 by=client\n"
                            : ACCEPTED OPENED "info imap #1 closed in=3 out=9 seconds=0 by=client\n");
    ck_assert(scene.proxy->closed && !scene.proxy->reset);
    ck_assert(scene.client->reset);
    scene_tear_down(&scene);
}
END_TEST

/* As one that leaves out close_notify does: nothing is missing behind its answer. */
START_TEST(a_server_that_has_answered_goodbye_may_break_off)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_open(&scene, "imap");
    wire_say(scene.client, "a1 LOGOUT\r\n");
    wire_say(scene.proxy, _i == 0 ? "* BYE\r\na1 OK\r\n" : "* BYE\r\na1 O");
    wire_break(scene.proxy, EPROTO);
    given_check_log(_i == 0 ? ACCEPTED OPENED "info imap #1 closed in=11 out=14 seconds=0 by=proxy\n"
                            : ACCEPTED OPENED "info imap #1 closed in=11 out=11 seconds=0 by=proxy "
                              "error=\"Protocol error\"\n");
    ck_assert_uint_eq(scene.well, _i == 0);
    ck_assert_int_eq(scene.client->reset, _i != 0);
    scene_tear_down(&scene);
}
END_TEST

/* What the kernel makes of it: a client in the middle of a literal must not take what it has for all there is. */
START_TEST(a_client_at_a_socket_sees_the_reset)
{
    struct transport *transport;
    struct scene scene;
    int ends[2];
    char bytes[8];

    scene_set_up(&scene, SCENE_IMAP);
    unit_tcp_pair(ends);
    unit_nonblocking(ends[0]), unit_nonblocking(ends[1]);
    transport = transport_from_socket(stage_loop(), ends[1]);
    ck_assert_ptr_nonnull(transport);
    scene_start_over(&scene, "imap", transport);
    wire_say(stage_wire(0), SCENE_OPEN "* OK {9}");
    ck_assert_int_eq((int)recv(ends[0], bytes, sizeof bytes, 0), 8);
    ck_assert_int_eq(memcmp(bytes, "* OK {9}", 8), 0);
    wire_break(stage_wire(0), ECONNRESET);
    ck_assert_int_eq((int)recv(ends[0], bytes, sizeof bytes, 0), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    close(ends[0]);
    scene_tear_down(&scene);
}
END_TEST

/* --- OPENING -> DEAD: the client leaves --- */

/* Up to the look-up of the record, beside which the proxy is connected to, that of the proxy's name, the dial, the
 * request, half an answer. */
static void start_up_to(struct scene *scene, int step)
{
    scene_set_up(scene, "[proxy]\nurl=" SCENE_PROXY "\n[imap]\ntarget=srv:example.net\n");
    stage_srv("_imap._tcp.example.net", step == 0 ? "" : SCENE_TARGET);
    if (step == 1)
        stage_name("proxy.example", "");
    if (step == 2)
        stage_address("192.0.2.1", STAGE_SILENT);
    scene_start(scene, "imap");
    if (step == 4)
        wire_say(stage_wire(1), "HTTP/1.1 200 O");
    ck_assert_uint_eq(stage_lookups_open(), step < 2);
    ck_assert_uint_eq(stage_dials_open(), step == 2);
    ck_assert_uint_eq(stage_wires(), step == 0 || step > 2 ? 2 : 1);
    ck_assert_str_eq(scene_state(scene), "opening");
    given_check_log(ACCEPTED);
}

static void check_given_up(const struct scene *scene)
{
    ck_assert_uint_eq(stage_lookups_open(), 0);
    ck_assert_uint_eq(stage_dials_open(), 0);
    ck_assert(scene->client->reset);
    for (unsigned i = 1; i < stage_wires(); i++)
        ck_assert(!wire_is_held(stage_wire(i)));
    ck_assert_uint_eq(scene->ended, 1);
    ck_assert_uint_eq(scene->well, 0);
}

START_TEST(a_client_that_leaves_while_it_opens_ends_all)
{
    struct scene scene;

    start_up_to(&scene, _i);
    stage_advance(2000);
    wire_break(scene.client, ECONNRESET);
    check_given_up(&scene);
    ck_assert_uint_eq(sessions_count(scene.sessions), 0);
    given_check_log("info imap #1 closed in=0 out=0 seconds=2 by=client error=\"Connection reset by peer\"\n");
    stage_advance(100000); /* nothing is left that could come of it */
    given_check_log("");
    scene_tear_down(&scene);
}
END_TEST

/* --- the end of all --- */

/* In each step of OPENING, in PIPING with bytes on their way, in DRAINING. */
START_TEST(all_can_be_freed_in_each_state)
{
    struct scene scene;

    if (_i < 5) {
        start_up_to(&scene, _i);
    } else {
        scene_set_up(&scene, SCENE_IMAP);
        scene_ask(&scene, "imap");
        scene.client->room = _i == 5 ? 3 : SIZE_MAX;
        wire_say(scene.proxy, _i == 5 ? SCENE_OPEN "* OK ready\r\n"
                                      : "HTTP/1.1 403 No way\r\nContent-Length: 0\r\n\r\n");
        ck_assert_str_eq(scene_state(&scene), _i == 5 ? "piping" : "draining");
    }
    sessions_free(scene.sessions);
    scene.sessions = NULL;
    if (_i < 6)
        check_given_up(&scene);
    else
        ck_assert(scene.client->closed); /* what it was told is on its way */
    ck_assert_uint_eq(scene.ended, 1);
    ck_assert_uint_eq(scene.well, 0);
    scene_tear_down(&scene);
}
END_TEST

/* A reload lets go of the old configuration; what runs keeps it. */
START_TEST(a_session_keeps_its_configuration)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_ask(&scene, "imap");
    ck_assert_uint_gt(scene.config->references, 1);
    config_unref(scene.config);
    scene.config = NULL;
    wire_say(scene.proxy, SCENE_OPEN "* OK ready\r\n");
    wire_end(scene.proxy);
    wire_end(scene.client);
    given_check_log(ACCEPTED OPENED "info imap #1 closed in=0 out=12 seconds=0 by=proxy\n");
    scene_tear_down(&scene);
}
END_TEST

START_TEST(each_step_is_told_for_debugging)
{
    struct scene scene;

    log_setup(LEVEL_DEBUG, false, false);
    scene_set_up(&scene, "[imap]\nproxy=direct\ntarget=192.0.2.7:143\n");
    stage_address("192.0.2.7", STAGE_CONNECTS);
    scene_start(&scene, "imap");
    wire_say(stage_wire(1), "* OK\r\n");
    wire_end(stage_wire(1));
    given_forget_log();
    wire_end(scene.client);
    given_check_log("info imap #1 closed in=0 out=6 seconds=0 by=proxy\ndebug imap #1 session piping -> dead\n");
    scene_start(&scene, "imap");
    given_check_log("info imap #2 accepted from=here\n"
                    "debug imap #2 session accepted -> opening\n"
                    "debug imap #2 tunnel started -> find\n"
                    "debug imap #2 way started -> target\n"
                    "debug imap #2 way target -> find\n"
                    "debug imap #2 way find -> ready\n"
                    "debug imap #2 tunnel find -> choose\n"
                    "debug imap #2 tunnel choose -> request\n"
                    "debug imap #2 request started -> approach\n"
                    "debug imap #2 approach started -> connect\n"
                    "debug connector started -> resolve\n"
                    "debug connector resolve -> dial\n"
                    "debug imap #2 connect 192.0.2.7:143\n"
                    "debug imap #2 tunnel request -> open\n"
                    "debug imap #2 session opening -> piping\n"
                    "info imap #2 open proxy=direct target=192.0.2.7:143 switched=no redirects=0 ms=0\n");
    scene_tear_down(&scene);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("session");

    tcase_add_test(cases, a_session_begins_with_the_request_and_pipes_when_the_proxy_says_yes);
    tcase_add_test(cases, the_log_and_the_status_say_whether_the_proxy_switched);
    tcase_add_test(cases, without_a_proxy_the_target_is_dialed);
    tcase_add_test(cases, what_a_client_says_early_goes_out_first);
    tcase_add_test(cases, a_client_may_say_all_and_end_before_the_tunnel_stands);
    tcase_add_test(cases, what_came_behind_the_answer_reaches_the_client_first);
    tcase_add_loop_test(cases, each_side_may_end_its_stream_while_the_other_goes_on, 0, 2);
    tcase_add_loop_test(cases, a_side_that_breaks_breaks_the_other, 0, 2);
    tcase_add_test(cases, a_break_behind_an_end_is_a_reset_too);
    tcase_add_loop_test(cases, a_client_that_speaks_tls_to_a_plain_port_is_told_of, 0, 10);
    tcase_add_loop_test(cases, a_client_that_has_said_goodbye_may_be_gone, 0, 2);
    tcase_add_loop_test(cases, a_server_that_has_answered_goodbye_may_break_off, 0, 2);
    tcase_add_test(cases, a_client_at_a_socket_sees_the_reset);
    tcase_add_loop_test(cases, a_client_that_leaves_while_it_opens_ends_all, 0, 5);
    tcase_add_loop_test(cases, all_can_be_freed_in_each_state, 0, 7);
    tcase_add_test(cases, a_session_keeps_its_configuration);
    tcase_add_test(cases, each_step_is_told_for_debugging);
    return unit_run();
}
