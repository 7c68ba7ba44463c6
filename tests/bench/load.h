/* SPDX-License-Identifier: ISC */
/* The kinds of load, one file each.  Each warms the forwarder up, calls load_begin, works, and calls load_end with its
 * figures as `key=value` words. */
#ifndef SALLYPORT_BENCH_LOAD_H
#define SALLYPORT_BENCH_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>

/* What the command line asks for. */
struct load {
    struct sockaddr_in to; /* the forwarder's listener */
    const char *ask;       /* what it has to be asked for by CONNECT; NULL: nothing */
    unsigned streams;      /* at once */
    unsigned milliseconds; /* of work */
    unsigned count;        /* tunnels, at most */
    unsigned pause_ms;     /* between new tunnels */
    unsigned warm_up_ms;   /* for the first tunnels, which do not count, at most */
};

/* Says `begin` and waits until the one who measures has read his meters. */
void load_begin(void);

/* Says `end` and the figures, and waits until the one who measures has read his meters again. */
void load_end(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Opens so many tunnels, 32 at once, and keeps them; ends the program when one fails.  Gives their descriptors, which
 * do not block; to be freed. */
int *load_open(const struct load *load, unsigned count);

/* Has a process of its own take what the echo then sends without end over so many more tunnels, for as long as this
 * one lives.  count: 1 or more. */
void flood_run(const struct load *load, unsigned count);

void bulk_run(const struct load *load, bool up);
void tunnels_run(const struct load *load);
void trips_run(const struct load *load);
void idle_run(const struct load *load);

#endif
