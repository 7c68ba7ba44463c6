#include "base/wiped.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

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
