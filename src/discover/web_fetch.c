/* SPDX-License-Identifier: ISC */
#include "discover/web_fetch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/curl_bridge.h"
#include "auth/curl_socket.h"
#include "auth/web_place.h"
#include "auth/web_transfer.h"
#include "base/log.h"
#include "discover/tunnel_plan.h"
#include "proxy/tunnel.h"

enum { STARTED, OPENING, FETCHING };

static const char *const state_names[] = {"started", "opening", "fetching"};

struct web_fetch {
    struct task task; /* the first member */
    const struct services *services;
    struct config *config;
    const struct proxy_config *proxy;
    uint32_t limit_ms;
    const char *step;
    struct trace trace;
    struct loop_timer limit;   /* of all of it */
    struct web_place place;    /* that is asked now */
    unsigned redirects;        /* that led there */
    struct tunnel_plan plan;
    struct tunnel *tunnel;
    struct curl_slist *way;    /* for CURLOPT_CONNECT_TO */
    struct curl_socket socket; /* libcurl's connection, whose other end is ours */
    struct deferred bridging;  /* libcurl wants it: it is made outside of libcurl's callbacks */
    struct curl_bridge *bridge; /* between that and the tunnel */
    struct transport *server;  /* the tunnel's, until the bridge has it */
    struct web_transfer web;
};

/* --- its end --- */

