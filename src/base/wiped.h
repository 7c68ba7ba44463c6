/* Memory for a library through whose hands secrets go: what it gives back is overwritten. */
#ifndef SALLYPORT_WIPED_H
#define SALLYPORT_WIPED_H

#include <stddef.h>

/* As free and realloc, for blocks of malloc.  NULL is fine in both; a size of 0 is one byte. */
void wiped_free(void *block);
void *wiped_realloc(void *block, size_t size);

#endif
