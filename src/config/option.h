/* The option table: every key of the configuration file, once.  It feeds parsing, defaults, `check` and the tests that
 * hold man page and sample file against it.  A row names a field by its offset in the struct that its kind of section
 * fills (settings.h).  Pure. */
#ifndef SALLYPORT_OPTION_H
#define SALLYPORT_OPTION_H

#include <stddef.h>

#include "config/value.h"

enum option_section {
    OPTION_GLOBAL,   /* [sallyport]: struct settings */
    OPTION_PROXY,    /* [proxy]: struct proxy_config */
    OPTION_REDIRECTS, /* [redirects]: struct redirect_settings */
    OPTION_LISTENER, /* [imap] and the like: struct listener_config */
};

struct option_row {
    enum option_section section;
    struct value_rule rule;
    size_t offset;       /* of the field in its section's struct */
    const char *initial; /* the default, as text; NULL: unset, or told by the protocol */
    const char *help;    /* one line */
};

/* The rows one by one: i from 0, NULL behind the last. */
const struct option_row *option_row(size_t i);

/* The row of a key in a section, or NULL; and its place in the table. */
const struct option_row *option_find(enum option_section section, const char *key);
size_t option_index(const struct option_row *row);

/* The field of that row in its section's struct. */
void *option_field(const struct option_row *row, void *base);
const void *option_field_const(const struct option_row *row, const void *base);

#endif
