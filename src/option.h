/* The option table: every key of the configuration file, once.  It feeds parsing, defaults, `check` and the tests that
 * hold man page and sample file against it.  A row names a field by its offset in the struct that its kind of section
 * fills.  Pure, but for the memory that values own. */
#ifndef SALLYPORT_OPTION_H
#define SALLYPORT_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "endpoint.h"
#include "protocol.h"

#define OPTION_MASK "********"      /* what stands for a secret in what `check` prints */
#define OPTION_LIST_MAX 32          /* addresses of a listener, urls and headers of a proxy */

enum option_section {
    OPTION_GLOBAL,   /* [sallyport]: struct settings */
    OPTION_PROXY,    /* [proxy]: struct proxy_config */
    OPTION_LISTENER, /* [imap] and the like: struct listener_config */
};

enum option_flag {
    OPTION_REQUIRED = 1 << 0,
    OPTION_REPEATS = 1 << 1,   /* may stand more than once; each adds to the list */
    OPTION_CONTINUES = 1 << 2, /* a list by white space, may go on in indented lines */
    OPTION_SECRET = 1 << 3,    /* never printed; keeps its file private */
};

/* A list of texts, all owned. */
struct option_texts {
    size_t count;
    char *at[OPTION_LIST_MAX];
};

/* A list of places. */
struct option_places {
    size_t count;
    bool environment; /* "environment" instead of a list */
    struct endpoint at[OPTION_LIST_MAX];
};

struct option_kind;

struct option_row {
    enum option_section section;
    const char *key;
    const struct option_kind *kind;
    size_t offset;               /* of the field in its section's struct */
    const char *initial;         /* the default, as text; NULL: unset */
    uint64_t least, most;        /* of numbers, in the unit of the field */
    const char *const *words;    /* of kinds that choose from words, ended by NULL */
    unsigned flags;              /* enum option_flag */
    const char *help;            /* one line */
};

/* The rows one by one: i from 0, NULL behind the last.  option_count is their number. */
const struct option_row *option_row(size_t i);
size_t option_count(void);

/* The row of a key in a section, or NULL. */
const struct option_row *option_find(enum option_section section, const char *key);
size_t option_index(const struct option_row *option);

/* Reads a value into base + offset.  False: *why names the fault.  A list is added to. */
bool option_set(const struct option_row *option, const struct protocol *protocol, void *base, const char *value,
                const char **why);

/* Writes "key = value" lines, secrets masked; "; key =" when the key is unset. */
void option_print(const struct option_row *option, const void *base, FILE *out);

/* Frees what the field owns, secrets wiped, and empties it. */
void option_release(const struct option_row *option, void *base);

/* Whether a header of the configuration carries credentials. */
bool option_header_is_secret(const char *header);

#endif
