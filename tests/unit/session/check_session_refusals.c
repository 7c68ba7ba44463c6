/* SPDX-License-Identifier: ISC */
#include "session/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"
#include "scene.h"

#define ACCEPTED "info imap #1 accepted from=here\n"
#define NO "HTTP/1.1 403 No way\r\nContent-Length: 0\r\n\r\n"
#define NOT_NOW "HTTP/1.1 503 No way\r\nContent-Length: 0\r\n\r\n"

/* --- OPENING -> DRAINING: the proxy says no --- */

struct refusal {
    const char *section, *temporary, *permanent; /* the line, or NULL: none */
};

static const struct refusal refusals[] = {
    {"imap", "* BYE [UNAVAILABLE] sallyport: proxy answered 503 No way (proxy.example:3128)\r\n",
     "* BYE sallyport: proxy answered 403 No way (proxy.example:3128)\r\n"},
    {"smtp", "421 4.4.1 sallyport: proxy answered 503 No way (proxy.example:3128)\r\n",
     "554 5.7.0 sallyport: proxy answered 403 No way (proxy.example:3128)\r\n"},
    {"submission", "421 4.4.1 sallyport: proxy answered 503 No way (proxy.example:3128)\r\n",
     "554 5.7.0 sallyport: proxy answered 403 No way (proxy.example:3128)\r\n"},
    {"nntp", "400 sallyport: proxy answered 503 No way (proxy.example:3128)\r\n",
     "502 sallyport: proxy answered 403 No way (proxy.example:3128)\r\n"},
    {"pop3", "-ERR [SYS/TEMP] sallyport: proxy answered 503 No way (proxy.example:3128)\r\n",
     "-ERR [SYS/PERM] sallyport: proxy answered 403 No way (proxy.example:3128)\r\n"},
    {"managesieve", "BYE (TRYLATER) \"sallyport: proxy answered 503 No way (proxy.example:3128)\"\r\n",
     "BYE \"sallyport: proxy answered 403 No way (proxy.example:3128)\"\r\n"},
    {"forward", NULL, NULL},
};

/* The session, started and answered with this. */
static void refuse_one(struct scene *scene, const char *section, const char *answer)
{
    char text[300];

    snprintf(text, sizeof text, "[proxy]\nurl=" SCENE_PROXY "\n[%s]\ntarget=" SCENE_TARGET "\n%s", section,
             strcmp(section, "forward") == 0 ? "listen=localhost:1\nprotocol=X\n" : "");
    scene_set_up(scene, text);
    scene_ask(scene, section);
    wire_say(scene->proxy, answer);
}

START_TEST(each_protocol_is_refused_in_its_own_words)
{
    const struct refusal *refusal = &refusals[_i / 2];
    const char *line = _i % 2 == 0 ? refusal->temporary : refusal->permanent;
    char lines[400];
    struct scene scene;

    refuse_one(&scene, refusal->section, _i % 2 == 0 ? NOT_NOW : NO);
    snprintf(lines, sizeof lines, "info %s #1 accepted from=here\nwarning %s #1 failed class=%s reason=\"" SCENE_PROXY
             ": %s No way\"\n", refusal->section, refusal->section, _i % 2 == 0 ? "temporary" : "permanent",
             _i % 2 == 0 ? "503" : "403");
    given_check_log(lines);
    ck_assert(!wire_is_held(scene.proxy));
    ck_assert_str_eq(scene.client->heard, line ? line : "");
    ck_assert_str_eq(scene_state(&scene), line ? "draining" : "");
    ck_assert_int_eq(scene.client->shut, line != NULL);
    ck_assert_int_eq(scene.client->reset, line == NULL);
    if (line)
        wire_end(scene.client);
    ck_assert_int_eq(scene.client->closed, line != NULL);
    ck_assert_uint_eq(scene.ended, 1);
    ck_assert_uint_eq(scene.well, 0);
    given_check_log(""); /* it was told once */
    scene_tear_down(&scene);
}
END_TEST

