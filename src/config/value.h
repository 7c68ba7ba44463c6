/* The kinds of values that keys of the configuration take: how each is read from text, printed back and freed.  Pure,
 * but for the memory that values own. */
#ifndef SALLYPORT_VALUE_H
#define SALLYPORT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "net/endpoint.h"
#include "protocol/protocol.h"

#define VALUE_MASK "********" /* what stands for a secret in what `check` prints */
#define VALUE_LIST_MAX 32     /* members of a list: addresses of a listener, urls and headers of a proxy */

/* A list of texts, all owned. */
struct value_texts {
    size_t count;
    char *at[VALUE_LIST_MAX];
};

/* A list of places. */
struct value_places {
    size_t count;
    bool environment; /* "environment" instead of a list */
    struct endpoint at[VALUE_LIST_MAX];
};

enum value_flag {
    VALUE_REQUIRED = 1 << 0,
    VALUE_REPEATS = 1 << 1,   /* may stand more than once; each adds to the list */
    VALUE_CONTINUES = 1 << 2, /* a list by white space, may go on in indented lines */
    VALUE_SECRET = 1 << 3,    /* never printed; keeps its file private */
};

struct value_kind;

/* What a key takes. */
struct value_rule {
    const char *key;
    const struct value_kind *kind;
    uint64_t least, most;     /* of numbers, in the unit of the field */
    const char *const *words; /* of kinds that choose from words, ended by NULL */
    unsigned flags;           /* enum value_flag */
};

/* The kinds, and the C type of the field that each fills. */
extern const struct value_kind value_yes_no;   /* bool */
extern const struct value_kind value_word;     /* unsigned: index into words */
extern const struct value_kind value_words;    /* unsigned: a bit for each of words; "none": 0 */
extern const struct value_kind value_number;   /* uint32_t; k and m stand for 1024 and its square */
extern const struct value_kind value_time;     /* uint32_t, milliseconds; s m h d, without a unit seconds */
extern const struct value_kind value_text;     /* char *, owned */
extern const struct value_kind value_user;     /* char *, owned, without a colon */
extern const struct value_kind value_token;    /* char *, owned: NAME or NAME/VERSION */
extern const struct value_kind value_listen;   /* struct value_places: localhost or literals, port 0 allowed */
extern const struct value_kind value_urls;     /* struct value_places: proxies' URLs, or environment */
extern const struct value_kind value_target;   /* struct endpoint_target */
extern const struct value_kind value_headers;  /* struct value_texts: "Name: value" */

/* Reads a value into a field.  False: *why names the fault.  A list is added to.  protocol: of the listener whose key
 * it is, or NULL. */
bool value_parse(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                 const char **why);

/* Writes "key = value" lines, secrets masked; ";key =" when it is unset. */
void value_print(const struct value_rule *rule, const void *field, FILE *out);

/* Frees what the field owns, wiped, and empties it. */
void value_release(const struct value_rule *rule, void *field);

/* Whether a header of the configuration carries credentials. */
bool value_header_is_secret(const char *header);

#endif
