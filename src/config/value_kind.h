/* SPDX-License-Identifier: ISC */
/* What a kind of value is made of: for the files that implement kinds (value.c, places.c). */
#ifndef SALLYPORT_VALUE_KIND_H
#define SALLYPORT_VALUE_KIND_H

#include <stdbool.h>
#include <stdio.h>

struct protocol;
struct value_rule;

typedef bool value_parser(const struct value_rule *rule, const struct protocol *protocol, void *field,
                          const char *value, const char **why);

struct value_kind {
    value_parser *parse;
    void (*print)(const struct value_rule *rule, const void *field, FILE *out);
    void (*release)(void *field); /* NULL: the field owns nothing */
    value_parser *more;           /* adds to a list; NULL: it is none */
};

/* Names a fault (static text) and returns false. */
static inline bool value_fault(const char **why, const char *text)
{
    *why = text;
    return false;
}

#endif
