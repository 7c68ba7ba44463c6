/* SPDX-License-Identifier: ISC */
#include "role.h"

#define TAKES_MAX 64 /* in a turn; TLS gives 16 KiB at a time */

static bool serve(struct stream *stream)
{
    for (int i = 0; i < TAKES_MAX; i++) {
        ssize_t took = stream_drop(stream);

        if (took <= 0)
            return took == STREAM_AGAIN;
        if (!stream->ssl)
            break; /* it took all there was */
        if (SSL_has_pending(stream->ssl))
            i--; /* nobody would tell of bytes that are there already */
    }
    return true;
}

const struct role role_sink = {"sink", true, false, serve};
