/* SPDX-License-Identifier: ISC */
/* What `sallyport try` says last: what to do next.  When it works, what to type into the mail program; when it does
 * not, what that means and whom to ask for what, with the lines that would allow it.  One table of conditions and
 * words.  Pure: facts in, text out. */
#ifndef SALLYPORT_TRY_ADVICE_H
#define SALLYPORT_TRY_ADVICE_H

#include <stdio.h>

#include "base/failure.h"
#include "config/settings.h"
#include "net/endpoint.h"

/* What is known when a listener has been tried; all of it is borrowed for the call. */
struct try_advice {
    const struct listener_config *listener; /* of a configuration that was checked */
    const struct failure *failure;          /* NULL: it works */
    const struct endpoint *target;          /* where it leads; NULL: not known, its SRV record was not found */
    const struct endpoint *proxy;           /* the last one that was asked; NULL: none, it was dialed directly */
    unsigned offered;                       /* bits of the schemes that have been offered (challenge_offered) by that
                                             * proxy, or by the one before it if the failure is on the way to it */
};

/* Prints a paragraph for each row that fits, or nothing where the failure's own words say all there is.  Its lines have
 * at most TRY_ADVICE_WIDTH columns, but for lines to be pasted and for words that are longer by themselves. */
#define TRY_ADVICE_WIDTH 80 /* columns of a terminal that nobody has widened */
void try_advice_print(const struct try_advice *facts, FILE *out);

/* Prints what holds for all listeners that work; once, at the end. */
void try_advice_print_end(FILE *out);

#endif
