/* SPDX-License-Identifier: ISC */
#include "asked_tls.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked_tls *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
    asked->borrowed = failure;
    if (asked->frees) {
        tls_client_free(asked->tls);
        asked->tls = NULL;
        asked->borrowed = NULL;
    }
}

static void on_step(void *arg, const char *step, const char *text)
{
    struct asked_tls *asked = arg;
    size_t length = strlen(asked->steps);

    snprintf(asked->steps + length, sizeof asked->steps - length, "%s %s;", step, text);
}

void asked_tls_set_up(struct asked_tls *asked, const char *protocol)
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

void asked_tls_start(struct asked_tls *asked)
{
    struct tls_client_params params = {
        .loop = stage_loop(),
        .contexts = asked->services->contexts,
        .leftover = asked->leftover ? unit_exact(asked->leftover, strlen(asked->leftover)) : NULL,
        .leftover_length = asked->leftover ? strlen(asked->leftover) : 0,
        .starttls = asked->starttls,
        .ehlo_name = asked->ehlo_name,
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

void asked_tls_go(struct asked_tls *asked)
{
    asked_tls_start(asked);
    stage_settle();
}

void asked_tls_check_failed(const struct asked_tls *asked, enum outcome outcome, enum failure_class class,
                            const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_str_eq(asked->failure.what, what);
    ck_assert_int_eq(asked->outcome, outcome);
    ck_assert_int_eq(asked->failure.class, class);
    ck_assert_str_eq(asked->failure.where, ""); /* the owner adds it */
    if (asked->borrowed) { /* what was told stays as it is */
        ck_assert_int_eq(asked->borrowed->class, asked->failure.class);
        ck_assert_str_eq(asked->borrowed->where, asked->failure.where);
        ck_assert_str_eq(asked->borrowed->what, asked->failure.what);
        ck_assert_str_eq(asked->borrowed->detail, asked->failure.detail);
    }
}

void asked_tls_check_done(struct asked_tls *asked, const char *greeting)
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

void asked_tls_end(struct asked_tls *asked)
{
    unsigned told = asked->told;

    tls_client_free(asked->tls);
    asked->tls = NULL;
    asked->borrowed = NULL;
    ck_assert(!wire_is_held(asked->wire)); /* at once */
    stage_advance(2 * HANDSHAKE_MS);
    ck_assert_uint_eq(asked->told, told);
}

void asked_tls_tear_down(struct asked_tls *asked)
{
    asked_tls_end(asked);
    stage_tear_down();
    tls_peer_tear_down(&asked->peer);
}

/* --- the dialogues --- */

const struct dialogue dialogues[DIALOGUES] = {
    [D_IMAP] = {"imap", {"* OK [CAPABILITY IMAP4rev1] hello\r\n", "a1 OK go\r\n"},
     {"a1 STARTTLS\r\n"}, "* OK hello\r\n"},
    [D_IMAP_TELLS] = {"imap", {"* OK [CAPABILITY STARTTLS] hello\r\n", "a1 OK go\r\n"},
     {"a1 STARTTLS\r\n"}, "* OK hello\r\n"},
    [D_SMTP] = {"smtp", {"220-mail ESMTP\r\n220 welcome\r\n", "250-mail\r\n250 STARTTLS\r\n", "220 go\r\n"},
     {"EHLO [127.0.0.1]\r\n", "STARTTLS\r\n"}, "220-mail ESMTP\r\n220 welcome\r\n"},
    [D_SUBMISSION] = {"submission", {"220 mail\r\n", "250-mail\r\n250 STARTTLS\r\n", "220 go\r\n"},
     {"EHLO [127.0.0.1]\r\n", "STARTTLS\r\n"}, "220 mail\r\n"},
    [D_NNTP] = {"nntp", {"201 news\r\n", "382 go\r\n"}, {"STARTTLS\r\n"}, "201 news\r\n"},
    [D_POP3] = {"pop3", {"+OK pop\r\n", "+OK go\r\n"}, {"STLS\r\n"}, "+OK pop\r\n"},
    [D_SIEVE] = {"managesieve", {"\"STARTTLS\"\r\nOK sieve\r\n", "OK go\r\n"}, {"STARTTLS\r\n"}, NULL},
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
static void hear(struct asked_tls *asked, const char *text)
{
    for (size_t rounds = 0; asked->room > 0 && rounds < strlen(text) && asked->wire->heard_length < strlen(text);
         rounds++)
        wire_give_room(asked->wire, asked->room);
    ck_assert_str_eq(asked->wire->heard, text);
    wire_clear(asked->wire);
}

void asked_tls_play(struct asked_tls *asked, const struct dialogue *dialogue, size_t until)
{
    for (size_t turn = 0; turn < until; turn++) {
        if (turn > 0 || !asked->leftover)
            wire_say(asked->wire, dialogue->says[turn]);
        hear(asked, dialogue->hears[turn]);
        ck_assert_uint_eq(asked->told, 0);
    }
}

void asked_tls_play_all(struct asked_tls *asked, const struct dialogue *dialogue)
{
    size_t last = last_turn(dialogue);

    asked_tls_play(asked, dialogue, last);
    ck_assert_uint_eq(asked->wire->heard_length, 0); /* no hello before the go-ahead */
    if (asked->room > 0)
        wire_give_room(asked->wire, SIZE_MAX);
    wire_say(asked->wire, dialogue->says[last]);
    ck_assert_uint_gt(asked->wire->heard_length, 0);
    ck_assert_int_eq(asked->wire->heard[0], SSL3_RT_HANDSHAKE);
}
