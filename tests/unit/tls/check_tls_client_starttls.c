/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../stage.h"
#include "../tls_peer.h"
#include "../unit.h"
#include "asked_tls.h"
#include "tls/tls_client.h"

#define INJECTED "sends more behind its answer to STARTTLS and before TLS; somebody on the way may be injecting answers"

/* Whole; byte by byte towards us; byte by byte from us. */
enum { WHOLE, NARROW_DOWN, NARROW_UP, WIDTHS };

START_TEST(each_server_is_led_into_tls)
{
    const struct dialogue *dialogue = &dialogues[_i / WIDTHS];
    struct asked_tls asked;

    asked_tls_set_up(&asked, dialogue->section);
    asked.piece = _i % WIDTHS == NARROW_DOWN;
    asked.room = _i % WIDTHS == NARROW_UP;
    asked_tls_go(&asked);
    ck_assert_uint_eq(asked.wire->heard_length, 0); /* the server speaks first */
    asked_tls_play_all(&asked, dialogue);
    asked_tls_check_done(&asked, dialogue->greeting);
    ck_assert_int_eq(strncmp(asked.steps, "starttls the server is ready for TLS;tls TLSv1.3, ", 50), 0);
    asked_tls_tear_down(&asked);
}
END_TEST

START_TEST(a_protocol_is_offered)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, "imap");
    asked_tls_go(&asked);
    asked_tls_play_all(&asked, &dialogues[D_IMAP]);
    asked_tls_check_done(&asked, dialogues[D_IMAP].greeting);
    ck_assert_uint_eq(asked.peer.offered_length, 5);
    ck_assert_int_eq(memcmp(asked.peer.offered, "\x04imap", 5), 0);
    asked_tls_tear_down(&asked);
}
END_TEST

/* The machine's own name is said only where an address was refused, and not beside one of the configuration. */
START_TEST(a_server_may_want_a_name)
{
    static const char refusal[] = "504 5.5.2 need fully-qualified hostname\r\n";
    char machine[100], wanted[120];
    struct asked_tls asked;

    ck_assert_int_eq(gethostname(machine, sizeof machine), 0);
    asked_tls_set_up(&asked, "submission");
    asked.ehlo_name = _i == 0 ? NULL : "host.example.net";
    asked_tls_go(&asked);
    wire_say(asked.wire, "220 hi\r\n");
    ck_assert_str_eq(asked.wire->heard, _i == 0 ? "EHLO [127.0.0.1]\r\n" : "EHLO host.example.net\r\n");
    wire_clear(asked.wire);
    wire_say(asked.wire, refusal);
    if (_i == 0) {
        snprintf(wanted, sizeof wanted, "EHLO %s\r\n", machine);
        ck_assert_str_eq(asked.wire->heard, wanted);
        wire_say(asked.wire, "250 mail\r\n");
        wire_clear(asked.wire);
    } else {
        asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT, "refuses EHLO as host.example.net, which "
                               "ehlo-name sets: \"504 5.5.2 need fully-qualified hostname\"");
    }
    asked_tls_tear_down(&asked);
}
END_TEST

/* --- bytes that came before --- */

/* The greeting, whole or in part, came with the proxy's answer. */
START_TEST(a_greeting_may_have_come_before)
{
    const struct dialogue *dialogue = &dialogues[_i / 2];
    struct asked_tls asked;
    char start_of[8];

    asked_tls_set_up(&asked, dialogue->section);
    snprintf(start_of, sizeof start_of, "%s", dialogue->says[0]);
    asked.leftover = _i % 2 == 0 ? dialogue->says[0] : start_of;
    asked_tls_go(&asked);
    if (_i % 2 == 1) {
        ck_assert_uint_eq(asked.wire->heard_length, 0);
        wire_say(asked.wire, dialogue->says[0] + sizeof start_of - 1);
    }
    asked_tls_play_all(&asked, dialogue);
    asked_tls_check_done(&asked, dialogue->greeting);
    asked_tls_tear_down(&asked);
}
END_TEST

