/* SPDX-License-Identifier: ISC */
#include "proxy/tunnel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proxy/announcement.h"
#include "proxy/doubled_request.h"
#include "proxy/health.h"
#include "proxy/notices.h"
#include "proxy/target_tls.h"
#include "proxy/way.h"
#include "redirect/consent.h"
#include "redirect/redirect_chain.h"

enum state { STARTED, FIND, CHOOSE, REQUEST, ASK, SECURE, OPEN, FAILED };

static const char *const state_names[] = {"started", "find", "choose", "request", "ask", "secure", "open", "failed"};

struct tunnel {
    struct task task;
    const struct services *services;
    struct config *config;
    const struct listener_config *listener;
    char name[TUNNEL_NAME_MAX];
    struct trace trace;

    struct way *way;               /* NULL: not looked for yet */
    bool routed;                   /* the way's present place has a route */
    char *senders;                 /* REDIRECT_CHAIN_VIA_MAX bytes, once a redirect has led somewhere, or NULL */
    struct redirect_chain chain;          /* the redirects since a proxy of the route was chosen */
    const struct endpoint *proxy;  /* the one in use; NULL: direct */
    const struct proxy_config *own; /* its section, whose secrets no other proxy may see; NULL: none */
    bool on_loopback;              /* the proxy that answered is on this machine */
    bool switched;                 /* the answer was 101 */

    struct doubled_request *doubled; /* running, as are consent and tls, or NULL */
    struct proxy_request *request;  /* the one of these that serves, once it has ended, or NULL */
    struct consent *consent;
    struct tls_client *tls;         /* TLS to the target */
};

static void enter(struct tunnel *tunnel, enum state state);
static void begin_at(struct tunnel *tunnel, const struct endpoint *configured);

/* Where the tunnel's next connection goes. */
static const struct endpoint *place(const struct tunnel *tunnel)
{
    return tunnel->proxy ? tunnel->proxy : way_target(tunnel->way);
}

static uint64_t now(const struct tunnel *tunnel)
{
    return loop_now(tunnel->services->loop);
}

/* --- failures --- */

/* What a failure leads to. */
enum blame {
    BLAME_PROXY,   /* it cannot be reached or is no proxy: it rests, and another is asked */
    BLAME_BUSY,    /* it answered that it cannot now: another is asked */
    BLAME_TARGET,  /* the target failed, not the proxy: the next target of the SRV record is tried */
    BLAME_NOBODY,  /* the failure is final */
};

static void drop(struct tunnel *tunnel)
{
    doubled_request_free(tunnel->doubled);
    consent_free(tunnel->consent);
    tls_client_free(tunnel->tls);
    tunnel->doubled = NULL;
    tunnel->request = NULL;
    tunnel->consent = NULL;
    tunnel->tls = NULL;
}

/* Goes on to the next place of an SRV record, or ends where there is none. */
static void take_next_target(struct tunnel *tunnel)
{
    if (!way_next(tunnel->way)) {
        enter(tunnel, FAILED);
        return;
    }
    trace_step(&tunnel->trace, "failed", "%s", tunnel->task.failure.what); /* the last one is reported in the end */
    memset(&tunnel->task.failure, 0, sizeof tunnel->task.failure);
    tunnel->routed = false;
    enter(tunnel, FIND);
}

/* A learned proxy has failed: goes back, once, to the configured proxy that the redirects began at. */
static void fall_back(struct tunnel *tunnel)
{
    struct endpoint configured = tunnel->chain.asked[0];
    char where[ENDPOINT_URL_MAX];

    if (!redirect_chain_fall_back(&tunnel->chain)) {
        enter(tunnel, FAILED);
        return;
    }
    log_message(LEVEL_WARNING, tunnel->name, "%s, learned by a redirect, is forgotten: %s",
                tunnel->proxy ? endpoint_format_url(tunnel->proxy, where) : "the direct way",
                tunnel->task.failure.what);
    begin_at(tunnel, &configured);
}

