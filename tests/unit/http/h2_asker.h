/* SPDX-License-Identifier: ISC */
/* An HTTP/2 connection whose other end is the test, and whoever asks for streams on it. */
#ifndef SALLYPORT_H2_ASKER_H
#define SALLYPORT_H2_ASKER_H

#include <stdbool.h>
#include <stddef.h>

#include "../h2_peer.h"
#include "http/h2_connection.h"
#include "http/h2_stream.h"

#define H2_ASKERS_MAX 1100

struct h2_asker {
    struct h2_stream *stream;      /* or NULL */
    struct transport *transport;   /* the same, once it is taken; or NULL */
    unsigned heads, ends, pages, others; /* events told */
    int status;                    /* of the last head */
    char field[64];                /* value of "x" in it, or "" */
    enum h2_end end;
    char why[200];
    bool takes;                    /* set by the test, true at first: 2xx is taken at once */
    bool reads;                    /* likewise: bytes are read as they come */
    int ready;                     /* told since it was last asked for */
    unsigned told;
    char *got;                     /* read, with a NUL behind it */
    size_t got_length;
    ssize_t last;                  /* what the last read returned */
    void (*on_ready)(struct h2_asker *asker); /* instead of reading; or NULL */
    void (*on_head)(struct h2_asker *asker);  /* or NULL */
};

struct h2_stage {
    struct wire *wire;
    struct h2_peer peer;
    struct h2_connection *connection;
    unsigned changes;              /* told to the owner */
    struct h2_asker askers[H2_ASKERS_MAX];
};

extern struct h2_stage h2;

/* The stage, a wire, a server on it that sets streams (UINT32_MAX: says nothing of it), and a connection. */
void h2_set_up_with(uint32_t streams, uint32_t keepalive, bool holds);
void h2_set_up(void);

/* Lets go of all. */
void h2_tear_down(void);

/* The i-th one asks.  Nothing is carried.  False: the connection takes none. */
bool h2_ask(size_t i);

/* The i-th one asks and gets a tunnel; it is the request of that number, too. */
struct h2_peer_stream *h2_open(size_t i);

/* Carries all that is to be said. */
void h2_carry(void);

/* Reads until there is no more. */
void h2_read(struct h2_asker *asker);
bool h2_has_got(const struct h2_asker *asker, const char *text);

/* Lets go of the i-th one. */
void h2_close(size_t i);
void h2_reset(size_t i);

#endif
