/* SPDX-License-Identifier: ISC */
/* What must hold of a file about servers, whatever it is. */
#ifndef SALLYPORT_FUZZ_SERVERS_H
#define SALLYPORT_FUZZ_SERVERS_H

#include <string.h>

#include "../fuzz.h"
#include "discover/server_file.h"

/* Looks at a server that was found: host and port can be written down and read again, and the login is printable. */
static inline void look_at_server(const struct found_server *server)
{
    char place[ENDPOINT_TEXT_MAX];
    struct endpoint again;
    const char *why;

    MUST(server->protocol && (server->tls == TLS_YES || server->tls == TLS_STARTTLS));
    endpoint_format(&server->place, place);
    MUST(endpoint_parse(&again, place, strlen(place), 0, &why));
    MUST(endpoint_equal(&server->place, &again));
    MUST(strlen(server->login) <= FOUND_LOGIN_MAX);
    for (const char *c = server->login; *c; c++)
        MUST(*c >= ' ' && *c <= '~');
}

static inline void read_servers(server_file_read_fn *read, const uint8_t *bytes, size_t length)
{
    static const struct mail_address address = {.text = "me@example.net", .local = "me", .domain = "example.net"};
    char *text = malloc(length ? length : 1), why[256] = "";
    struct server_file file = {.text = text, .length = length, .address = &address, .source = "x", .step = "x"};
    struct found_servers found = {0};

    MUST(text);
    memcpy(text, bytes, length);
    if (!read(&found, &file, why, sizeof why))
        MUST(found.count == 0 && why[0]);
    MUST(found.count <= FOUND_SERVERS_MAX);
    for (size_t i = 0; i < found.count; i++)
        look_at_server(&found.at[i]);
    free(text);
}

#endif