/* Every failure comes here, with task.failure set: goes on to another proxy or another target, or ends. */
static void fail(struct tunnel *tunnel, enum blame blame)
{
    bool proxy_failed = blame == BLAME_PROXY || blame == BLAME_BUSY;
    bool learned = redirect_chain_is_learned(&tunnel->chain), untried = proxy_request_failed_before(tunnel->request);
    char where[ENDPOINT_TEXT_MAX];

    if (!tunnel->task.failure.where[0] && tunnel->routed)
        failure_at(&tunnel->task.failure, tunnel->proxy ? endpoint_scheme(tunnel->proxy) : "",
                   endpoint_format(place(tunnel), where));
    drop(tunnel);
    if (tunnel->proxy && !learned && blame == BLAME_PROXY && !untried)
        health_failed(tunnel->services->health, tunnel->name, tunnel->proxy, now(tunnel), &tunnel->task.failure);
    if (proxy_failed && learned)
        fall_back(tunnel);
    else if (proxy_failed)
        enter(tunnel, CHOOSE);
    else if (blame == BLAME_TARGET)
        take_next_target(tunnel);
    else
        enter(tunnel, FAILED);
}

static void __attribute__((format(printf, 3, 4))) fail_for(struct tunnel *tunnel, enum blame blame,
                                                           const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&tunnel->task.failure, FAILURE_TEMPORARY, format, values);
    va_end(values);
    fail(tunnel, blame);
}

/* --- FIND: the target, and which proxies there are for it --- */

static void on_way(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct tunnel *tunnel = arg;

    if (outcome == OUTCOME_DONE) {
        tunnel->routed = true;
        scope_url_set(&tunnel->chain.url, tunnel->listener->scheme, way_target(tunnel->way));
        enter(tunnel, CHOOSE);
        return;
    }
    tunnel->task.failure = *failure;
    fail(tunnel, outcome == OUTCOME_FORBIDDEN ? BLAME_TARGET : BLAME_NOBODY);
}

static void enter_find(struct tunnel *tunnel)
{
    const struct way_params params = {
        .services = tunnel->services,
        .config = tunnel->config,
        .listener = tunnel->listener,
        .name = tunnel->name,
        .trace = tunnel->trace,
        .done = on_way,
        .arg = tunnel,
    };

    if (tunnel->way) /* it goes on by itself */
        return;
    tunnel->way = way_find(&params);
    if (!tunnel->way)
        fail_for(tunnel, BLAME_NOBODY, "out of memory");
}

/* --- CHOOSE: which proxy --- */

/* Asks the proxy to which the redirects have led, or goes direct. */
static void use_proxy(struct tunnel *tunnel)
{
    tunnel->proxy = redirect_chain_proxy(&tunnel->chain);
    tunnel->own = NULL;
    if (tunnel->proxy && !redirect_chain_is_learned(&tunnel->chain))
        tunnel->own = way_section(tunnel->listener, tunnel->proxy);
    else if (tunnel->proxy)
        tunnel->own = route_section(tunnel->config, tunnel->listener, tunnel->proxy);
    enter(tunnel, REQUEST);
}

static void begin_at(struct tunnel *tunnel, const struct endpoint *configured)
{
    char why[200];

    if (redirect_chain_begin(&tunnel->chain, configured, now(tunnel), why, sizeof why)) {
        use_proxy(tunnel);
    } else {
        tunnel->proxy = redirect_chain_proxy(&tunnel->chain);
        failure_set(&tunnel->task.failure, FAILURE_PERMANENT, "%s", why);
        fail(tunnel, BLAME_NOBODY);
    }
}

/* Goes without a proxy. */
static void go_direct(struct tunnel *tunnel)
{
    tunnel->proxy = NULL;
    tunnel->own = NULL;
    redirect_chain_leave(&tunnel->chain);
    enter(tunnel, REQUEST);
}

