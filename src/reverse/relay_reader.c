/* SPDX-License-Identifier: ISC */
#include "reverse/relay_reader.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 1024                        /* an answer with some fields fits; doubled when one does not */
#define BUFFER_MOST (HTTP_HEAD_BYTES_MAX + 8192) /* a head that is too long is refused before this is full */

struct relay_reader *relay_reader_new(void)
{
    struct relay_reader *reader = calloc(1, sizeof *reader);

    if (reader)
        http_head_start(&reader->head);
    return reader;
}

void relay_reader_free(struct relay_reader *reader)
{
    if (reader)
        free(reader->bytes);
    free(reader);
}

static bool append(struct relay_reader *reader, const char *bytes, size_t length)
{
    size_t size = reader->size > 0 ? reader->size : BUFFER_FIRST;
    char *grown;

    while (size < reader->filled + length)
        size *= 2;
    if (size > reader->size) {
        grown = realloc(reader->bytes, size);
        if (!grown)
            return false;
        reader->bytes = grown;
        reader->size = size;
    }
    memcpy(reader->bytes + reader->filled, bytes, length);
    reader->filled += length;
    return true;
}

/* An interim answer of that length has come.  NULL: it is fine. */
static const char *count_interim(struct relay_bounds *bounds, size_t length, uint64_t now_ms)
{
    bounds->bytes += (uint32_t)length; /* at most HTTP_HEAD_BYTES_MAX each time */
    bounds->due = (bounds->due > now_ms ? bounds->due : now_ms) + RELAY_READER_INTERIM_MS;
    if (bounds->bytes > RELAY_READER_INTERIM_BYTES)
        return "answers with more than 64 KiB of interim answers (1xx)";
    if (bounds->due - now_ms > RELAY_READER_INTERIM_BURST * RELAY_READER_INTERIM_MS)
        return "answers with interim answers (1xx) without end";
    return NULL;
}

/* Whether another answer follows.  A 101 is final: the protocol is another one behind it. */
static bool is_interim(const struct http_head *head)
{
    return head->status < 200 && head->status != 101;
}

/* Removes the interim answer at the start. */
static void pass(struct relay_reader *reader, size_t length)
{
    reader->filled -= length;
    memmove(reader->bytes, reader->bytes + length, reader->filled);
    http_head_start(&reader->head);
}

enum relay_reader_step relay_reader_take(struct relay_reader *reader, struct relay_bounds *bounds, const char *bytes,
                                         size_t length, uint64_t now_ms, const char **why)
{
    *why = NULL;
    if (reader->filled + length > BUFFER_MOST) {
        *why = "answers with more than 64 KiB of header";
        return RELAY_READER_BAD;
    }
    if (!append(reader, bytes, length))
        return RELAY_READER_BAD;
    while (reader->filled > 0) {
        size_t used;

        switch (http_head_read(&reader->head, reader->bytes, reader->filled, &used, why)) {
        case HTTP_HEAD_BAD: return RELAY_READER_BAD;
        case HTTP_HEAD_MORE: return RELAY_READER_MORE;
        case HTTP_HEAD_DONE: break;
        }
        if (!is_interim(&reader->head)) {
            reader->head_length = used;
            return RELAY_READER_FINAL;
        }
        pass(reader, used);
        *why = count_interim(bounds, used, now_ms);
        if (*why)
            return RELAY_READER_BAD;
    }
    return RELAY_READER_MORE;
}
