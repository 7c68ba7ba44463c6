/* Asks the person at the controlling terminal for a password: one line, which is not shown while it is typed.
 *
 * It speaks to /dev/tty, never to standard input and output, which carry mail in `connect`.  The loop goes on
 * meanwhile.  However it ends, the terminal is left as it was found, and nothing that was typed is left in it for the
 * next program.
 * For as long as the question stands, SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP are watched: the terminal is put
 * right first, then the signal does what it would have done.  Who comes back from SIGTSTP is asked again. */
#ifndef SALLYPORT_PROMPT_H
#define SALLYPORT_PROMPT_H

#include <stddef.h>

#include "base/loop.h"

#define PROMPT_LINE_MAX 1024 /* bytes of an answer; the terminal itself takes no line of more than 4095 */

struct prompt;

/* line is what was typed, without the end of the line, NUL-terminated, of length bytes (there may be a NUL among them);
 * wiped after the call.  NULL: nothing was given, and error says why in a few words. */
typedef void prompt_done_fn(void *arg, const char *line, size_t length, const char *error);

/* Writes text, which must be printable and is copied, and waits for a line.  Calls back exactly once, never from within
 * this call; the prompt is gone then.  There is one terminal: the caller asks one question at a time.
 *
 * NULL: there is nobody to be asked, because the process has no terminal, or runs in the background of it, or because
 * memory is short. */
struct prompt *prompt_start(struct loop *loop, const char *text, prompt_done_fn *done, void *arg);

/* Puts the terminal right and ends the prompt; the call back will not come.  NULL is fine. */
void prompt_cancel(struct prompt *prompt);

#endif
