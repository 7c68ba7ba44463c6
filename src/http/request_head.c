/* SPDX-License-Identifier: ISC */
#include "http/request_head.h"

#include <string.h>

#include "http/http_body.h"

#define METHOD_MAX 32 /* of a method's bytes; the longest in the registry has 17 */

/* What lies between the bytes of a line; end stands on its CR. */
struct line {
    const char *start, *end;
};

static enum request_head_result bad(struct request_head_fault *fault, unsigned status, const char *why)
{
    *fault = (struct request_head_fault){status, why};
    return REQUEST_HEAD_BAD;
}

/* How long the empty line is that one may send before a request (section 2.2). */
static size_t empty_start(const char *bytes, size_t length)
{
    return length >= 2 && memcmp(bytes, "\r\n", 2) == 0 ? 2 : 0;
}

/* What is wrong with the first bytes; NULL as long as a method may be among them.  Whoever speaks something else would
 * wait for us otherwise, and we for it. */
static const char *wrong_start(const char *bytes, size_t length)
{
    if ((unsigned char)bytes[0] == 0x16)
        return "speaks TLS where plain HTTP is expected";
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == ' ' && i > 0)
            return NULL;
        if (i == METHOD_MAX || !http_head_is_token_byte(bytes[i]))
            return "sends something that is not an HTTP request";
    }
    return NULL;
}

/* --- the request line --- */

static bool is_target_byte(char c)
{
    return c > 0x20 && c < 0x7f;
}

/* Section 3: method SP request-target SP HTTP-version, and nothing else between them. */
static enum request_head_result read_request_line(struct request_head *head, const struct line *line,
                                                  struct request_head_fault *fault)
{
    static const char protocol[] = "HTTP/";
    size_t length = (size_t)(line->end - line->start);
    const char *blank = memchr(line->start, ' ', length), *target = blank ? blank + 1 : line->end, *version = target;

    while (version < line->end && is_target_byte(*version))
        version++;
    if (version == target || version == line->end || *version++ != ' ')
        return bad(fault, 400, "sends a broken request line");
    head->method = (struct http_head_slice){line->start, (size_t)(blank - line->start)};
    head->target = (struct http_head_slice){target, (size_t)(version - 1 - target)};
    length = (size_t)(line->end - version);
    if (length != 8 || memcmp(version, protocol, 5) != 0 || version[5] < '0' || version[5] > '9' ||
        version[6] != '.' || version[7] < '0' || version[7] > '9')
        return bad(fault, 400, "sends a broken request line");
    if (version[5] != '1')
        return bad(fault, 505, "asks for another version of HTTP than 1.x");
    head->minor = version[7] - '0';
    return REQUEST_HEAD_MORE;
}

static enum request_head_result read_field(struct request_head *head, const struct line *line,
                                           struct request_head_fault *fault)
{
    switch (http_fields_add(&head->fields, line->start, line->end)) {
    case HTTP_FIELDS_NO_FAULT: break;
    case HTTP_FIELDS_BLANK_START: return bad(fault, 400, "sends a header line that starts with a blank");
    case HTTP_FIELDS_NO_NAME: return bad(fault, 400, "sends a header line that has no name");
    case HTTP_FIELDS_BROKEN_NAME: return bad(fault, 400, "sends a broken header name");
    case HTTP_FIELDS_TOO_MANY: return bad(fault, 431, "sends more than 128 header fields");
    }
    return REQUEST_HEAD_MORE;
}

/* Splits a head, which ends with an empty line, into lines. */
static enum request_head_result read_lines(struct request_head *head, const char *bytes, size_t length,
                                           struct request_head_fault *fault)
{
    const char *at = bytes, *end = bytes + length;
    enum request_head_result result = REQUEST_HEAD_MORE;

    while (at < end && result == REQUEST_HEAD_MORE) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct line line = {at, newline - 1};

