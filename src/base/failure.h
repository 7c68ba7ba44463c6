/* Why a tunnel could not be opened: one value, passed up from the function that found the error to the session, which
 * writes it to the log once and to the client once.  Pure: no memory is owned. */
#ifndef SALLYPORT_FAILURE_H
#define SALLYPORT_FAILURE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum failure_class {
    FAILURE_TEMPORARY, /* network, time-out, 429, 5xx: the mail program may try again */
    FAILURE_PERMANENT, /* 403, 407, policy: it would fail again */
};

struct failure {
    enum failure_class class;
    char scheme[8];    /* the proxy's, such as "http"; "" for anything else; only the log shows it */
    char where[280];   /* host:port that the failure is about; "" when it is sallyport's own */
    char what[256];    /* one line of printable ASCII */
    char detail[256];  /* more for the log, printable ASCII: Proxy-Status, the first words of a body; or "" */
};

/* The word that the log uses for the class: "temporary" or "permanent"; static. */
const char *failure_class_name(enum failure_class class);

/* Sets class and what, and empties the rest.  what is formatted as by printf and cut to its size; bytes that are not
 * printable ASCII become '?'.  The values may point into the failure. */
void failure_set(struct failure *failure, enum failure_class class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void failure_vset(struct failure *failure, enum failure_class class, const char *format, va_list values)
    __attribute__((format(printf, 3, 0)));

/* Sets scheme, which may be "", and where, which is usually host:port.  Both are copied and cut to size. */
void failure_at(struct failure *failure, const char *scheme, const char *where);

/* The same from one text, "scheme://host:port" or "host:port". */
void failure_at_url(struct failure *failure, const char *url);

/* Writes "where: what" (for the client) or, with_scheme, "scheme://where: what" (for the log) into out, which has
 * size (> 0) bytes, cut to size - 1 and NUL-terminated.  Returns the length written. */
size_t failure_format(const struct failure *failure, bool with_scheme, char *out, size_t size);

#endif
