#include "tls/tls_client.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/endpoint.h"
#include "protocol/starttls.h"
#include "tls/tls_transport.h"

#define READ_BYTES 4096 /* of the plain-text dialogue at a time */

struct tls_client {
    struct tls_client_params params;
    char host[ENDPOINT_HOST_MAX + 1];
    char remember[ENDPOINT_HOST_MAX + ENDPOINT_URL_MAX + 8];
    struct starttls *starttls;    /* or NULL */
    bool agreed;                  /* the server has given its go-ahead */
    struct transport *transport;  /* plain, then TLS; NULL: taken */
    char *greeting;
    size_t greeting_length;
    struct loop_timer limit;
    struct failure failure;
    struct deferred start, death;
};

static void tell(struct tls_client *tls, enum tls_client_event event)
{
    loop_timer_stop(&tls->limit);
    transport_watch(tls->transport, NULL, NULL);
    tls->params.on_event(tls->params.arg, event, NULL, NULL);
}

/* The ways to fail with words of our own: for what the other side does, and for what is our affair. */
static void __attribute__((format(printf, 3, 4))) fail(struct tls_client *tls, enum failure_class class,
                                                       const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&tls->failure, class, format, values);
    va_end(values);
    tell(tls, TLS_CLIENT_FAILED);
}

static void unable(struct tls_client *tls, enum failure_class class, const char *why)
{
    failure_set(&tls->failure, class, "%s", why);
    loop_timer_stop(&tls->limit);
    tls->params.on_event(tls->params.arg, TLS_CLIENT_UNABLE, NULL, NULL);
}

/* --- TLS --- */

static void on_tls_ready(void *arg, int ready)
{
    struct tls_client *tls = arg;
    char text[300];

    (void)ready;
    switch (tls_transport_handshake(tls->transport, &tls->failure)) {
    case TLS_TRANSPORT_WAIT:
        break;
    case TLS_TRANSPORT_DONE:
        tls->params.on_event(tls->params.arg, TLS_CLIENT_STEP, "tls", tls_transport_describe(tls->transport, text,
                                                                                             sizeof text));
        tell(tls, TLS_CLIENT_DONE);
        break;
    case TLS_TRANSPORT_FAILED:
        tell(tls, TLS_CLIENT_FAILED);
        break;
    }
}

static void on_tls_late(void *arg)
{
    struct tls_client *tls = arg;

    fail(tls, FAILURE_TEMPORARY, "the TLS handshake was not done within %u s", tls->params.handshake_ms / 1000);
}

