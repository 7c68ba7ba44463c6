#include "tls/tls_client.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../tls_peer.h"
#include "../unit.h"

#define GREETING_MS 10000
#define HANDSHAKE_MS 20000
#define HOST "mail.example.net"
#define PLACE HOST ":143"
#define INJECTED "sends more behind its answer to STARTTLS and before TLS; somebody on the way may be injecting answers"

/* --- a client of TLS, its server, and what it told --- */

struct asked {
    struct services *services;
    struct tls_peer peer;
    struct wire *wire;
    struct tls_client *tls;
    const struct protocol *starttls; /* or NULL */
    const char *leftover;            /* or NULL */
    size_t room, piece;              /* of the wire, from the beginning; 0: all */
    const char *host, *remember, *ca_file;
    bool trusts_all, frees;          /* frees: from within done */
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    const struct failure *borrowed;  /* it is to stay what it was */
    char steps[400];                 /* of the trace */
};

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    asked->told++;
    asked->outcome = outcome;
    ck_assert((outcome == OUTCOME_DONE) == (failure == NULL));
    if (failure)
        asked->failure = *failure;
    asked->borrowed = failure;
    if (asked->frees) {
        tls_client_free(asked->tls);
        asked->tls = NULL;
        asked->borrowed = NULL;
    }
}

static void on_step(void *arg, const char *step, const char *text)
{
    struct asked *asked = arg;
    size_t length = strlen(asked->steps);

    snprintf(asked->steps + length, sizeof asked->steps - length, "%s %s;", step, text);
}

/* protocol: its section of the configuration, or NULL for TLS at once. */
static void set_up(struct asked *asked, const char *protocol)
{
    memset(asked, 0, sizeof *asked);
    asked->services = stage_set_up();
    tls_peer_set_up(&asked->peer, "DNS:" HOST);
    asked->host = HOST;
    asked->remember = PLACE;
    asked->ca_file = asked->peer.root_file;
    if (protocol) {
        asked->starttls = protocol_find(protocol, strlen(protocol));
        ck_assert_ptr_nonnull(asked->starttls);
    }
}

static void start(struct asked *asked)
{
    struct tls_client_params params = {
        .loop = stage_loop(),
        .contexts = asked->services->contexts,
        .leftover = asked->leftover ? unit_exact(asked->leftover, strlen(asked->leftover)) : NULL,
        .leftover_length = asked->leftover ? strlen(asked->leftover) : 0,
        .starttls = asked->starttls,
        .setting = {.ca_file = asked->ca_file, .verify = !asked->trusts_all},
        .ca_option = "tls-ca-file",
        .host = asked->host,
        .alpn = asked->starttls ? asked->starttls->alpn : NULL,
        .remember = asked->remember,
        .greeting_ms = GREETING_MS,
        .handshake_ms = HANDSHAKE_MS,
        .trace = {on_step, asked},
        .done = on_told,
        .arg = asked,
    };

    asked->wire = stage_new_wire();
    asked->wire->room = asked->room > 0 ? asked->room : SIZE_MAX;
    asked->wire->piece = asked->piece;
    asked->told = 0;
    asked->steps[0] = '\0';
    params.below = &asked->wire->near;
    asked->tls = tls_client_start(&params);
    ck_assert_ptr_nonnull(asked->tls);
    ck_assert_uint_eq(asked->wire->heard_length, 0); /* nothing happens within the call */
}

/* Starts it, and lets it go as far as it can. */
static void go(struct asked *asked)
{
    start(asked);
    stage_settle();
}

static void check_failed(const struct asked *asked, enum outcome outcome, enum failure_class class, const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_str_eq(asked->failure.what, what);
    ck_assert_int_eq(asked->outcome, outcome);
    ck_assert_int_eq(asked->failure.class, class);
    ck_assert_str_eq(asked->failure.where, ""); /* the owner adds it */
    if (asked->borrowed)
        ck_assert_int_eq(memcmp(asked->borrowed, &asked->failure, sizeof asked->failure), 0);
}

/* The server answers our hello, TLS stands, its stream carries bytes, and the client is to get this first (NULL:
 * nothing). */
