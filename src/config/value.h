/* SPDX-License-Identifier: ISC */
/* The kinds of values of configuration keys: how each is parsed, printed and freed.  Pure, but values own memory. */
#ifndef SALLYPORT_VALUE_H
#define SALLYPORT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "net/endpoint.h"
#include "protocol/protocol.h"

#define VALUE_MASK "********" /* printed by `check` in place of a secret */
#define VALUE_LIST_MAX 32     /* members of a list: addresses of a listener, urls and headers of a proxy */

/* A list of texts, all owned. */
struct value_texts {
    size_t count;
    char *at[VALUE_LIST_MAX];
};

enum value_flag {
    VALUE_REQUIRED = 1 << 0,
    VALUE_REPEATS = 1 << 1,   /* the key may occur more than once; each adds to the list */
    VALUE_SECRET = 1 << 2,    /* never printed; its file must not be readable by others */
    VALUE_VERBATIM = 1 << 3,  /* quotes at its ends may be meant */
    VALUE_SPLITS = 1 << 4,    /* what stands before the value's last `=` may stand behind the key */
    VALUE_EXPANDS = 1 << 5,   /* a path or a user: $USER and its like stand for what they name (expansion.h) */
    VALUE_PERSONAL = 1 << 6,  /* says who the user is, which a file for all users may leave to each (overlay.h) */
    VALUE_OF_FILE = 1 << 7,   /* says how files are read; printed as a comment, since what is printed is whole */
};

struct value_kind;

/* What a key takes. */
struct value_rule {
    const char *key;
    const struct value_kind *kind;
    uint64_t least, most;     /* range of a number, in the unit of the field */
    const char *const *words; /* the possible words, ended by NULL, for value_word and value_words */
    unsigned flags;           /* enum value_flag */
};

/* The kinds, and the C type of the field that each fills.  Places are in config/places.h, networks and
 * paths in files of their names. */
extern const struct value_kind value_yes_no;   /* bool */
extern const struct value_kind value_word;     /* unsigned: index into words */
extern const struct value_kind value_words;    /* unsigned: one bit for each of words; "none": 0 */
extern const struct value_kind value_number;   /* uint32_t; suffix k: times 1024, m: times 1024 * 1024 */
extern const struct value_kind value_time;     /* uint32_t in ms; suffix s, m, h or d; without one, seconds */
extern const struct value_kind value_text;     /* char *, owned */
extern const struct value_kind value_user;     /* char *, owned, without a colon */
extern const struct value_kind value_token;    /* char *, owned: NAME or NAME/VERSION */
extern const struct value_kind value_protocol; /* const struct protocol *, static: the name of a kind of listener */
extern const struct value_kind value_target;   /* struct endpoint_target */
extern const struct value_kind value_headers;  /* struct value_texts: "Name: value" */

/* Parses a value into a field, which is zeroed or has a value; a list is added to.  protocol: that of the listener
 * that the key belongs to, or NULL.  False: *why names the fault, valid until the next call. */
bool value_parse(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                 const char **why);

/* Adds what an indented line says to a field that value_parse has filled.  False as above; also for a kind that is no
 * list and cannot go on. */
bool value_continue(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                    const char **why);

/* Writes lines "key = value", with secrets masked; ";key =" when there is no value. */
void value_print(const struct value_rule *rule, const void *field, FILE *out);

/* Wipes and frees what the field owns, and empties it. */
void value_release(const struct value_rule *rule, void *field);

/* Whether a value begins and ends with quotes, straight ones or those that word processors make of them. */
bool value_is_quoted(const char *value);

/* Whether a header ("Name: value") has credentials. */
bool value_header_is_secret(const char *header);

/* Whether it has credentials of the kind that a user and a password make: for a proxy, or, where the section asks
 * servers for a resource (asks_server), for those. */
bool value_header_is_login(const char *header, bool asks_server);

#endif