/* What the proxy adds is for the log alone. */
START_TEST(the_proxys_words_are_for_the_log)
{
    struct scene scene;

    refuse_one(&scene, "imap", "HTTP/1.1 403 No way\r\nProxy-Status: p; error=denied\r\n"
                               "Content-Type: text/plain\r\nContent-Length: 10\r\n\r\nAsk \"Bob\"\n");
    given_check_log(ACCEPTED "warning imap #1 failed class=permanent reason=\"" SCENE_PROXY ": 403 No way\" "
                    "proxy-status=\"p; error=denied\" body=\"Ask \\\"Bob\\\"\"\n");
    ck_assert_str_eq(scene.client->heard, refusals[0].permanent);
    scene_tear_down(&scene);
}
END_TEST

/* What it has said and says is dropped; its end ends the session, and so does a break. */
START_TEST(a_refused_client_is_listened_to_no_more)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_ask(&scene, "imap");
    wire_say(scene.client, "a1 LOGIN arthur secret\r\n");
    wire_say(scene.proxy, NO);
    ck_assert_uint_eq(scene.client->said_at, scene.client->said_length);
    wire_say(scene.client, "a2 NOOP\r\n");
    ck_assert_uint_eq(scene.client->said_at, scene.client->said_length);
    ck_assert_str_eq(scene.client->heard, refusals[0].permanent);
    ck_assert_uint_eq(scene.proxy->heard_length, 0);
    ck_assert_str_eq(scene_state(&scene), "draining");
    if (_i == 0)
        wire_end(scene.client);
    else
        wire_break(scene.client, EPIPE);
    ck_assert(scene.client->closed);
    ck_assert_uint_eq(sessions_count(scene.sessions), 0);
    ck_assert_uint_eq(sessions_sums(scene.sessions).in, 0);
    scene_tear_down(&scene);
}
END_TEST

START_TEST(a_refused_client_that_had_ended_already_is_not_waited_for)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_ask(&scene, "imap");
    wire_end(scene.client);
    wire_say(scene.proxy, NO);
    ck_assert_str_eq(scene.client->heard, refusals[0].permanent);
    ck_assert(scene.client->closed);
    ck_assert_uint_eq(scene.ended, 1);
    scene_tear_down(&scene);
}
END_TEST

/* More than it may say to somebody who does not listen. */
START_TEST(a_refused_client_that_talks_on_and_on_is_let_go)
{
    static char talk[65536];
    struct scene scene;

    memset(talk, 'x', sizeof talk);
    scene_set_up(&scene, SCENE_IMAP);
    scene_ask(&scene, "imap");
    wire_say(scene.proxy, NO);
    wire_say_bytes(scene.client, talk, sizeof talk);
    ck_assert_str_eq(scene_state(&scene), "draining");
    wire_say_bytes(scene.client, talk, 1);
    ck_assert(scene.client->closed);
    scene_tear_down(&scene);
}
END_TEST

/* With bytes of it unread, the kernel would follow the line with a reset, and the client might not see the line. */
START_TEST(a_client_at_a_socket_reads_why)
{
    static const char line[] = "* BYE sallyport: proxy answered 403 No way (proxy.example:3128)\r\n";
    struct transport *transport;
    struct scene scene;
    int ends[2];
    char bytes[200];

    scene_set_up(&scene, SCENE_IMAP);
    unit_tcp_pair(ends);
    unit_nonblocking(ends[0]), unit_nonblocking(ends[1]);
    transport = transport_from_socket(stage_loop(), ends[1]);
    ck_assert_ptr_nonnull(transport);
    scene_start_over(&scene, "imap", transport);
    ck_assert_int_eq((int)send(ends[0], "a1 NOOP\r\n", 9, 0), 9);
    stage_settle();
    wire_say(stage_wire(0), NO);
    stage_advance(2100); /* it did not read at once */
    ck_assert_uint_eq(scene.ended, 1);
    ck_assert_int_eq((int)recv(ends[0], bytes, sizeof bytes, 0), (int)sizeof line - 1);
    ck_assert_int_eq(memcmp(bytes, line, sizeof line - 1), 0);
    ck_assert_int_eq((int)recv(ends[0], bytes, sizeof bytes, 0), 0);
    close(ends[0]);
    scene_tear_down(&scene);
}
END_TEST

