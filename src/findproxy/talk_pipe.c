/* SPDX-License-Identifier: ISC */
#include "findproxy/talk_pipe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void talk_pipe_begin(struct talk_pipe *pipe, int in, int out)
{
    pipe->in = in;
    pipe->out = out;
    pipe->start = pipe->end = 0;
}

/* Reads once.  0: the end, or an error, which is the same to us. */
static size_t read_some(int from, char *to, size_t size)
{
    ssize_t got;

    do
        got = read(from, to, size);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

char *talk_pipe_line(struct talk_pipe *pipe)
{
    size_t seen = pipe->start;

    for (;;) {
        char *newline = memchr(pipe->buffer + seen, '\n', pipe->end - seen);
        size_t got;

        if (newline) {
            char *line = pipe->buffer + pipe->start;

            *newline = '\0';
            pipe->start = (size_t)(newline - pipe->buffer) + 1;
            return memchr(line, '\0', (size_t)(newline - line)) ? NULL : line;
        }
        memmove(pipe->buffer, pipe->buffer + pipe->start, pipe->end - pipe->start);
        pipe->end -= pipe->start;
        pipe->start = 0;
        seen = pipe->end;
        if (pipe->end == sizeof pipe->buffer)
            return NULL;
        got = read_some(pipe->in, pipe->buffer + pipe->end, sizeof pipe->buffer - pipe->end);
        if (got == 0)
            return NULL;
        pipe->end += got;
    }
}

bool talk_pipe_bytes(struct talk_pipe *pipe, char *to, size_t length)
{
    size_t had = pipe->end - pipe->start;

    if (had > length)
        had = length;
    memcpy(to, pipe->buffer + pipe->start, had);
    pipe->start += had;
    while (had < length) {
        size_t got = read_some(pipe->in, to + had, length - had);

        if (got == 0)
            return false;
        had += got;
    }
    return true;
}

bool talk_pipe_say(struct talk_pipe *pipe, const char *word, const char *text, size_t length)
{
    char line[TALK_LINE_MAX];
    size_t at = strlen(word), said = 0;

    memcpy(line, word, at);
    if (text) {
        line[at++] = ' ';
        if (length > sizeof line - 1 - at)
            length = sizeof line - 1 - at;
        for (size_t i = 0; i < length; i++) {
            unsigned char byte = (unsigned char)text[i];

            line[at++] = byte < 0x20 || byte == 0x7f ? ' ' : (char)byte;
        }
    }
    line[at++] = '\n';
    while (said < at) {
        ssize_t put = write(pipe->out, line + said, at - said);

        if (put < 0 && errno != EINTR)
            return false;
        said += put > 0 ? (size_t)put : 0;
    }
    return true;
}
