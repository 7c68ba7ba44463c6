/* SPDX-License-Identifier: ISC */
/* The head of a request, read whole and in pieces: the result must not depend on the pieces. */
#include "http/request_head.h"

#include <string.h>

#include "../fuzz.h"

#define BYTES_MAX 4096 /* the result for a longer input is known: more than enough for every rule but the size */

/* What one reading came to; bytes are memory of their very size, the caller's to free. */
struct reading {
    struct request_head head;
    struct request_head_fault fault;
    enum request_head_result result;
    size_t used;
    char *bytes;
};

static void read_pieces(struct reading *reading, const uint8_t *bytes, size_t length, uint8_t seed)
{
    struct head_end so_far = {0};
    size_t given = 0;
    unsigned step = seed;

    memset(reading, 0, sizeof *reading);
    do {
        size_t piece = seed ? 1 + step % 17 : length - given;

        step = step * 33 + 7;
        given = piece < length - given ? given + piece : length;
        free(reading->bytes);
        reading->bytes = malloc(given ? given : 1);
        MUST(reading->bytes);
        memcpy(reading->bytes, bytes, given);
        reading->result = request_head_read(&reading->head, &so_far, reading->bytes, given, &reading->used,
                                            &reading->fault);
    } while (reading->result == REQUEST_HEAD_MORE && given < length);
    MUST(reading->result != REQUEST_HEAD_DONE || reading->used <= given);
}

/* A slice lies within the head and has no byte that ends or cuts a line. */
static void look_at_slice(const struct reading *reading, const struct http_head_slice *slice)
{
    MUST(slice->bytes >= reading->bytes && slice->bytes + slice->length <= reading->bytes + reading->used);
    for (size_t i = 0; i < slice->length; i++)
        MUST(slice->bytes[i] != '\r' && slice->bytes[i] != '\n' && slice->bytes[i] != '\0');
}

static void look(const struct reading *reading)
{
    const struct request_head *head = &reading->head;

    look_at_slice(reading, &head->method);
    look_at_slice(reading, &head->target);
    MUST(head->method.length > 0 && head->target.length > 0);
    for (size_t i = 0; i < head->target.length; i++)
        MUST(head->target.bytes[i] > 0x20 && head->target.bytes[i] < 0x7f);
    MUST(head->minor >= 0 && head->minor <= 9);
    MUST(head->fields.count <= HTTP_FIELDS_MAX);
    MUST(http_fields_count(&head->fields, "Host") <= 1);
    MUST(head->minor == 0 || http_fields_count(&head->fields, "Host") == 1);
    MUST(!http_fields_find(&head->fields, "Transfer-Encoding") || !http_fields_find(&head->fields, "Content-Length"));
    MUST(!http_fields_find(&head->fields, "Transfer-Encoding") || head->has_body);
    for (size_t i = 0; i < head->fields.count; i++) {
        look_at_slice(reading, &head->fields.at[i].name);
        look_at_slice(reading, &head->fields.at[i].value);
        MUST(head->fields.at[i].name.length > 0);
    }
    MUST(memcmp(reading->bytes + reading->used - 4, "\r\n\r\n", 4) == 0);
}

/* The first byte says how the rest is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct reading whole, pieces;

    if (length < 1 || length > BYTES_MAX)
        return 0;
    read_pieces(&whole, bytes + 1, length - 1, 0);
    read_pieces(&pieces, bytes + 1, length - 1, bytes[0] | 1);
    MUST(whole.result == pieces.result);
    if (whole.result == REQUEST_HEAD_BAD) {
        MUST(whole.fault.why == pieces.fault.why && whole.fault.status == pieces.fault.status);
        MUST(whole.fault.status == 400 || whole.fault.status == 431 || whole.fault.status == 505);
    } else if (whole.result == REQUEST_HEAD_DONE) {
        MUST(whole.used == pieces.used && whole.head.fields.count == pieces.head.fields.count);
        MUST(whole.head.has_body == pieces.head.has_body && whole.head.lasts == pieces.head.lasts);
        look(&whole);
        look(&pieces);
    }
    free(whole.bytes);
    free(pieces.bytes);
    return 0;
}
