/* SPDX-License-Identifier: ISC */
#include "http/h2_fields.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

#define PSEUDO_MAX 5      /* fields that stand for the request line */
#define DESCRIBE_MAX 512  /* bytes of a request for people; who reads it has less room */
#define ANSWER_FIRST 1024 /* bytes for the fields of an answer; most have less */

/* --- of a request --- */

bool h2_fields_can(unsigned method)
{
    return method == METHOD_CONNECT || method == METHOD_CONNECT_TCP;
}

static struct http_head_slice text_of(const char *text)
{
    return (struct http_head_slice){text, strlen(text)};
}

/* nghttp2 reads, but does not write, what it is given. */
static void add(struct h2_fields *fields, struct http_head_slice name, struct http_head_slice value, bool secret)
{
    fields->fields[fields->count++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.bytes,
        .namelen = name.length,
        .value = (uint8_t *)(uintptr_t)value.bytes,
        .valuelen = value.length,
        .flags = secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE,
    };
}

/* Whether a field is about one connection (RFC 9113 section 8.2.2), or the authority says what it says. */
static bool is_of_connection(const struct http_head_slice *name, const struct http_head_slice *value)
{
    static const char *const names[] = {"Host", "Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding",
                                        "Upgrade", "HTTP2-Settings"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (http_head_slice_is(name, names[i]))
            return true;
    return http_head_slice_is(name, "TE") && !http_head_slice_is(value, "trailers");
}

/* Whether the value of a field may be a secret: a login, or from the configuration (config/config_secrets.h). */
static bool may_be_secret(const struct connect_request *request, const struct http_head_slice *name)
{
    if (http_head_slice_is(name, "Authorization") || http_head_slice_is(name, "Proxy-Authorization"))
        return true;
    for (size_t i = 0; i < request->header_count; i++)
        if (strncasecmp(request->headers[i], name->bytes, name->length) == 0 &&
            request->headers[i][name->length] == ':')
            return true;
    return false;
}

/* The fields that stand for the request line. */
static void add_pseudo(struct h2_fields *fields, const struct connect_request *request, struct http_head_slice target,
                       struct http_head_slice authority)
{
    add(fields, text_of(":method"), text_of("CONNECT"), false);
    if (request->method == METHOD_CONNECT_TCP) {
        add(fields, text_of(":protocol"), text_of(connect_request_token(METHOD_CONNECT_TCP)), false);
        add(fields, text_of(":scheme"), text_of(endpoint_scheme(request->proxy)), false);
        add(fields, text_of(":path"), target, false);
    }
    add(fields, text_of(":authority"), authority, false);
}

/* Reads a line of the text of a request.  False: it is no field.  The value has no blanks around it (RFC 9113 section
 * 8.2.1). */
static bool read_line(const char *line, const char *end, struct http_head_slice *name, struct http_head_slice *value)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));

    if (!colon || colon == line)
        return false;
    *name = (struct http_head_slice){line, (size_t)(colon - line)};
    *value = http_head_trim(colon + 1, end);
    return true;
}

/* Adds the field of a line, whose name it changes to lower case (RFC 9113 section 8.2). */
static void add_line(struct h2_fields *fields, const struct connect_request *request, char *line, const char *end)
{
    struct http_head_slice name, value;

    if (!read_line(line, end, &name, &value) || is_of_connection(&name, &value))
        return;
    for (size_t i = 0; i < name.length; i++)
        line[i] |= line[i] >= 'A' && line[i] <= 'Z' ? 0x20 : 0;
    add(fields, name, value, may_be_secret(request, &name));
}

/* What stands between the verb and the version. */
static struct http_head_slice target_of(const char *line, const char *end)
{
    static const char version[] = " HTTP/1.1";
    const char *start = memchr(line, ' ', (size_t)(end - line)), *stop = end - (sizeof version - 1);

    assert(start && start < stop); /* our own writing */
    return (struct http_head_slice){start + 1, (size_t)(stop - start - 1)};
}

/* The end of a line that begins there. */
static char *end_of(const struct h2_fields *fields, char *line)
{
    return memmem(line, (size_t)(fields->text + fields->length - line), "\r\n", 2);
}

/* Splits the text of a request into fields.  Its first two lines are the request line and Host. */
static void split(struct h2_fields *fields, const struct connect_request *request)
{
    char *end = end_of(fields, fields->text), *line = end + 2;
    struct http_head_slice target = target_of(fields->text, end), name, authority = {NULL, 0};

    end = end_of(fields, line);
    if (read_line(line, end, &name, &authority))
        add_pseudo(fields, request, target, authority);
    for (line = end + 2; line < fields->text + fields->length; line = end + 2) {
        end = end_of(fields, line);
        add_line(fields, request, line, end);
    }
}

/* How many fields the text of a request can have at most. */
static size_t count_lines(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += text[i] == '\n';
    return count;
}

