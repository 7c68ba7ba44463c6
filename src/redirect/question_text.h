/* SPDX-License-Identifier: ISC */
/* The sentence that a question to the user is: who asks, which proxy wants what moved where, and for how long.
 * Pure. */
#ifndef SALLYPORT_QUESTION_TEXT_H
#define SALLYPORT_QUESTION_TEXT_H

#include "net/endpoint.h"
#include "redirect/setproxy.h"

#define QUESTION_TEXT_MAX 1200 /* bytes, with the NUL: three names of 255 bytes and the words between them */

/* Writes the sentence, one line, for what the sender said (SET or DIRECT).  Returns out. */
const char *question_text(const struct endpoint *sender, const struct setproxy *said, char out[QUESTION_TEXT_MAX]);

#endif
