/* SPDX-License-Identifier: ISC */
#include "relay/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http/forwarded.h"

/* What an answer says besides its status.  body: for a person who looks; NULL: the status has none. */
static const struct kind {
    unsigned status;
    const char *reason, *fields, *body;
} kinds[] = {
    {204, "No Content", "", NULL},
    {400, "Bad Request", "", "The request cannot be read."},
    {401, "Unauthorized", "WWW-Authenticate: Basic realm=\"sallyport\", charset=\"UTF-8\"\r\n",
     "A user and a password are needed."},
    {403, "Forbidden", "", "Not for this user, or not registered."},
    {404, "Not Found", "", "Not found."},
    {405, "Method Not Allowed", "", "Not by this method."},
    {407, "Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"sallyport\", charset=\"UTF-8\"\r\n",
     "A user and a password are needed."},
    {408, "Request Timeout", "", "The request took too long."},
    {409, "Conflict", "", "The name belongs to another user."},
    {417, "Expectation Failed", "", "The expectation cannot be met."},
    {426, "Upgrade Required", "", "An Upgrade is needed."},
    {429, "Too Many Requests", "", "Too many at this time."},
    {431, "Request Header Fields Too Large", "", "The head of the request is too long."},
    {503, "Service Unavailable", "", "Nobody serves this name at this time."},
    {505, "HTTP Version Not Supported", "", "HTTP/1.1 is spoken here."},
};

/* The row of a status; one that is not there is a mistake of ours, or a fault that has a newer name: a 400. */
static const struct kind *find(unsigned status)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].status == status)
            return &kinds[i];
    return find(400);
}

/* A text that is written piece by piece; every piece is bounded, so that all of it fits. */
struct text {
    char *out;
    size_t length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    size_t room = REPLY_BYTES_MAX - text->length;
    va_list values;
    int length;

    va_start(values, format);
    length = vsnprintf(text->out + text->length, room, format, values);
    va_end(values);
    if (length > 0)
        text->length += (size_t)length < room ? (size_t)length : room - 1;
}

struct reply reply_of(unsigned status)
{
    return (struct reply){.status = status, .retry_after = status == 429 || status == 503 ? REPLY_RETRY_S : 0};
}

size_t reply_write(const struct reply *reply, char out[REPLY_BYTES_MAX])
{
    const struct kind *kind = find(reply->status);
    struct text text = {out, 0};

    add(&text, "HTTP/1.1 %u %s\r\n%s", kind->status, kind->reason, kind->fields);
    if (reply->allow)
        add(&text, "Allow: %s\r\n", reply->allow);
    if (reply->upgrade)
        add(&text, "Upgrade: %s\r\n", reply->upgrade);
    if (reply->upgrade || reply->last)
        add(&text, "Connection: %s%s%s\r\n", reply->upgrade ? "upgrade" : "", reply->upgrade && reply->last ? ", " : "",
            reply->last ? "close" : "");
    if (reply->retry_after > 0)
        add(&text, "Retry-After: %u\r\n", (unsigned)reply->retry_after);
    if (kind->body)
        add(&text, "Cache-Control: no-store\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s%s",
            strlen(kind->body) + 1, reply->bodiless ? "" : kind->body, reply->bodiless ? "" : "\n");
    else
        add(&text, "\r\n");
    return text.length;
}

size_t reply_write_handover(const char *token, const struct address *for_, const struct address *by, const char *alpn,
                            char out[REPLY_BYTES_MAX])
{
    bool known = for_->any.sa_family != AF_UNSPEC;
    char forwarded[FORWARDED_TEXT_MAX];
    struct text text = {out, 0};

    add(&text, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: %.*s\r\nForwarded: %s\r\n",
        REPLY_TOKEN_MAX, token, known ? forwarded_write(for_, by, forwarded) : "for=unknown");
    if (alpn)
        add(&text, "Selected-ALPN: %.*s\r\n", REPLY_ALPN_TEXT_MAX, alpn);
    add(&text, "\r\n");
    return text.length;
}

void reply_write_open(char out[REPLY_BYTES_MAX])
{
    snprintf(out, REPLY_BYTES_MAX, "HTTP/1.1 200 Connection Established\r\n\r\n");
}

void reply_write_switched(const struct http_head_slice *allowed, char out[REPLY_BYTES_MAX])
{
    struct text text = {out, 0};

    add(&text, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: TCPConnection/1.0\r\n");
    if (allowed->length > 0)
        add(&text, "Access-Control: allow <%.*s>\r\n", (int)allowed->length, allowed->bytes);
    add(&text, "\r\n");
}

/* The bytes of a token (RFC 9110 section 5.6.2), of which '%' is the one that encodes. */
static bool stays(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$&'*+-.^_`|~", c));
}

const char *reply_encode_alpn(const char *id, size_t length, char out[REPLY_ALPN_TEXT_MAX])
{
    size_t at = 0;

    for (size_t i = 0; i < length && i < REPLY_ALPN_MAX; i++)
        if (stays(id[i]))
            out[at++] = id[i];
        else
            at += (size_t)snprintf(out + at, REPLY_ALPN_TEXT_MAX - at, "%%%02X", (unsigned)(unsigned char)id[i]);
    out[at] = '\0';
    return out;
}
