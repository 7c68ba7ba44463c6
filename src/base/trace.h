/* SPDX-License-Identifier: ISC */
/* Reports the steps of opening a tunnel, for `try` or for the log at its debug level.  A trace is passed by value in
 * the params of each part.  With a zeroed one, nobody reads and nothing is formatted. */
#ifndef SALLYPORT_TRACE_H
#define SALLYPORT_TRACE_H

#include <stdbool.h>

/* A step is over: step names it ("resolve", "connect", "tls", "request", "reply", ...), text says how it went.  Both
 * are borrowed for the call. */
typedef void trace_sink_fn(void *arg, const char *step, const char *text);

struct trace {
    trace_sink_fn *sink; /* NULL: nobody reads */
    void *arg;
};

/* Whether anybody reads.  Ask before making a text that costs time. */
bool trace_wants(const struct trace *trace);

/* Reports a step; the text is formatted as by printf and cut to 1023 bytes. */
void trace_step(const struct trace *trace, const char *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
