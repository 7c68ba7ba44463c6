/* SPDX-License-Identifier: ISC */
#include "config/section_kind.h"

#include <string.h>

/* The first are no listeners; by enum option_section, which has one word for all listeners. */
const char *const section_kind_words[] = {"sallyport", "proxy", "redirects", "reverse", "relay", "public",
                                          "imap", "smtp", "submission", "nntp", "pop3", "managesieve", "forward", NULL};

static const enum option_section kinds[] = {OPTION_GLOBAL, OPTION_PROXY, OPTION_REDIRECTS, OPTION_REVERSE,
                                            OPTION_RELAY, OPTION_PUBLIC};

bool section_kind_find(const char *word, size_t length, enum option_section *kind, const struct protocol **protocol)
{
    *protocol = protocol_find(word, length);
    *kind = OPTION_LISTENER;
    for (size_t i = 0; !*protocol && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen(section_kind_words[i]) == length && memcmp(word, section_kind_words[i], length) == 0) {
            *kind = kinds[i];
            return true;
        }
    return *protocol;
}
