/* SPDX-License-Identifier: ISC */
#include "config/listener_check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/starttls.h"

/* Sets a key as if the file did. */
static void set_key(const struct section *section, struct listener_config *listener, const char *key, const char *value)
{
    const struct option_row *option = option_find(OPTION_LISTENER, key);
    const char *why;

    if (!value_parse(&option->rule, listener->protocol, option_field(option, listener), value, &why))
        section_complain(section, section->line, "%s: %s", key, why);
}

/* Returns a copy; NULL: out of memory, which was reported. */
static char *copy_text(const struct section *section, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        section_complain(section, section->line, "out of memory");
    return copy;
}

/* TLS inside the tunnel changes the default port of the target and the token that is announced. */
static void complete_tls(const struct section *section, struct listener_config *listener)
{
    const struct protocol *protocol = listener->protocol;
    const char *token = listener->token ? protocol_tls_token(protocol, listener->token) : NULL;

    if (listener->tls == TLS_NO && listener->tls_ca_file)
        section_complain(section, section_line_of(section, "tls-ca-file"), "tls-ca-file without tls: nothing would be "
                         "verified; set tls = yes or tls = starttls");
    if (listener->tls_ca_file)
        section_check_file(section, "tls-ca-file", listener->tls_ca_file, false);
    if (listener->tls == TLS_STARTTLS && !starttls_knows(protocol))
        section_complain(section, section_line_of(section, "tls"), "tls: %s knows no STARTTLS", section->title);
    if (listener->tls != TLS_YES)
        return;
    if (listener->target.srv && !protocol->tls_port)
        section_complain(section, section_line_of(section, "target"), "target: no SRV service with TLS is known for %s",
                         section->title);
    if (listener->target.default_port && protocol->tls_port)
        listener->target.place.port = protocol->tls_port;
    else if (listener->target.default_port && !listener->target.srv)
        section_complain(section, section_line_of(section, "target"), "target: with tls = yes it needs a port");
    if (token) {
        free(listener->token);
        listener->token = copy_text(section, token);
    }
}

void listener_check(const struct section *section, struct listener_config *listener)
{
    static const char key_listen[] = "listen", key_protocol[] = "protocol";
    const struct protocol *protocol = listener->protocol;
    char place[24];

    if (listener->listen.count == 0 && !section_line_of(section, key_listen)) {
        snprintf(place, sizeof place, "localhost:%u", protocol->listen_port);
        if (protocol->listen_port)
            set_key(section, listener, key_listen, place);
        else
            section_complain(section, section->line, "%s needs the key `%s`", section->title, key_listen);
    }
    if (!listener->token && !section_line_of(section, key_protocol)) {
        if (protocol->token)
            set_key(section, listener, key_protocol, protocol->token);
        else
            section_complain(section, section->line, "%s needs the key `%s`", section->title, key_protocol);
    }
    complete_tls(section, listener);
    listener->proxy_line = section_line_of(section, "proxy");
    if (listener->token) {
        listener->scheme = copy_text(section, listener->token);
        for (char *c = listener->scheme; c && *c; c++)
            *c = *c == '/' ? '\0' : (char)tolower((unsigned char)*c);
    }
}