/* No way to this place is left: to another one there may be, if the last one was the direct way, or if the proxies were
 * found for this place alone. */
static void end_route(struct tunnel *tunnel)
{
    if (!tunnel->proxy || way_route(tunnel->way)->found)
        take_next_target(tunnel);
    else
        enter(tunnel, FAILED);
}

static void enter_choose(struct tunnel *tunnel)
{
    const struct endpoint *configured;
    struct failure why;
    enum route_next next = way_choose(tunnel->way, &configured, &why);

    if (tunnel->task.failure.what[0] && (next == ROUTE_PROXY || next == ROUTE_DIRECT))
        trace_step(&tunnel->trace, "failed", "%s", tunnel->task.failure.what);
    if (next == ROUTE_NONE || next == ROUTE_AWAY)
        notices_no_way(tunnel->services->notices, tunnel->listener, way_route(tunnel->way), tunnel->services->health,
                       now(tunnel), next == ROUTE_AWAY ? &why : &tunnel->task.failure);
    switch (next) {
    case ROUTE_PROXY: begin_at(tunnel, configured); break;
    case ROUTE_DIRECT: go_direct(tunnel); break;
    case ROUTE_NONE: end_route(tunnel); break; /* the failure of the last one stays */
    case ROUTE_AWAY:
        tunnel->task.failure = why;
        enter(tunnel, FAILED);
        break;
    }
}

/* --- REQUEST: the proxy is asked, or the target dialed --- */

/* Why the proxy in use, if the configuration does not name it, may not be at this address; NULL: it may.  One that was
 * found may be on this machine: the PAC file or the program that named it was chosen by the user. */
static const char *forbids(void *arg, const struct address *address)
{
    const struct tunnel *tunnel = arg;
    bool learned = redirect_chain_is_learned(&tunnel->chain);

    return services_forbid(tunnel->services, !learned || tunnel->chain.sender_on_loopback, address);
}

/* The proxy works.  Learned proxies are not recorded: they could push out the configured ones. */
static void note_answer(struct tunnel *tunnel)
{
    if (tunnel->proxy && !redirect_chain_is_learned(&tunnel->chain))
        health_worked(tunnel->services->health, tunnel->proxy, now(tunnel));
    notices_answered(tunnel->services->notices, tunnel->listener, tunnel->proxy);
}

/* The failure is the proxy's own answer: decides what it leads to. */
static void on_refusal(struct tunnel *tunnel, const struct connect_response *response)
{
    bool learned = redirect_chain_is_learned(&tunnel->chain), refused = proxy_request_was_refused(tunnel->request);
    enum blame blame = response->busy || (response->server_error && learned) ? BLAME_BUSY
                       : response->target_trouble                           ? BLAME_TARGET
                                                                           : BLAME_NOBODY;

    tunnel->task.failure = response->failure;
    if (!refused)
        note_answer(tunnel);
    if (response->retry_after > 0 && !learned)
        health_sent_away(tunnel->services->health, tunnel->name, tunnel->proxy, now(tunnel),
                         (unsigned)response->retry_after, &tunnel->task.failure);
    if (refused) /* the same credentials again, here or elsewhere, could lock the account */
        services_note_refusal(tunnel->services, tunnel->name, tunnel->own, tunnel->proxy, now(tunnel),
                              &tunnel->task.failure);
    fail(tunnel, blame);
}

/* --- a redirect, and ASK: whether the user allows it --- */

static void refuse_redirect(struct tunnel *tunnel, enum failure_class class, const char *why)
{
    unsigned status = (unsigned)strtoul(tunnel->task.failure.what, NULL, 10);

    failure_set(&tunnel->task.failure, class, "%.60s: redirect refused: %s", tunnel->task.failure.what, why);
    failure_brief(&tunnel->task.failure, status, "redirect refused: %s", why);
    tunnel->task.failure.cause = CAUSE_REDIRECT;
    fail(tunnel, BLAME_NOBODY);
}

