/* SPDX-License-Identifier: ISC */
/* Large buffers for the time of one call or one turn, so that what is idle holds none.  There is one thread. */
#ifndef SALLYPORT_SCRATCH_H
#define SALLYPORT_SCRATCH_H

#define SCRATCH_BYTES 65536
#define SCRATCH_KEPT 4 /* are kept for the next one: an HTTP/2 connection within another needs two of each */

/* A buffer of SCRATCH_BYTES, to be given back.  NULL: out of memory. */
void *scratch_take(void);

/* NULL is fine. */
void scratch_give(void *scratch);

#endif
