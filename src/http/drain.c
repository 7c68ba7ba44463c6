/* SPDX-License-Identifier: ISC */
#include "http/drain.h"

#include <stdlib.h>

static void drop(struct drain *drain)
{
    transport_close(drain->transport);
    drain->transport = NULL;
}

/* Skips more of the body.  True: it is at its end, or the connection was dropped. */
static bool pass_over(struct drain *drain, const char *bytes, size_t length)
{
    size_t used;

    drain->skipped += length;
    if (!drain->endless && drain->skipped <= DRAIN_MAX)
        switch (http_body_read(&drain->body, bytes, length, &used)) {
        case HTTP_BODY_MORE:
            return false;
        case HTTP_BODY_DONE:
            if (used == length)
                return true;
            break;
        case HTTP_BODY_BAD:
            break;
        }
    drain->endless = drain->needed && drain->skipped <= DRAIN_MAX;
    if (!drain->endless)
        drop(drain);
    return !drain->endless;
}

static void tell(void *arg)
{
    struct drain *drain = arg;

    loop_timer_stop(&drain->quiet);
    drain->done(drain->arg);
}

static void on_page(void *arg, int ready)
{
    struct drain *drain = arg;
    char bytes[4096];
    bool over = false;

    (void)ready;
    while (!over) {
        ssize_t got = transport_recv(drain->transport, bytes, sizeof bytes);

        if (got == TRANSPORT_AGAIN) {
            if (drain->endless)
                loop_timer_start(drain->loop, &drain->quiet, DRAIN_QUIET_MS, tell, drain);
            return;
        }
        if (got <= 0)
            drop(drain);
        over = got <= 0 || pass_over(drain, bytes, (size_t)got);
    }
    tell(drain);
}

static void read_on(struct drain *drain)
{
    transport_watch(drain->transport, on_page, drain);
    on_page(drain, LOOP_READ);
}

void drain_start(struct drain *drain, struct loop *loop, struct exchange *exchange, bool needed,
                 void (*done)(void *arg), void *arg)
{
    const struct http_head *head = exchange_head(exchange);
    bool lasts = needed || http_body_lasts(head);
    size_t length;
    char *bytes;

    *drain = (struct drain){.loop = loop, .needed = needed, .done = done, .arg = arg};
    drain->endless = !http_body_start(&drain->body, head);
    drain->transport = exchange_take(exchange, &bytes, &length); /* the head is gone with it */
    if (!needed && (drain->endless || !lasts))
        drop(drain);
    if (!drain->transport || pass_over(drain, bytes ? bytes : "", length))
        tell(drain);
    else
        read_on(drain);
    free(bytes);
}

void drain_go_on(struct drain *drain, struct transport *transport)
{
    drain->transport = transport;
    drain->endless = true;
    read_on(drain);
}

struct transport *drain_take(struct drain *drain)
{
    struct transport *transport = drain->transport;

    drain->transport = NULL;
    if (transport)
        transport_watch(transport, NULL, NULL);
    return transport;
}

void drain_stop(struct drain *drain)
{
    loop_timer_stop(&drain->quiet);
    drop(drain);
}
