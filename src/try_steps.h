/* SPDX-License-Identifier: ISC */
/* The lines that `sallyport try` prints: each step with the time it took. */
#ifndef SALLYPORT_TRY_STEPS_H
#define SALLYPORT_TRY_STEPS_H

#include <stdint.h>

#include "base/failure.h"
#include "base/loop.h"

struct try_steps {
    struct loop *loop;
    uint64_t since; /* ms: when the current step began */
};

/* The first step begins. */
void try_steps_begin(struct try_steps *steps, struct loop *loop);

/* Prints "  connect      3 ms  192.0.2.1:3128", cut to the width of a terminal; the next step begins.  A trace_sink_fn
 * of struct try_steps. */
void try_steps_show(void *steps, const char *step, const char *text);

/* Prints why it did not work. */
void try_steps_fail(const struct failure *failure);

#endif