        if (newline == at || *line.end != '\r')
            return bad(fault, 400, "sends a header line that ends in LF without CR");
        if (line.start == line.end)
            break;
        result = at == bytes ? read_request_line(head, &line, fault) : read_field(head, &line, fault);
        at = newline + 1;
    }
    return result;
}

/* --- what the fields must say --- */

/* The bytes of a host and its port (RFC 3986 section 3.2.2). */
static bool is_host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~%!$&'()*+,;=:[]", c));
}

/* Section 3.2. */
static enum request_head_result read_host(struct request_head *head, struct request_head_fault *fault)
{
    const struct http_head_slice *host = http_fields_find(&head->fields, "Host");

    if (!host && head->minor >= 1)
        return bad(fault, 400, "sends no Host");
    if (!host)
        return REQUEST_HEAD_MORE;
    if (http_fields_count(&head->fields, "Host") > 1)
        return bad(fault, 400, "sends more than one Host");
    for (size_t i = 0; i < host->length; i++)
        if (!is_host_byte(host->bytes[i]))
            return bad(fault, 400, "sends a broken Host");
    head->host = *host;
    return REQUEST_HEAD_MORE;
}

/* Sections 6.1 to 6.3.  Whoever leaves it open where the body ends may hide another request behind this one. */
static enum request_head_result read_framing(struct request_head *head, struct request_head_fault *fault)
{
    const struct http_head_slice *coding = http_fields_find(&head->fields, "Transfer-Encoding");
    bool has_length = http_fields_find(&head->fields, "Content-Length");
    uint64_t length = 0;

    if (coding && (has_length || head->minor == 0))
        return bad(fault, 400, "leaves it open where the body ends");
    if (has_length && !http_body_length(&head->fields, &length))
        return bad(fault, 400, "sends a broken Content-Length");
    head->has_body = coding || length > 0;
    head->lasts = http_body_connection_lasts(&head->fields, head->minor);
    return REQUEST_HEAD_DONE;
}

/* --- public functions --- */

static enum request_head_result read_whole(struct request_head *head, const char *bytes, size_t length,
                                           struct request_head_fault *fault)
{
    enum request_head_result result;

    head->fields.count = 0;
    head->host = (struct http_head_slice){"", 0};
    result = read_lines(head, bytes, length, fault);
    if (result == REQUEST_HEAD_MORE)
        result = read_host(head, fault);
    return result == REQUEST_HEAD_MORE ? read_framing(head, fault) : result;
}

enum request_head_result request_head_read(struct request_head *head, struct head_end *so_far, const char *bytes,
                                           size_t length, size_t *used, struct request_head_fault *fault)
{
    size_t empty = empty_start(bytes, length);
    const char *wrong;

    if (length == empty || (length == 1 && bytes[0] == '\r'))
        return REQUEST_HEAD_MORE;
    wrong = wrong_start(bytes + empty, length - empty);
    if (wrong)
        return bad(fault, 400, wrong);
    switch (head_end_find(so_far, bytes + empty, length - empty, REQUEST_HEAD_BYTES_MAX)) {
    case HEAD_END_MORE: return REQUEST_HEAD_MORE;
    case HEAD_END_TOO_LONG: return bad(fault, 431, "sends more than 16 KiB of header");
    case HEAD_END_NUL: return bad(fault, 400, "sends a NUL in its header");
    case HEAD_END_BARE_CR: return bad(fault, 400, "sends a bare CR in its header");
    case HEAD_END_FOUND: break;
    }
    if (read_whole(head, bytes + empty, so_far->scanned, fault) == REQUEST_HEAD_BAD)
        return REQUEST_HEAD_BAD;
    *used = empty + so_far->scanned;
    return REQUEST_HEAD_DONE;
}

bool request_head_asks(const struct request_head *head, const char *method)
{
    return head->method.length == strlen(method) && memcmp(head->method.bytes, method, head->method.length) == 0;
}
