/* SPDX-License-Identifier: ISC */
#include "config/tls_hint.h"

#include <string.h>

const char *tls_hint(const struct listener_config *listener, uint16_t port)
{
    if (listener->tls == TLS_YES && protocol_expects_plain(listener->protocol, port))
        return "this port expects plain text first: set tls = starttls";
    if (listener->tls == TLS_STARTTLS && protocol_expects_tls(listener->protocol, port))
        return "this port expects TLS from the first byte: set tls = yes";
    if (listener->tls == TLS_NO && protocol_expects_tls(listener->protocol, port))
        return "this port expects TLS: set tls = yes, or let the client do TLS itself";
    return NULL;
}

void tls_hint_add(const struct listener_config *listener, uint16_t port, struct failure *failure)
{
    static const char seen[] = " certificate=";
    const char *hint = tls_hint(listener, port);

    if (hint && strncmp(failure->detail, seen, sizeof seen - 1) != 0)
        failure_hint(failure, hint);
}

void tls_hint_print(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener_config *listener = &config->listeners[i];
        const struct endpoint *place = &listener->target.place;
        const char *hint = listener->target.srv ? NULL : tls_hint(listener, place->port);
        char text[ENDPOINT_TEXT_MAX];

        if (hint)
            fprintf(out, "# %s to %s: %s\n", listener->name, endpoint_format(place, text), hint);
    }
}
