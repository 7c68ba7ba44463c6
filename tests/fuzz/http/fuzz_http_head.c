/* SPDX-License-Identifier: ISC */
/* The head of an answer, read whole and in pieces: the result must not depend on the pieces. */
#include "http/http_head.h"

#include <string.h>

#include "http/connect_request.h"
#include "http/connect_response.h"
#include "http/retry_after.h"

#include "../fuzz.h"

#define BYTES_MAX 4096 /* the result for a longer input is known: more than enough for every rule but the size */

/* Copies each piece to memory of its very size; the last copy is the caller's to free. */
static enum http_head_result read_pieces(struct http_head *head, const uint8_t *bytes, size_t length, uint8_t seed,
                                         char **last, size_t *used, const char **why)
{
    enum http_head_result result = HTTP_HEAD_MORE;
    size_t given = 0;
    unsigned step = seed;

    http_head_start(head);
    *last = NULL;
    do {
        size_t piece = seed ? 1 + step % 17 : length - given;

        step = step * 33 + 7;
        given = piece < length - given ? given + piece : length;
        free(*last);
        *last = malloc(given ? given : 1);
        MUST(*last);
        memcpy(*last, bytes, given);
        result = http_head_read(head, *last, given, used, why);
    } while (result == HTTP_HEAD_MORE && given < length);
    MUST(result != HTTP_HEAD_DONE || *used <= given);
    return result;
}

static void look(const struct http_head *head, const char *bytes, size_t used)
{
    struct http_head_slice member;
    size_t field = 0, offset = 0, members = 0;

    MUST(head->status >= 100 && head->status <= 599);
    MUST(head->fields.count + head->unreadable <= HTTP_HEAD_FIELDS_MAX);
    MUST(head->reason.length <= used);
    for (size_t i = 0; i < head->fields.count; i++) {
        const struct http_head_slice *name = &head->fields.at[i].name, *value = &head->fields.at[i].value;

        MUST(name->length > 0 && name->bytes >= bytes && name->bytes + name->length <= bytes + used);
        MUST(value->bytes >= bytes && value->bytes + value->length <= bytes + used);
        MUST(!memchr(value->bytes, '\n', value->length) && !memchr(value->bytes, '\r', value->length));
        MUST(!memchr(value->bytes, '\0', value->length));
    }
    while (http_head_next_member(head, "Connection", &field, &offset, &member)) {
        MUST(member.length > 0);
        MUST(++members <= used);
    }
}

static void judge(const struct http_head *head, const char *body, size_t length)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};
    const struct connect_request request = {.announce = ANNOUNCE_UPGRADE, .target = &target, .token = "IMAP",
                                           .scheme = "imap"};
    struct connect_response response;

    connect_response_judge(&request, head, body, length, false, 1000000000, &response);
    MUST(memchr(response.failure.what, '\0', sizeof response.failure.what));
    MUST(memchr(response.failure.detail, '\0', sizeof response.failure.detail));
    for (const char *c = response.failure.detail; *c; c++)
        MUST(*c >= 0x20 && *c <= 0x7e);
    MUST(response.retry_after >= RETRY_AFTER_NONE && response.retry_after <= RETRY_AFTER_MAX);
}

/* The first byte says how the rest is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct http_head whole, pieces;
    const char *why_whole = NULL, *why_pieces = NULL;
    char *at_once, *bit_by_bit;
    size_t used_whole = 0, used_pieces = 0;
    enum http_head_result result;

    if (length < 1 || length > BYTES_MAX)
        return 0;
    result = read_pieces(&whole, bytes + 1, length - 1, 0, &at_once, &used_whole, &why_whole);
    MUST(read_pieces(&pieces, bytes + 1, length - 1, bytes[0] | 1, &bit_by_bit, &used_pieces, &why_pieces) == result);
    if (result == HTTP_HEAD_BAD) {
        MUST(why_whole && why_pieces && strcmp(why_whole, why_pieces) == 0);
    } else if (result == HTTP_HEAD_DONE) {
        MUST(used_whole == used_pieces && whole.fields.count == pieces.fields.count && whole.status == pieces.status &&
             whole.unreadable == pieces.unreadable);
        look(&whole, at_once, used_whole);
        look(&pieces, bit_by_bit, used_pieces);
        for (size_t i = 0; i < whole.fields.count; i++)
            MUST(whole.fields.at[i].value.length == pieces.fields.at[i].value.length &&
                 memcmp(whole.fields.at[i].value.bytes, pieces.fields.at[i].value.bytes,
                        whole.fields.at[i].value.length) == 0);
        judge(&whole, at_once + used_whole, length - 1 - used_whole);
    }
    free(at_once);
    free(bit_by_bit);
    return 0;
}