static void fail(struct web_fetch *fetch, enum outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fail(struct web_fetch *fetch, enum outcome outcome, const char *format, ...)
{
    char why[256];
    va_list values;

    va_start(values, format);
    vsnprintf(why, sizeof why, format, values);
    va_end(values);
    task_fail(&fetch->task, outcome, FAILURE_TEMPORARY, "%s", why);
}

static void fail_for_memory(struct web_fetch *fetch)
{
    fail(fetch, OUTCOME_LOCAL, "out of memory");
}

/* Ends what one server was asked with. */
static void end_hop(struct web_fetch *fetch)
{
    loop_undefer(fetch->task.loop, &fetch->bridging);
    web_transfer_end(&fetch->web, fetch->services->curl_loop);
    curl_bridge_end(fetch->bridge);
    curl_socket_close(&fetch->socket);
    curl_socket_init(&fetch->socket);
    transport_close(fetch->server);
    tunnel_free(fetch->tunnel);
    curl_slist_free_all(fetch->way);
    fetch->bridge = NULL;
    fetch->server = NULL;
    fetch->tunnel = NULL;
    fetch->way = NULL;
}

static void on_late(void *arg)
{
    struct web_fetch *fetch = arg;

    fail(fetch, OUTCOME_PEER, "%s within %u s", fetch->task.state == OPENING ? "no tunnel to it" : "it has not come",
         fetch->limit_ms / 1000);
}

/* --- what comes --- */

/* Takes another URL.  False: the fetch has failed. */
static bool take_url(struct web_fetch *fetch, const char *url)
{
    const char *why;

    if (!web_place_read(&fetch->place, url, &why))
        fail(fetch, why ? OUTCOME_PEER : OUTCOME_LOCAL, "%s", why ? why : "out of memory");
    else if (!fetch->place.server.tls)
        fail(fetch, OUTCOME_PEER, "%s without TLS, which anybody on the way can change",
             fetch->redirects > 0 ? "it is redirected to a place" : "it would be asked for");
    else
        return true;
    return false;
}

static void open_tunnel(struct web_fetch *fetch);

static void follow(struct web_fetch *fetch, const char *url)
{
    char shown[512];

    if (fetch->redirects == WEB_FETCH_REDIRECTS_MAX) {
        fail(fetch, OUTCOME_PEER, "it was redirected more than %d times", WEB_FETCH_REDIRECTS_MAX);
        return;
    }
    fetch->redirects++;
    if (!take_url(fetch, url))
        return;
    log_escape(shown, sizeof shown, fetch->place.url, strlen(fetch->place.url));
    trace_step(&fetch->trace, fetch->step, "redirected to %s", shown);
    open_tunnel(fetch);
}

/* Why libcurl has brought nothing: what became of the tunnel says more. */
static void explain(struct web_fetch *fetch, CURLcode code)
{
    char why[256];
    enum outcome fault = web_transfer_explain(&fetch->web, code, why, sizeof why);

    if (fetch->socket.error)
        fail(fetch, OUTCOME_LOCAL, "no socket for libcurl: %s", strerror(fetch->socket.error));
    else if (fault == OUTCOME_PEER && fetch->bridge && curl_bridge_state(fetch->bridge) == CURL_BRIDGE_BROKEN)
        fail(fetch, OUTCOME_PEER, "the tunnel broke: %s", curl_bridge_error(fetch->bridge));
    else
        fail(fetch, fault, "%s", why);
}

static void on_done(void *arg, CURLcode code)
{
    struct web_fetch *fetch = arg;
    const char *redirect;
    char *url, why[128];

    code = web_transfer_result(&fetch->web, code);
    if (code != CURLE_OK) {
        explain(fetch, code);
        return;
    }
    redirect = web_transfer_redirect(&fetch->web);
    if (redirect && (url = strdup(redirect))) {
        end_hop(fetch);
        follow(fetch, url);
        free(url);
    } else if (web_transfer_is_good(&fetch->web, why, sizeof why)) {
        task_tell(&fetch->task, OUTCOME_DONE);
    } else {
        fail(fetch, OUTCOME_PEER, "%s", why);
    }
}

/* --- what is asked --- */

/* libcurl has connected to our socket. */
static void build_bridge(struct deferred *bridging)
{
    struct web_fetch *fetch = (struct web_fetch *)((char *)bridging - offsetof(struct web_fetch, bridging));

    if (!curl_socket_enter(&fetch->socket, fetch->task.loop)) {
        fail(fetch, OUTCOME_LOCAL, "no socket for libcurl: %s", strerror(fetch->socket.error));
        return;
    }
    fetch->bridge = curl_bridge_start(curl_socket_take_outer(&fetch->socket), fetch->server);
    fetch->server = NULL;
    if (!fetch->bridge)
        fail_for_memory(fetch);
}

static void on_opened(void *arg)
{
    struct web_fetch *fetch = arg;

    loop_defer(fetch->task.loop, &fetch->bridging, build_bridge);
}

/* An address is named as the place to connect to, so that libcurl looks nothing up; it is never dialed. */
static bool ask(struct web_fetch *fetch)
{
    fetch->way = curl_slist_append(NULL, "::127.0.0.1:");
    return fetch->way && web_transfer_set(&fetch->web, fetch->place.url, "https", NULL) &&
           curl_easy_setopt(fetch->web.easy, CURLOPT_CONNECT_TO, fetch->way) == CURLE_OK &&
           curl_socket_set(&fetch->socket, fetch->web.easy, on_opened, fetch) &&
           web_transfer_run(&fetch->web, fetch->services->curl_loop, on_done, fetch);
}

static void on_tunnel(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct web_fetch *fetch = arg;
    char *leftover;
    size_t length;

    if (outcome != OUTCOME_DONE) {
        fetch->task.failure = *failure;
        task_tell(&fetch->task, outcome == OUTCOME_LOCAL ? OUTCOME_LOCAL : OUTCOME_PEER);
        return;
    }
    fetch->server = tunnel_take(fetch->tunnel, &leftover, &length);
    free(leftover);
    task_enter(&fetch->task, fetch->plan.name, FETCHING);
    if (length > 0)
        fail(fetch, OUTCOME_PEER, "the server speaks before it is asked, as no web server does");
    else if (!ask(fetch))
        fail_for_memory(fetch);
}

static void open_tunnel(struct web_fetch *fetch)
{
    const struct tunnel_params params = {
        .services = fetch->services,
        .config = fetch->config,
        .listener = &fetch->plan.listener,
        .name = "setup",
        .done = on_tunnel,
        .arg = fetch,
    };

    task_enter(&fetch->task, NULL, OPENING);
    tunnel_plan_web(&fetch->plan, fetch->proxy, &fetch->place.server);
    fetch->tunnel = tunnel_open(&params);
    if (!fetch->tunnel)
        fail_for_memory(fetch);
}

/* --- from start to end --- */

static void begin(struct task *task)
{
    struct web_fetch *fetch = (struct web_fetch *)task;

    loop_timer_start(task->loop, &fetch->limit, fetch->limit_ms, on_late, fetch);
    open_tunnel(fetch);
}

static void drop(struct task *task)
{
    struct web_fetch *fetch = (struct web_fetch *)task;

    loop_timer_stop(&fetch->limit);
    end_hop(fetch);
}

static void release(struct task *task)
{
    struct web_fetch *fetch = (struct web_fetch *)task;

    web_transfer_release(&fetch->web);
    web_place_release(&fetch->place);
    config_unref(fetch->config);
}

static const struct task_kind kind = {"web_fetch", state_names, begin, drop, release};

struct web_fetch *web_fetch_start(const struct web_fetch_params *params)
{
    struct web_fetch *fetch = calloc(1, sizeof *fetch);

    if (!fetch)
        return NULL;
    fetch->services = params->services;
    fetch->config = config_ref(params->config);
    fetch->proxy = params->proxy;
    fetch->limit_ms = params->limit_ms;
    fetch->step = params->step;
    fetch->trace = params->trace;
    fetch->web.max = WEB_FETCH_TEXT_MAX;
    fetch->web.ca_file = params->ca_file;
    fetch->web.trust = "SSL_CERT_FILE says whom to trust";
    curl_socket_init(&fetch->socket);
    task_start(&fetch->task, &kind, params->services->loop, params->done, params->arg);
    take_url(fetch, params->url); /* a URL at fault is told when it begins */
    return fetch;
}

void web_fetch_free(struct web_fetch *fetch)
{
    task_free(fetch ? &fetch->task : NULL);
}

const char *web_fetch_text(const struct web_fetch *fetch, size_t *length)
{
    *length = fetch->web.length;
    return fetch->web.text;
}
