/* Why a tunnel could not be opened, in one value that travels up from whoever noticed to the session, which tells
 * the log once and the client once.  Pure: no memory is owned. */
#ifndef SALLYPORT_FAILURE_H
#define SALLYPORT_FAILURE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum failure_class {
    FAILURE_TEMPORARY, /* network, time-out, 429, 5xx: the mail program may try again */
    FAILURE_PERMANENT, /* 403, 407, policy: trying again changes nothing */
};

struct failure {
    enum failure_class class;
    char scheme[8];    /* "http" for a proxy, "" for anything else; only the log shows it */
    char where[280];   /* host:port that the failure is about, "" when it is about ourselves */
    char what[256];    /* one line of printable ASCII */
    char detail[256];  /* more for the log: Proxy-Status and the first words of a body, printable ASCII; or "" */
};

/* The word that the log uses for it: "temporary" or "permanent". */
const char *failure_class_name(enum failure_class class);

/* Sets class and what (printf, cut to size, bytes that are not printable ASCII become '?'), empties the rest. */
void failure_set(struct failure *failure, enum failure_class class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void failure_vset(struct failure *failure, enum failure_class class, const char *format, va_list values)
    __attribute__((format(printf, 3, 0)));

/* Names the place: scheme may be "" and where is usually host:port. */
void failure_at(struct failure *failure, const char *scheme, const char *where);

/* The same from "scheme://host:port" or "host:port". */
void failure_at_url(struct failure *failure, const char *url);

/* Writes "where: what" (for the client) or "scheme://where: what" (for the log) and returns its length, cut to
 * size - 1. */
size_t failure_format(const struct failure *failure, bool with_scheme, char *out, size_t size);

#endif
