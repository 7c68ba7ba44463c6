/* Runs another program for its output, without blocking: a password command, later a question to the user. */
#ifndef SALLYPORT_SUBPROCESS_H
#define SALLYPORT_SUBPROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

#define SUBPROCESS_OUTPUT_MAX 4096 /* bytes kept of what it prints; what comes behind is read and dropped */

struct subprocess;

/* status is that of wait(2), or -1 when the program took too long; error then says so.  output is what it printed until
 * it ended, NUL-terminated, of length bytes, wiped after the call. */
typedef void subprocess_done_fn(void *arg, int status, const char *output, size_t length, const char *error);

/* Starts argv[0] (looked for in PATH), with extra ("NAME=value", or NULL) added to our environment, standard input
 * empty, standard error ours, in a process group of its own.  After limit_ms it is killed with its group.  Calls back
 * exactly once, never from within this call.  NULL: it cannot be started; error says why. */
struct subprocess *subprocess_run(struct loop *loop, char *const argv[], char *extra, uint32_t limit_ms,
                                  subprocess_done_fn *done, void *arg, char *error, size_t size);

/* Kills it; the call back will not come.  NULL is fine. */
void subprocess_cancel(struct subprocess *command);

#endif
