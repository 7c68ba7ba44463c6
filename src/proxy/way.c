/* SPDX-License-Identifier: ISC */
#include "proxy/way.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finding/finder.h"
#include "finding/source.h"
#include "proxy/detour.h"
#include "proxy/probes.h"
#include "proxy/targets.h"

enum state { STARTED, TARGET, FIND, READY };

static const char *const state_names[] = {"started", "target", "find", "ready"};

struct way {
    struct task task;
    const struct services *services;
    struct config *config;
    const struct listener_config *listener;
    const char *name;
    struct trace trace;
    struct targets *targets; /* the places of the listener's target; NULL: not looked for yet */
    struct head_start *head_start; /* to the proxy, beside the look-up of an SRV record, or NULL */
    struct endpoint target;
    struct finding *finding; /* whose answer the route is made of, or NULL */
    struct route route;
    bool reached;            /* the route of an earlier place */
};

static void enter(struct way *way, enum state state);

/* --- TARGET: the name and port that proxies are asked for --- */

/* Takes the next place.  False: there is none. */
static bool take_target(struct way *way)
{
    return way->targets && targets_next(way->targets, &way->target);
}

static void drop_head_start(struct way *way)
{
    head_start_free(way->head_start);
    way->head_start = NULL;
}

static void on_targets(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct way *way = arg;
    char place[ENDPOINT_TEXT_MAX];

    if (outcome != OUTCOME_DONE || !head_start_connects(way->head_start))
        drop_head_start(way);
    if (outcome != OUTCOME_DONE) {
        way->task.failure = *failure;
        task_tell(&way->task, outcome);
        return;
    }
    take_target(way);
    if (way->listener->target.srv)
        trace_step(&way->trace, "target", "%s", endpoint_format(&way->target, place));
    enter(way, FIND);
}

