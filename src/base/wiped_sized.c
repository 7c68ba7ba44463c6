/* SPDX-License-Identifier: ISC */
/* For systems whose malloc does not tell how large a block is: the size stands before it. */
#include "base/wiped.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sized {
    size_t size;        /* of bytes */
    max_align_t bytes[]; /* so that they may be anything */
};

static struct sized *whole(void *block)
{
    return (struct sized *)((char *)block - offsetof(struct sized, bytes));
}

void *wiped_alloc(size_t size)
{
    struct sized *sized = size <= SIZE_MAX - sizeof *sized ? malloc(sizeof *sized + size) : NULL;

    if (!sized)
        return NULL;
    sized->size = size;
    return sized->bytes;
}

void *wiped_alloc_zeroed(size_t count, size_t size)
{
    size_t both;
    void *block = __builtin_mul_overflow(count, size, &both) ? NULL : wiped_alloc(both);

    return block ? memset(block, 0, both) : NULL;
}

char *wiped_copy(const char *text)
{
    return wiped_copy_part(text, strlen(text));
}

char *wiped_copy_part(const char *text, size_t length)
{
    size_t size = strnlen(text, length);
    char *copy = wiped_alloc_zeroed(size + 1, 1);

    return copy ? memcpy(copy, text, size) : NULL;
}

void wiped_free(void *block)
{
    struct sized *sized;

    if (!block)
        return;
    sized = whole(block);
    explicit_bzero(sized, sizeof *sized + sized->size);
    free(sized);
}

void *wiped_realloc(void *block, size_t size)
{
    size_t kept = block ? whole(block)->size : 0;
    void *grown = wiped_alloc(size ? size : 1);

    if (!grown)
        return NULL;
    if (kept > 0)
        memcpy(grown, block, kept < size ? kept : size);
    wiped_free(block);
    return grown;
}
