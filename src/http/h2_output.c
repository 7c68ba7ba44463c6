/* SPDX-License-Identifier: ISC */
#include "http/h2_output.h"

#include <stdlib.h>
#include <string.h>

#include "base/scratch.h"

/* Has memory for so many bytes more.  False: there is none, and all is as it was. */
static bool reserve(struct h2_output *output, size_t length)
{
    size_t size = output->end + length;
    char *bytes;

    if (output->bytes && size <= output->size)
        return true;
    bytes = size <= SCRATCH_BYTES ? scratch_take() : malloc(size);
    if (!bytes)
        return false;
    if (output->bytes)
        memcpy(bytes, output->bytes, output->end);
    if (output->bytes && output->secret)
        explicit_bzero(output->bytes, output->end);
    scratch_give(output->bytes); /* which frees what is not its own */
    output->bytes = bytes;
    output->size = (uint32_t)(size <= SCRATCH_BYTES ? SCRATCH_BYTES : size);
    return true;
}

/* There is memory for them. */
static void append(struct h2_output *output, const void *bytes, size_t length)
{
    if (length > 0)
        memcpy(output->bytes + output->end, bytes, length);
    output->end += (uint32_t)length;
}

enum h2_output_result h2_output_add(struct h2_output *output, const void *head, size_t head_length, const void *body,
                                    size_t length)
{
    if (output->end + head_length + length > SCRATCH_BYTES)
        return H2_OUTPUT_FULL;
    if (!reserve(output, head_length + length))
        return H2_OUTPUT_NO_MEMORY;
    append(output, head, head_length);
    append(output, body, length);
    return H2_OUTPUT_OK;
}

enum h2_output_result h2_output_pass(struct h2_output *output, struct transport *below, const void *frames,
                                     size_t length)
{
    ssize_t sent = output->bytes ? TRANSPORT_AGAIN : transport_send(below, frames, length);
    size_t taken = sent > 0 ? (size_t)sent : 0;

    if (taken == length)
        return H2_OUTPUT_OK;
    if (!reserve(output, length - taken))
        return H2_OUTPUT_NO_MEMORY;
    append(output, (const char *)frames + taken, length - taken);
    return H2_OUTPUT_OK;
}

size_t h2_output_room(const struct h2_output *output)
{
    size_t room = output->end < SCRATCH_BYTES ? SCRATCH_BYTES - output->end : 0;

    return room < H2_OUTPUT_LEAST ? 0 : room;
}

size_t h2_output_room_for_data(const struct h2_output *output)
{
    size_t room = h2_output_room(output), frame = H2_FRAME_HEAD + H2_FRAME_DATA;

    return room - (room + frame - 1) / frame * H2_FRAME_HEAD;
}

bool h2_output_is_empty(const struct h2_output *output)
{
    return !output->bytes;
}

ssize_t h2_output_flush(struct h2_output *output, struct transport *below)
{
    while (output->bytes) {
        ssize_t sent = transport_send(below, output->bytes + output->at, output->end - output->at);

        if (sent == TRANSPORT_ERROR)
            return sent;
        if (sent <= 0)
            return TRANSPORT_AGAIN;
        output->at += (uint32_t)sent;
        if (output->at == output->end)
            h2_output_release(output);
    }
    return 0;
}

void h2_output_release(struct h2_output *output)
{
    if (output->bytes && output->secret)
        explicit_bzero(output->bytes, output->end);
    scratch_give(output->bytes);
    *output = (struct h2_output){.bytes = NULL};
}
