/* SPDX-License-Identifier: ISC */
/* Compares one password with a hash of crypt(3), in a child process: that takes a tenth of a second and more, in which
 * the loop must not stand still.  The child holds no descriptor and runs nothing else. */
#ifndef SALLYPORT_CRYPT_CHILD_H
#define SALLYPORT_CRYPT_CHILD_H

#include <stdint.h>

#include "base/loop.h"

struct crypt_child;

enum crypt_result {
    CRYPT_RIGHT,
    CRYPT_WRONG,
    CRYPT_UNFIT, /* crypt(3) makes nothing of this hash, or of this password */
    CRYPT_LOST,  /* the child was killed or took too long: nothing is known */
};

typedef void crypt_child_done_fn(void *arg, enum crypt_result result);

/* password and hash are only read during the call.  After limit_ms milliseconds the child is killed.  Calls done
 * exactly once, never from within this call.  NULL: no process can be started. */
struct crypt_child *crypt_child_start(struct loop *loop, const char *password, const char *hash, uint32_t limit_ms,
                                      crypt_child_done_fn *done, void *arg);

/* Kills it; done will not be called.  NULL is fine. */
void crypt_child_cancel(struct crypt_child *child);

#endif
