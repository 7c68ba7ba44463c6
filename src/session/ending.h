/* SPDX-License-Identifier: ISC */
/* How a session has ended when its pump has: whether well, by whom, and what is worth a line in the log.  Pure. */
#ifndef SALLYPORT_ENDING_H
#define SALLYPORT_ENDING_H

#include <stdbool.h>

#include "net/transport.h"
#include "protocol/protocol.h"
#include "session/pump.h"

struct ending {
    bool by_client;    /* it was the first to end, or it broke; else the server or the proxy */
    bool well;         /* both streams came to their end, or what was missing was no more than form */
    bool said_all;     /* all of the client was passed on and was all that it had to say: no reason for a reset */
    bool raw;          /* the proxy's first bytes were no capsules (capsule.h): nothing has reached the client */
    const char *error; /* what broke, for the log; valid until the next call of strerror; NULL: nothing that matters */
};

/* After PUMP_ENDED or PUMP_BROKEN.  A client that has taken its leave, QUIT or LOGOUT, or ended its stream, may be
 * gone for all that follows; and after the server's answer to QUIT an end without close_notify cuts nothing off.  The
 * client of a lone session (standard output) that is gone without that did not get all. */
struct ending ending_of(const struct pump *pump, enum pump_event event, const struct transport *client,
                        const struct protocol *protocol);

#endif
