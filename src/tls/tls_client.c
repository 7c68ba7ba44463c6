/* SPDX-License-Identifier: ISC */
#include "tls/tls_client.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/endpoint.h"
#include "protocol/starttls.h"
#include "tls/plain_answer.h"
#include "tls/tls_transport.h"

#define READ_BYTES 4096   /* read at a time before TLS */
#define ALPN_SHOWN_MAX 32 /* bytes of the protocols offered that tell the keys of TLS sessions apart */

enum state { STARTED, STARTTLS, TLS };

static const char *const state_names[] = {"started", "starttls", "tls"};

struct tls_client {
    struct task task;
    struct tls_client_params params;
    char host[ENDPOINT_HOST_MAX + 1];
    char remember[ENDPOINT_HOST_MAX + ENDPOINT_URL_MAX + ALPN_SHOWN_MAX + 16];
    struct starttls *starttls;    /* or NULL */
    char machine[STARTTLS_NAME_MAX + 1]; /* the name of this one */
    bool agreed;                  /* the server's answer to STARTTLS was positive */
    bool knows_none;              /* of the protocols that were offered in TLS */
    struct transport *transport;  /* plain, later TLS; NULL: taken */
    char *greeting;
    size_t greeting_length;
};

static void enter(struct tls_client *tls, enum state state);

/* Call it before the outcome is reported: stops watching the transport, which the owner may leave here. */
static struct task *over(struct tls_client *tls)
{
    if (tls->transport)
        transport_watch(tls->transport, NULL, NULL);
    return &tls->task;
}

/* --- TLS --- */

static void on_tls_ready(void *arg, int ready)
{
    struct tls_client *tls = arg;
    char text[300];

    (void)ready;
    switch (tls_transport_handshake(tls->transport, &tls->task.failure)) {
    case TLS_HANDSHAKE_WAIT:
        break;
    case TLS_HANDSHAKE_DONE:
        if (trace_wants(&tls->params.trace))
            trace_step(&tls->params.trace, "tls", "%s", tls_transport_describe(tls->transport, text, sizeof text));
        task_tell(over(tls), OUTCOME_DONE);
        break;
    case TLS_HANDSHAKE_FAILED:
        tls->knows_none = tls_transport_knows_none(tls->transport);
        task_tell(over(tls), OUTCOME_PEER);
        break;
    }
}

static void on_tls_late(void *arg)
{
    struct tls_client *tls = arg;

    task_fail_because(over(tls), OUTCOME_PEER, FAILURE_TEMPORARY, CAUSE_SILENCE,
                      "the TLS handshake was not done within %u s", tls->params.handshake_ms / 1000);
}

static void enter_tls(struct tls_client *tls)
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
        task_fail(over(tls), OUTCOME_LOCAL, FAILURE_PERMANENT, "%s", error);
        return;
    }
    tls->transport = tls_transport_new(&params);
    tls_context_unref(params.context);
    if (!tls->transport) {
        task_fail(over(tls), OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    task_limit(&tls->task, tls->params.handshake_ms, on_tls_late);
    transport_watch(tls->transport, on_tls_ready, tls);
    on_tls_ready(tls, LOOP_WRITE);
}

/* --- STARTTLS --- */

static void fail_plain(struct tls_client *tls)
{
    task_fail(over(tls), OUTCOME_PEER, FAILURE_TEMPORARY, "%s before TLS was agreed on",
              transport_error(tls->transport));
}

/* Sends the STARTTLS command that is due.  False: the stream is broken, and that was reported. */
static bool send_output(struct tls_client *tls)
{
    const char *bytes;
    size_t length;

    while ((bytes = starttls_output(tls->starttls, &length)) && length > 0) {
        ssize_t sent = transport_send(tls->transport, bytes, length);

        if (sent == TRANSPORT_AGAIN)
            break;
        if (sent < 0) {
            fail_plain(tls);
            return false;
        }
        starttls_sent(tls->starttls, (size_t)sent);
    }
    return true;
}

/* The positive answer to STARTTLS came, and nothing more can be read: TLS may start. */
static void go(struct tls_client *tls)
{
    tls->greeting = starttls_take_greeting(tls->starttls, &tls->greeting_length);
    trace_step(&tls->params.trace, "starttls", "the server is ready for TLS");
    enter(tls, TLS);
}

/* Passes on what the server sent; length 0 is the end of its stream.  False: it failed, and that was reported. */
static bool feed(struct tls_client *tls, const char *bytes, size_t length)
{
    switch (starttls_feed(tls->starttls, bytes, length, &tls->task.failure)) {
    case STARTTLS_MORE:
        return send_output(tls);
    case STARTTLS_GO:
        tls->agreed = true;
        return true;
    case STARTTLS_FAILED:
        tls->task.failure.cause = CAUSE_NO_STARTTLS;
        task_tell(over(tls), OUTCOME_PEER);
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
            fail_plain(tls);
            return;
        }
    } while (got != TRANSPORT_AGAIN && feed(tls, bytes, (size_t)got));
    if (got == TRANSPORT_AGAIN && tls->agreed)
        go(tls);
}

