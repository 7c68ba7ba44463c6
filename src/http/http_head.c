/* SPDX-License-Identifier: ISC */
#include "http/http_head.h"

#include <stdlib.h>
#include <string.h>

static enum http_head_result bad(const char **why, const char *text)
{
    *why = text;
    return HTTP_HEAD_BAD;
}

void http_head_start(struct http_head *head)
{
    head->fields.count = head->unreadable = 0;
    head->end = (struct head_end){0};
    head->status = 0;
}

/* What is wrong with the first bytes of an answer; NULL as long as they may be those of an HTTP/1 answer. */
static const char *wrong_start(const char *bytes, size_t length)
{
    static const char version[] = "HTTP/1.";
    size_t compare = length < sizeof version - 1 ? length : sizeof version - 1;

    if (memcmp(bytes, version, compare) == 0)
        return NULL;
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        return "answers with another version of HTTP than 1.x";
    if ((unsigned char)bytes[0] == 0x15 || (unsigned char)bytes[0] == 0x16)
        return "answers with TLS, not with plain HTTP";
    if (length < 5 && memcmp(bytes, "HTTP/", length) == 0)
        return NULL;
    return "answers with something that is not HTTP";
}

/* RFC 9112 section 4: HTTP-version SP 3DIGIT SP [reason].  The blank before an empty reason is often missing. */
static enum http_head_result read_status_line(struct http_head *head, const char *line, const char *end,
                                              const char **why)
{
    if (end - line < 12 || line[7] < '0' || line[7] > '9' || line[8] != ' ')
        return bad(why, "answers with a broken status line");
    head->minor = line[7] - '0';
    head->status = 0;
    for (int i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return bad(why, "answers with a broken status line");
        head->status = head->status * 10 + (line[i] - '0');
    }
    if (head->status < 100 || head->status > 599 || (end - line > 12 && line[12] != ' '))
        return bad(why, "answers with a broken status line");
    head->reason = http_head_trim(line + 12, end);
    return HTTP_HEAD_MORE;
}

/* Whether this line, which cannot be read, may be meant for a field that somebody decides by: it begins with the name
 * of one, whatever stands between and before the letters ("Set Proxy: x", "Connection close", " Location : x"). */
static bool may_decide(const char *line, const char *end)
{
    static const char *const deciding[] = {"connection", "upgrade", "transferencoding", "contentlength", "setproxy",
                                           "location", "proxyauthenticate", "via", "retryafter"};
    char letters[sizeof "proxyauthenticate"]; /* the longest of them */
    size_t count = 0;

    for (const char *c = line; c < end && *c != ':' && count < sizeof letters - 1; c++)
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'))
            letters[count++] = (char)(*c | 0x20);
    letters[count] = '\0';
    for (size_t i = 0; i < sizeof deciding / sizeof deciding[0]; i++)
        if (strncmp(letters, deciding[i], strlen(deciding[i])) == 0)
            return true;
    return false;
}

/* A field line, or one that is none: that is passed over, unless it decides. */
static enum http_head_result read_field(struct http_head *head, const char *line, const char *end, bool decides,
                                        const char **why)
{
    static const char *const texts[] = {
        [HTTP_FIELDS_BLANK_START] = "answers with a header line that starts with a blank",
        [HTTP_FIELDS_NO_NAME] = "answers with a header line that has no name",
        [HTTP_FIELDS_BROKEN_NAME] = "answers with a broken header name",
        [HTTP_FIELDS_TOO_MANY] = "answers with more than 128 header fields",
    };
    bool full = head->fields.count + head->unreadable == HTTP_HEAD_FIELDS_MAX;
    enum http_fields_fault fault = full ? HTTP_FIELDS_TOO_MANY : http_fields_add(&head->fields, line, end);

    if (fault != HTTP_FIELDS_NO_FAULT && (decides || full))
        return bad(why, texts[fault]);
    head->unreadable += fault != HTTP_FIELDS_NO_FAULT;
    return HTTP_HEAD_MORE;
}

/* Splits a complete head into lines.  A line that starts with a blank continues the one before (obs-fold, RFC 9112
 * section 5.2): the line end between them is overwritten with blanks. */
static enum http_head_result read_lines(struct http_head *head, char *bytes, size_t length, const char **why)
{
    char *line = bytes, *search = bytes, *end = bytes + length;
    bool first = true, decides = false;

    while (line < end) {
        char *newline = memchr(search, '\n', (size_t)(end - search));
        char *stop = newline > line && newline[-1] == '\r' ? newline - 1 : newline;
        enum http_head_result result;

        if (stop == line)
            break;
        decides |= may_decide(search, stop);
        if (!first && newline + 1 < end && http_head_is_blank(newline[1])) {
            memset(stop, ' ', (size_t)(newline - stop) + 1);
            search = newline + 1;
            continue;
        }
        result = first ? read_status_line(head, line, stop, why) : read_field(head, line, stop, decides, why);
        if (result == HTTP_HEAD_BAD)
            return result;
        first = decides = false;
        line = search = newline + 1;
    }
    return HTTP_HEAD_DONE;
}

enum http_head_result http_head_read(struct http_head *head, char *bytes, size_t length, size_t *used, const char **why)
{
    const char *wrong;

    if (length == 0)
        return HTTP_HEAD_MORE;
    wrong = wrong_start(bytes, length);
    if (wrong)
        return bad(why, wrong);
    switch (head_end_find(&head->end, bytes, length, HTTP_HEAD_BYTES_MAX)) {
    case HEAD_END_MORE: return HTTP_HEAD_MORE;
    case HEAD_END_TOO_LONG: return bad(why, "answers with more than 64 KiB of header");
    case HEAD_END_NUL: return bad(why, "answers with a NUL in its header");
    case HEAD_END_BARE_CR: return bad(why, "answers with a bare CR in its header");
    case HEAD_END_FOUND: break;
    }
    *used = head->end.scanned;
    return read_lines(head, bytes, *used, why);
}

const struct http_head_slice *http_head_field(const struct http_head *head, const char *name)
{
    return http_fields_find(&head->fields, name);
}

bool http_head_next_member(const struct http_head *head, const char *name, size_t *field, size_t *offset,
                           struct http_head_slice *member)
{
    return http_fields_next_member(&head->fields, name, field, offset, member);
}

bool http_head_has_member(const struct http_head *head, const char *name, const char *member)
{
    return http_fields_have_member(&head->fields, name, member);
}

/* Moves the bytes of a slice to *at. */
static void move_slice(struct http_head_slice *slice, char **at)
{
    if (slice->length > 0)
        memcpy(*at, slice->bytes, slice->length);
    slice->bytes = *at;
    *at += slice->length;
}

struct http_head *http_head_copy(const struct http_head *head)
{
    size_t length = head->reason.length;
    struct http_head *copy;
    char *at;

    for (size_t i = 0; i < head->fields.count; i++)
        length += head->fields.at[i].name.length + head->fields.at[i].value.length;
    copy = malloc(sizeof *copy + length);
    if (!copy)
        return NULL;
    *copy = *head;
    at = (char *)(copy + 1);
    move_slice(&copy->reason, &at);
    for (size_t i = 0; i < copy->fields.count; i++) {
        move_slice(&copy->fields.at[i].name, &at);
        move_slice(&copy->fields.at[i].value, &at);
    }
    return copy;
}
