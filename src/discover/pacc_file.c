/* SPDX-License-Identifier: ISC */
#include "discover/pacc_file.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* The members of "protocols" that are of use. */
static const struct {
    const char *member, *section;
} kinds[] = {
    {"imap", "imap"},
    {"pop3", "pop3"},
    {"submit", "submission"}, /* since -03 */
    {"smtp", "submission"},   /* until -02 */
};

/* Whether a password is no use: OAuth 2 is offered, and a password is not. */
static bool wants_oauth(const json_t *root)
{
    const json_t *ways = json_object_get(root, "authentication");

    return json_is_object(json_object_get(ways, "oauth-public")) && !json_is_true(json_object_get(ways, "password"));
}

static void read_server(struct found_servers *found, struct server_file *file, const char *section,
                        const json_t *server, bool oauth_only)
{
    const struct protocol *protocol = protocol_find(section, strlen(section));
    const json_t *port = json_object_get(server, "port");
    char text[24];
    const struct server_offer offer = {
        .section = section,
        .host = json_string_value(json_object_get(server, "host")),
        .port = text,
        .tls = TLS_YES,
        .oauth_only = oauth_only,
    };

    snprintf(text, sizeof text, "%lld", json_is_integer(port) ? (long long)json_integer_value(port)
                                                              : (long long)protocol->tls_port);
    server_file_offer(found, file, &offer);
}

static void read_servers(struct found_servers *found, struct server_file *file, const json_t *root)
{
    const json_t *protocols = json_object_get(root, "protocols");

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const json_t *server = json_object_get(protocols, kinds[i].member);

        if (json_is_object(server))
            read_server(found, file, kinds[i].section, server, wants_oauth(root));
    }
}

bool pacc_file_read(struct found_servers *found, struct server_file *file, char *why, size_t size)
{
    json_error_t error;
    json_t *root = json_loadb(file->text, file->length, 0, &error);
    bool good = json_is_object(json_object_get(root, "protocols"));

    if (!root)
        snprintf(why, size, "it is no JSON, in line %d", error.line);
    else if (!good)
        snprintf(why, size, "it is JSON, but no PACC file: it has no \"protocols\"");
    else
        read_servers(found, file, root);
    json_decref(root);
    return good;
}