static void check_done(struct asked *asked, const char *greeting)
{
    struct transport *transport;
    char *got;
    size_t length;

    tls_peer_accept(&asked->peer, asked->wire);
    tls_peer_pump(&asked->peer);
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == OUTCOME_DONE, "told %d: %s", (int)asked->outcome, asked->failure.what);
    transport = tls_client_take(asked->tls, &got, &length);
    ck_assert_ptr_nonnull(transport);
    ck_assert_ptr_null(transport->watcher);
    ck_assert_uint_eq(length, greeting ? strlen(greeting) : 0);
    if (greeting)
        ck_assert_int_eq(memcmp(got, greeting, length), 0);
    else
        ck_assert_ptr_null(got);
    free(got);
    ck_assert_ptr_null(tls_client_take(asked->tls, &got, &length)); /* once */
    ck_assert_ptr_null(got);
    stage_advance(2 * HANDSHAKE_MS); /* no limit is left behind */
    ck_assert_uint_eq(asked->told, 1);
    tls_peer_check_stream(&asked->peer, transport);
}

/* Nothing is told any more, and the connection is given up. */
static void end(struct asked *asked)
{
    unsigned told = asked->told;

    tls_client_free(asked->tls);
    asked->tls = NULL;
    asked->borrowed = NULL;
    ck_assert(!wire_is_held(asked->wire)); /* at once */
    stage_advance(2 * HANDSHAKE_MS);
    ck_assert_uint_eq(asked->told, told);
}

static void finish(struct asked *asked)
{
    end(asked);
    stage_tear_down();
    tls_peer_tear_down(&asked->peer);
}

/* --- the dialogues --- */

#define TURNS_MAX 3

struct dialogue {
    const char *section;
    const char *says[TURNS_MAX];  /* the server, one after the other */
    const char *hears[TURNS_MAX]; /* what we say then; NULL: that was the last turn, and our hello follows */
    const char *greeting;         /* what the client is to get; NULL: nothing */
};

static const struct dialogue dialogues[] = {
    {"imap", {"* OK [CAPABILITY IMAP4rev1] hello\r\n", "* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK\r\n", "a2 OK go\r\n"},
     {"a1 CAPABILITY\r\n", "a2 STARTTLS\r\n"}, "* OK hello\r\n"},
    {"imap", {"* OK [CAPABILITY STARTTLS] hello\r\n", "a2 OK go\r\n"}, {"a2 STARTTLS\r\n"}, "* OK hello\r\n"},
    {"smtp", {"220-mail ESMTP\r\n220 welcome\r\n", "250-mail\r\n250 STARTTLS\r\n", "220 go\r\n"},
     {"EHLO [127.0.0.1]\r\n", "STARTTLS\r\n"}, "220-mail ESMTP\r\n220 welcome\r\n"},
    {"submission", {"220 mail\r\n", "250-mail\r\n250 STARTTLS\r\n", "220 go\r\n"},
     {"EHLO [127.0.0.1]\r\n", "STARTTLS\r\n"}, "220 mail\r\n"},
    {"nntp", {"201 news\r\n", "101 list:\r\nREADER\r\nSTARTTLS\r\n.\r\n", "382 go\r\n"},
     {"CAPABILITIES\r\n", "STARTTLS\r\n"}, "201 news\r\n"},
    {"pop3", {"+OK pop\r\n", "+OK\r\nSTLS\r\n.\r\n", "+OK go\r\n"}, {"CAPA\r\n", "STLS\r\n"}, "+OK pop\r\n"},
    {"managesieve", {"\"STARTTLS\"\r\nOK sieve\r\n", "OK go\r\n"}, {"STARTTLS\r\n"}, NULL},
};

/* The turn in which the server gives its go-ahead. */
static size_t last_turn(const struct dialogue *dialogue)
{
    size_t turn = 0;

    while (dialogue->hears[turn])
        turn++;
    return turn;
}

/* Room for so much at a time is made until all of this was heard, and nothing else; then it is forgotten. */
static void hear(struct asked *asked, const char *text)
{
    for (size_t rounds = 0; asked->room > 0 && rounds < strlen(text) && asked->wire->heard_length < strlen(text);
         rounds++)
        wire_give_room(asked->wire, asked->room);
    ck_assert_str_eq(asked->wire->heard, text);
    wire_clear(asked->wire);
}