/* Follows the redirect, now that nothing forbids it. */
static void follow(struct tunnel *tunnel)
{
    const struct setproxy *said = &tunnel->chain.pending;
    char by[ENDPOINT_URL_MAX], to[ENDPOINT_URL_MAX], scope[SCOPE_TEXT_MAX], lifetime[48], why[200];
    struct endpoint configured = tunnel->chain.asked[0];
    bool begin_anew;

    endpoint_format_url(tunnel->proxy, by);
    setproxy_format_place(said, to);
    log_event(LEVEL_INFO, tunnel->name, "redirected by=%s to=%s scope=%s lifetime=%s", by, to,
              scope_format(&said->scope, scope), setproxy_format_lifetime(&said->lifetime, lifetime));
    trace_step(&tunnel->trace, "redirect", "to %s for %s, %s", to, scope, lifetime);
    if (!redirect_chain_apply(&tunnel->chain, tunnel->on_loopback, now(tunnel), &begin_anew, why, sizeof why))
        refuse_redirect(tunnel, FAILURE_PERMANENT, why);
    else if (begin_anew)
        begin_at(tunnel, &configured);
    else
        use_proxy(tunnel);
}

static void on_consent(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct tunnel *tunnel = arg;

    if (outcome == OUTCOME_DONE)
        follow(tunnel);
    else if (outcome == OUTCOME_FORBIDDEN)
        refuse_redirect(tunnel, failure->class, failure->what);
    else
        fail_for(tunnel, BLAME_NOBODY, "redirected, but %s", failure->what);
}

/* Why the proxy that the answer names may not be at this address; NULL: it may. */
static const char *forbids_named(void *arg, const struct address *address)
{
    const struct tunnel *tunnel = arg;

    return services_forbid(tunnel->services, tunnel->on_loopback, address);
}

static void enter_ask(struct tunnel *tunnel)
{
    const struct consent_params params = {
        .loop = tunnel->services->loop,
        .resolver = tunnel->services->resolver,
        .questions = tunnel->services->questions,
        .settings = &tunnel->config->redirects,
        .resolve_ms = tunnel->config->settings.resolve_timeout,
        .sender = tunnel->proxy,
        .said = &tunnel->chain.pending,
        .forbids = forbids_named,
        .done = on_consent,
        .arg = tunnel,
    };

    tunnel->consent = consent_ask(&params);
    if (!tunnel->consent)
        fail_for(tunnel, BLAME_NOBODY, "out of memory");
}

static void on_redirect(struct tunnel *tunnel, const struct connect_response *response)
{
    const struct setproxy *said = &tunnel->chain.pending;
    const char *forbidden;
    char why[300] = "";
    enum redirect_decision decision = redirect_chain_decide(&tunnel->chain, proxy_request_head(tunnel->request), why,
                                                            sizeof why);

    tunnel->task.failure = response->failure;
    note_answer(tunnel);
    if (decision != REDIRECT_REFUSE && said->action == SETPROXY_SET &&
        (forbidden = services_forbid_named(tunnel->services, tunnel->on_loopback, &said->proxy))) {
        decision = REDIRECT_REFUSE;
        snprintf(why, sizeof why, "%s", forbidden);
    }
    drop(tunnel);
    switch (decision) {
    case REDIRECT_FOLLOW: follow(tunnel); break;
    case REDIRECT_ASK: enter(tunnel, ASK); break;
    case REDIRECT_REFUSE: refuse_redirect(tunnel, FAILURE_PERMANENT, why); break;
    }
}

static void on_answer(struct tunnel *tunnel, const struct connect_response *response)
{
    tunnel->on_loopback = proxy_request_on_loopback(tunnel->request);
    switch (response->verdict) {
    case CONNECT_REDIRECT: on_redirect(tunnel, response); break;
    case CONNECT_FAILED: on_refusal(tunnel, response); break;
    case CONNECT_OPEN: break; /* on_request handles it */
    case CONNECT_SKIP: case CONNECT_RETRY_PLAIN: break; /* they are never reported */
    }
}

