/* SPDX-License-Identifier: ISC */
#include "relay/incoming.h"

#include <stdlib.h>
#include <string.h>

#include "base/wiped.h"

#define PIECE_BYTES 1024 /* of room at first: most heads fit.  It doubles */

static bool make_room(struct incoming **at)
{
    struct incoming *in = *at;
    size_t size;
    char *bytes;

    if (!in && !(in = *at = calloc(1, sizeof *in)))
        return false;
    if (in->length < in->size)
        return true;
    size = in->size == 0 ? PIECE_BYTES : 2 * in->size;
    bytes = wiped_realloc(in->bytes, size);
    if (!bytes)
        return false;
    in->bytes = bytes;
    in->size = size;
    return true;
}

static enum incoming_result parse(struct incoming *in, struct request_head *head, struct request_head_fault *fault)
{
    switch (request_head_read(head, &in->so_far, in->bytes, in->length, &in->used, fault)) {
    case REQUEST_HEAD_MORE:
        return INCOMING_MORE;
    case REQUEST_HEAD_DONE:
        return INCOMING_DONE;
    case REQUEST_HEAD_BAD:
        break;
    }
    return INCOMING_BAD;
}

enum incoming_result incoming_read(struct incoming **in, struct transport *transport, struct request_head *head,
                                   struct request_head_fault *fault)
{
    enum incoming_result result = incoming_has_begun(*in) ? parse(*in, head, fault) : INCOMING_MORE;

    while (result == INCOMING_MORE) {
        ssize_t got = make_room(in) ? transport_recv(transport, (*in)->bytes + (*in)->length,
                                                     (*in)->size - (*in)->length) : TRANSPORT_ERROR;

        if (got == TRANSPORT_AGAIN)
            return INCOMING_MORE;
        if (got <= 0)
            return got == TRANSPORT_EOF ? INCOMING_ENDED : INCOMING_BROKEN;
        (*in)->length += (size_t)got;
        result = parse(*in, head, fault);
    }
    return result;
}

bool incoming_has_begun(const struct incoming *in)
{
    return in && in->length > 0;
}

size_t incoming_behind(const struct incoming *in)
{
    return in ? in->length - in->used : 0;
}

char *incoming_copy_behind(const struct incoming *in, size_t *length)
{
    char *copy;

    *length = incoming_behind(in);
    copy = *length > 0 ? malloc(*length) : NULL;
    if (copy)
        memcpy(copy, in->bytes + in->used, *length);
    return copy;
}

void incoming_next(struct incoming **at)
{
    struct incoming *in = *at;
    size_t left = incoming_behind(in);

    if (left == 0) {
        incoming_drop(at);
        return;
    }
    memmove(in->bytes, in->bytes + in->used, left);
    memset(&in->so_far, 0, sizeof in->so_far);
    in->length = left;
    in->used = 0;
}

void incoming_drop(struct incoming **at)
{
    if (*at)
        wiped_free((*at)->bytes);
    free(*at);
    *at = NULL;
}