bool h2_fields_set(struct h2_fields *fields, const struct connect_request *request)
{
    assert(h2_fields_can(request->method));
    *fields = (struct h2_fields){0};
    fields->text = connect_request_text(request, &fields->length);
    if (fields->text)
        fields->fields = calloc(PSEUDO_MAX + count_lines(fields->text, fields->length), sizeof *fields->fields);
    if (!fields->fields) {
        h2_fields_release(fields);
        return false;
    }
    if (fields->length > 0)
        split(fields, request);
    return true;
}

void h2_fields_release(struct h2_fields *fields)
{
    if (fields->text)
        explicit_bzero(fields->text, fields->length);
    free(fields->text);
    free(fields->fields);
    *fields = (struct h2_fields){0};
}

const char *h2_fields_describe(const struct connect_request *request, char *out, size_t size)
{
    char authority[ENDPOINT_TEXT_MAX], text[DESCRIBE_MAX];
    bool resource = request->method == METHOD_CONNECT_TCP;
    int length = snprintf(text, sizeof text, "CONNECT %s, HTTP/2%s%s",
                          resource ? request->path : endpoint_format(request->target, authority),
                          resource ? ", " : "", resource ? connect_request_token(request->method) : "");

    return log_escape(out, size, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

/* --- of an answer --- */

/* Keeps bytes behind the others of this head.  *at: where. */
static bool keep(struct h2_answer *answer, const unsigned char *bytes, size_t length, unsigned *at)
{
    size_t size = answer->size ? answer->size : ANSWER_FIRST;
    char *grown;

    while (size < answer->length + length)
        size *= 2;
    if (size > answer->size) {
        grown = realloc(answer->text, size);
        if (!grown)
            return false;
        answer->text = grown;
        answer->size = size;
    }
    if (length > 0)
        memcpy(answer->text + answer->length, bytes, length);
    *at = (unsigned)answer->length;
    answer->length += length;
    return true;
}

static enum h2_answer_result too_long(struct h2_answer *answer, const char *why)
{
    answer->wrong = why;
    return H2_ANSWER_TOO_LONG;
}

/* RFC 9113 section 8.3.2: three digits, once. */
static void note_status(struct h2_answer *answer, const unsigned char *value, size_t length)
{
    bool digits = length == 3 && value[0] >= '1' && value[0] <= '5';

    for (size_t i = 1; digits && i < 3; i++)
        digits = value[i] >= '0' && value[i] <= '9';
    if (answer->head.status)
        answer->wrong = "the proxy answers with two statuses in one";
    else if (!digits)
        answer->wrong = "the proxy answers with a broken :status";
    else
        answer->head.status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
}

enum h2_answer_result h2_answer_add(struct h2_answer *answer, const unsigned char *name, size_t name_length,
                                    const unsigned char *value, size_t value_length)
{
    const struct http_head_slice named = {(const char *)name, name_length};
    unsigned name_at, value_at;

    if (name_length > HTTP_HEAD_BYTES_MAX - answer->bytes ||
        value_length > HTTP_HEAD_BYTES_MAX - answer->bytes - name_length)
        return too_long(answer, "the proxy answers with more than 64 KiB of header");
    answer->bytes += name_length + value_length;
    if (http_head_slice_is(&named, ":status")) {
        note_status(answer, value, value_length);
        return H2_ANSWER_OK;
    }
    if (http_head_slice_is(&named, "Content-Length"))
        return H2_ANSWER_OK;
    if (answer->count == HTTP_HEAD_FIELDS_MAX)
        return too_long(answer, "the proxy answers with more than 128 header fields");
    if (!keep(answer, name, name_length, &name_at) || !keep(answer, value, value_length, &value_at))
        return H2_ANSWER_NO_MEMORY;
    answer->at[answer->count].name = name_at;
    answer->at[answer->count].name_length = (unsigned)name_length;
    answer->at[answer->count].value = value_at;
    answer->at[answer->count++].value_length = (unsigned)value_length;
    return H2_ANSWER_OK;
}

const struct http_head *h2_answer_end(struct h2_answer *answer)
{
    struct http_head *head = &answer->head;

    if (!answer->wrong && !head->status)
        answer->wrong = "the proxy answers without a status";
    if (answer->wrong)
        return NULL;
    head->reason = text_of("");
    for (size_t i = 0; i < answer->count; i++) {
        const char *value = answer->text + answer->at[i].value;

        head->fields.at[i].name = (struct http_head_slice){answer->text + answer->at[i].name,
                                                           answer->at[i].name_length};
        head->fields.at[i].value = http_head_trim(value, value + answer->at[i].value_length);
    }
    head->fields.count = answer->count;
    return head;
}

void h2_answer_next(struct h2_answer *answer)
{
    answer->length = answer->count = 0;
    http_head_start(&answer->head);
}

void h2_answer_release(struct h2_answer *answer)
{
    free(answer->text);
    *answer = (struct h2_answer){0};
}
