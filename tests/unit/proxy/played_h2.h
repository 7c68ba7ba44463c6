/* SPDX-License-Identifier: ISC */
/* HTTP/2 connections as their owner sees them, played by the test: for programs that have h2_connection's functions
 * wrapped (local.mk). */
#ifndef SALLYPORT_PLAYED_H2_H
#define SALLYPORT_PLAYED_H2_H

#include "http/h2_connection.h"

struct played {
    struct h2_connection_params params; /* its name is not kept */
    char name[300];
    uint64_t serial;
    struct h2_settings settings;
    bool settled, draining, full;       /* full: it takes no more, for a reason of its own */
    const char *death;
    size_t tunnels, waiting, most, limit; /* limit: SIZE_MAX for none */
    uint64_t idle_since;
    uint32_t patience;
    unsigned pings;
    bool pinged;                        /* the last one waits for its answer */
    bool held;                          /* its owner has not let go of it */
};

/* Forgets the connections of an earlier test, and afterwards those of this one.  Fails when one is held still. */
void played_set_up(void);
void played_tear_down(void);

/* How many were made, the i-th of them from 0, and the one that somebody got (NULL: none). */
unsigned played_count(void);
struct played *played(unsigned i);
struct played *played_by(const struct h2_connection *connection);

/* There is no memory for one from now on, or there is. */
void played_lacks(bool memory);

/* What happens on a connection, and what follows from it: its SETTINGS come, with so many streams; it has so many
 * tunnels and requests; the answer to a PING comes; GOAWAY comes; it dies. */
void played_settle(struct played *played, uint32_t streams);
void played_carry(struct played *played, size_t tunnels, size_t waiting);
void played_answer(struct played *played);
void played_drain(struct played *played);
void played_die(struct played *played, const char *why);

#endif
