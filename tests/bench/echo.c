#include "role.h"

#define PIECE_BYTES 4096

static bool serve(struct stream *stream)
{
    char piece[PIECE_BYTES];
    ssize_t took = stream_take(stream, piece, sizeof piece);

    if (took <= 0)
        return took == STREAM_AGAIN;
    return stream_give(stream, piece, (size_t)took) == took; /* less: the client does not read, contrary to its role */
}

const struct role role_echo = {"echo", false, false, serve};
