#include "hop.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic.h"
#include "handshake.h"
#include "reach.h"
#include "secret.h"

struct hop {
    struct hop_job job;
    struct secret_fetch *fetch;   /* under way, each NULL when it is not */
    struct reach *reach;
    struct handshake *handshake;
    struct transport *transport;
    struct loop_timer limit;      /* of the answer */
    bool on_loopback, reached;
    char credentials[BASIC_MAX];  /* or ""; wiped */
    struct failure failure;
    struct deferred start, death;
};

static void tell(struct hop *hop, enum hop_event event)
{
    loop_timer_stop(&hop->limit);
    hop->job.told(hop->job.arg, event, NULL, NULL);
}

static void step(struct hop *hop, const char *what, const char *text)
{
    hop->job.told(hop->job.arg, HOP_STEP, what, text);
}

/* The one way to fail without an answer. */
static void __attribute__((format(printf, 4, 5))) fail(struct hop *hop, enum hop_event event,
                                                       enum failure_class class, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&hop->failure, class, format, values);
    va_end(values);
    tell(hop, event);
}

/* --- SECRET: the password, before a connection is made that would wait for it --- */

static void start_reach(struct hop *hop);

static void make_credentials(struct hop *hop)
{
    const struct proxy_config *own = hop->job.own && hop->job.own->user ? hop->job.own : NULL;
    const char *user = own ? own->user : hop->job.user;
    const char *password = own ? secrets_known(hop->job.means->secrets, own) : hop->job.password;

    if (user && !password)
        fail(hop, HOP_FAILED, FAILURE_TEMPORARY, "the password was withdrawn while it was needed");
    else if (user && !basic_format(user, password, hop->credentials))
        fail(hop, HOP_FAILED, FAILURE_PERMANENT, "user and password are too long");
    else
        start_reach(hop);
}

static void on_secret(void *arg, const char *error)
{
    struct hop *hop = arg;

    hop->fetch = NULL;
    if (error)
        fail(hop, HOP_FAILED, FAILURE_TEMPORARY, "%s", error);
    else
        make_credentials(hop);
}

