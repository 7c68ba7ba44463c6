/* SPDX-License-Identifier: ISC */
#include "http/http_body.h"

#include <string.h>

#define LENGTH_DIGITS 18 /* of Content-Length; a body with more is not read */
#define CHUNK_MAX 0x7fffffffu

enum { AT_END, IN_LENGTH, AT_SIZE, IN_SIZE, IN_EXTENSION, IN_CHUNK, BEHIND_CHUNK, AT_TRAILER, IN_TRAILER };

/* Section 9.3: with HTTP/1.1 it lasts unless the other side says "close", with HTTP/1.0 only if that says "keep-alive".
 * Proxy-Connection is in no standard, but it is sent. */
bool http_body_connection_lasts(const struct http_fields *fields, int minor)
{
    static const char *const names[] = {"Connection", "Proxy-Connection"};
    bool kept = minor >= 1;

    for (size_t i = 0; i < 2; i++) {
        if (http_fields_have_member(fields, names[i], "close"))
            return false;
        kept |= http_fields_have_member(fields, names[i], "keep-alive");
    }
    return kept;
}

bool http_body_lasts(const struct http_head *head)
{
    return http_body_connection_lasts(&head->fields, head->minor);
}

bool http_body_length(const struct http_fields *fields, uint64_t *length)
{
    struct http_head_slice member;
    size_t field = 0, offset = 0;
    bool found = false;

    while (http_fields_next_member(fields, "Content-Length", &field, &offset, &member)) {
        uint64_t value = 0;

        if (member.length > LENGTH_DIGITS)
            return false;
        for (size_t i = 0; i < member.length; i++) {
            if (member.bytes[i] < '0' || member.bytes[i] > '9')
                return false;
            value = value * 10 + (uint64_t)(member.bytes[i] - '0');
        }
        if (found && value != *length)
            return false;
        *length = value;
        found = true;
    }
    return found;
}

bool http_body_start(struct http_body *body, const struct http_head *head)
{
    const struct http_head_slice *coding = http_head_field(head, "Transfer-Encoding");

    memset(body, 0, sizeof *body); /* AT_END */
    if (head->status == 204 || head->status == 304)
        return true;
    if (coding) { /* together with Content-Length it may be request smuggling: section 6.1 */
        body->state = AT_SIZE;
        return http_head_slice_is(coding, "chunked") && !http_head_field(head, "Content-Length") && head->minor >= 1;
    }
    body->state = IN_LENGTH;
    return http_body_length(&head->fields, &body->left);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                                                                      : -1;
}

static bool take_digit(struct http_body *body, char c)
{
    int value = digit(c);

    if (value < 0 || body->left > CHUNK_MAX >> 4)
        return false;
    body->left = body->left << 4 | (unsigned)value;
    body->state = IN_SIZE;
    return true;
}

/* Takes one byte of the chunk framing; lines may end in LF alone.  False: the framing is broken. */
static bool take_framing(struct http_body *body, char c)
{
    switch (body->state) {
    case AT_SIZE:
        return take_digit(body, c);
    case IN_SIZE:
        if (digit(c) >= 0)
            return take_digit(body, c);
        if (c != ';' && c != ' ' && c != '\t' && c != '\r' && c != '\n')
            return false;
        body->state = IN_EXTENSION;
        __attribute__((fallthrough));
    case IN_EXTENSION:
        if (c == '\n')
            body->state = body->left > 0 ? IN_CHUNK : AT_TRAILER;
        return true;
    case BEHIND_CHUNK:
        if (c == '\n')
            body->state = AT_SIZE;
        return c == '\n' || c == '\r';
    case AT_TRAILER:
        if (c == '\n')
            body->state = AT_END;
        else if (c != '\r')
            body->state = IN_TRAILER;
        return true;
    case IN_TRAILER:
        if (c == '\n')
            body->state = AT_TRAILER;
        return true;
    }
    return false;
}

enum http_body_result http_body_read(struct http_body *body, const char *bytes, size_t length, size_t *used)
{
    size_t at = 0;

    for (;;) {
        if (body->state == IN_LENGTH || body->state == IN_CHUNK) {
            size_t take = length - at < body->left ? length - at : (size_t)body->left;

            at += take;
            body->left -= take;
            if (body->left == 0)
                body->state = body->state == IN_LENGTH ? AT_END : BEHIND_CHUNK;
        }
        if (body->state == AT_END) {
            *used = at;
            return HTTP_BODY_DONE;
        }
        if (at == length)
            return HTTP_BODY_MORE;
        if (!take_framing(body, bytes[at++]))
            return HTTP_BODY_BAD;
    }
}
