/* SPDX-License-Identifier: ISC */
/* What every fuzz target is: one function, called with bytes that nobody has looked at before.  A target asserts what
 * must hold for any input; libFuzzer (--enable-fuzzing) or replay.c calls it. */
#ifndef SALLYPORT_FUZZ_H
#define SALLYPORT_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Like assert, and always compiled in. */
#define MUST(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

#endif