static void start_secret(struct hop *hop)
{
    const struct proxy_config *own = hop->job.own;

    if (!hop->job.proxy || !own || !own->user || secrets_known(hop->job.means->secrets, own)) {
        make_credentials(hop);
        return;
    }
    hop->fetch = secrets_fetch(hop->job.means->secrets, own, on_secret, hop);
    if (!hop->fetch)
        fail(hop, HOP_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* --- REACH: a connection to the proxy, or to the target --- */

static void start_handshake(struct hop *hop);

static void on_reach(void *arg, enum reach_event event, const char *what, const char *text)
{
    struct hop *hop = arg;

    switch (event) {
    case REACH_STEP:
        step(hop, what, text);
        break;
    case REACH_CONNECTED:
        hop->transport = reach_take(hop->reach, &hop->on_loopback);
        reach_free(hop->reach);
        hop->reach = NULL;
        hop->reached = true;
        if (hop->job.proxy)
            start_handshake(hop);
        else
            tell(hop, HOP_OPEN);
        break;
    case REACH_UNREACHABLE:
        fail(hop, HOP_DEAD, FAILURE_TEMPORARY, "%s", text);
        break;
    case REACH_FORBIDDEN:
        fail(hop, HOP_FORBIDDEN, FAILURE_PERMANENT, "%s", text);
        break;
    case REACH_OURSELVES:
        fail(hop, HOP_FAILED, FAILURE_TEMPORARY, "%s", text);
        break;
    }
}

static const char *forbids(void *arg, const struct address *address)
{
    struct hop *hop = arg;

    return hop->job.forbids(hop->job.arg, address);
}

static void start_reach(struct hop *hop)
{
    const struct settings *settings = &hop->job.config->settings;
    const struct reach_job job = {
        .loop = hop->job.means->loop,
        .resolver = hop->job.means->resolver,
        .dialer = hop->job.means->dialer,
        .place = hop->job.proxy ? hop->job.proxy : hop->job.target,
        .resolve_ms = settings->resolve_timeout,
        .connect_ms = settings->connect_timeout,
        .keepalive_ms = settings->keepalive,
        .forbids = forbids,
        .told = on_reach,
        .arg = hop,
    };

    hop->reach = reach_start(&job);
    if (!hop->reach)
        fail(hop, HOP_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* --- HANDSHAKE --- */

static void on_answer(struct hop *hop)
{
    const struct method_verdict *verdict = handshake_verdict(hop->handshake);
    char line[200];

    step(hop, "reply", handshake_status_line(hop->handshake, line, sizeof line));
    tell(hop, verdict->outcome == METHOD_OPEN ? HOP_OPEN : HOP_ANSWERED);
}

static void on_ready(void *arg, int ready)
{
    struct hop *hop = arg;

    (void)ready;
    switch (handshake_step(hop->handshake, hop->transport)) {
    case HANDSHAKE_WAIT:
        break;
    case HANDSHAKE_JUDGED:
        on_answer(hop);
        break;
    case HANDSHAKE_BROKEN:
        hop->failure = handshake_verdict(hop->handshake)->failure;
        tell(hop, HOP_DEAD);
        break;
    }
}

static void on_late(void *arg)
{
    struct hop *hop = arg;

    fail(hop, HOP_DEAD, FAILURE_TEMPORARY, "no answer within %u s",
         hop->job.config->settings.handshake_timeout / 1000);
}

static void start_handshake(struct hop *hop)
{
    const struct proxy_config *section = hop->job.own ? hop->job.own : hop->job.listener->proxy;
    const struct method_request request = {
        .method = section->method,
        .announce = hop->job.plain ? section->announce & ~(unsigned)METHOD_UPGRADE : section->announce,
        .target = hop->job.target,
        .token = hop->job.listener->token,
        .scheme = hop->job.listener->scheme,
        .alpn = hop->job.listener->protocol->alpn,
        .credentials = hop->credentials[0] ? hop->credentials : NULL,
        .redirected_via = hop->job.redirected_via,
        .headers = hop->job.own ? hop->job.own->headers.at : NULL,
        .header_count = hop->job.own ? hop->job.own->headers.count : 0,
    };
    char line[300];

    /* a redirect to a proxy of laxer rules does not relax the listener's */
    hop->handshake = handshake_new(&request,
                                   section->require_switch || hop->job.listener->proxy->require_switch);
    if (!hop->handshake) {
        fail(hop, HOP_FAILED, FAILURE_PERMANENT, "the request does not fit into %d bytes", METHOD_REQUEST_MAX);
        return;
    }
    step(hop, "request", handshake_request_line(hop->handshake, line, sizeof line));
    loop_timer_start(hop->job.means->loop, &hop->limit, hop->job.config->settings.handshake_timeout, on_late, hop);
    transport_watch(hop->transport, on_ready, hop);
    on_ready(hop, LOOP_WRITE); /* at once: a fresh connection takes a request without being asked */
}

/* --- from outside --- */

static void start(struct deferred *deferred)
{
    start_secret((struct hop *)((char *)deferred - offsetof(struct hop, start)));
}

struct hop *hop_start(const struct hop_job *job)
{
    struct hop *hop = calloc(1, sizeof *hop);

    if (!hop)
        return NULL;
    hop->job = *job;
    loop_defer(job->means->loop, &hop->start, start);
    return hop;
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct hop, death));
}

void hop_free(struct hop *hop)
{
    if (!hop || hop->death.back)
        return;
    loop_undefer(hop->job.means->loop, &hop->start);
    secret_cancel(hop->fetch);
    reach_free(hop->reach);
    loop_timer_stop(&hop->limit);
    transport_close(hop->transport);
    handshake_free(hop->handshake);
    hop->fetch = NULL;
    hop->reach = NULL;
    hop->transport = NULL;
    hop->handshake = NULL;
    explicit_bzero(hop->credentials, sizeof hop->credentials);
    loop_defer(hop->job.means->loop, &hop->death, die);
}

const struct method_verdict *hop_verdict(const struct hop *hop)
{
    return handshake_verdict(hop->handshake);
}

const struct httphead *hop_head(const struct hop *hop)
{
    return handshake_head(hop->handshake);
}

const struct failure *hop_failure(const struct hop *hop)
{
    return &hop->failure;
}

bool hop_switched(const struct hop *hop)
{
    return hop->handshake && handshake_verdict(hop->handshake)->switched;
}

bool hop_on_loopback(const struct hop *hop)
{
    return hop->on_loopback;
}

bool hop_was_reached(const struct hop *hop)
{
    return hop->reached;
}

struct transport *hop_take(struct hop *hop, char **leftover, size_t *length)
{
    struct transport *transport = hop->transport;

    *leftover = NULL;
    *length = 0;
    if (hop->handshake)
        *leftover = handshake_take_leftover(hop->handshake, length);
    hop->transport = NULL;
    transport_watch(transport, NULL, NULL);
    return transport;
}
