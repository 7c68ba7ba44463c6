/* SPDX-License-Identifier: ISC */
/* For systems whose malloc tells how large a block is. */
#include "base/wiped.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *wiped_alloc(size_t size)
{
    return malloc(size);
}

void *wiped_alloc_zeroed(size_t count, size_t size)
{
    return calloc(count, size);
}

char *wiped_copy(const char *text)
{
    return strdup(text);
}

char *wiped_copy_part(const char *text, size_t length)
{
    return strndup(text, length);
}

void wiped_free(void *block)
{
    if (!block)
        return;
    explicit_bzero(block, malloc_usable_size(block));
    free(block);
}

/* realloc itself would leave the bytes behind when it moves them. */
void *wiped_realloc(void *block, size_t size)
{
    size_t kept = block ? malloc_usable_size(block) : 0;
    void *grown = malloc(size ? size : 1);

    if (!grown)
        return NULL;
    if (kept > 0)
        memcpy(grown, block, kept < size ? kept : size);
    wiped_free(block);
    return grown;
}