static void on_plain_late(void *arg)
{
    struct tls_client *tls = arg;

    task_fail_because(over(tls), OUTCOME_PEER, FAILURE_TEMPORARY, CAUSE_NO_STARTTLS,
                      "the server did not agree on TLS (STARTTLS) within %u s", tls->params.greeting_ms / 1000);
}

/* The name of this machine; NULL: it has none that could be said. */
static const char *machine_name(struct tls_client *tls)
{
    size_t length;

    if (gethostname(tls->machine, sizeof tls->machine) != 0)
        return NULL;
    tls->machine[sizeof tls->machine - 1] = '\0'; /* POSIX does not promise it where the name was cut */
    length = strspn(tls->machine, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
    return length > 0 && tls->machine[length] == '\0' ? tls->machine : NULL;
}

static void enter_starttls(struct tls_client *tls)
{
    char *leftover = tls->params.leftover;

    tls->starttls = starttls_new(tls->params.starttls, tls->params.ehlo_name,
                                 tls->params.ehlo_name ? NULL : machine_name(tls));
    if (!tls->starttls) {
        task_fail(over(tls), OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    task_limit(&tls->task, tls->params.greeting_ms, on_plain_late);
    transport_watch(tls->transport, on_plain_ready, tls);
    tls->params.leftover = NULL;
    if (!leftover || feed(tls, leftover, tls->params.leftover_length))
        on_plain_ready(tls, LOOP_READ);
    free(leftover);
}

/* --- the state machine --- */

static void enter(struct tls_client *tls, enum state state)
{
    task_enter(&tls->task, NULL, state);
    switch (state) {
    case STARTED: break;
    case STARTTLS: enter_starttls(tls); break;
    case TLS: enter_tls(tls); break;
    }
}

/* Bytes came before our hello. */
static void speaks_too_early(struct tls_client *tls)
{
    plain_answer_fail(tls->params.leftover, tls->params.leftover_length, tls->transport, &tls->task.failure);
    task_tell(&tls->task, OUTCOME_PEER);
}

static void begin(struct task *task)
{
    struct tls_client *tls = (struct tls_client *)task;

    if (tls->params.starttls)
        enter(tls, STARTTLS);
    else if (tls->params.leftover_length > 0)
        speaks_too_early(tls);
    else
        enter(tls, TLS);
}

static void drop(struct task *task)
{
    struct tls_client *tls = (struct tls_client *)task;

    transport_close(tls->transport);
    starttls_free(tls->starttls);
    free(tls->params.leftover);
    free(tls->greeting);
}

static const struct task_kind kind = {"tls", state_names, begin, drop, NULL};

/* --- public functions --- */

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
    /* the name is part of the key: a TLS session verified for one name is not valid for another at the same address;
     * so is what is offered: there are servers that go on with the protocol of the session, whatever is offered now */
    snprintf(tls->remember, sizeof tls->remember, "%s at %s for %.*s", params->host, params->remember, ALPN_SHOWN_MAX,
             params->alpn ? params->alpn : "any");
    task_start(&tls->task, &kind, params->loop, params->done, params->arg);
    return tls;
}

bool tls_client_chose(const struct tls_client *tls, const char *protocol)
{
    return tls_transport_chose(tls->transport, protocol);
}

bool tls_client_knows_none(const struct tls_client *tls)
{
    return tls->knows_none;
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

void tls_client_free(struct tls_client *tls)
{
    task_free(tls ? &tls->task : NULL);
}
