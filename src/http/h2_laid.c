/* SPDX-License-Identifier: ISC */
#include "http/h2_laid.h"

#include <string.h>

#include "http/h2_output.h"
#include "net/transport.h"

#define CELL_BYTES (H2_FRAME_HEAD + H2_FRAME_DATA)

int h2_laid_spans(void *buffer, size_t size, size_t length, struct iovec spans[])
{
    uint8_t *at = buffer;
    int count = 0;

    while (length > 0 && size >= H2_FRAME_HEAD + H2_OUTPUT_LEAST && count < TRANSPORT_SPANS_MAX) {
        size_t cell = size < CELL_BYTES ? size : CELL_BYTES, data = cell - H2_FRAME_HEAD;

        spans[count++] = (struct iovec){at + H2_FRAME_HEAD, data < length ? data : length};
        length -= data < length ? data : length;
        size -= cell;
        at += cell;
    }
    return count;
}

void h2_laid_start(struct h2_laid *laid, void *buffer)
{
    *laid = (struct h2_laid){.buffer = buffer, .at = H2_FRAME_HEAD};
}

size_t h2_laid_piece(const struct h2_laid *laid)
{
    return CELL_BYTES - laid->at % CELL_BYTES;
}

bool h2_laid_must_send(const struct h2_laid *laid)
{
    return laid->end > laid->run && laid->at < laid->end + H2_FRAME_HEAD;
}

void h2_laid_sent(struct h2_laid *laid)
{
    laid->run = laid->end = laid->at - H2_FRAME_HEAD;
}

void h2_laid_add(struct h2_laid *laid, const uint8_t *head, size_t length)
{
    memcpy(laid->buffer + laid->at - H2_FRAME_HEAD, head, H2_FRAME_HEAD);
    laid->at += length;
    laid->end = laid->at;
    if (laid->at % CELL_BYTES == 0)
        laid->at += H2_FRAME_HEAD;
}
