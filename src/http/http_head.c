#include "http/http_head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum http_head_result bad(const char **why, const char *text)
{
    *why = text;
    return HTTP_HEAD_BAD;
}

void http_head_start(struct http_head *head)
{
    head->field_count = head->unreadable = head->scanned = head->line = 0;
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

static bool is_token_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct http_head_slice http_head_trim(const char *start, const char *end)
{
    while (start < end && is_blank(*start))
        start++;
    while (end > start && is_blank(end[-1]))
        end--;
    return (struct http_head_slice){start, (size_t)(end - start)};
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

/* The colon of a field line; NULL: it is none, and *why says so.  RFC 9112 section 5.1 allows no blank between name and
 * colon. */
static const char *find_colon(const char *line, const char *end, const char **why)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));

    if (is_blank(*line))
        *why = "answers with a header line that starts with a blank";
    else if (!colon || colon == line)
        *why = "answers with a header line that has no name";
    else
        *why = NULL;
    for (const char *c = line; !*why && c < colon; c++)
        if (!is_token_byte((unsigned char)*c))
            *why = "answers with a broken header name";
    return *why ? NULL : colon;
}

/* A field line, or one that is none: that is passed over, unless it decides. */
static enum http_head_result read_field(struct http_head *head, const char *line, const char *end, bool decides,
                                        const char **why)
{
    const char *wrong, *colon = find_colon(line, end, &wrong);

    if (!colon && decides)
        return bad(why, wrong);
    if (head->field_count + head->unreadable == HTTP_HEAD_FIELDS_MAX)
        return bad(why, "answers with more than 128 header fields");
    if (!colon) {
        head->unreadable++;
        return HTTP_HEAD_MORE;
    }
    head->fields[head->field_count].name = (struct http_head_slice){line, (size_t)(colon - line)};
    head->fields[head->field_count++].value = http_head_trim(colon + 1, end);
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
        if (!first && newline + 1 < end && is_blank(newline[1])) {
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
    for (; head->scanned < length; head->scanned++) {
        char c = bytes[head->scanned];
        size_t line_length = head->scanned - head->line;

        if (head->scanned >= HTTP_HEAD_BYTES_MAX)
            return bad(why, "answers with more than 64 KiB of header");
        if (c == '\0')
            return bad(why, "answers with a NUL in its header");
        if (c != '\n' && head->scanned > 0 && bytes[head->scanned - 1] == '\r')
            return bad(why, "answers with a bare CR in its header");
        if (c != '\n')
            continue;
        if (line_length == 0 || (line_length == 1 && bytes[head->line] == '\r')) {
            *used = head->scanned + 1;
            return read_lines(head, bytes, *used, why);
        }
        head->line = head->scanned + 1;
    }
    return HTTP_HEAD_MORE;
}

bool http_head_slice_is(const struct http_head_slice *slice, const char *text)
{
    return slice->length == strlen(text) && strncasecmp(slice->bytes, text, slice->length) == 0;
}

const struct http_head_slice *http_head_field(const struct http_head *head, const char *name)
{
    for (size_t i = 0; i < head->field_count; i++)
        if (http_head_slice_is(&head->fields[i].name, name))
            return &head->fields[i].value;
    return NULL;
}

bool http_head_next_member(const struct http_head *head, const char *name, size_t *field, size_t *offset,
                           struct http_head_slice *member)
{
    for (; *field < head->field_count; (*field)++, *offset = 0) {
        const struct http_head_slice *value = &head->fields[*field].value;

        if (!http_head_slice_is(&head->fields[*field].name, name))
            continue;
        while (*offset < value->length) {
            const char *start = value->bytes + *offset, *end = value->bytes + value->length;
            const char *comma = memchr(start, ',', (size_t)(end - start));

            *offset = (size_t)((comma ? comma + 1 : end) - value->bytes);
            *member = http_head_trim(start, comma ? comma : end);
            if (member->length > 0)
                return true;
        }
    }
    return false;
}

bool http_head_has_member(const struct http_head *head, const char *name, const char *member)
{
    struct http_head_slice found;
    size_t field = 0, offset = 0;

    while (http_head_next_member(head, name, &field, &offset, &found))
        if (http_head_slice_is(&found, member))
            return true;
    return false;
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

    for (size_t i = 0; i < head->field_count; i++)
        length += head->fields[i].name.length + head->fields[i].value.length;
    copy = malloc(sizeof *copy + length);
    if (!copy)
        return NULL;
    *copy = *head;
    at = (char *)(copy + 1);
    move_slice(&copy->reason, &at);
    for (size_t i = 0; i < copy->field_count; i++) {
        move_slice(&copy->fields[i].name, &at);
        move_slice(&copy->fields[i].value, &at);
    }
    return copy;
}