/* Plays the server in its turns before the given one; what it says first may have come already. */
static void play(struct asked *asked, const struct dialogue *dialogue, size_t until)
{
    for (size_t turn = 0; turn < until; turn++) {
        if (turn > 0 || !asked->leftover)
            wire_say(asked->wire, dialogue->says[turn]);
        hear(asked, dialogue->hears[turn]);
        ck_assert_uint_eq(asked->told, 0);
    }
}

/* Plays it to its end: our hello is on its way then. */
static void play_all(struct asked *asked, const struct dialogue *dialogue)
{
    size_t last = last_turn(dialogue);

    play(asked, dialogue, last);
    ck_assert_uint_eq(asked->wire->heard_length, 0); /* no hello before the go-ahead */
    if (asked->room > 0)
        wire_give_room(asked->wire, SIZE_MAX);
    wire_say(asked->wire, dialogue->says[last]);
    ck_assert_uint_gt(asked->wire->heard_length, 0);
    ck_assert_int_eq(asked->wire->heard[0], SSL3_RT_HANDSHAKE);
}

/* Whole; byte by byte towards us; byte by byte from us. */
enum { WHOLE, NARROW_DOWN, NARROW_UP, WIDTHS };

START_TEST(each_server_is_led_into_tls)
{
    const struct dialogue *dialogue = &dialogues[_i / WIDTHS];
    struct asked asked;

    set_up(&asked, dialogue->section);
    asked.piece = _i % WIDTHS == NARROW_DOWN;
    asked.room = _i % WIDTHS == NARROW_UP;
    go(&asked);
    ck_assert_uint_eq(asked.wire->heard_length, 0); /* the server speaks first */
    play_all(&asked, dialogue);
    check_done(&asked, dialogue->greeting);
    ck_assert_int_eq(strncmp(asked.steps, "starttls the server is ready for TLS;tls TLSv1.3, ", 50), 0);
    finish(&asked);
}
END_TEST

START_TEST(tls_comes_at_once_without_starttls)
{
    struct asked asked;

    set_up(&asked, NULL);
    go(&asked);
    ck_assert_uint_gt(asked.wire->heard_length, 0);
    ck_assert_int_eq(asked.wire->heard[0], SSL3_RT_HANDSHAKE);
    check_done(&asked, NULL);
    ck_assert_str_eq(SSL_get_servername(asked.peer.ssl, TLSEXT_NAMETYPE_host_name), HOST);
    ck_assert_uint_eq(asked.peer.offered_length, 0);
    ck_assert_int_eq(strncmp(asked.steps, "tls TLSv1.3, ", 13), 0);
    ck_assert_ptr_nonnull(strstr(asked.steps, ", certificate of CN=server by CN=Test Root;"));
    finish(&asked);
}
END_TEST

START_TEST(a_protocol_is_offered)
{
    struct asked asked;

    set_up(&asked, "imap");
    go(&asked);
    play_all(&asked, &dialogues[0]);
    check_done(&asked, dialogues[0].greeting);
    ck_assert_uint_eq(asked.peer.offered_length, 5);
    ck_assert_int_eq(memcmp(asked.peer.offered, "\x04imap", 5), 0);
    finish(&asked);
}
END_TEST

START_TEST(what_nobody_takes_is_freed)
{
    struct asked asked;

    set_up(&asked, "imap");
    go(&asked);
    play_all(&asked, &dialogues[0]);
    tls_peer_accept(&asked.peer, asked.wire);
    tls_peer_pump(&asked.peer);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    end(&asked);
    tls_peer_pump(&asked.peer);
    ck_assert(asked.peer.ended);
    finish(&asked);
}
END_TEST

/* --- bytes that came before --- */

/* The greeting, whole or in part, came with the proxy's answer. */
START_TEST(a_greeting_may_have_come_before)
{
    const struct dialogue *dialogue = &dialogues[_i / 2];
    struct asked asked;
    char start_of[8];

    set_up(&asked, dialogue->section);
    snprintf(start_of, sizeof start_of, "%s", dialogue->says[0]);
    asked.leftover = _i % 2 == 0 ? dialogue->says[0] : start_of;
    go(&asked);
    if (_i % 2 == 1) {
        ck_assert_uint_eq(asked.wire->heard_length, 0);
        wire_say(asked.wire, dialogue->says[0] + sizeof start_of - 1);
    }
    play_all(&asked, dialogue);
    check_done(&asked, dialogue->greeting);
    finish(&asked);
}
END_TEST

