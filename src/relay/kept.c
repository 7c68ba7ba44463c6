/* SPDX-License-Identifier: ISC */
#include "relay/kept.h"

#include <stdlib.h>
#include <string.h>

#include "net/leftover.h"

#define PIECE_BYTES 4096 /* read at a time */

static bool add(struct kept *kept, const char *bytes, size_t length)
{
    char *grown = realloc(kept->bytes, kept->length + length);

    if (!grown)
        return false;
    memcpy(grown + kept->length, bytes, length);
    kept->bytes = grown;
    kept->length += length;
    return true;
}

enum kept_result kept_read(struct kept *kept, struct transport *client)
{
    char piece[PIECE_BYTES];

    while (kept->length < KEPT_MAX) {
        size_t room = KEPT_MAX - kept->length;
        ssize_t got = transport_peek(client, piece, 1); /* the end of the stream is the pump's to read */

        if (got == TRANSPORT_EOF)
            return KEPT_ENOUGH;
        if (got > 0)
            got = transport_recv(client, piece, room < sizeof piece ? room : sizeof piece);
        if (got == TRANSPORT_AGAIN)
            return KEPT_WELL;
        if (got <= 0 || !add(kept, piece, (size_t)got))
            return KEPT_BROKEN;
    }
    return KEPT_ENOUGH;
}

enum kept_result kept_send(struct kept *kept, struct transport *place)
{
    while (kept->sent < kept->length) {
        ssize_t sent = transport_send(place, kept->bytes + kept->sent, kept->length - kept->sent);

        if (sent == TRANSPORT_ERROR)
            return KEPT_BROKEN;
        if (sent <= 0)
            return KEPT_WELL;
        kept->sent += (size_t)sent;
    }
    return KEPT_WELL;
}

struct transport *kept_put_back(struct kept *kept, struct transport *client)
{
    size_t left = kept->length - kept->sent;
    char *bytes = kept->bytes;

    if (left == 0) {
        kept_drop(kept);
        return client;
    }
    memmove(bytes, bytes + kept->sent, left);
    memset(kept, 0, sizeof *kept);
    return leftover_transport(client, bytes, left);
}

void kept_drop(struct kept *kept)
{
    free(kept->bytes);
    memset(kept, 0, sizeof *kept);
}
