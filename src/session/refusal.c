/* SPDX-License-Identifier: ISC */
#include "session/refusal.h"

#include "protocol/protocol.h"

/* Whether the client speaks TLS to the server itself: it could not read a refusal in plain text. */
static bool speaks_tls(struct transport *client, const struct listener_config *listener, uint16_t port,
                       enum refusal_client known)
{
    unsigned char start[2];
    ssize_t seen = transport_peek(client, start, sizeof start);

    if (known == REFUSAL_CLIENT_SPOKE)
        return true; /* before the server's greeting: most likely a TLS ClientHello */
    if (known == REFUSAL_CLIENT_LISTENS && seen == TRANSPORT_AGAIN)
        return false; /* it waits for the greeting */
    if (seen > 0)
        return start[0] == 0x16 && (seen == 1 || start[1] == 0x03); /* a handshake record, RFC 8446 section 5.1 */
    return listener->tls == TLS_NO && !listener->target.srv &&
           (protocol_expects_tls(listener->protocol, listener->target.place.port) ||
            protocol_expects_tls(listener->protocol, port));
}

bool refusal_say(struct transport *client, const struct listener_config *listener, uint16_t port,
                 const struct failure *failure, enum refusal_client known)
{
    char line[PROTOCOL_REFUSAL_MAX + 1];
    size_t length = protocol_refusal(listener->protocol, failure, line);

    return length > 0 && !speaks_tls(client, listener, port, known) && transport_send(client, line, length) > 0 &&
           transport_shutdown_send(client);
}

bool refusal_drain(struct transport *client, uint32_t *dropped)
{
    char bytes[4096];
    ssize_t got;

    while ((got = transport_recv(client, bytes, sizeof bytes)) > 0) {
        *dropped += (uint32_t)got;
        if (*dropped > REFUSAL_BYTES_MAX)
            return false;
    }
    return got == TRANSPORT_AGAIN;
}
