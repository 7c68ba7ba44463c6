#include "proxy/connector.h"

#include <stdarg.h>
#include <stdlib.h>

#include "proxy/reach.h"
#include "tls/tls_client.h"

struct approach {
    struct approach_job job;
    struct reach *reach;          /* under way, as the next one is, or NULL */
    struct secure *secure;
    struct transport *transport;  /* while it is ours and nobody else's */
    bool connected, on_loopback;
    struct failure failure;
    struct deferred start, death;
};

static void tell(struct approach *approach, enum approach_event event)
{
    approach->job.told(approach->job.arg, event, NULL, NULL);
}

static void step(struct approach *approach, const char *what, const char *text)
{
    approach->job.told(approach->job.arg, APPROACH_STEP, what, text);
}

/* The one way to fail with words of our own. */
static void __attribute__((format(printf, 4, 5))) fail(struct approach *approach, enum approach_event event,
                                                       enum failure_class class, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&approach->failure, class, format, values);
    va_end(values);
    tell(approach, event);
}

/* --- TLS --- */

static void on_secure(void *arg, enum secure_event event, const char *what, const char *text)
{
    struct approach *approach = arg;
    char *greeting;
    size_t length;

    switch (event) {
    case SECURE_STEP:
        step(approach, what, text);
        break;
    case SECURE_DONE:
        approach->transport = secure_take(approach->secure, &greeting, &length);
        tell(approach, APPROACH_READY);
        break;
    case SECURE_FAILED: case SECURE_UNABLE:
        approach->failure = *secure_failure(approach->secure);
        tell(approach, event == SECURE_FAILED ? APPROACH_DEAD : APPROACH_FAILED);
        break;
    }
}

static void start_tls(struct approach *approach)
{
    const struct proxy_config *own = approach->job.own;
    char url[ENDPOINT_URL_MAX];
    const struct secure_job job = {
        .loop = approach->job.means->loop,
        .trusts = approach->job.means->trusts,
        .below = approach->transport,
        .leftover = approach->job.leftover,
        .leftover_length = approach->job.leftover_length,
        .setting = {
            .ca_file = own ? own->ca_file : NULL,
            .cert_file = own ? own->cert_file : NULL,
            .key_file = own ? own->key_file : NULL,
            .verify = !own || own->verify,
        },
        .ca_option = "ca-file",
        .host = approach->job.place->host,
        .alpn = "http/1.1",
        .remember = endpoint_format_url(approach->job.place, url),
        .handshake_ms = approach->job.settings->handshake_timeout,
        .told = on_secure,
        .arg = approach,
    };

    approach->transport = NULL;
    approach->job.leftover = NULL;
    approach->secure = secure_start(&job);
    if (!approach->secure)
        fail(approach, APPROACH_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* --- the connection --- */

static void on_connected(struct approach *approach)
{
    approach->connected = true;
    if (approach->job.place->tls)
        start_tls(approach);
    else if (approach->job.leftover_length > 0)
        fail(approach, APPROACH_DEAD, FAILURE_PERMANENT, "speaks before it is asked: it is no HTTP proxy");
    else
        tell(approach, APPROACH_READY);
}

static void on_reach(void *arg, enum reach_event event, const char *what, const char *text)
{
    struct approach *approach = arg;

    switch (event) {
    case REACH_STEP:
        step(approach, what, text);
        break;
    case REACH_CONNECTED:
        approach->transport = reach_take(approach->reach, &approach->on_loopback);
        on_connected(approach);
        break;
    case REACH_UNREACHABLE:
        fail(approach, APPROACH_DEAD, FAILURE_TEMPORARY, "%s", text);
        break;
    case REACH_FORBIDDEN:
        fail(approach, APPROACH_FORBIDDEN, FAILURE_PERMANENT, "%s", text);
        break;
    case REACH_OURSELVES:
        fail(approach, APPROACH_FAILED, FAILURE_TEMPORARY, "%s", text);
        break;
    }
}

static const char *forbids(void *arg, const struct address *address)
{
    struct approach *approach = arg;

    return approach->job.forbids(approach->job.arg, address);
}

static void start(struct deferred *deferred)
{
    struct approach *approach = (struct approach *)((char *)deferred - offsetof(struct approach, start));
    const struct settings *settings = approach->job.settings;
    const struct reach_job job = {
        .loop = approach->job.means->loop,
        .resolver = approach->job.means->resolver,
        .dialer = approach->job.means->dialer,
        .place = approach->job.place,
        .resolve_ms = settings->resolve_timeout,
        .connect_ms = settings->connect_timeout,
        .keepalive_ms = settings->keepalive,
        .forbids = approach->job.forbids ? forbids : NULL,
        .told = on_reach,
        .arg = approach,
    };

    if (approach->transport) {
        on_connected(approach);
        return;
    }
    approach->reach = reach_start(&job);
    if (!approach->reach)
        fail(approach, APPROACH_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* --- from outside --- */

struct approach *approach_start(const struct approach_job *job)
{
    struct approach *approach = calloc(1, sizeof *approach);

    if (!approach) {
        transport_close(job->through);
        free(job->leftover);
        return NULL;
    }
    approach->job = *job;
    approach->transport = job->through;
    loop_defer(job->means->loop, &approach->start, start);
    return approach;
}

const struct failure *approach_failure(const struct approach *approach)
{
    return &approach->failure;
}

bool approach_connected(const struct approach *approach)
{
    return approach->connected;
}

bool approach_on_loopback(const struct approach *approach)
{
    return approach->on_loopback;
}

struct transport *approach_take(struct approach *approach)
{
    struct transport *transport = approach->transport;

    approach->transport = NULL;
    return transport;
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct approach, death));
}

void approach_free(struct approach *approach)
{
    if (!approach || approach->death.back)
        return;
    loop_undefer(approach->job.means->loop, &approach->start);
    reach_free(approach->reach);
    secure_free(approach->secure);
    transport_close(approach->transport);
    free(approach->job.leftover);
    approach->reach = NULL;
    approach->secure = NULL;
    approach->transport = NULL;
    approach->job.leftover = NULL;
    loop_defer(approach->job.means->loop, &approach->death, die);
}
