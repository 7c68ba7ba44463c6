/* SPDX-License-Identifier: ISC */
/* The helper's side of its two pipes to the daemon: whole lines (finding/talk.h) are read and written, blocking. */
#ifndef SALLYPORT_TALK_PIPE_H
#define SALLYPORT_TALK_PIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "finding/talk.h"

struct talk_pipe {
    int in, out;           /* descriptors, borrowed */
    size_t start, end;     /* of what was read and not taken */
    char buffer[TALK_LINE_MAX];
};

/* Begins with nothing read. */
void talk_pipe_begin(struct talk_pipe *pipe, int in, int out);

/* The next line without its newline, NUL-terminated, borrowed until the next read.  NULL: the pipe has ended, or what
 * comes is no line: longer than TALK_LINE_MAX, or with a NUL in it. */
char *talk_pipe_line(struct talk_pipe *pipe);

/* Reads so many bytes as they are.  False: the pipe ended before that. */
bool talk_pipe_bytes(struct talk_pipe *pipe, char *to, size_t length);

/* Says a line: word and, unless text is NULL, a blank and the text, length bytes.  Control characters of the text
 * become blanks, and what does not fit into a line is cut.  False: nobody reads any more. */
bool talk_pipe_say(struct talk_pipe *pipe, const char *word, const char *text, size_t length);

#endif
