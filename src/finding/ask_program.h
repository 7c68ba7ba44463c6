/* SPDX-License-Identifier: ISC */
/* Asks a program of the user's where the proxy is: `url = command:PATH`.  Its one argument is the URL that the question
 * is about; no shell has a part in it. */
#ifndef SALLYPORT_ASK_PROGRAM_H
#define SALLYPORT_ASK_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct ask_program;

/* text: what it printed, length bytes, without the white space at its ends; borrowed for the call.  NULL: error says
 * what became of the program, for people. */
typedef void ask_program_fn(void *arg, const char *text, size_t length, const char *error);

/* Starts the program, which has limit_ms.  Calls told once, never from within this call.  NULL: it cannot be started,
 * and error, which has size bytes, says why. */
struct ask_program *ask_program_start(struct loop *loop, const char *path, const char *url, uint32_t limit_ms,
                                      ask_program_fn *told, void *arg, char *error, size_t size);

/* Ends it; told will not be called.  NULL is fine. */
void ask_program_cancel(struct ask_program *program);

#endif