static void start_tls(struct tls_client *tls)
{
    struct tls_transport_params params = {
        .loop = tls->params.loop,
        .below = tls->transport,
        .host = tls->host,
        .alpn = tls->params.alpn,
        .remember = tls->remember,
        .ca_option = tls->params.ca_option,
    };
    char error[200];

    transport_watch(tls->transport, NULL, NULL);
    params.context = tls_contexts_get(tls->params.contexts, &tls->params.setting, error, sizeof error);
    if (!params.context) {
        unable(tls, FAILURE_PERMANENT, error);
        return;
    }
    tls->transport = tls_transport_new(&params);
    tls_context_unref(params.context);
    if (!tls->transport) {
        unable(tls, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    loop_timer_start(tls->params.loop, &tls->limit, tls->params.handshake_ms, on_tls_late, tls);
    transport_watch(tls->transport, on_tls_ready, tls);
    on_tls_ready(tls, LOOP_WRITE);
}

/* --- STARTTLS --- */

/* Sends what the dialogue has to say.  False: the stream is broken, and that was told. */
static bool send_output(struct tls_client *tls)
{
    const char *bytes;
    size_t length;

    while ((bytes = starttls_output(tls->starttls, &length)) && length > 0) {
        ssize_t sent = transport_send(tls->transport, bytes, length);

        if (sent == TRANSPORT_AGAIN)
            break;
        if (sent < 0) {
            fail(tls, FAILURE_TEMPORARY, "%s before TLS was agreed on", transport_error(tls->transport));
            return false;
        }
        starttls_sent(tls->starttls, (size_t)sent);
    }
    return true;
}

/* Nothing more can be read, and the last thing was the go-ahead. */
static void go(struct tls_client *tls)
{
    tls->greeting = starttls_take_greeting(tls->starttls, &tls->greeting_length);
    tls->params.on_event(tls->params.arg, TLS_CLIENT_STEP, "starttls", "the server is ready for TLS");
    start_tls(tls);
}

/* Hands the dialogue what has come, length 0 for the end of the stream.  False: it is over, and that was told. */
static bool feed(struct tls_client *tls, const char *bytes, size_t length)
{
    switch (starttls_feed(tls->starttls, bytes, length, &tls->failure)) {
    case STARTTLS_MORE:
        return send_output(tls);
    case STARTTLS_GO:
        tls->agreed = true;
        return true;
    case STARTTLS_FAILED:
        tell(tls, TLS_CLIENT_FAILED);
        break;
    }
    return false;
}

static void on_plain_ready(void *arg, int ready)
{
    struct tls_client *tls = arg;
    char bytes[READ_BYTES];
    ssize_t got;

    (void)ready;
    if (!send_output(tls))
        return;
    do {
        got = transport_recv(tls->transport, bytes, sizeof bytes);
        if (got == TRANSPORT_ERROR) {
            fail(tls, FAILURE_TEMPORARY, "%s before TLS was agreed on", transport_error(tls->transport));
            return;
        }
    } while (got != TRANSPORT_AGAIN && feed(tls, bytes, (size_t)got));
    if (got == TRANSPORT_AGAIN && tls->agreed)
        go(tls);
}

static void on_plain_late(void *arg)
{
    struct tls_client *tls = arg;

    fail(tls, FAILURE_TEMPORARY, "the server did not agree on TLS (STARTTLS) within %u s",
         tls->params.greeting_ms / 1000);
}

static void start_plain(struct tls_client *tls)
{
    char *leftover = tls->params.leftover;

    tls->starttls = starttls_new(tls->params.starttls);
    if (!tls->starttls) {
        unable(tls, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    loop_timer_start(tls->params.loop, &tls->limit, tls->params.greeting_ms, on_plain_late, tls);
    transport_watch(tls->transport, on_plain_ready, tls);
    tls->params.leftover = NULL;
    if (!leftover || feed(tls, leftover, tls->params.leftover_length))
        on_plain_ready(tls, LOOP_READ);
    free(leftover);
}

/* --- from outside --- */

static void start(struct deferred *deferred)
{
    struct tls_client *tls = (struct tls_client *)((char *)deferred - offsetof(struct tls_client, start));

    if (tls->params.starttls)
        start_plain(tls);
    else if (tls->params.leftover_length > 0)
        fail(tls, FAILURE_PERMANENT, "does not speak TLS here: it sent something before our hello");
    else
        start_tls(tls);
}

struct tls_client *tls_client_start(const struct tls_client_params *params)
{
    struct tls_client *tls = calloc(1, sizeof *tls);

    if (!tls) {
        transport_close(params->below);
        free(params->leftover);
        return NULL;
    }
    tls->params = *params;
    tls->transport = params->below;
    snprintf(tls->host, sizeof tls->host, "%s", params->host);
    /* a session that was verified for one name says nothing of another that is at the same place */
    snprintf(tls->remember, sizeof tls->remember, "%s at %s", params->host, params->remember);
    loop_defer(params->loop, &tls->start, start);
    return tls;
}

const struct failure *tls_client_failure(const struct tls_client *tls)
{
    return &tls->failure;
}

struct transport *tls_client_take(struct tls_client *tls, char **greeting, size_t *length)
{
    struct transport *transport = tls->transport;

    *greeting = tls->greeting;
    *length = tls->greeting_length;
    tls->greeting = NULL;
    tls->transport = NULL;
    return transport;
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct tls_client, death));
}

void tls_client_free(struct tls_client *tls)
{
    if (!tls || tls->death.back)
        return;
    loop_undefer(tls->params.loop, &tls->start);
    loop_timer_stop(&tls->limit);
    transport_close(tls->transport);
    starttls_free(tls->starttls);
    free(tls->params.leftover);
    free(tls->greeting);
    tls->transport = NULL;
    tls->starttls = NULL;
    tls->params.leftover = NULL;
    tls->greeting = NULL;
    loop_defer(tls->params.loop, &tls->death, die);
}
