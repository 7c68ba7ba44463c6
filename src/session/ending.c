/* SPDX-License-Identifier: ISC */
#include "session/ending.h"

#include <errno.h>

#include "protocol/goodbye.h"

struct ending ending_of(const struct pump *pump, enum pump_event event, const struct transport *client,
                        const struct protocol *protocol)
{
    const struct pump_direction *up = &pump->way[PUMP_UP], *down = &pump->way[PUMP_DOWN];
    bool said = !up->cut && goodbye_is_said(protocol, &up->line);
    bool answered = said && !down->cut && goodbye_is_answered(protocol, &up->line, &down->line);
    bool closed = up->state == PUMP_ENDED_WAY && !pump->lone;
    struct ending ending = {.well = true, .by_client = pump->first_end == PUMP_UP};

    if (event == PUMP_ENDED)
        return ending;
    ending.by_client = pump->broken_side == client;
    ending.well = answered;
    ending.raw = !ending.by_client && pump->broken_side->error == EPROTONOSUPPORT && down->bytes == 0;
    ending.said_all = ending.by_client && (said || closed);
    if (!answered && !ending.said_all && !(said && closed))
        ending.error = transport_error(pump->broken_side);
    return ending;
}
