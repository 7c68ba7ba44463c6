/* TLS records between OpenSSL and the transport below, as a BIO.  On their way down they are gathered, so that several
 * go in one call and OpenSSL need not wait for room unless a whole batch is stuck. */
#ifndef SALLYPORT_RECORD_BIO_H
#define SALLYPORT_RECORD_BIO_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "net/transport.h"

#define RECORD_BIO_FIRST_BYTES 48 /* of the other side's, kept to tell what speaks there if not TLS */

struct batch;

/* Embedded in its stream; zeroed memory but for below is a new one. */
struct record_bio {
    struct transport *below;  /* the stream's */
    struct batch *out;        /* NULL: nothing is on its way down */
    size_t budget;            /* how many bytes OpenSSL may still read; at 0 it is told to come again */
    unsigned char first[RECORD_BIO_FIRST_BYTES];
    unsigned char first_length;
    bool closing;             /* what is kept free for close_notify may be used */
    bool closed;              /* close_notify is written: nothing may follow it (RFC 8446 section 6.1) */
    bool cut;                 /* below has ended */
    bool broken;              /* below has failed, with the following */
    int error;                /* errno, and its words or NULL, as in a transport */
    const char *why;
};

/* A BIO for SSL_set_bio, both ways; records are borrowed and must outlive it.  NULL: out of memory. */
BIO *record_bio_new(struct record_bio *records);

/* Gives below what is on its way.  0: all of it, TRANSPORT_AGAIN: below will be ready again, or TRANSPORT_ERROR. */
ssize_t record_bio_flush(struct record_bio *records);

/* Whether another record fits on top of what is on its way. */
bool record_bio_has_room(const struct record_bio *records);

/* Drops what is on its way. */
void record_bio_release(struct record_bio *records);

#endif
