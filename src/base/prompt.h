/* SPDX-License-Identifier: ISC */
/* Asks the person at the controlling terminal for one line: a password, which is not shown while it is typed, or
 * anything else, which is.
 *
 * It uses /dev/tty, never standard input and output, which carry mail in `connect`.  The loop runs meanwhile.
 * However it ends, the terminal's settings are restored, and typed input is not left for the next program.
 * Until it ends, SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP are watched: the terminal is restored first, then the
 * signal has its usual effect.  After SIGTSTP and SIGCONT the question is asked again. */
#ifndef SALLYPORT_PROMPT_H
#define SALLYPORT_PROMPT_H

#include <stddef.h>

#include "base/loop.h"

#define PROMPT_LINE_MAX 1024 /* bytes of an answer; a terminal takes no line of more than 4095 */

struct prompt;

/* line is what was typed: length bytes, without the newline, NUL-terminated (a NUL may also be among them); borrowed,
 * and wiped after the call.  NULL: there is no answer, and error (static) says why in a few words. */
typedef void prompt_done_fn(void *arg, const char *line, size_t length, const char *error);

/* Writes text, which must be printable (a newline is, too) and is copied, and waits for a line.  Calls done exactly
 * once, never from within this call; the prompt must not be used after that.  There is one terminal: ask one question
 * at a time.
 *
 * NULL: the process has no controlling terminal or is in its background, or out of memory. */
struct prompt *prompt_start(struct loop *loop, const char *text, prompt_done_fn *done, void *arg);

/* The same for what is no secret: it is shown while it is typed. */
struct prompt *prompt_start_shown(struct loop *loop, const char *text, prompt_done_fn *done, void *arg);

/* Restores the terminal and ends the prompt; done will not be called.  NULL is fine. */
void prompt_cancel(struct prompt *prompt);

#endif
