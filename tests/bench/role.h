/* SPDX-License-Identifier: ISC */
/* What the target does with a connection: source, sink, echo or greeter, one file each.  All greet first, as a mail
 * server does. */
#ifndef SALLYPORT_BENCH_ROLE_H
#define SALLYPORT_BENCH_ROLE_H

#include <stdbool.h>

#include "stream.h"

struct role {
    const char *name;
    bool bulk;                            /* only sends, or only takes, as fast as it can */
    bool writes;                          /* wants to be called whenever it can write */
    bool (*serve)(struct stream *stream); /* the stream is ready: serve it; false: it is over */
};

extern const struct role role_source; /* sends without end */
extern const struct role role_sink;   /* takes all and says nothing */
extern const struct role role_echo;   /* gives back what it gets, in small pieces; or floods whoever asks for that */
extern const struct role role_greeter; /* says no more than its greeting */

#endif