static void on_open(struct tunnel *tunnel, bool switched)
{
    tunnel->switched = switched;
    note_answer(tunnel);
    enter(tunnel, tunnel->listener->tls == TLS_NO ? OPEN : SECURE);
}

/* The proxy leads where none may be: a redirect to it is forgotten; of those that were found, another is asked. */
static void on_forbidden(struct tunnel *tunnel, const struct failure *failure)
{
    if (redirect_chain_is_learned(&tunnel->chain)) {
        redirect_table_drop(tunnel->services->redirects, tunnel->chain.entries[tunnel->chain.asked_count - 1]);
        failure_set(&tunnel->task.failure, FAILURE_PERMANENT, "a redirect here is refused: %s", failure->what);
        fail(tunnel, BLAME_NOBODY);
    } else {
        fail_for(tunnel, BLAME_BUSY, "this proxy, which was found, is refused: %s", failure->what);
    }
}

static void on_request(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct tunnel *tunnel = arg;
    const struct connect_response *response;

    tunnel->request = doubled_request_served(tunnel->doubled);
    way_route(tunnel->way)->reached |= tunnel->proxy && proxy_request_was_reached(tunnel->request);
    if (failure)
        tunnel->task.failure = *failure;
    switch (outcome) {
    case OUTCOME_DONE:
        response = proxy_request_response(tunnel->request);
        if (!response || response->verdict == CONNECT_OPEN)
            on_open(tunnel, response && response->switched);
        else
            on_answer(tunnel, response);
        break;
    case OUTCOME_PEER: fail(tunnel, BLAME_PROXY); break;
    case OUTCOME_LOCAL: fail(tunnel, BLAME_NOBODY); break;
    case OUTCOME_FORBIDDEN: on_forbidden(tunnel, failure); break;
    }
}

static void enter_request(struct tunnel *tunnel)
{
    const struct listener_config *listener = tunnel->listener;
    const struct proxy_config *section = tunnel->own ? tunnel->own : listener->proxy;
    const struct route *route = way_route(tunnel->way);
    bool learned = redirect_chain_is_learned(&tunnel->chain), configured = tunnel->proxy && !learned;
    struct proxy_request_params params = {
        .services = tunnel->services,
        .settings = &tunnel->config->settings,
        .name = tunnel->name,
        .proxy = tunnel->proxy,
        .own = tunnel->own,
        .begun = way_head_start(tunnel->way),
        .listener = listener,
        .user = configured && route->user[0] ? route->user : NULL,
        .password = route->password,
        .request.target = way_target(tunnel->way),
        .forbids = tunnel->proxy && (learned || route->found) ? forbids : NULL,
        .trace = tunnel->trace,
        .done = on_request,
        .arg = tunnel,
    };

    if (tunnel->proxy) {
        params.via = section->via; /* a learned proxy is reached as the proxy that named it */
        announcement_set(&params.request, listener, section);
        if (learned && (tunnel->senders || (tunnel->senders = malloc(REDIRECT_CHAIN_VIA_MAX))))
            params.request.redirected_via = redirect_chain_format_via(&tunnel->chain, tunnel->senders);
        params.request.headers = tunnel->own ? tunnel->own->headers.at : NULL;
        params.request.header_count = tunnel->own ? tunnel->own->headers.count : 0;
        params.require_switch = announcement_needs_switch(listener, section);
    }
    tunnel->doubled = doubled_request_start(&params);
    if (!tunnel->doubled)
        fail_for(tunnel, BLAME_NOBODY, "out of memory");
}

/* --- SECURE: TLS to the target, through the open tunnel --- */

