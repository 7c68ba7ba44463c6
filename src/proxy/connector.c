#include "proxy/connector.h"

#include <stdarg.h>
#include <stdlib.h>

#include "proxy/reach.h"
#include "tls/tls_client.h"

struct connector {
    struct connector_params params;
    struct reach *reach;          /* under way, as the next one is, or NULL */
    struct tls_client *tls;
    struct transport *transport;  /* while it is ours and nobody else's */
    bool connected, on_loopback;
    struct failure failure;
    struct deferred start, death;
};

static void tell(struct connector *connector, enum connector_event event)
{
    connector->params.on_event(connector->params.arg, event, NULL, NULL);
}

static void step(struct connector *connector, const char *what, const char *text)
{
    connector->params.on_event(connector->params.arg, CONNECTOR_STEP, what, text);
}

/* The one way to fail with words of our own. */
static void __attribute__((format(printf, 4, 5))) fail(struct connector *connector, enum connector_event event,
                                                       enum failure_class class, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&connector->failure, class, format, values);
    va_end(values);
    tell(connector, event);
}

/* --- TLS --- */

static void on_secure(void *arg, enum tls_client_event event, const char *what, const char *text)
{
    struct connector *connector = arg;
    char *greeting;
    size_t length;

    switch (event) {
    case TLS_CLIENT_STEP:
        step(connector, what, text);
        break;
    case TLS_CLIENT_DONE:
        connector->transport = tls_client_take(connector->tls, &greeting, &length);
        tell(connector, CONNECTOR_READY);
        break;
    case TLS_CLIENT_FAILED: case TLS_CLIENT_UNABLE:
        connector->failure = *tls_client_failure(connector->tls);
        tell(connector, event == TLS_CLIENT_FAILED ? CONNECTOR_DEAD : CONNECTOR_FAILED);
        break;
    }
}

static void start_tls(struct connector *connector)
{
    const struct proxy_config *own = connector->params.own;
    char url[ENDPOINT_URL_MAX];
    const struct tls_client_params params = {
        .loop = connector->params.services->loop,
        .contexts = connector->params.services->contexts,
        .below = connector->transport,
        .leftover = connector->params.leftover,
        .leftover_length = connector->params.leftover_length,
        .setting = {
            .ca_file = own ? own->ca_file : NULL,
            .cert_file = own ? own->cert_file : NULL,
            .key_file = own ? own->key_file : NULL,
            .verify = !own || own->verify,
        },
        .ca_option = "ca-file",
        .host = connector->params.place->host,
        .alpn = "http/1.1",
        .remember = endpoint_format_url(connector->params.place, url),
        .handshake_ms = connector->params.settings->handshake_timeout,
        .on_event = on_secure,
        .arg = connector,
    };

    connector->transport = NULL;
    connector->params.leftover = NULL;
    connector->tls = tls_client_start(&params);
    if (!connector->tls)
        fail(connector, CONNECTOR_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* --- the connection --- */

static void on_connected(struct connector *connector)
{
    connector->connected = true;
    if (connector->params.place->tls)
        start_tls(connector);
    else if (connector->params.leftover_length > 0)
        fail(connector, CONNECTOR_DEAD, FAILURE_PERMANENT, "speaks before it is asked: it is no HTTP proxy");
    else
        tell(connector, CONNECTOR_READY);
}

static void on_reach(void *arg, enum reach_event event, const char *what, const char *text)
{
    struct connector *connector = arg;

    switch (event) {
    case REACH_STEP:
        step(connector, what, text);
        break;
    case REACH_CONNECTED:
        connector->transport = reach_take(connector->reach, &connector->on_loopback);
        on_connected(connector);
        break;
    case REACH_UNREACHABLE:
        fail(connector, CONNECTOR_DEAD, FAILURE_TEMPORARY, "%s", text);
        break;
    case REACH_FORBIDDEN:
        fail(connector, CONNECTOR_FORBIDDEN, FAILURE_PERMANENT, "%s", text);
        break;
    case REACH_OURSELVES:
        fail(connector, CONNECTOR_FAILED, FAILURE_TEMPORARY, "%s", text);
        break;
    }
}

static const char *forbids(void *arg, const struct address *address)
{
    struct connector *connector = arg;

    return connector->params.forbids(connector->params.arg, address);
}

static void start(struct deferred *deferred)
{
    struct connector *connector = (struct connector *)((char *)deferred - offsetof(struct connector, start));
    const struct settings *settings = connector->params.settings;
    const struct reach_params params = {
        .loop = connector->params.services->loop,
        .resolver = connector->params.services->resolver,
        .dialer = connector->params.services->dialer,
        .place = connector->params.place,
        .resolve_ms = settings->resolve_timeout,
        .connect_ms = settings->connect_timeout,
        .keepalive_ms = settings->keepalive,
        .forbids = connector->params.forbids ? forbids : NULL,
        .on_event = on_reach,
        .arg = connector,
    };

    if (connector->transport) {
        on_connected(connector);
        return;
    }
    connector->reach = reach_start(&params);
    if (!connector->reach)
        fail(connector, CONNECTOR_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* --- from outside --- */

struct connector *connector_start(const struct connector_params *params)
{
    struct connector *connector = calloc(1, sizeof *connector);

    if (!connector) {
        transport_close(params->through);
        free(params->leftover);
        return NULL;
    }
    connector->params = *params;
    connector->transport = params->through;
    loop_defer(params->services->loop, &connector->start, start);
    return connector;
}

const struct failure *connector_failure(const struct connector *connector)
{
    return &connector->failure;
}

bool connector_connected(const struct connector *connector)
{
    return connector->connected;
}

bool connector_on_loopback(const struct connector *connector)
{
    return connector->on_loopback;
}

struct transport *connector_take(struct connector *connector)
{
    struct transport *transport = connector->transport;

    connector->transport = NULL;
    return transport;
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct connector, death));
}

void connector_free(struct connector *connector)
{
    if (!connector || connector->death.back)
        return;
    loop_undefer(connector->params.services->loop, &connector->start);
    reach_free(connector->reach);
    tls_client_free(connector->tls);
    transport_close(connector->transport);
    free(connector->params.leftover);
    connector->reach = NULL;
    connector->tls = NULL;
    connector->transport = NULL;
    connector->params.leftover = NULL;
    loop_defer(connector->params.services->loop, &connector->death, die);
}