/* --- a tunnel that is open and of no use --- */

/* The client waits for a greeting, so it gets a reason in its place; one that speaks TLS itself could not read it. */
START_TEST(a_tunnel_that_ends_without_a_greeting_is_a_failure)
{
    static const char *const says[] = {"", "\x16\x03\x01", "\x16\x03\x01", ""};
    static const char *const targets[] = {"mail.example.net:143", "mail.example.net:143", "mail.example.net:993",
                                          "mail.example.net:993"};
    static const char *const hints[] = {"", "", "", "; this port expects TLS: set tls = yes, or let the client do TLS "
                                                "itself"};
    char text[200], lines[700];
    struct scene scene;

    snprintf(text, sizeof text, "[proxy]\nurl=" SCENE_PROXY "\n[imap]\ntarget=%s\n", targets[_i]);
    scene_set_up(&scene, text);
    scene_start(&scene, "imap");
    scene.proxy = stage_wire(1);
    wire_say(scene.proxy, SCENE_OPEN);
    if (*says[_i])
        wire_say(scene.client, says[_i]);
    wire_end(scene.proxy);
    snprintf(lines, sizeof lines, ACCEPTED "info imap #1 open proxy=" SCENE_PROXY " target=%s switched=no redirects=0 "
             "ms=0\nwarning imap #1 failed class=temporary reason=\"" SCENE_PROXY ": the tunnel ended "
             "without a greeting%s\"\n", targets[_i], hints[_i]);
    given_check_log(lines);
    snprintf(lines, sizeof lines, "* BYE [UNAVAILABLE] sallyport: no greeting, the tunnel has ended%s "
             "(proxy.example:3128)\r\n", hints[_i]);
    ck_assert_str_eq(scene.client->heard, *says[_i] ? "" : lines);
    ck_assert_int_eq(scene.client->reset, *says[_i] != '\0');
    ck_assert_uint_eq(scene.well, 0);
    scene_tear_down(&scene);
}
END_TEST

/* By connect-tcp.  Bytes that are no capsules never reach the client, so it can be told; a message that is cut off is a
 * reset, never a refusal and never an end. */
static const struct {
    const char *bytes;
    const char *log, *heard;
    bool reset;
} capsules[] = {
    {"* OK hello\r\n", "warning imap #1 failed class=temporary reason=\"" SCENE_PROXY ": speaks connect-tcp without "
     "capsules\"\n",
     "* BYE [UNAVAILABLE] sallyport: proxy speaks connect-tcp without capsules (proxy.example:3128)\r\n", false},
    {"\x08\x08* OK hel", "info imap #1 closed in=0 out=8 seconds=0 by=proxy error=\"the proxy ended the stream without "
     "FINAL_DATA\"\n", "* OK hel", true},
};

START_TEST(what_comes_of_capsules_that_are_none)
{
    char lines[700];
    struct scene scene;

    scene_set_up(&scene, "[proxy]\nurl=" SCENE_PROXY "/t/{target_host}/{target_port}\n[imap]\ntarget=" SCENE_TARGET
                 "\n");
    scene_start(&scene, "imap");
    scene.proxy = stage_wire(1);
    wire_say(scene.proxy, "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: connect-tcp\r\n\r\n");
    wire_say(scene.proxy, capsules[_i].bytes);
    wire_end(scene.proxy);
    snprintf(lines, sizeof lines, ACCEPTED "info imap #1 open proxy=" SCENE_PROXY " target=" SCENE_TARGET
             " switched=no redirects=0 ms=0\n%s", capsules[_i].log);
    given_check_log(lines);
    ck_assert_str_eq(scene.client->heard, capsules[_i].heard);
    ck_assert_int_eq(scene.client->reset, capsules[_i].reset);
    ck_assert_uint_eq(scene.well, 0);
    scene_tear_down(&scene);
}
END_TEST

