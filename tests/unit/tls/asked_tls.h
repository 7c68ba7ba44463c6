/* SPDX-License-Identifier: ISC */
/* A client of TLS on the stage (stage.h), its server, what it is started with and what it told: for check_tls_client
 * and check_tls_client_starttls. */
#ifndef SALLYPORT_ASKED_TLS_H
#define SALLYPORT_ASKED_TLS_H

#include "../stage.h"
#include "../tls_peer.h"
#include "../unit.h"
#include "tls/tls_client.h"

#define GREETING_MS 10000
#define HANDSHAKE_MS 20000
#define HOST "mail.example.net"
#define PLACE HOST ":143"

struct asked_tls {
    struct services *services;
    struct tls_peer peer;
    struct wire *wire;
    struct tls_client *tls;
    const struct protocol *starttls; /* or NULL */
    const char *ehlo_name;           /* or NULL */
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

/* Sets the stage.  protocol: its section of the configuration, or NULL for TLS at once. */
void asked_tls_set_up(struct asked_tls *asked, const char *protocol);

/* Starts it on a new wire: nothing happens within the call. */
void asked_tls_start(struct asked_tls *asked);

/* Starts it, and lets it go as far as it can. */
void asked_tls_go(struct asked_tls *asked);

/* It has told once, and just this. */
void asked_tls_check_failed(const struct asked_tls *asked, enum outcome outcome, enum failure_class class,
                            const char *what);

/* The server answers our hello, TLS stands, its stream carries bytes and is closed, and the client is to get this first
 * (NULL: nothing). */
void asked_tls_check_done(struct asked_tls *asked, const char *greeting);

/* Frees it: nothing is told any more, and the connection is given up. */
void asked_tls_end(struct asked_tls *asked);

/* The same, and the end of stage and server. */
void asked_tls_tear_down(struct asked_tls *asked);

/* --- the dialogues of STARTTLS, as they should be --- */

#define TURNS_MAX 3

struct dialogue {
    const char *section;
    const char *says[TURNS_MAX];  /* the server, one after the other */
    const char *hears[TURNS_MAX]; /* what we say then; NULL: that was the last turn, and our hello follows */
    const char *greeting;         /* what the client is to get; NULL: nothing */
};

enum { D_IMAP, D_IMAP_TELLS, D_SMTP, D_SUBMISSION, D_NNTP, D_POP3, D_SIEVE, DIALOGUES };

extern const struct dialogue dialogues[DIALOGUES];

/* Plays the server in its turns before the given one; what it says first may have come already. */
void asked_tls_play(struct asked_tls *asked, const struct dialogue *dialogue, size_t until);

/* Plays it to its end: our hello is on its way then, and was not before. */
void asked_tls_play_all(struct asked_tls *asked, const struct dialogue *dialogue);

#endif