static void on_tls(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct tunnel *tunnel = arg;

    if (outcome == OUTCOME_DONE) {
        enter(tunnel, OPEN);
        return;
    }
    tunnel->task.failure = *failure;
    target_tls_place_failure(tunnel->listener, way_target(tunnel->way), outcome == OUTCOME_PEER,
                             &tunnel->task.failure);
    fail(tunnel, outcome == OUTCOME_PEER ? BLAME_TARGET : BLAME_NOBODY);
}

static void enter_secure(struct tunnel *tunnel)
{
    struct target_tls_params params = {
        .services = tunnel->services,
        .settings = &tunnel->config->settings,
        .listener = tunnel->listener,
        .place = way_target(tunnel->way),
        .trace = tunnel->trace,
        .done = on_tls,
        .arg = tunnel,
    };

    params.below = proxy_request_take(tunnel->request, &params.leftover, &params.leftover_length);
    tunnel->tls = target_tls_start(&params);
    if (!tunnel->tls)
        fail_for(tunnel, BLAME_NOBODY, "out of memory");
}

/* --- the state machine --- */

static void enter(struct tunnel *tunnel, enum state state)
{
    task_enter(&tunnel->task, tunnel->name, state);
    switch (state) {
    case STARTED: break;
    case FIND: enter_find(tunnel); break;
    case CHOOSE: enter_choose(tunnel); break;
    case REQUEST: enter_request(tunnel); break;
    case ASK: enter_ask(tunnel); break;
    case SECURE: enter_secure(tunnel); break;
    case OPEN: task_tell(&tunnel->task, OUTCOME_DONE); break;
    case FAILED: task_tell(&tunnel->task, OUTCOME_PEER); break;
    }
}

static void begin(struct task *task)
{
    enter((struct tunnel *)task, FIND);
}

static void drop_all(struct task *task)
{
    struct tunnel *tunnel = (struct tunnel *)task;

    drop(tunnel);
    way_free(tunnel->way);
}

static void release(struct task *task)
{
    struct tunnel *tunnel = (struct tunnel *)task;

    free(tunnel->senders);
    config_unref(tunnel->config);
}

static const struct task_kind kind = {"tunnel", state_names, begin, drop_all, release};

/* --- public functions --- */

struct tunnel *tunnel_open(const struct tunnel_params *params)
{
    struct tunnel *tunnel = calloc(1, sizeof *tunnel);

    if (!tunnel)
        return NULL;
    tunnel->services = params->services;
    tunnel->config = config_ref(params->config);
    tunnel->listener = params->listener;
    tunnel->trace = params->trace;
    snprintf(tunnel->name, sizeof tunnel->name, "%s", params->name);
    tunnel->chain.config = params->config;
    tunnel->chain.table = params->services->redirects;
    tunnel->chain.epoch = redirect_table_epoch(params->services->redirects);
    task_start(&tunnel->task, &kind, params->services->loop, params->done, params->arg);
    return tunnel;
}

void tunnel_free(struct tunnel *tunnel)
{
    task_free(tunnel ? &tunnel->task : NULL);
}

struct transport *tunnel_take(struct tunnel *tunnel, char **leftover, size_t *length)
{
    return tunnel->tls ? tls_client_take(tunnel->tls, leftover, length)
                       : proxy_request_take(tunnel->request, leftover, length);
}

const struct endpoint *tunnel_proxy(const struct tunnel *tunnel)
{
    return tunnel->proxy;
}

bool tunnel_switched(const struct tunnel *tunnel)
{
    return tunnel->switched;
}

bool tunnel_over_h2(const struct tunnel *tunnel)
{
    return proxy_request_over_h2(tunnel->request);
}

unsigned tunnel_redirects(const struct tunnel *tunnel)
{
    return redirect_chain_count(&tunnel->chain);
}

const struct endpoint *tunnel_target(const struct tunnel *tunnel)
{
    return tunnel->way ? way_target(tunnel->way) : NULL;
}
