/* Errors of a file, gathered while it is read and told in the order of its lines. */
#ifndef SALLYPORT_DIAGNOSTICS_H
#define SALLYPORT_DIAGNOSTICS_H

#include <stdarg.h>
#include <stddef.h>

#define DIAGNOSTICS_MAX 100 /* more are counted, not told */

struct diagnostic {
    int line;
    size_t place; /* in the order of finding */
    char *text;   /* owned; NULL: out of memory */
};

/* Zeroed memory holds none. */
struct diagnostics {
    size_t count; /* found; the first DIAGNOSTICS_MAX of them are kept */
    struct diagnostic kept[DIAGNOSTICS_MAX];
};

/* Keeps one about a line; 0: about the file as a whole. */
void diagnostics_add(struct diagnostics *complaints, int line, const char *format, va_list values)
    __attribute__((format(printf, 3, 0)));

/* Hands each to report as "NAME:LINE: text" or "NAME: text", those about the whole first, and frees them. */
void diagnostics_tell(struct diagnostics *complaints, const char *name, void (*report)(void *arg, const char *line),
                      void *arg);

#endif