START_TEST(nothing_may_come_before_tls_at_once)
{
    struct asked asked;

    set_up(&asked, NULL);
    asked.leftover = "* OK hello\r\n";
    go(&asked);
    check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT,
                 "does not speak TLS here: it sent something before our hello");
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    finish(&asked);
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
    {"* OK [CAPABILITY STARTTLS] hello\r\na2 OK go\r\n", FAILURE_PERMANENT,
     "answers before it is asked; somebody on the way may be injecting answers"},
};

START_TEST(what_came_before_may_be_wrong)
{
    struct asked asked;

    set_up(&asked, "imap");
    asked.leftover = earlies[_i].leftover;
    go(&asked);
    check_failed(&asked, OUTCOME_PEER, earlies[_i].class, earlies[_i].what);
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    finish(&asked);
}
END_TEST

/* --- refusals --- */

struct refusal {
    size_t dialogue, turn; /* the server says this in place of what it says there */
    const char *says;
    enum failure_class class;
    const char *what;
};

static const struct refusal refusals[] = {
    {0, 0, "* BYE too busy\r\n", FAILURE_TEMPORARY, "turns us away: \"* BYE too busy\""},
    {0, 1, "a1 OK\r\n", FAILURE_PERMANENT,
     "offers no STARTTLS; set tls = yes if the server has a TLS port, or somebody on the way removes it"},
    {0, 2, "a2 BAD what\r\n", FAILURE_PERMANENT, "refuses STARTTLS: \"BAD what\""},
    {0, 2, "a2 NO [UNAVAILABLE] later\r\n", FAILURE_TEMPORARY, "refuses STARTTLS: \"NO [UNAVAILABLE] later\""},
    {2, 0, "554 no\r\n", FAILURE_PERMANENT, "turns us away: \"554 no\""},
    {2, 1, "502 what\r\n", FAILURE_PERMANENT, "does not say whether it offers STARTTLS: \"502 what\""},
    {2, 2, "454 TLS is out of order\r\n", FAILURE_TEMPORARY, "refuses STARTTLS: \"454 TLS is out of order\""},
    {4, 0, "400 full\r\n", FAILURE_TEMPORARY, "turns us away: \"400 full\""},
    {4, 1, "101 list:\r\nREADER\r\n.\r\n", FAILURE_PERMANENT,
     "offers no STARTTLS; set tls = yes if the server has a TLS port, or somebody on the way removes it"},
    {4, 2, "580 no\r\n", FAILURE_PERMANENT, "refuses STARTTLS: \"580 no\""},
    {5, 2, "-ERR no\r\n", FAILURE_PERMANENT, "refuses STLS: \"-ERR no\""},
    {6, 1, "NO \"no\"\r\n", FAILURE_PERMANENT, "refuses STARTTLS: \"NO \\\"no\\\"\""},
    /* bytes behind the go-ahead, and an answer to what was not asked yet */
    {0, 2, "a2 OK go\r\na3 OK evil\r\n", FAILURE_PERMANENT, INJECTED},
    {2, 2, "220 go\r\n220 evil\r\n", FAILURE_PERMANENT, INJECTED},
    {4, 2, "382 go\r\n\x16", FAILURE_PERMANENT, INJECTED},
    {2, 0, "220 mail\r\n250 STARTTLS\r\n", FAILURE_PERMANENT,
     "answers before it is asked; somebody on the way may be injecting answers"},
};

/* In one piece, and each byte for itself: no piece may end where an answer does and count for more. */
START_TEST(what_a_server_may_not_say)
{
    const struct refusal *refusal = &refusals[_i / 2];
    const struct dialogue *dialogue = &dialogues[refusal->dialogue];
    struct asked asked;

    set_up(&asked, dialogue->section);
    asked.piece = _i % 2;
    go(&asked);
    play(&asked, dialogue, refusal->turn);
    if (asked.piece > 0 && strstr(refusal->what, "before it is asked"))
        asked.wire->room = 0; /* or else it would be asked in time */
    wire_say(asked.wire, refusal->says);
    check_failed(&asked, OUTCOME_PEER, refusal->class, refusal->what);
    ck_assert_uint_eq(asked.wire->heard_length, 0); /* no hello, nor anything else */
    ck_assert_str_eq(asked.steps, "");
    finish(&asked);
}
END_TEST

