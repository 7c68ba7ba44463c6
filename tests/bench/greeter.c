/* SPDX-License-Identifier: ISC */
#include "role.h"

static bool serve(struct stream *stream)
{
    ssize_t took = stream_drop(stream);

    return took > 0 || took == STREAM_AGAIN;
}

const struct role role_greeter = {"greeter", false, false, serve};
