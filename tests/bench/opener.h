/* SPDX-License-Identifier: ISC */
/* Opens tunnels: connects to a forwarder and waits for the greeting of the target behind it, many at once. */
#ifndef SALLYPORT_BENCH_OPENER_H
#define SALLYPORT_BENCH_OPENER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* What to open, and what came of it. */
struct opener {
    struct sockaddr_in to;
    const char *ask;                             /* HOST:PORT to CONNECT to, where the forwarder wants that; or NULL */
    unsigned at_once;
    unsigned count;                              /* so many and no more */
    uint64_t until;                              /* what is not open at this instant is given up; 0: no limit */
    unsigned pause_ms;                           /* before each but the first */
    void (*opened)(void *arg, int fd, uint64_t took_ns); /* fd belongs to the callee, and does not block */
    void *arg;
    unsigned done;                               /* greeted */
    unsigned failed;                             /* refused, broken, or without a greeting for long */
    unsigned resumed;                            /* greetings that told of a resumed TLS session */
    bool stalled;                                /* given up, for none at all came in time */
};

/* Returns when all have been opened or have failed, or the time is over. */
void opener_run(struct opener *opener);

#endif
