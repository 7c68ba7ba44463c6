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

struct secure {
    struct secure_job job;
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

static void tell(struct secure *secure, enum secure_event event)
{
    loop_timer_stop(&secure->limit);
    transport_watch(secure->transport, NULL, NULL);
    secure->job.told(secure->job.arg, event, NULL, NULL);
}

/* The ways to fail with words of our own: for what the other side does, and for what is our affair. */
static void __attribute__((format(printf, 3, 4))) fail(struct secure *secure, enum failure_class class,
                                                       const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&secure->failure, class, format, values);
    va_end(values);
    tell(secure, SECURE_FAILED);
}

static void unable(struct secure *secure, enum failure_class class, const char *why)
{
    failure_set(&secure->failure, class, "%s", why);
    loop_timer_stop(&secure->limit);
    secure->job.told(secure->job.arg, SECURE_UNABLE, NULL, NULL);
}

/* --- TLS --- */

static void on_tls_ready(void *arg, int ready)
{
    struct secure *secure = arg;
    char text[300];

    (void)ready;
    switch (tls_handshake(secure->transport, &secure->failure)) {
    case TLS_WAIT:
        break;
    case TLS_DONE:
        secure->job.told(secure->job.arg, SECURE_STEP, "tls", tls_describe(secure->transport, text, sizeof text));
        tell(secure, SECURE_DONE);
        break;
    case TLS_FAILED:
        tell(secure, SECURE_FAILED);
        break;
    }
}

static void on_tls_late(void *arg)
{
    struct secure *secure = arg;

    fail(secure, FAILURE_TEMPORARY, "the TLS handshake was not done within %u s", secure->job.handshake_ms / 1000);
}

static void start_tls(struct secure *secure)
{
    struct tls_job job = {
        .loop = secure->job.loop,
        .below = secure->transport,
        .host = secure->host,
        .alpn = secure->job.alpn,
        .remember = secure->remember,
        .ca_option = secure->job.ca_option,
    };
    char error[200];

    transport_watch(secure->transport, NULL, NULL);
    job.trust = trusts_get(secure->job.trusts, &secure->job.setting, error, sizeof error);
    if (!job.trust) {
        unable(secure, FAILURE_PERMANENT, error);
        return;
    }
    secure->transport = transport_from_tls(&job);
    trust_unref(job.trust);
    if (!secure->transport) {
        unable(secure, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    loop_timer_start(secure->job.loop, &secure->limit, secure->job.handshake_ms, on_tls_late, secure);
    transport_watch(secure->transport, on_tls_ready, secure);
    on_tls_ready(secure, LOOP_WRITE);
}

/* --- STARTTLS --- */

/* Sends what the dialogue has to say.  False: the stream is broken, and that was told. */
static bool send_output(struct secure *secure)
{
    const char *bytes;
    size_t length;

    while ((bytes = starttls_output(secure->starttls, &length)) && length > 0) {
        ssize_t sent = transport_send(secure->transport, bytes, length);

        if (sent == TRANSPORT_AGAIN)
            break;
        if (sent < 0) {
            fail(secure, FAILURE_TEMPORARY, "%s before TLS was agreed on", transport_error(secure->transport));
            return false;
        }
        starttls_sent(secure->starttls, (size_t)sent);
    }
    return true;
}

/* Nothing more can be read, and the last thing was the go-ahead. */
static void go(struct secure *secure)
{
    secure->greeting = starttls_take_greeting(secure->starttls, &secure->greeting_length);
    secure->job.told(secure->job.arg, SECURE_STEP, "starttls", "the server is ready for TLS");
    start_tls(secure);
}

/* Hands the dialogue what has come, length 0 for the end of the stream.  False: it is over, and that was told. */
static bool feed(struct secure *secure, const char *bytes, size_t length)
{
    switch (starttls_feed(secure->starttls, bytes, length, &secure->failure)) {
    case STARTTLS_MORE:
        return send_output(secure);
    case STARTTLS_GO:
        secure->agreed = true;
        return true;
    case STARTTLS_FAILED:
        tell(secure, SECURE_FAILED);
        break;
    }
    return false;
}

static void on_plain_ready(void *arg, int ready)
{
    struct secure *secure = arg;
    char bytes[READ_BYTES];
    ssize_t got;

    (void)ready;
    if (!send_output(secure))
        return;
    do {
        got = transport_recv(secure->transport, bytes, sizeof bytes);
        if (got == TRANSPORT_ERROR) {
            fail(secure, FAILURE_TEMPORARY, "%s before TLS was agreed on", transport_error(secure->transport));
            return;
        }
    } while (got != TRANSPORT_AGAIN && feed(secure, bytes, (size_t)got));
    if (got == TRANSPORT_AGAIN && secure->agreed)
        go(secure);
}

static void on_plain_late(void *arg)
{
    struct secure *secure = arg;

    fail(secure, FAILURE_TEMPORARY, "the server did not agree on TLS (STARTTLS) within %u s",
         secure->job.greeting_ms / 1000);
}

static void start_plain(struct secure *secure)
{
    char *leftover = secure->job.leftover;

    secure->starttls = starttls_new(secure->job.starttls);
    if (!secure->starttls) {
        unable(secure, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    loop_timer_start(secure->job.loop, &secure->limit, secure->job.greeting_ms, on_plain_late, secure);
    transport_watch(secure->transport, on_plain_ready, secure);
    secure->job.leftover = NULL;
    if (!leftover || feed(secure, leftover, secure->job.leftover_length))
        on_plain_ready(secure, LOOP_READ);
    free(leftover);
}

/* --- from outside --- */

static void start(struct deferred *deferred)
{
    struct secure *secure = (struct secure *)((char *)deferred - offsetof(struct secure, start));

    if (secure->job.starttls)
        start_plain(secure);
    else if (secure->job.leftover_length > 0)
        fail(secure, FAILURE_PERMANENT, "does not speak TLS here: it sent something before our hello");
    else
        start_tls(secure);
}

struct secure *secure_start(const struct secure_job *job)
{
    struct secure *secure = calloc(1, sizeof *secure);

    if (!secure) {
        transport_close(job->below);
        free(job->leftover);
        return NULL;
    }
    secure->job = *job;
    secure->transport = job->below;
    snprintf(secure->host, sizeof secure->host, "%s", job->host);
    /* a session that was verified for one name says nothing of another that is at the same place */
    snprintf(secure->remember, sizeof secure->remember, "%s at %s", job->host, job->remember);
    loop_defer(job->loop, &secure->start, start);
    return secure;
}

const struct failure *secure_failure(const struct secure *secure)
{
    return &secure->failure;
}

struct transport *secure_take(struct secure *secure, char **greeting, size_t *length)
{
    struct transport *transport = secure->transport;

    *greeting = secure->greeting;
    *length = secure->greeting_length;
    secure->greeting = NULL;
    secure->transport = NULL;
    return transport;
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct secure, death));
}

void secure_free(struct secure *secure)
{
    if (!secure || secure->death.back)
        return;
    loop_undefer(secure->job.loop, &secure->start);
    loop_timer_stop(&secure->limit);
    transport_close(secure->transport);
    starttls_free(secure->starttls);
    free(secure->job.leftover);
    free(secure->greeting);
    secure->transport = NULL;
    secure->starttls = NULL;
    secure->job.leftover = NULL;
    secure->greeting = NULL;
    loop_defer(secure->job.loop, &secure->death, die);
}
