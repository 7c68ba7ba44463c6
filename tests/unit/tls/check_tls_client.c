/* SPDX-License-Identifier: ISC */
#include "tls/tls_client.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#include "../stage.h"
#include "../tls_peer.h"
#include "../unit.h"
#include "asked_tls.h"

START_TEST(tls_comes_at_once_without_starttls)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, NULL);
    asked_tls_go(&asked);
    ck_assert_uint_gt(asked.wire->heard_length, 0);
    ck_assert_int_eq(asked.wire->heard[0], SSL3_RT_HANDSHAKE);
    asked_tls_check_done(&asked, NULL);
    ck_assert_str_eq(SSL_get_servername(asked.peer.ssl, TLSEXT_NAMETYPE_host_name), HOST);
    ck_assert_uint_eq(asked.peer.offered_length, 0);
    ck_assert_int_eq(strncmp(asked.steps, "tls TLSv1.3, ", 13), 0);
    ck_assert_ptr_nonnull(strstr(asked.steps, ", certificate of CN=server by CN=Test Root;"));
    asked_tls_tear_down(&asked);
}
END_TEST

START_TEST(what_nobody_takes_is_freed)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, "imap");
    asked_tls_go(&asked);
    asked_tls_play_all(&asked, &dialogues[D_IMAP]);
    tls_peer_accept(&asked.peer, asked.wire);
    tls_peer_pump(&asked.peer);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    asked_tls_end(&asked);
    tls_peer_pump(&asked.peer);
    ck_assert(asked.peer.ended);
    asked_tls_tear_down(&asked);
}
END_TEST

START_TEST(nothing_may_come_before_tls_at_once)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, NULL);
    asked.leftover = "* OK hello\r\n";
    asked_tls_go(&asked);
    asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT, "does not speak TLS here");
    ck_assert_str_eq(asked.failure.detail, " answer=\"* OK hello\\r\\n\"");
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    asked_tls_tear_down(&asked);
}
END_TEST

/* --- silence, ends, breaks --- */

/* At once, or behind STARTTLS, when it counts from the go-ahead; no answer to our hello, or a part of one. */
START_TEST(the_handshake_has_a_limit)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, _i < 2 ? NULL : "smtp");
    asked_tls_go(&asked);
    if (_i >= 2) {
        asked_tls_play(&asked, &dialogues[D_SMTP], 2);
        stage_advance(GREETING_MS - 1);
        wire_say(asked.wire, dialogues[D_SMTP].says[2]);
    }
    stage_advance(HANDSHAKE_MS - 1);
    if (_i % 2 == 1) {
        tls_peer_accept(&asked.peer, asked.wire);
        tls_peer_answer(&asked.peer, 200);
    }
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "the TLS handshake was not done within 20 s");
    asked_tls_tear_down(&asked);
}
END_TEST

/* Behind each turn of the server, in the middle of the first, and in the handshake. */
enum ending { AT_FIRST, IN_A_LINE, BEHIND_GREETING, BEHIND_HELLO, IN_HANDSHAKE, ENDINGS };

static void reach(struct asked_tls *asked, enum ending ending)
{
    asked_tls_go(asked);
    if (ending == IN_A_LINE)
        wire_say(asked->wire, "* OK hel");
    else if (ending <= BEHIND_GREETING)
        asked_tls_play(asked, &dialogues[D_IMAP], ending == BEHIND_GREETING);
    else
        asked_tls_play_all(asked, &dialogues[D_IMAP]);
    if (ending == IN_HANDSHAKE) {
        tls_peer_accept(&asked->peer, asked->wire);
        tls_peer_answer(&asked->peer, 200);
    }
    ck_assert_uint_eq(asked->told, 0);
}

START_TEST(the_server_ends_it)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, "imap");
    reach(&asked, (enum ending)_i);
    wire_end(asked.wire);
    asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                           _i < BEHIND_HELLO ? "closes the connection before TLS"
                                             : "closed the connection during the TLS handshake");
    asked_tls_tear_down(&asked);
}
END_TEST

START_TEST(the_connection_breaks)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, "imap");
    reach(&asked, (enum ending)_i);
    wire_break(asked.wire, ECONNRESET);
    asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                           _i < BEHIND_HELLO ? "Connection reset by peer before TLS was agreed on"
                                             : "TLS handshake: Connection reset by peer");
    asked_tls_tear_down(&asked);
}
END_TEST

/* --- certificates --- */

