/* SPDX-License-Identifier: ISC */
#include "session/misfit.h"

/* First bytes of TLS: of a handshake record, of an alert (RFC 8446 section 5.1). */
enum { TLS_ALERT = 0x15, TLS_HANDSHAKE = 0x16 };

bool misfit_between(unsigned char client, unsigned char server)
{
    return client == TLS_HANDSHAKE && server != TLS_HANDSHAKE && server != TLS_ALERT;
}

bool misfit_here(unsigned char client, const struct listener_config *listener)
{
    return client == TLS_HANDSHAKE && listener->tls != TLS_NO;
}

void misfit_warn(struct log_brake *brake, uint64_t now_ms, const char *name, const struct listener_config *listener)
{
    unsigned suppressed;

    if (!log_brake_open(brake, now_ms, &suppressed))
        return;
    if (listener->tls == TLS_NO)
        log_message(LEVEL_WARNING, name, "the client speaks TLS, and the server plain text: set the client to "
                    "STARTTLS, or to no encryption");
    else
        log_message(LEVEL_WARNING, name, "the client speaks TLS, which sallyport does with the server: set the client "
                    "to no encryption");
}