static void enter_target(struct way *way)
{
    if (way->listener->target.srv)
        way->head_start = head_start_begin(way->services, way->config, way->listener->proxy, &way->trace);
    way->targets = targets_find(way->services->loop, way->services->resolver, way->listener,
                                way->config->settings.resolve_timeout, on_targets, way);
    if (!way->targets)
        task_fail(&way->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

/* --- FIND: the route to it --- */

/* Makes the route by rules alone. */
static void find_by_rules(struct way *way, bool (*find)(struct route *route, const struct listener_config *listener,
                                                        const struct endpoint *target, struct failure *failure))
{
    struct failure why;

    if (find(&way->route, way->listener, &way->target, &why)) {
        enter(way, READY);
    } else {
        way->task.failure = why;
        task_tell(&way->task, OUTCOME_LOCAL);
    }
}

/* Nothing of the answer may be used.  forbidden: why that is so of the last proxy in it; NULL: it only says DIRECT. */
static void refuse(struct way *way, const char *forbidden)
{
    struct failure *failure = &way->task.failure;
    char target[ENDPOINT_TEXT_MAX], where[sizeof failure->where];

    endpoint_format(&way->target, target);
    if (forbidden)
        failure_set(failure, FAILURE_TEMPORARY, FAILURE_THEY "names a proxy for %.100s that is refused: %s", target,
                    forbidden);
    else
        failure_set(failure, FAILURE_TEMPORARY, FAILURE_THEY "says DIRECT for %.100s, which needs fallback = direct",
                    target);
    failure_at(failure, "", source_name(way->listener->proxy, where, sizeof where));
    task_tell(&way->task, OUTCOME_FORBIDDEN);
}

/* Takes what may be used of what was found. */
static void take(struct way *way, const struct found *found)
{
    bool may_be_direct = way->listener->proxy->fallback == FALLBACK_DIRECT;
    const char *forbidden = NULL;

    route_begin(&way->route, way->listener->proxy);
    for (size_t i = 0; i < found->count; i++) {
        const struct endpoint *proxy = found->members[i].direct ? NULL : &found->members[i].proxy;
        const char *why = proxy ? services_forbid_named(way->services, true, proxy) : NULL;
        char url[ENDPOINT_URL_MAX];

        if (why)
            trace_step(&way->trace, "skipped", "%s: %s", endpoint_format_url(proxy, url), why);
        else if (!proxy && !may_be_direct)
            trace_step(&way->trace, "skipped", "DIRECT, which needs fallback = direct");
        else
            route_add(&way->route, proxy);
        if (why)
            forbidden = why;
    }
    if (way->route.count > 0)
        enter(way, READY);
    else
        refuse(way, forbidden);
}

static void on_finding(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct way *way = arg;

    trace_step(&way->trace, "question", "%s", finding_question(way->finding));
    if (outcome != OUTCOME_DONE) {
        way->task.failure = *failure;
        task_tell(&way->task, outcome);
    } else if (finding_is_environment(way->finding)) {
        trace_step(&way->trace, "answer", "what the environment's variables say");
        find_by_rules(way, route_find_in_environment);
    } else {
        trace_step(&way->trace, "answer", "%s%s", finding_found(way->finding)->said,
                   finding_was_kept(way->finding) ? " (kept)" : "");
        take(way, finding_found(way->finding));
    }
}

static void enter_find(struct way *way)
{
    const struct finding_params params = {
        .finder = way->services->finder,
        .config = way->config,
        .section = way->listener->proxy,
        .scheme = way->listener->scheme,
        .target = &way->target,
        .done = on_finding,
        .arg = way,
    };

    if (!params.section || !places_are_found(&params.section->urls)) {
        find_by_rules(way, route_find);
        return;
    }
    way->finding = finding_start(&params);
    if (!way->finding)
        task_fail(&way->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

/* --- the state machine --- */

static void enter(struct way *way, enum state state)
{
    task_enter(&way->task, way->name, state);
    switch (state) {
    case STARTED: break;
    case TARGET: enter_target(way); break;
    case FIND: enter_find(way); break;
    case READY:
        way->route.reached = way->reached;
        detour_choose(&way->route, way->services, way->listener->proxy);
        task_tell(&way->task, OUTCOME_DONE);
        break;
    }
}

/* Runs at the start, and again for each further place. */
static void begin(struct task *task)
{
    struct way *way = (struct way *)task;

    enter(way, way->targets ? FIND : TARGET);
}

static void drop(struct task *task)
{
    struct way *way = (struct way *)task;

    drop_head_start(way);
    finding_free(way->finding);
    targets_free(way->targets);
}

static void release(struct task *task)
{
    struct way *way = (struct way *)task;

    route_release(&way->route);
    config_unref(way->config);
}

static const struct task_kind kind = {"way", state_names, begin, drop, release};

/* --- public functions --- */

struct way *way_find(const struct way_params *params)
{
    struct way *way = calloc(1, sizeof *way);

    if (!way)
        return NULL;
    way->services = params->services;
    way->config = config_ref(params->config);
    way->listener = params->listener;
    way->name = params->name;
    way->trace = params->trace;
    task_start(&way->task, &kind, params->services->loop, params->done, params->arg);
    return way;
}

bool way_next(struct way *way)
{
    if (!take_target(way))
        return false;
    way->reached |= way->route.reached;
    finding_free(way->finding);
    way->finding = NULL;
    route_release(&way->route);
    task_restart(&way->task);
    return true;
}

const struct endpoint *way_target(const struct way *way)
{
    return &way->target;
}

struct route *way_route(struct way *way)
{
    return &way->route;
}

enum route_next way_choose(struct way *way, const struct endpoint **proxy, struct failure *failure)
{
    const struct services *services = way->services;
    enum route_next next = route_next(&way->route, services->health, loop_now(services->loop), proxy, failure);

    probes_begin(services->probes, &way->route, way->listener->proxy, &way->config->settings);
    return next;
}

struct head_start *way_head_start(const struct way *way)
{
    return way->head_start;
}

const struct proxy_config *way_section(const struct listener_config *listener, const struct endpoint *proxy)
{
    const struct proxy_config *section = listener->proxy;

    return !places_are_found(&section->urls) || finder_trusts(section, proxy) ? section : section->stranger;
}

void way_free(struct way *way)
{
    task_free(way ? &way->task : NULL);
}
