#include "proxy/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/srv.h"

struct targets {
    struct loop *loop;
    const struct listener_config *listener;
    targets_found_fn *found;
    void *arg;
    uint32_t limit_ms;
    struct lookup *lookup; /* running, or NULL */
    struct loop_timer limit;
    struct deferred start, death;
    struct srv_list list;
    size_t next;           /* the index of the next one to take */
};

static void __attribute__((format(printf, 3, 4))) fail(struct targets *targets, enum failure_class class,
                                                       const char *format, ...)
{
    struct failure failure;
    va_list values;

    loop_timer_stop(&targets->limit);
    va_start(values, format);
    failure_vset(&failure, class, format, values);
    va_end(values);
    targets->found(targets->arg, &failure);
}

static void on_srv(void *arg, const struct srv_list *records, const char *error)
{
    struct targets *targets = arg;
    const char *domain = targets->listener->target.place.host;

    targets->lookup = NULL;
    if (!records) {
        fail(targets, FAILURE_TEMPORARY, "no SRV record for %.100s: %s", domain, error);
    } else if (records->unavailable) {
        fail(targets, FAILURE_PERMANENT, "%.100s says that it has no such service (SRV)", domain);
    } else {
        loop_timer_stop(&targets->limit);
        targets->list = *records;
        targets->found(targets->arg, NULL);
    }
}

static void on_late(void *arg)
{
    struct targets *targets = arg;

    lookup_cancel(targets->lookup);
    targets->lookup = NULL;
    fail(targets, FAILURE_TEMPORARY, "no answer from the name servers within %u s", targets->limit_ms / 1000);
}

/* Reports a target that needs no look-up, too, later than targets_find: the caller then has one case only. */
static void on_start(struct deferred *start)
{
    struct targets *targets = (struct targets *)((char *)start - offsetof(struct targets, start));

    if (targets->list.count > 0)
        targets->found(targets->arg, NULL);
    else
        fail(targets, FAILURE_TEMPORARY, "the SRV record cannot be looked up now");
}

struct targets *targets_find(struct loop *loop, struct resolver *resolver, const struct listener_config *listener,
                             uint32_t limit_ms, targets_found_fn *found, void *arg)
{
    struct targets *targets = calloc(1, sizeof *targets);
    const struct endpoint_target *target = &listener->target;
    char name[ENDPOINT_HOST_MAX + 1];

    if (!targets)
        return NULL;
    targets->loop = loop;
    targets->listener = listener;
    targets->limit_ms = limit_ms;
    targets->found = found;
    targets->arg = arg;
    if (!target->srv) {
        targets->list.count = 1;
        targets->list.at[0].place = target->place;
    } else if (snprintf(name, sizeof name, "_%s%s._tcp.%s", listener->protocol->service,
                        listener->tls == TLS_YES ? "s" : "", target->place.host) < (int)sizeof name) {
        targets->lookup = resolver_find_srv(resolver, name, on_srv, targets);
    }
    if (targets->lookup)
        loop_timer_start(loop, &targets->limit, limit_ms, on_late, targets);
    else
        loop_defer(loop, &targets->start, on_start);
    return targets;
}

bool targets_next(struct targets *targets, struct endpoint *place)
{
    if (targets->next >= targets->list.count)
        return false;
    *place = targets->list.at[targets->next++].place;
    return true;
}

const char *targets_certified_name(const struct listener_config *listener, const struct endpoint *place)
{
    const struct endpoint_target *wanted = &listener->target;

    if (wanted->srv && !endpoint_host_within(place->host, wanted->place.host, strlen(wanted->place.host)))
        return wanted->place.host;
    return place->host;
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct targets, death));
}

void targets_free(struct targets *targets)
{
    if (!targets || targets->death.back)
        return;
    lookup_cancel(targets->lookup);
    targets->lookup = NULL;
    loop_timer_stop(&targets->limit);
    loop_undefer(targets->loop, &targets->start);
    loop_defer(targets->loop, &targets->death, die);
}