/* At once, or behind STARTTLS. */
static void shake(struct asked_tls *asked)
{
    asked_tls_go(asked);
    if (asked->starttls)
        asked_tls_play_all(asked, &dialogues[D_IMAP]);
    tls_peer_accept(&asked->peer, asked->wire);
    tls_peer_pump(&asked->peer);
}

START_TEST(a_certificate_for_another_name)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, _i == 0 ? NULL : "imap");
    asked.host = "imap.example.net";
    shake(&asked);
    asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT,
                           "certificate is for " HOST ", not for imap.example.net");
    ck_assert_int_eq(asked.peer.refused, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    asked_tls_tear_down(&asked);
}
END_TEST

START_TEST(a_certificate_by_nobody_that_is_trusted)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, _i == 0 ? NULL : "imap");
    tls_peer_show(&asked.peer, &(struct authority_plan){.subject = "server", .names = "DNS:" HOST});
    shake(&asked);
    asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT,
                           "certificate is signed by itself and not trusted; set "
                           "tls-ca-file to a file that holds it");
    ck_assert_int_eq(asked.peer.refused, SSL_R_TLSV1_ALERT_UNKNOWN_CA);
    asked_tls_tear_down(&asked);
}
END_TEST

START_TEST(verification_may_be_switched_off)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, NULL);
    asked.host = "imap.example.net";
    asked.trusts_all = true;
    asked_tls_go(&asked);
    asked_tls_check_done(&asked, NULL);
    ck_assert_ptr_nonnull(strstr(asked.steps, ", not verified;"));
    asked_tls_tear_down(&asked);
}
END_TEST

START_TEST(a_file_of_ours_is_missing)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, _i == 0 ? NULL : "imap");
    asked.ca_file = "/nonexistent/ca.pem";
    asked_tls_go(&asked);
    if (_i == 1) {
        asked_tls_play(&asked, &dialogues[D_IMAP], 1);
        wire_say(asked.wire, dialogues[D_IMAP].says[1]);
    }
    asked_tls_check_failed(&asked, OUTCOME_LOCAL, FAILURE_PERMANENT,
                           "/nonexistent/ca.pem cannot be read: No such file or directory");
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    asked_tls_tear_down(&asked);
}
END_TEST

START_TEST(something_else_than_tls_is_spoken)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, _i == 0 ? NULL : "imap");
    asked_tls_go(&asked);
    if (_i == 1)
        asked_tls_play_all(&asked, &dialogues[D_IMAP]);
    wire_say(asked.wire, "* OK hello\r\n");
    asked_tls_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT, "does not speak TLS here");
    ck_assert_int_eq(strncmp(asked.failure.detail, " answer=\"* OK ", 14), 0);
    asked_tls_tear_down(&asked);
}
END_TEST

/* What was verified for one name at a place is not taken for another name there, nor at another place. */
START_TEST(a_session_is_resumed_for_the_same_name_and_place)
{
    static const char *const visits[][2] = {
        {HOST, PLACE}, {"imap.example.net", PLACE}, {HOST, HOST ":993"}, {HOST, PLACE},
    };
    struct asked_tls asked;

    asked_tls_set_up(&asked, NULL);
    tls_peer_show(&asked.peer, &(struct authority_plan){.subject = "server", .issuer = asked.peer.root,
                                                        .names = "DNS:" HOST ",DNS:imap.example.net"});
    for (size_t i = 0; i < 4; i++) {
        asked.host = visits[i][0];
        asked.remember = visits[i][1];
        asked_tls_go(&asked);
        asked_tls_check_done(&asked, NULL);
        ck_assert_int_eq(SSL_session_reused(asked.peer.ssl), i == 3);
        ck_assert_int_eq(strstr(asked.steps, ", resumed;") != NULL, i == 3);
        asked_tls_end(&asked);
    }
    asked_tls_tear_down(&asked);
}
END_TEST

/* --- its end --- */

START_TEST(it_can_be_freed_whenever)
{
    struct asked_tls asked;

    asked_tls_set_up(&asked, "imap");
    asked.leftover = _i == ENDINGS ? "* OK hello\r\n" : NULL;
    if (_i < ENDINGS)
        reach(&asked, (enum ending)_i);
    else
        asked_tls_start(&asked); /* it has not begun */
    tls_client_free(asked.tls);
    tls_client_free(asked.tls); /* once more in the same turn is fine */
    asked.tls = NULL;
    ck_assert(asked.wire->closed);
    stage_advance(2 * HANDSHAKE_MS);
    ck_assert_uint_eq(asked.told, 0);
    tls_client_free(NULL);
    asked_tls_tear_down(&asked);
}
END_TEST

