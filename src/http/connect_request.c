#include "http/connect_request.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct method {
    const char *verb;
    bool names_protocol; /* the request target is scheme:host:port, not host:port */
};

static const struct method methods[] = {
    {"CONNECT", false},
    {"PROXY", true},
    {"CONNECT", true},
};

const char *const connect_method_words[] = {"connect", "proxy", "connect-uri", NULL};
const char *const connect_announce_words[] = {"upgrade", "alpn", "new-protocol", NULL};

/* A request being written.  at >= size: it did not fit. */
struct writer {
    char *out;
    size_t at, size;
};

static void __attribute__((format(printf, 2, 3))) add(struct writer *writer, const char *format, ...)
{
    va_list values;
    int length;

    if (writer->at >= writer->size)
        return;
    va_start(values, format);
    length = vsnprintf(writer->out + writer->at, writer->size - writer->at, format, values);
    va_end(values);
    writer->at = length < 0 ? writer->size : writer->at + (size_t)length;
}

/* Whether the configuration has a header of that name. */
static bool has_header(const struct connect_request *request, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < request->header_count; i++)
        if (strncasecmp(request->headers[i], name, length) == 0 && request->headers[i][length] == ':')
            return true;
    return false;
}

size_t connect_request_write(const struct connect_request *request, char *out, size_t size)
{
    const struct method *method = &methods[request->method];
    struct writer writer = {out, 0, size};
    char authority[ENDPOINT_TEXT_MAX];

    endpoint_format(request->target, authority);
    if (method->names_protocol)
        add(&writer, "%s %s:%s HTTP/1.1\r\n", method->verb, request->scheme, authority);
    else
        add(&writer, "%s %s HTTP/1.1\r\n", method->verb, authority);
    add(&writer, "Host: %s\r\n", authority);
    if (request->announce & ANNOUNCE_UPGRADE)
        add(&writer, "Upgrade: %s\r\nConnection: Upgrade\r\n", request->token);
    if (request->announce & ANNOUNCE_ALPN && request->alpn)
        add(&writer, "ALPN: %s\r\n", request->alpn);
    if (request->announce & ANNOUNCE_NEW_PROTOCOL)
        add(&writer, "New-Protocol: %s\r\n", request->token);
    if (!has_header(request, "User-Agent"))
        add(&writer, "User-Agent: sallyport/%s\r\n", PACKAGE_VERSION);
    if (request->keep_alive && !has_header(request, "Proxy-Connection"))
        add(&writer, "Proxy-Connection: keep-alive\r\n");
    if (request->redirected_via)
        add(&writer, "Redirected-Via: %s\r\n", request->redirected_via);
    if (request->credentials)
        add(&writer, "Proxy-Authorization: %s\r\n", request->credentials);
    for (size_t i = 0; i < request->header_count; i++)
        add(&writer, "%s\r\n", request->headers[i]);
    add(&writer, "\r\n");
    return writer.at < size ? writer.at : 0;
}
