#include "http/h2_output.h"

#include <string.h>

#include "base/scratch.h"

enum h2_output_result h2_output_add(struct h2_output *output, const void *head, size_t head_length, const void *body,
                                    size_t length)
{
    if (head_length + length > SCRATCH_BYTES - output->end)
        return H2_OUTPUT_FULL;
    if (!output->bytes && !(output->bytes = scratch_take()))
        return H2_OUTPUT_NO_MEMORY;
    memcpy(output->bytes + output->end, head, head_length);
    if (length > 0)
        memcpy(output->bytes + output->end + head_length, body, length);
    output->end += (uint32_t)(head_length + length);
    return H2_OUTPUT_OK;
}

size_t h2_output_room(const struct h2_output *output)
{
    size_t room = SCRATCH_BYTES - output->end;

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