/* --- silence, ends, breaks --- */

/* Before the server has said anything; behind each of its turns.  The limit is that of all of them together. */
START_TEST(the_plain_dialogue_has_a_limit)
{
    struct asked asked;

    set_up(&asked, "imap");
    go(&asked);
    for (size_t turn = 0; turn < (size_t)_i; turn++) {
        stage_advance(GREETING_MS / 4);
        wire_say(asked.wire, dialogues[0].says[turn]);
    }
    stage_advance(GREETING_MS - GREETING_MS / 4 * (unsigned)_i - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "the server did not agree on TLS (STARTTLS) within 10 s");
    ck_assert_uint_eq(stage_time(), GREETING_MS);
    finish(&asked);
}
END_TEST

/* At once, or behind STARTTLS, when it counts from the go-ahead; no answer to our hello, or a part of one. */
START_TEST(the_handshake_has_a_limit)
{
    struct asked asked;

    set_up(&asked, _i < 2 ? NULL : "smtp");
    go(&asked);
    if (_i >= 2) {
        play(&asked, &dialogues[2], 2);
        stage_advance(GREETING_MS - 1);
        wire_say(asked.wire, dialogues[2].says[2]);
    }
    stage_advance(HANDSHAKE_MS - 1);
    if (_i % 2 == 1) {
        tls_peer_accept(&asked.peer, asked.wire);
        tls_peer_answer(&asked.peer, 200);
    }
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "the TLS handshake was not done within 20 s");
    finish(&asked);
}
END_TEST

/* Behind each turn of the server, in the middle of the first, and in the handshake. */
enum ending { AT_FIRST, IN_A_LINE, BEHIND_GREETING, BEHIND_OFFERS, BEHIND_HELLO, IN_HANDSHAKE, ENDINGS };

static void reach(struct asked *asked, enum ending ending)
{
    go(asked);
    if (ending == IN_A_LINE)
        wire_say(asked->wire, "* OK hel");
    else if (ending <= BEHIND_OFFERS)
        play(asked, &dialogues[0], ending == BEHIND_OFFERS ? 2 : ending == BEHIND_GREETING);
    else
        play_all(asked, &dialogues[0]);
    if (ending == IN_HANDSHAKE) {
        tls_peer_accept(&asked->peer, asked->wire);
        tls_peer_answer(&asked->peer, 200);
    }
    ck_assert_uint_eq(asked->told, 0);
}

START_TEST(the_server_ends_it)
{
    struct asked asked;

    set_up(&asked, "imap");
    reach(&asked, (enum ending)_i);
    wire_end(asked.wire);
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                 _i < BEHIND_HELLO ? "closes the connection before TLS"
                                   : "closed the connection during the TLS handshake");
    finish(&asked);
}
END_TEST

START_TEST(the_connection_breaks)
{
    struct asked asked;

    set_up(&asked, "imap");
    reach(&asked, (enum ending)_i);
    wire_break(asked.wire, ECONNRESET);
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                 _i < BEHIND_HELLO ? "Connection reset by peer before TLS was agreed on"
                                   : "TLS handshake: Connection reset by peer");
    finish(&asked);
}
END_TEST

/* What cannot be sent is noticed where something is to be sent. */
START_TEST(the_connection_breaks_while_we_speak)
{
    struct asked asked;

    set_up(&asked, "imap");
    asked.room = 1;
    go(&asked);
    wire_say(asked.wire, "* OK hello\r\n");
    ck_assert_str_eq(asked.wire->heard, "a");
    wire_break(asked.wire, EPIPE);
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "Broken pipe before TLS was agreed on");
    finish(&asked);
}
END_TEST

/* The server says its go-ahead and ends: that is no TLS. */
START_TEST(an_end_behind_the_go_ahead)
{
    struct asked asked;

    set_up(&asked, "imap");
    go(&asked);
    play(&asked, &dialogues[0], 2);
    asked.wire->ended = true;
    wire_say(asked.wire, dialogues[0].says[2]);
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "closes the connection before TLS");
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    finish(&asked);
}
END_TEST

/* --- certificates --- */

/* At once, or behind STARTTLS. */
static void shake(struct asked *asked)
{
    go(asked);
    if (asked->starttls)
        play_all(asked, &dialogues[0]);
    tls_peer_accept(&asked->peer, asked->wire);
    tls_peer_pump(&asked->peer);
}

