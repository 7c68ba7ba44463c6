/* The head of an answer, read whole and in pieces: the result must not depend on the pieces. */
#include "http/http_head.h"

#include <string.h>

#include "http/connect_request.h"

#include "../fuzz.h"

#define BYTES_MAX 4096 /* the result for a longer input is known: more than enough for every rule but the size */

/* Copies each piece to memory of its very size; the last copy is the caller's to free. */
static enum httphead_result read_pieces(struct httphead *head, const uint8_t *bytes, size_t length, uint8_t seed,
                                        char **last, size_t *used, const char **why)
{
    enum httphead_result result = HTTPHEAD_MORE;
    size_t given = 0;
    unsigned step = seed;

    httphead_start(head);
    *last = NULL;
    do {
        size_t piece = seed ? 1 + step % 17 : length - given;

        step = step * 33 + 7;
        given = piece < length - given ? given + piece : length;
        free(*last);
        *last = malloc(given ? given : 1);
        MUST(*last);
        memcpy(*last, bytes, given);
        result = httphead_read(head, *last, given, used, why);
    } while (result == HTTPHEAD_MORE && given < length);
    MUST(result != HTTPHEAD_DONE || *used <= given);
    return result;
}

static void look(const struct httphead *head, const char *bytes, size_t used)
{
    struct httphead_slice member;
    size_t field = 0, offset = 0, members = 0;

    MUST(head->status >= 100 && head->status <= 599);
    MUST(head->field_count <= HTTPHEAD_FIELDS_MAX);
    MUST(head->reason.length <= used);
    for (size_t i = 0; i < head->field_count; i++) {
        const struct httphead_slice *name = &head->fields[i].name, *value = &head->fields[i].value;

        MUST(name->length > 0 && name->bytes >= bytes && name->bytes + name->length <= bytes + used);
        MUST(value->bytes >= bytes && value->bytes + value->length <= bytes + used);
        MUST(!memchr(value->bytes, '\n', value->length) && !memchr(value->bytes, '\r', value->length));
        MUST(!memchr(value->bytes, '\0', value->length));
    }
    while (httphead_next_member(head, "Connection", &field, &offset, &member)) {
        MUST(member.length > 0);
        MUST(++members <= used);
    }
}

static void judge(const struct httphead *head, const char *body, size_t length)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};
    const struct method_request request = {.announce = METHOD_UPGRADE, .target = &target, .token = "IMAP",
                                           .scheme = "imap"};
    struct method_verdict verdict;

    method_judge(&request, head, body, length, false, 1000000000, &verdict);
    MUST(memchr(verdict.failure.what, '\0', sizeof verdict.failure.what));
    MUST(memchr(verdict.failure.detail, '\0', sizeof verdict.failure.detail));
    for (const char *c = verdict.failure.detail; *c; c++)
        MUST(*c >= 0x20 && *c <= 0x7e);
    MUST(verdict.retry_after >= METHOD_RETRY_AFTER_NONE && verdict.retry_after <= METHOD_RETRY_AFTER_MAX);
}

/* The first byte says how the rest is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct httphead whole, pieces;
    const char *why_whole = NULL, *why_pieces = NULL;
    char *at_once, *bit_by_bit;
    size_t used_whole = 0, used_pieces = 0;
    enum httphead_result result;

    if (length < 1 || length > BYTES_MAX)
        return 0;
    result = read_pieces(&whole, bytes + 1, length - 1, 0, &at_once, &used_whole, &why_whole);
    MUST(read_pieces(&pieces, bytes + 1, length - 1, bytes[0] | 1, &bit_by_bit, &used_pieces, &why_pieces) == result);
    if (result == HTTPHEAD_BAD) {
        MUST(why_whole && why_pieces && strcmp(why_whole, why_pieces) == 0);
    } else if (result == HTTPHEAD_DONE) {
        MUST(used_whole == used_pieces && whole.field_count == pieces.field_count && whole.status == pieces.status);
        look(&whole, at_once, used_whole);
        look(&pieces, bit_by_bit, used_pieces);
        for (size_t i = 0; i < whole.field_count; i++)
            MUST(whole.fields[i].value.length == pieces.fields[i].value.length &&
                 memcmp(whole.fields[i].value.bytes, pieces.fields[i].value.bytes, whole.fields[i].value.length) == 0);
        judge(&whole, at_once + used_whole, length - 1 - used_whole);
    }
    free(at_once);
    free(bit_by_bit);
    return 0;
}
