/* Errors of a file, gathered while it is read and told in the order of its lines. */
#ifndef SALLYPORT_DIAGNOSTICS_H
#define SALLYPORT_DIAGNOSTICS_H

#include <stdarg.h>
#include <stddef.h>

#define COMPLAINTS_MAX 100 /* more are counted, not told */

struct complaint {
    int line;
    size_t place; /* in the order of finding */
    char *text;   /* owned; NULL: out of memory */
};

/* Zeroed memory holds none. */
struct complaints {
    size_t count; /* found; the first COMPLAINTS_MAX of them are kept */
    struct complaint kept[COMPLAINTS_MAX];
};

/* Keeps one about a line; 0: about the file as a whole. */
void complaints_add(struct complaints *complaints, int line, const char *format, va_list values)
    __attribute__((format(printf, 3, 0)));

/* Hands each to report as "NAME:LINE: text" or "NAME: text", those about the whole first, and frees them. */
void complaints_tell(struct complaints *complaints, const char *name, void (*report)(void *arg, const char *line),
                     void *arg);

#endif
