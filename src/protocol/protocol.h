/* SPDX-License-Identifier: ISC */
/* What differs between IMAP, SMTP, submission, NNTP, POP3, ManageSieve and anything else: names, ports, whether the
 * server greets first, how it refuses.  One table; pure; all texts are static. */
#ifndef SALLYPORT_PROTOCOL_H
#define SALLYPORT_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"

#define PROTOCOL_REFUSAL_MAX 200 /* bytes of a refusal line with its CR LF: fits every protocol's line */

#define PROTOCOL_BEGINNINGS_MAX 5  /* ways in which a protocol's server begins */
#define PROTOCOL_BEGINNING_BYTES 16 /* of the longest of them */

struct protocol {
    const char *section;     /* name of its sections in the configuration: "imap" */
    const char *token;       /* for Upgrade: "IMAP"; NULL: the configuration must say */
    const char *tls_token;   /* the token for TLS from the first byte: "IMAPS"; NULL: the same as token */
    const char *service;     /* label of its SRV records (RFC 6186, RFC 5804): "imap"; with an "s" appended, that for
                              * TLS from the first byte (RFC 8314); NULL: none */
    const char *alpn;        /* id of the ALPN registry: "imap"; NULL: none */
    uint16_t listen_port;    /* default local port; 0: the configuration must say */
    uint16_t target_port;    /* default port of the server; 0: the configuration must say */
    uint16_t tls_port;       /* port where servers expect TLS from the first byte; 0: none */
    bool server_first;       /* the server greets before the client sends anything */
    const char *greetings[2]; /* possible starts of a positive greeting; none: any greeting is one */
    const char *beginnings[PROTOCOL_BEGINNINGS_MAX]; /* how a server's first line begins, be it positive or negative */
    const char *farewell;    /* the client's last command: "QUIT"; NULL: not known */
    const char *goodbyes[2]; /* how the server's answer to it begins */
    bool tagged;             /* commands have a tag before them, and so have their answers */
    const char *temporary;   /* start of the refusal line for a temporary failure; NULL: no such line */
    const char *permanent;   /* the same for a permanent one */
    const char *end;         /* end of the refusal line, before CR LF */
};

/* The row whose section is name, of length bytes; NULL when there is none. */
const struct protocol *protocol_find(const char *name, size_t length);

/* The port that servers of a scheme listen on; 0: not known.  scheme is a token in any case, or that and a lower-case
 * "s" for TLS from the first byte. */
uint16_t protocol_default_port(const char *scheme);

/* Row i of the table, from 0; NULL after the last. */
const struct protocol *protocol_row(size_t i);

/* The protocol's token for TLS from the first byte, if it has one and token is its own without TLS; else NULL. */
const char *protocol_tls_token(const struct protocol *protocol, const char *token);

/* Whether servers at this port expect TLS from the first byte, or plain text at first. */
bool protocol_expects_tls(const struct protocol *protocol, uint16_t port);
bool protocol_expects_plain(const struct protocol *protocol, uint16_t port);

/* Whether a server's greeting (its first line) is positive. */
bool protocol_welcomes(const struct protocol *protocol, const char *greeting);

enum protocol_beginning {
    PROTOCOL_BEGINS_NOT,   /* no server of this protocol says this first */
    PROTOCOL_BEGINS_MAYBE, /* it is the start of what one says; ask again with more, PROTOCOL_BEGINNING_BYTES at most */
    PROTOCOL_BEGINS,
};

/* Whether the first length bytes of a stream are how a server of this protocol begins, where the server speaks first
 * (letters in any case). */
enum protocol_beginning protocol_begins(const struct protocol *protocol, const char *bytes, size_t length);

/* Whether they are how TLS begins: the head of a record (RFC 8446 section 5.1, RFC 5246 section 6.2.1). */
enum protocol_beginning protocol_begins_tls(const char *bytes, size_t length);

/* Writes into out, NUL-terminated, the line that tells a client of a failure: at most PROTOCOL_REFUSAL_MAX bytes of
 * printable ASCII, CR LF included.  Returns its length; 0: the protocol has no such line, so reset the connection. */
size_t protocol_refusal(const struct protocol *protocol, const struct failure *failure,
                        char out[PROTOCOL_REFUSAL_MAX + 1]);

#endif
