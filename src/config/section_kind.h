/* SPDX-License-Identifier: ISC */
/* Kinds of sections, and what the first word of a header says of it.  Pure; all texts are static. */
#ifndef SALLYPORT_SECTION_KIND_H
#define SALLYPORT_SECTION_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/protocol.h"

enum option_section {
    OPTION_GLOBAL,   /* [sallyport]: struct settings */
    OPTION_PROXY,    /* [proxy]: struct proxy_config */
    OPTION_REDIRECTS, /* [redirects]: struct redirect_settings */
    OPTION_LISTENER, /* [imap] and the like: struct listener_config */
    OPTION_REVERSE,  /* [reverse]: struct reverse_config */
    OPTION_RELAY,    /* [relay]: struct relay_config */
    OPTION_PUBLIC,   /* [public]: struct public_config */
};

/* The words of all kinds, ended by NULL. */
extern const char *const section_kind_words[];

/* The kind that a word of that length names, and of a listener the protocol (of others NULL).  False: none. */
bool section_kind_find(const char *word, size_t length, enum option_section *kind, const struct protocol **protocol);

#endif