struct early {
    const char *leftover;
    enum failure_class class;
    const char *what;
};

static const struct early earlies[] = {
    {"* BYE too busy\r\n", FAILURE_TEMPORARY, "turns us away: \"* BYE too busy\""},
    {"220 mail ESMTP\r\n", FAILURE_PERMANENT, "this is not IMAP: \"220 mail ESMTP\""},
    {"* OK [CAPABILITY STARTTLS] hello\r\na1 OK go\r\n", FAILURE_PERMANENT,
     "answers before it is asked; somebody on the way may be injecting answers"},
};

START_TEST(what_came_before_may_be_wrong)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, "imap");
    asked.leftover = earlies[_i].leftover;
    asked_tls_go(&asked);
    asked_tls_check_failed(&asked, OUTCOME_PEER, earlies[_i].class, earlies[_i].what);
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    asked_tls_tear_down(&asked);
}
END_TEST

/* --- refusals --- */

struct refusal {
    size_t dialogue, turn; /* the server says this in place of what it says there, turn by turn between bars */
    const char *says;
    enum failure_class class;
    const char *what;
};

static const struct refusal refusals[] = {
    {D_IMAP, 0, "* BYE too busy\r\n", FAILURE_TEMPORARY, "turns us away: \"* BYE too busy\""},
    {D_IMAP, 1, "a1 BAD what\r\n", FAILURE_PERMANENT,
     "takes no STARTTLS; set tls = yes if the server has a TLS port, or somebody on the way removes it: "
     "\"BAD what\""},
    {D_IMAP_TELLS, 1, "a1 BAD what\r\n", FAILURE_PERMANENT, "refuses STARTTLS: \"BAD what\""},
    {D_IMAP, 1, "a1 NO [UNAVAILABLE] later\r\n", FAILURE_TEMPORARY, "refuses STARTTLS: \"NO [UNAVAILABLE] later\""},
    {D_SMTP, 0, "554 no\r\n", FAILURE_PERMANENT, "turns us away: \"554 no\""},
    {D_SMTP, 1, "421 later\r\n", FAILURE_TEMPORARY, "turns us away: \"421 later\""},
    {D_SMTP, 2, "454 TLS is out of order\r\n", FAILURE_TEMPORARY, "refuses STARTTLS: \"454 TLS is out of order\""},
    {D_NNTP, 0, "400 full\r\n", FAILURE_TEMPORARY, "turns us away: \"400 full\""},
    {D_NNTP, 1, "500 what\r\n|200 yes\r\n|500 what\r\n", FAILURE_PERMANENT,
     "takes no STARTTLS; set tls = yes if the server has a TLS port, or somebody on the way removes it: "
     "\"500 what\""},
    {D_NNTP, 1, "502 no\r\n|200 yes\r\n|400 no\r\n", FAILURE_TEMPORARY, "refuses STARTTLS: \"400 no\""},
    {D_POP3, 1, "-ERR no\r\n", FAILURE_PERMANENT,
     "takes no STLS; set tls = yes if the server has a TLS port, or somebody on the way removes it: \"-ERR no\""},
    {D_SIEVE, 1, "NO \"no\"\r\n", FAILURE_PERMANENT, "refuses STARTTLS: \"NO \\\"no\\\"\""},
    /* bytes behind the go-ahead, and an answer to what was not asked yet */
    {D_IMAP, 1, "a1 OK go\r\na3 OK evil\r\n", FAILURE_PERMANENT, INJECTED},
    {D_SMTP, 2, "220 go\r\n220 evil\r\n", FAILURE_PERMANENT, INJECTED},
    {D_NNTP, 1, "382 go\r\n\x16", FAILURE_PERMANENT, INJECTED},
    {D_SMTP, 0, "220 mail\r\n250 STARTTLS\r\n", FAILURE_PERMANENT,
     "answers before it is asked; somebody on the way may be injecting answers"},
};