/* Told of: what came before, a refusal, an end, our missing file, TLS that is none, time-outs; TLS that stands. */
START_TEST(it_can_be_freed_from_within_done)
{
    struct asked_tls asked;
    const bool tls = _i == 4 || _i == 6 || _i == 7;

    asked_tls_set_up(&asked, "imap");
    asked.frees = true;
    asked.leftover = _i == 0 ? "* BYE\r\n" : NULL;
    asked.ca_file = _i == 3 ? "/nonexistent/ca.pem" : asked.ca_file;
    asked_tls_go(&asked);
    if (_i == 1)
        wire_say(asked.wire, "* PREAUTH hello\r\n* OK more\r\n");
    else if (_i == 2)
        wire_end(asked.wire);
    else if (_i == 5)
        stage_advance(GREETING_MS);
    else if (_i == 3)
        asked_tls_play(&asked, &dialogues[D_IMAP], 1), wire_say(asked.wire, dialogues[D_IMAP].says[1]);
    else if (tls)
        asked_tls_play_all(&asked, &dialogues[D_IMAP]);
    if (_i == 4)
        wire_say(asked.wire, "* OK hello\r\n");
    else if (_i == 6)
        stage_advance(HANDSHAKE_MS);
    else if (_i == 7)
        tls_peer_accept(&asked.peer, asked.wire), tls_peer_pump(&asked.peer);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, _i == 7 ? OUTCOME_DONE : _i == 3 ? OUTCOME_LOCAL : OUTCOME_PEER);
    asked_tls_tear_down(&asked);
}
END_TEST

/* The owner borrows the failure until it frees.  What the server says meanwhile changes nothing, and is not answered:
 * a go-ahead that comes too late, more behind a refusal, a hello that comes too late, more behind what is no TLS. */
START_TEST(it_is_over_when_it_has_told)
{
    struct asked_tls asked;
    char steps[sizeof asked.steps];

    asked_tls_set_up(&asked, _i < 2 ? "imap" : NULL);
    asked_tls_go(&asked);
    if (_i == 0)
        asked_tls_play(&asked, &dialogues[D_IMAP], 1);
    if (_i % 2 == 0)
        stage_advance(HANDSHAKE_MS);
    else
        wire_say(asked.wire, "* BYE too busy\r\n");
    ck_assert_uint_eq(asked.told, 1);
    memcpy(steps, asked.steps, sizeof steps);
    if (_i == 2) {
        tls_peer_accept(&asked.peer, asked.wire);
        tls_peer_pump(&asked.peer);
        ck_assert(!asked.peer.open);
    } else {
        wire_clear(asked.wire);
        wire_say(asked.wire, _i == 0 ? dialogues[D_IMAP].says[1] : "* OK hello\r\n");
        ck_assert_uint_eq(asked.wire->heard_length, 0);
    }
    wire_break(asked.wire, ECONNRESET);
    stage_advance(2 * HANDSHAKE_MS);
    ck_assert_str_eq(asked.steps, steps);
    ck_assert_ptr_nonnull(asked.borrowed);
    asked_tls_check_failed(&asked, OUTCOME_PEER, asked.failure.class, asked.failure.what);
    asked_tls_tear_down(&asked);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls client");

    tcase_add_test(cases, tls_comes_at_once_without_starttls);
    tcase_add_test(cases, what_nobody_takes_is_freed);
    tcase_add_test(cases, nothing_may_come_before_tls_at_once);
    tcase_add_loop_test(cases, the_handshake_has_a_limit, 0, 4);
    tcase_add_loop_test(cases, the_server_ends_it, 0, ENDINGS);
    tcase_add_loop_test(cases, the_connection_breaks, 0, ENDINGS);
    tcase_add_loop_test(cases, a_certificate_for_another_name, 0, 2);
    tcase_add_loop_test(cases, a_certificate_by_nobody_that_is_trusted, 0, 2);
    tcase_add_test(cases, verification_may_be_switched_off);
    tcase_add_loop_test(cases, a_file_of_ours_is_missing, 0, 2);
    tcase_add_loop_test(cases, something_else_than_tls_is_spoken, 0, 2);
    tcase_add_test(cases, a_session_is_resumed_for_the_same_name_and_place);
    tcase_add_loop_test(cases, it_can_be_freed_whenever, 0, ENDINGS + 1);
    tcase_add_loop_test(cases, it_can_be_freed_from_within_done, 0, 8);
    tcase_add_loop_test(cases, it_is_over_when_it_has_told, 0, 4);
    return unit_run();
}
