/* SPDX-License-Identifier: ISC */
#include "http/h2_input.h"

#include <stdlib.h>
#include <string.h>

static struct h2_input kept[H2_INPUT_KEPT];
static uint8_t kept_bytes[H2_INPUT_KEPT][H2_INPUT_BYTES];
static bool lent[H2_INPUT_KEPT];

static struct h2_input *prepare(struct h2_input *input, void *bytes, size_t size)
{
    input->first = input->count = 0;
    input->bytes = bytes;
    input->size = size;
    return input;
}

/* With its bytes behind it. */
static struct h2_input *make(size_t size)
{
    struct h2_input *input = malloc(sizeof *input + size);

    return input ? prepare(input, input + 1, size) : NULL;
}

struct h2_input *h2_input_take(bool wide)
{
    struct h2_input *input = wide ? make(H2_INPUT_WIDE) : NULL;

    if (input)
        return input;
    for (int i = 0; i < H2_INPUT_KEPT; i++) {
        if (!lent[i]) {
            lent[i] = true;
            return prepare(&kept[i], kept_bytes[i], H2_INPUT_BYTES);
        }
    }
    return make(H2_INPUT_BYTES);
}

void h2_input_give(struct h2_input *input)
{
    for (int i = 0; i < H2_INPUT_KEPT; i++) {
        if (input == &kept[i]) {
            lent[i] = false;
            return;
        }
    }
    free(input);
}

void h2_input_add(struct h2_input *input, struct h2_member *member, const uint8_t *bytes, size_t length)
{
    input->pieces[input->count++] = (struct h2_piece){member, bytes, length};
}

bool h2_input_has_room(const struct h2_input *input)
{
    return input->count < H2_INPUT_PIECES;
}

struct h2_member *h2_input_next(struct h2_input *input)
{
    for (; input->first < input->count; input->first++)
        if (input->pieces[input->first].member)
            return input->pieces[input->first].member;
    input->first = input->count = 0;
    return NULL;
}

size_t h2_input_left(const struct h2_input *input, const struct h2_member *member)
{
    size_t left = 0;

    for (size_t i = input->first; i < input->count; i++)
        if (input->pieces[i].member == member)
            left += input->pieces[i].length;
    return left;
}

size_t h2_input_read(struct h2_input *input, const struct h2_member *member, void *bytes, size_t size, bool stays)
{
    size_t got = 0;

    for (size_t i = input->first; i < input->count && got < size; i++) {
        struct h2_piece *piece = &input->pieces[i];
        size_t some = size - got < piece->length ? size - got : piece->length;

        if (piece->member != member)
            continue;
        memcpy((char *)bytes + got, piece->bytes, some);
        got += some;
        if (stays)
            continue;
        piece->bytes += some;
        piece->length -= some;
        if (piece->length == 0)
            piece->member = NULL;
    }
    return got;
}

void h2_input_drop(struct h2_input *input, const struct h2_member *member)
{
    for (size_t i = input->first; i < input->count; i++)
        if (input->pieces[i].member == member)
            input->pieces[i].member = NULL;
}