START_TEST(a_certificate_for_another_name)
{
    struct asked asked;

    set_up(&asked, _i == 0 ? NULL : "imap");
    asked.host = "imap.example.net";
    shake(&asked);
    check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT, "certificate is for " HOST ", not for imap.example.net");
    ck_assert_int_eq(asked.peer.refused, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    finish(&asked);
}
END_TEST

START_TEST(a_certificate_by_nobody_that_is_trusted)
{
    struct asked asked;

    set_up(&asked, _i == 0 ? NULL : "imap");
    tls_peer_show(&asked.peer, &(struct authority_plan){.subject = "server", .names = "DNS:" HOST});
    shake(&asked);
    check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT, "certificate is signed by itself and not trusted; set "
                 "tls-ca-file to a file that holds it");
    ck_assert_int_eq(asked.peer.refused, SSL_R_TLSV1_ALERT_UNKNOWN_CA);
    finish(&asked);
}
END_TEST

START_TEST(verification_may_be_switched_off)
{
    struct asked asked;

    set_up(&asked, NULL);
    asked.host = "imap.example.net";
    asked.trusts_all = true;
    go(&asked);
    check_done(&asked, NULL);
    ck_assert_ptr_nonnull(strstr(asked.steps, ", not verified;"));
    finish(&asked);
}
END_TEST

START_TEST(a_file_of_ours_is_missing)
{
    struct asked asked;

    set_up(&asked, _i == 0 ? NULL : "imap");
    asked.ca_file = "/nonexistent/ca.pem";
    go(&asked);
    if (_i == 1) {
        play(&asked, &dialogues[0], 2);
        wire_say(asked.wire, dialogues[0].says[2]);
    }
    check_failed(&asked, OUTCOME_LOCAL, FAILURE_PERMANENT,
                 "/nonexistent/ca.pem cannot be read: No such file or directory");
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    finish(&asked);
}
END_TEST

START_TEST(something_else_than_tls_is_spoken)
{
    struct asked asked;

    set_up(&asked, _i == 0 ? NULL : "imap");
    go(&asked);
    if (_i == 1)
        play_all(&asked, &dialogues[0]);
    wire_say(asked.wire, "* OK hello\r\n");
    check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT, "does not speak TLS here");
    ck_assert_int_eq(strncmp(asked.failure.detail, " answer=\"* OK ", 14), 0);
    finish(&asked);
}
END_TEST

/* What was verified for one name at a place is not taken for another name there, nor at another place. */
START_TEST(a_session_is_resumed_for_the_same_name_and_place)
{
    static const char *const visits[][2] = {
        {HOST, PLACE}, {"imap.example.net", PLACE}, {HOST, HOST ":993"}, {HOST, PLACE},
    };
    struct asked asked;

    set_up(&asked, NULL);
    tls_peer_show(&asked.peer, &(struct authority_plan){.subject = "server", .issuer = asked.peer.root,
                                                        .names = "DNS:" HOST ",DNS:imap.example.net"});
    for (size_t i = 0; i < 4; i++) {
        asked.host = visits[i][0];
        asked.remember = visits[i][1];
        go(&asked);
        check_done(&asked, NULL);
        ck_assert_int_eq(SSL_session_reused(asked.peer.ssl), i == 3);
        ck_assert_int_eq(strstr(asked.steps, ", resumed;") != NULL, i == 3);
        end(&asked);
    }
    finish(&asked);
}
END_TEST

/* --- its end --- */

START_TEST(it_can_be_freed_whenever)
{
    struct asked asked;

    set_up(&asked, "imap");
    asked.leftover = _i == ENDINGS ? "* OK hello\r\n" : NULL;
    if (_i < ENDINGS)
        reach(&asked, (enum ending)_i);
    else
        start(&asked); /* it has not begun */
    tls_client_free(asked.tls);
    tls_client_free(asked.tls); /* once more in the same turn is fine */
    asked.tls = NULL;
    ck_assert(asked.wire->closed);
    stage_advance(2 * HANDSHAKE_MS);
    ck_assert_uint_eq(asked.told, 0);
    tls_client_free(NULL);
    finish(&asked);
}
END_TEST

