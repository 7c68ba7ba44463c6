/* SPDX-License-Identifier: ISC */
/* The relay's answers to requests: one table of statuses, one writer.  Pure. */
#ifndef SALLYPORT_REPLY_H
#define SALLYPORT_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http_head_slice.h"
#include "net/address.h"

#define REPLY_TOKEN_MAX 64   /* bytes of a token of Upgrade that is repeated to its sender */
#define REPLY_ALPN_MAX 255   /* bytes of an ALPN id as TLS has it (RFC 7301 section 3.1) */
#define REPLY_ORIGIN_MAX 300 /* bytes of a host with its port */
#define REPLY_BYTES_MAX 1536 /* of the longest answer: token, an id with every byte encoded, Forwarded */

/* An answer that opens nothing. */
struct reply {
    unsigned status;      /* one of the table in reply.c */
    uint32_t retry_after; /* seconds; 0: no Retry-After */
    const char *upgrade;  /* 426: what to ask for; otherwise NULL */
    const char *allow;    /* 405: the methods; otherwise NULL */
    bool last;            /* the connection ends behind it */
    bool bodiless;        /* to HEAD: its body is announced, and not sent */
};

#define REPLY_RETRY_S 5 /* Retry-After where a limit is reached or nobody waits: a mail program asks as often */

/* The answer of that status, with Retry-After where one helps (429, 503). */
struct reply reply_of(unsigned status);

/* Writes it, with a short body of plain text where the status has one.  Returns its length.  Texts are ours. */
size_t reply_write(const struct reply *reply, char out[REPLY_BYTES_MAX]);

/* Writes the 101 that hands a client over to a waiting place.  token: that of its Upgrade, as it was asked, at most
 * REPLY_TOKEN_MAX bytes.  for_: the client; its family may be unspecified: nobody knows.  alpn: the id chosen of those
 * that the place named, percent-encoded (RFC 7639), or NULL.  Returns its length. */
size_t reply_write_handover(const char *token, const struct address *for_, const struct address *by, const char *alpn,
                            char out[REPLY_BYTES_MAX]);

/* Writes the answer that opens a client's tunnel, NUL-terminated: 200 to CONNECT; to TCPConnection 101, in which
 * allowed, at most REPLY_ORIGIN_MAX bytes, is the host that Access-Control allows, or empty: none was asked about. */
void reply_write_open(char out[REPLY_BYTES_MAX]);
void reply_write_switched(const struct http_head_slice *allowed, char out[REPLY_BYTES_MAX]);

/* Writes an ALPN id as the fields ALPN and Selected-ALPN have it: what is no byte of a token, and '%', is encoded, with
 * upper-case digits (RFC 7639 section 2.2).  Returns out. */
#define REPLY_ALPN_TEXT_MAX (3 * REPLY_ALPN_MAX + 1)
const char *reply_encode_alpn(const char *id, size_t length, char out[REPLY_ALPN_TEXT_MAX]);

#endif
