/* SPDX-License-Identifier: ISC */
/* What somebody may have meant by a key or a section that does not exist.  Pure. */
#ifndef SALLYPORT_SPELLING_H
#define SALLYPORT_SPELLING_H

#include <stddef.h>

#include "config/option.h"

#define SPELLING_HINT_MAX 80 /* bytes of a hint, with the NUL */

/* Both write what goes behind the message that a word is unknown, ": did you mean `target`?", or nothing when no known
 * one is near; and return out.  The word of a section has length bytes. */
const char *spelling_hint_key(enum option_section section, const char *key, char out[SPELLING_HINT_MAX]);
const char *spelling_hint_section(const char *word, size_t length, char out[SPELLING_HINT_MAX]);

#endif
