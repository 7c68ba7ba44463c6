/* SPDX-License-Identifier: ISC */
/* The BIO that carries TLS records between OpenSSL and the transport below.  Outgoing records are collected in a
 * batch: several are sent in one call, and OpenSSL has to wait only when a whole batch cannot be sent. */
#ifndef SALLYPORT_RECORD_BIO_H
#define SALLYPORT_RECORD_BIO_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "net/transport.h"

#define RECORD_BIO_FIRST_BYTES 48 /* of the other side, kept to report what it speaks if it is not TLS */

struct batch;

/* Embedded in its TLS transport.  A new one is zeroed memory with below set. */
struct record_bio {
    struct transport *below;  /* owned by the TLS transport */
    struct batch *out;        /* records that wait to be sent; NULL: none */
    size_t budget;            /* bytes that OpenSSL may still read; at 0 it is told to try again later */
    unsigned char first[RECORD_BIO_FIRST_BYTES];
    unsigned char first_length;
    bool closing;             /* the room reserved for close_notify may be used */
    bool closed;              /* close_notify is written: nothing may follow it (RFC 8446 section 6.1) */
    bool cut;                 /* below has reached the end of its stream */
    bool broken;              /* below has failed, or memory has; error and why say how */
    int error;                /* errno, as in a transport */
    const char *why;          /* in words, static, or NULL, as in a transport */
};

/* A BIO for SSL_set_bio, both ways; records is borrowed and must outlive it.  NULL: out of memory. */
BIO *record_bio_new(struct record_bio *records);

/* Sends the waiting records.  0: all were sent; TRANSPORT_AGAIN: below will be ready again; or TRANSPORT_ERROR. */
ssize_t record_bio_flush(struct record_bio *records);

/* Whether there is room for another record. */
bool record_bio_has_room(const struct record_bio *records);

/* Drops the waiting records and frees their memory. */
void record_bio_release(struct record_bio *records);

#endif
