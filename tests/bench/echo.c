/* SPDX-License-Identifier: ISC */
#include "role.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

#define PIECE_BYTES 4096
#define BUFFER_BYTES 262144

/* A process of its own, which would otherwise hold up the echo, sends without end. */
static bool flood(const struct stream *stream)
{
    static char buffer[BUFFER_BYTES];

    signal(SIGCHLD, SIG_IGN); /* nobody waits for it */
    if (fork() == 0) {
        wire_block(stream->fd);
        while (send(stream->fd, buffer, sizeof buffer, MSG_NOSIGNAL) > 0)
            ;
        _exit(0);
    }
    return true;
}

static bool serve(struct stream *stream)
{
    char piece[PIECE_BYTES];
    ssize_t took = stream_take(stream, piece, sizeof piece);

    if (took <= 0)
        return took == STREAM_AGAIN;
    if (!stream->ssl && took == sizeof WIRE_FLOOD - 1 && memcmp(piece, WIRE_FLOOD, sizeof WIRE_FLOOD - 1) == 0)
        return flood(stream);
    return stream_give(stream, piece, (size_t)took) == took; /* less: the client does not read, contrary to its role */
}

const struct role role_echo = {"echo", false, false, serve};