/* Told of: what came before, a refusal, an end, our missing file, TLS that is none, time-outs; TLS that stands. */
START_TEST(it_can_be_freed_from_within_done)
{
    struct asked asked;
    const bool tls = _i == 4 || _i == 6 || _i == 7;

    set_up(&asked, "imap");
    asked.frees = true;
    asked.leftover = _i == 0 ? "* BYE\r\n" : NULL;
    asked.ca_file = _i == 3 ? "/nonexistent/ca.pem" : asked.ca_file;
    go(&asked);
    if (_i == 1)
        wire_say(asked.wire, "* PREAUTH hello\r\n* OK more\r\n");
    else if (_i == 2)
        wire_end(asked.wire);
    else if (_i == 5)
        stage_advance(GREETING_MS);
    else if (_i == 3)
        play(&asked, &dialogues[0], 2), wire_say(asked.wire, dialogues[0].says[2]);
    else if (tls)
        play_all(&asked, &dialogues[0]);
    if (_i == 4)
        wire_say(asked.wire, "* OK hello\r\n");
    else if (_i == 6)
        stage_advance(HANDSHAKE_MS);
    else if (_i == 7)
        tls_peer_accept(&asked.peer, asked.wire), tls_peer_pump(&asked.peer);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, _i == 7 ? OUTCOME_DONE : _i == 3 ? OUTCOME_LOCAL : OUTCOME_PEER);
    finish(&asked);
}
END_TEST

/* The owner borrows the failure until it frees.  What the server says meanwhile changes nothing, and is not
 * answered. */
START_TEST(it_is_over_when_it_has_told)
{
    struct asked asked;
    char steps[sizeof asked.steps];

    set_up(&asked, _i < 2 ? "imap" : NULL);
    go(&asked);
    if (_i == 0)
        play(&asked, &dialogues[0], 2);
    else if (_i == 1)
        wire_say(asked.wire, "* BYE too busy\r\n");
    if (_i == 0 || _i == 2)
        stage_advance(HANDSHAKE_MS);
    ck_assert_uint_eq(asked.told, 1);
    memcpy(steps, asked.steps, sizeof steps);
    if (_i < 2) {
        wire_say(asked.wire, _i == 0 ? dialogues[0].says[2] : "* OK hello\r\n");
        ck_assert_uint_eq(asked.wire->heard_length, 0);
        wire_end(asked.wire);
    } else if (_i == 2) {
        tls_peer_accept(&asked.peer, asked.wire);
        tls_peer_pump(&asked.peer);
        ck_assert(!asked.peer.open);
    } else {
        wire_say(asked.wire, "* OK hello\r\n");
        wire_say(asked.wire, "* OK hello\r\n");
        wire_break(asked.wire, ECONNRESET);
    }
    stage_advance(2 * HANDSHAKE_MS);
    ck_assert_str_eq(asked.steps, steps);
    ck_assert_ptr_nonnull(asked.borrowed);
    check_failed(&asked, OUTCOME_PEER, asked.failure.class, asked.failure.what);
    finish(&asked);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls client");
    const int dialogue_count = sizeof dialogues / sizeof dialogues[0];

    tcase_add_loop_test(cases, each_server_is_led_into_tls, 0, WIDTHS * dialogue_count);
    tcase_add_test(cases, tls_comes_at_once_without_starttls);
    tcase_add_test(cases, a_protocol_is_offered);
    tcase_add_test(cases, what_nobody_takes_is_freed);
    tcase_add_loop_test(cases, a_greeting_may_have_come_before, 0, 2 * dialogue_count);
    tcase_add_test(cases, nothing_may_come_before_tls_at_once);
    tcase_add_loop_test(cases, what_came_before_may_be_wrong, 0, sizeof earlies / sizeof earlies[0]);
    tcase_add_loop_test(cases, what_a_server_may_not_say, 0, 2 * sizeof refusals / sizeof refusals[0]);
    tcase_add_loop_test(cases, the_plain_dialogue_has_a_limit, 0, 3);
    tcase_add_loop_test(cases, the_handshake_has_a_limit, 0, 4);
    tcase_add_loop_test(cases, the_server_ends_it, 0, ENDINGS);
    tcase_add_loop_test(cases, the_connection_breaks, 0, ENDINGS);
    tcase_add_test(cases, the_connection_breaks_while_we_speak);
    tcase_add_test(cases, an_end_behind_the_go_ahead);
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
