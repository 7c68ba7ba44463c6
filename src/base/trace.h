/* The steps of an opening tunnel, told where they happen to whoever wants to read them: `try`, or the log at its debug
 * level.  A trace is handed down by value in the params of each part; a zeroed one is read by nobody, and then nothing
 * is formatted. */
#ifndef SALLYPORT_TRACE_H
#define SALLYPORT_TRACE_H

#include <stdbool.h>

/* A step is over: step names it ("resolve", "connect", "tls", "request", "reply", ...), text says how it went. */
typedef void trace_sink_fn(void *arg, const char *step, const char *text);

struct trace {
    trace_sink_fn *sink; /* NULL: nobody reads */
    void *arg;
};

/* Whether anybody reads, for a step whose text costs something. */
bool trace_wants(const struct trace *trace);

/* Tells a step; its text is cut to 1023 bytes. */
void trace_step(const struct trace *trace, const char *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
