/* SPDX-License-Identifier: ISC */
/* Memory for a library through whose hands secrets go: what it gives back is overwritten. */
#ifndef SALLYPORT_WIPED_H
#define SALLYPORT_WIPED_H

#include <stddef.h>

/* As malloc, calloc, strdup and strndup.  What they return is given back by the two below, and by nothing else. */
void *wiped_alloc(size_t size);
void *wiped_alloc_zeroed(size_t count, size_t size);
char *wiped_copy(const char *text);
char *wiped_copy_part(const char *text, size_t length);

/* As free and realloc, for such blocks.  NULL is fine in both; a size of 0 is one byte. */
void wiped_free(void *block);
void *wiped_realloc(void *block, size_t size);

#endif
