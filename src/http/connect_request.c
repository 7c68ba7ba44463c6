/* SPDX-License-Identifier: ISC */
#include "http/connect_request.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What stands behind the verb (RFC 9112 section 3.2, and scheme:host:port). */
enum target_form { AUTHORITY, URI, ORIGIN, ABSOLUTE, ASTERISK };

struct method {
    const char *verb;
    enum target_form form;
    int denial;           /* the status that asks for credentials */
    unsigned announces;   /* bits of enum connect_announce */
    const char *token;    /* its own, for Upgrade; NULL: the listener's, if announced */
    const char *fields;   /* lines that say so */
};

static const struct method methods[] = {
    [METHOD_CONNECT] = {"CONNECT", AUTHORITY, 407, ~0u, NULL, ""},
    [METHOD_PROXY] = {"PROXY", URI, 407, ~0u, NULL, ""},
    [METHOD_CONNECT_URI] = {"CONNECT", URI, 407, ~0u, NULL, ""},
    [METHOD_TCPCONNECTION] = {"OPTIONS", ORIGIN, 401, ANNOUNCE_ALPN, "TCPConnection/1.0",
                              "Upgrade: TCPConnection/1.0\r\nConnection: Upgrade\r\n"},
    [METHOD_TCPCONNECTION_ABSOLUTE] = {"OPTIONS", ABSOLUTE, 407, ANNOUNCE_ALPN, "TCPConnection/1.0",
                                       "Upgrade: TCPConnection/1.0\r\nConnection: Upgrade\r\n"},
    [METHOD_CONNECT_TCP] = {"GET", ORIGIN, 401, ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL, "connect-tcp",
                            "Connection: Upgrade\r\nUpgrade: connect-tcp\r\nCapsule-Protocol: ?1\r\n"},
    [METHOD_TLS_UPGRADE] = {"OPTIONS", ORIGIN, 401, 0, "TLS/1.0", "Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n"},
    [METHOD_REVERSE] = {"GET", ORIGIN, 401, 0, "reverse", "Connection: upgrade\r\nUpgrade: reverse\r\n"},
    [METHOD_SIGN_OF_LIFE] = {"OPTIONS", ASTERISK, 407, 0, NULL, "Max-Forwards: 0\r\nConnection: close\r\n"},
};

const char *const connect_method_words[] = {"connect", "proxy", "connect-uri", "tcpconnection", NULL};
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

/* The authority of a server, with its port only where that is not the scheme's. */
static const char *format_host(const struct endpoint *server, char out[ENDPOINT_TEXT_MAX])
{
    endpoint_format(server, out);
    if (server->port == endpoint_default_port(server))
        *strrchr(out, ':') = '\0';
    return out;
}

static void add_start(struct writer *writer, const struct connect_request *request)
{
    const struct method *method = &methods[request->method];
    char authority[ENDPOINT_TEXT_MAX];

    if (method->form == AUTHORITY || method->form == URI)
        endpoint_format(request->target, authority);
    else
        format_host(request->proxy, authority);
    switch (method->form) {
    case AUTHORITY: add(writer, "%s %s HTTP/1.1\r\n", method->verb, authority); break;
    case URI: add(writer, "%s %s:%s HTTP/1.1\r\n", method->verb, request->scheme, authority); break;
    case ORIGIN: add(writer, "%s %s HTTP/1.1\r\n", method->verb, request->path); break;
    case ABSOLUTE:
        add(writer, "%s %s://%s%s HTTP/1.1\r\n", method->verb, endpoint_scheme(request->proxy), authority,
            request->path);
        break;
    case ASTERISK: add(writer, "%s * HTTP/1.1\r\n", method->verb); break;
    }
    add(writer, "Host: %s\r\n", authority);
}

static void add_credentials(struct writer *writer, const struct connect_request *request)
{
    if (request->credentials)
        add(writer, "%s: %s\r\n", methods[request->method].denial == 401 ? "Authorization" : "Proxy-Authorization",
            request->credentials);
    if (request->origin_credentials)
        add(writer, "Authorization: %s\r\n", request->origin_credentials);
}

/* What is announced, as bits.  HTTP/2 has no Upgrade: there ALPN takes its place. */
static unsigned announced(const struct connect_request *request)
{
    unsigned announce = request->announce;

    if (request->http2 && announce & ANNOUNCE_UPGRADE)
        announce = (announce & ~(unsigned)ANNOUNCE_UPGRADE) | ANNOUNCE_ALPN;
    return announce & methods[request->method].announces;
}

size_t connect_request_write(const struct connect_request *request, char *out, size_t size)
{
    const struct method *method = &methods[request->method];
    unsigned announce = announced(request);
    struct writer writer = {out, 0, size};

    add_start(&writer, request);
    add(&writer, "%s", method->fields);
    if (announce & ANNOUNCE_UPGRADE)
        add(&writer, "Upgrade: %s\r\nConnection: Upgrade\r\n", request->token);
    if (announce & ANNOUNCE_ALPN && request->alpn)
        add(&writer, "ALPN: %s\r\n", request->alpn);
    if (announce & ANNOUNCE_NEW_PROTOCOL)
        add(&writer, "New-Protocol: %s\r\n", request->token);
    if (request->origin)
        add(&writer, "Origin: http://%s\r\n", request->origin);
    if (!has_header(request, "User-Agent"))
        add(&writer, "User-Agent: sallyport/%s\r\n", PACKAGE_VERSION);
    if (request->keep_alive && method->denial == 407 && !has_header(request, "Proxy-Connection"))
        add(&writer, "Proxy-Connection: keep-alive\r\n");
    if (request->redirected_via)
        add(&writer, "Redirected-Via: %s\r\n", request->redirected_via);
    add_credentials(&writer, request);
    for (size_t i = 0; i < request->header_count; i++)
        add(&writer, "%s\r\n", request->headers[i]);
    add(&writer, "\r\n");
    return writer.at < size ? writer.at : 0;
}

char *connect_request_text(const struct connect_request *request, size_t *length)
{
    static char draft[CONNECT_REQUEST_MAX]; /* there is one thread; on the stack, all of it would be zeroed each time */
    char *text;

    *length = connect_request_write(request, draft, sizeof draft);
    text = malloc(*length + 1);
    if (text)
        memcpy(text, draft, *length), text[*length] = '\0';
    explicit_bzero(draft, *length > 0 ? *length : sizeof draft);
    return text;
}

const char *connect_request_verb(unsigned method)
{
    return methods[method].verb;
}

const char *connect_request_name(unsigned method)
{
    const struct method *asked = &methods[method];

    if (asked->token)
        return asked->token;
    return method <= METHOD_TCPCONNECTION ? connect_method_words[method] : asked->verb;
}

const char *connect_request_token(unsigned method)
{
    return methods[method].token;
}

int connect_request_denial(unsigned method)
{
    return methods[method].denial;
}

const char *connect_request_peer(unsigned method, int status)
{
    switch (method) {
    case METHOD_TCPCONNECTION: case METHOD_TLS_UPGRADE: return status == 407 ? "proxy" : "server";
    case METHOD_REVERSE: return status == 407 ? "proxy" : "relay";
    case METHOD_TCPCONNECTION_ABSOLUTE: return status == 401 ? "server" : "proxy";
    default: return "proxy";
    }
}

bool connect_request_has_path(unsigned method)
{
    return methods[method].form == ORIGIN || methods[method].form == ABSOLUTE;
}

unsigned connect_request_announces(unsigned method)
{
    return methods[method].announces;
}