/* In one piece, and each byte for itself: no piece may end where an answer does and count for more. */
START_TEST(what_a_server_may_not_say)
{
    const struct refusal *refusal = &refusals[_i / 2];
    const struct dialogue *dialogue = &dialogues[refusal->dialogue];
    struct asked_tls asked;

    asked_tls_set_up(&asked, dialogue->section);
    asked.piece = _i % 2;
    asked_tls_go(&asked);
    asked_tls_play(&asked, dialogue, refusal->turn);
    if (asked.piece > 0 && strstr(refusal->what, "before it is asked"))
        asked.wire->room = 0; /* or else it would be asked in time */
    for (const char *at = refusal->says, *bar; at; at = bar ? bar + 1 : NULL) {
        bar = strchr(at, '|');
        wire_clear(asked.wire);
        wire_say_bytes(asked.wire, at, bar ? (size_t)(bar - at) : strlen(at));
    }
    asked_tls_check_failed(&asked, OUTCOME_PEER, refusal->class, refusal->what);
    ck_assert_uint_eq(asked.wire->heard_length, 0); /* no hello, nor anything else */
    ck_assert_str_eq(asked.steps, "");
    asked_tls_tear_down(&asked);
}
END_TEST

/* --- silence, ends, breaks --- */

/* Before the server has said anything; behind each of its turns.  The limit is that of all of them together. */
START_TEST(the_plain_dialogue_has_a_limit)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, "imap");
    asked_tls_go(&asked);
    for (size_t turn = 0; turn < (size_t)_i; turn++) {
        stage_advance(GREETING_MS / 4);
        wire_say(asked.wire, dialogues[D_IMAP].says[turn]);
    }
    stage_advance(GREETING_MS - GREETING_MS / 4 * (unsigned)_i - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                           "the server did not agree on TLS (STARTTLS) within 10 s");
    ck_assert_uint_eq(stage_time(), GREETING_MS);
    asked_tls_tear_down(&asked);
}
END_TEST

/* What cannot be sent is noticed where something is to be sent. */
START_TEST(the_connection_breaks_while_we_speak)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, "imap");
    asked.room = 1;
    asked_tls_go(&asked);
    wire_say(asked.wire, "* OK hello\r\n");
    ck_assert_str_eq(asked.wire->heard, "a");
    wire_break(asked.wire, EPIPE);
    asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "Broken pipe before TLS was agreed on");
    asked_tls_tear_down(&asked);
}
END_TEST

/* The server says its go-ahead and ends: that is no TLS. */
START_TEST(an_end_behind_the_go_ahead)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, "imap");
    asked_tls_go(&asked);
    asked_tls_play(&asked, &dialogues[D_IMAP], 1);
    asked.wire->ended = true;
    wire_say(asked.wire, dialogues[D_IMAP].says[1]);
    asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "closes the connection before TLS");
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    asked_tls_tear_down(&asked);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls client with STARTTLS");

    tcase_add_loop_test(cases, each_server_is_led_into_tls, 0, WIDTHS * DIALOGUES);
    tcase_add_test(cases, a_protocol_is_offered);
    tcase_add_loop_test(cases, a_server_may_want_a_name, 0, 2);
    tcase_add_loop_test(cases, a_greeting_may_have_come_before, 0, 2 * DIALOGUES);
    tcase_add_loop_test(cases, what_came_before_may_be_wrong, 0, sizeof earlies / sizeof earlies[0]);
    tcase_add_loop_test(cases, what_a_server_may_not_say, 0, 2 * sizeof refusals / sizeof refusals[0]);
    tcase_add_loop_test(cases, the_plain_dialogue_has_a_limit, 0, 2);
    tcase_add_test(cases, the_connection_breaks_while_we_speak);
    tcase_add_test(cases, an_end_behind_the_go_ahead);
    return unit_run();
}