/* --- who would not understand a line --- */

struct hello {
    const char *more;   /* of the section */
    const char *said;   /* by the client, before the refusal */
    bool line;          /* whether it is told in words */
    bool misfit;        /* whether the log says what to set */
};

static const struct hello hellos[] = {
    {"target=mail.example.net:143", "", true, false},
    {"target=mail.example.net:143", "\x16\x03\x01\x02", false, false},
    {"target=mail.example.net:143", "\x16", false, false},
    {"target=mail.example.net:143", "\x16\x02", true, false},
    {"target=mail.example.net:143", "\x17\x03", true, false},
    {"target=mail.example.net:993", "", false, false},
    {"target=mail.example.net:993", "a1 NOOP\r\n", true, false},
    {"target=mail.example.net:993\ntls=yes", "", true, false},
    {"target=mail.example.net:993\ntls=yes", "\x16\x03", false, true},
};

#define FAILED "warning imap #1 failed class=permanent reason=\"" SCENE_PROXY ": 403 No way\"\n"
#define MISFIT "warning imap #1 the client speaks TLS, which sallyport does with the server: set the client to no " \
               "encryption\n"

START_TEST(a_client_that_speaks_tls_gets_a_reset_in_place_of_a_line)
{
    const struct hello *hello = &hellos[_i];
    char text[300];
    struct scene scene;

    snprintf(text, sizeof text, "[proxy]\nurl=" SCENE_PROXY "\n[imap]\n%s\n", hello->more);
    scene_set_up(&scene, text);
    scene_start(&scene, "imap");
    if (*hello->said)
        wire_say(scene.client, hello->said);
    wire_say(stage_wire(1), NO);
    ck_assert_str_eq(scene.client->heard, hello->line ? refusals[0].permanent : "");
    ck_assert_int_eq(scene.client->reset, !hello->line);
    given_check_log(hello->misfit ? ACCEPTED MISFIT FAILED : ACCEPTED FAILED);
    scene_tear_down(&scene);
}
END_TEST

/* A client whose socket takes nothing cannot be told. */
START_TEST(a_client_that_cannot_be_told_gets_a_reset)
{
    struct scene scene;

    scene_set_up(&scene, SCENE_IMAP);
    scene_ask(&scene, "imap");
    scene.client->room = 0;
    wire_say(scene.proxy, NO);
    ck_assert(scene.client->reset);
    ck_assert_uint_eq(scene.ended, 1);
    scene_tear_down(&scene);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("session_refusals");

    tcase_add_loop_test(cases, each_protocol_is_refused_in_its_own_words, 0,
                        2 * sizeof refusals / sizeof refusals[0]);
    tcase_add_test(cases, the_proxys_words_are_for_the_log);
    tcase_add_loop_test(cases, a_refused_client_is_listened_to_no_more, 0, 2);
    tcase_add_test(cases, a_refused_client_that_had_ended_already_is_not_waited_for);
    tcase_add_test(cases, a_refused_client_that_talks_on_and_on_is_let_go);
    tcase_add_test(cases, a_client_at_a_socket_reads_why);
    tcase_add_loop_test(cases, a_tunnel_that_ends_without_a_greeting_is_a_failure, 0, 4);
    tcase_add_loop_test(cases, what_comes_of_capsules_that_are_none, 0, sizeof capsules / sizeof capsules[0]);
    tcase_add_loop_test(cases, a_client_that_speaks_tls_gets_a_reset_in_place_of_a_line, 0,
                        sizeof hellos / sizeof hellos[0]);
    tcase_add_test(cases, a_client_that_cannot_be_told_gets_a_reset);
    return unit_run();
}
