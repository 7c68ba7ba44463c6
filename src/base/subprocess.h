/* SPDX-License-Identifier: ISC */
/* Runs another program for its output, without blocking: `password-command` and `ask-command`. */
#ifndef SALLYPORT_SUBPROCESS_H
#define SALLYPORT_SUBPROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

#define SUBPROCESS_OUTPUT_MAX 4096 /* bytes kept of what it prints; the rest is read and dropped */

struct subprocess;

/* status is that of wait(2).  If the program took too long, status is -1 and error says so; otherwise error is NULL.
 * output is what it printed: length bytes, NUL-terminated, borrowed, wiped after the call. */
typedef void subprocess_done_fn(void *arg, int status, const char *output, size_t length, const char *error);

/* Starts argv[0], looked for in PATH, in a process group of its own: standard input is empty, standard error is ours,
 * extra ("NAME=value", or NULL) is added to our environment, and its limit of descriptors is the one that we were
 * started with.  argv and extra are only read during the call.  After limit_ms milliseconds the program is killed with
 * its group.  Calls done exactly once, never from within this call.  NULL: it cannot be started, and error, which has
 * size bytes, says why. */
struct subprocess *subprocess_run(struct loop *loop, char *const argv[], char *extra, uint32_t limit_ms,
                                  subprocess_done_fn *done, void *arg, char *error, size_t size);

/* Kills it; done will not be called.  NULL is fine. */
void subprocess_cancel(struct subprocess *command);

#endif
