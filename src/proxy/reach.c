#include "proxy/reach.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct reach {
    struct reach_params params;
    struct endpoint place;
    struct lookup *lookup;           /* under way, or NULL */
    struct dial *dial;               /* under way, or NULL */
    struct transport *transport;
    bool on_loopback;
    bool again;                      /* the addresses so far are dead: the late family's are awaited */
    struct address_list addresses;   /* that were dialed */
    char why[400];                   /* of what went wrong last */
    struct loop_timer timer;
    struct deferred death;
};

static void tell(struct reach *reach, enum reach_event event, const char *step, const char *text)
{
    reach->params.on_event(reach->params.arg, event, step, text);
}

static void __attribute__((format(printf, 3, 4))) end(struct reach *reach, enum reach_event event, const char *format,
                                                      ...)
{
    va_list values;

    loop_timer_stop(&reach->timer);
    va_start(values, format);
    vsnprintf(reach->why, sizeof reach->why, format, values);
    va_end(values);
    tell(reach, event, NULL, reach->why);
}

static void look_up(struct reach *reach);

static void on_dialed(void *arg, enum dial_result result, int fd, const struct address *address, const char *error)
{
    struct reach *reach = arg;
    char where[ADDRESS_TEXT_MAX], tried[360];
    struct address literal;

    reach->dial = NULL;
    if (result == DIAL_CONNECTED) {
        reach->transport = transport_from_socket(reach->params.loop, fd);
        reach->on_loopback = address_is_loopback(address);
        if (!reach->transport) {
            end(reach, REACH_OURSELVES, "out of memory");
            return;
        }
        if (log_wants_steps())
            tell(reach, REACH_STEP, "connect", address_format(address, where));
        tell(reach, REACH_CONNECTED, NULL, NULL);
        return;
    }
    if (address_from_literal(&literal, reach->place.host, 0))
        snprintf(tried, sizeof tried, "cannot connect: %s", error); /* the place says it already */
    else
        snprintf(tried, sizeof tried, "cannot connect to %s: %s", address_format(address, where), error);
    if (result == DIAL_OURSELVES || reach->again) {
        end(reach, result == DIAL_OURSELVES ? REACH_OURSELVES : REACH_UNREACHABLE, "%s", tried);
        return;
    }
    snprintf(reach->why, sizeof reach->why, "%s", tried);
    reach->again = true;
    look_up(reach);
}

static void dial(struct reach *reach, const struct address_list *addresses)
{
    reach->addresses = *addresses;
    reach->dial = dialer_dial(reach->params.dialer, addresses, reach->place.port, reach->params.connect_ms,
                              reach->params.keepalive_ms, on_dialed, reach);
    if (!reach->dial)
        end(reach, REACH_OURSELVES, "out of memory");
}

/* Takes out of the list what was dialed before. */
static void leave_out_tried(const struct reach *reach, struct address_list *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        bool tried = false;

        for (size_t k = 0; k < reach->addresses.count; k++)
            tried |= address_equal(&reach->addresses.at[k], &list->at[i]);
        if (!tried)
            list->at[kept++] = list->at[i];
    }
    list->count = kept;
}

static void on_addresses(void *arg, const struct address_list *found, const char *error)
{
    struct reach *reach = arg;
    struct address_list list = {0};
    struct address literal;
    char first[ADDRESS_TEXT_MAX], text[ENDPOINT_HOST_MAX + ADDRESS_TEXT_MAX + 16];

    reach->lookup = NULL;
    loop_timer_stop(&reach->timer);
    if (found)
        list = *found;
    if (reach->again)
        leave_out_tried(reach, &list);
    if (list.count == 0) {
        if (reach->again)
            tell(reach, REACH_UNREACHABLE, NULL, reach->why); /* of the dial */
        else
            end(reach, REACH_UNREACHABLE, "cannot find its address: %s", error);
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct address address = list.at[i];
        const char *why;

        address_set_port(&address, reach->place.port);
        why = reach->params.forbids ? reach->params.forbids(reach->params.arg, &address) : NULL;
        if (why) {
            end(reach, REACH_FORBIDDEN, "%s", why);
            return;
        }
    }
    if (log_wants_steps() && !address_from_literal(&literal, reach->place.host, 0)) { /* that one tells nothing */
        snprintf(text, sizeof text, "%s is %s%s", reach->place.host, address_format_host(&list.at[0], first),
                 list.count > 1 ? " and more" : "");
        tell(reach, REACH_STEP, "resolve", text);
    }
    dial(reach, &list);
}

static void on_late(void *arg)
{
    struct reach *reach = arg;

    lookup_cancel(reach->lookup);
    reach->lookup = NULL;
    if (reach->again)
        tell(reach, REACH_UNREACHABLE, NULL, reach->why);
    else
        end(reach, REACH_UNREACHABLE, "no answer from the name servers within %u s", reach->params.resolve_ms / 1000);
}

static void look_up(struct reach *reach)
{
    reach->lookup = resolver_find_addresses(reach->params.resolver, reach->place.host, reach->again, on_addresses,
                                            reach);
    loop_timer_start(reach->params.loop, &reach->timer, reach->lookup ? reach->params.resolve_ms : 0, on_late, reach);
}

struct reach *reach_start(const struct reach_params *params)
{
    struct reach *reach = calloc(1, sizeof *reach);

    if (!reach)
        return NULL;
    reach->params = *params;
    reach->place = *params->place;
    reach->params.place = &reach->place;
    look_up(reach);
    return reach;
}

struct transport *reach_take(struct reach *reach, bool *on_loopback)
{
    struct transport *transport = reach->transport;

    reach->transport = NULL;
    *on_loopback = reach->on_loopback;
    return transport;
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct reach, death));
}

void reach_free(struct reach *reach)
{
    if (!reach || reach->death.back)
        return;
    lookup_cancel(reach->lookup);
    dial_cancel(reach->dial);
    reach->lookup = NULL;
    reach->dial = NULL;
    loop_timer_stop(&reach->timer);
    transport_close(reach->transport);
    reach->transport = NULL;
    loop_defer(reach->params.loop, &reach->death, die);
}
