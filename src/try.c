/* SPDX-License-Identifier: ISC */
#include "try.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "config/listening.h"
#include "protocol/protocol.h"
#include "proxy/h2_pool.h"
#include "proxy/tunnel.h"
#include "try_advice.h"
#include "try_reverse.h"
#include "try_steps.h"

#define GREETING_MAX 512   /* bytes of a greeting that are waited for and shown */

/* One listener being tried. */
struct trial {
    struct services *services;
    struct config *config;
    const struct listener_config *listener;
    struct tunnel *tunnel, *second; /* second: over the same HTTP/2 connection, once the first one works */
    struct transport *server;
    struct loop_timer limit;
    struct try_steps steps;
    char greeting[GREETING_MAX + 1];
    size_t length;
    bool worked, failed;     /* failed: failure says why */
    struct failure failure;
};

static void show(struct trial *trial, const char *step, const char *text)
{
    try_steps_show(&trial->steps, step, text);
}

static void end(struct trial *trial, bool worked)
{
    trial->worked = worked;
    loop_timer_stop(&trial->limit);
    loop_stop(trial->services->loop);
}

/* --- HTTP/2: what the proxy has set, and what a second tunnel costs --- */

/* The connection of the trial's tunnel, found among all. */
struct carrier {
    const struct endpoint *proxy;
    const struct h2_connection *connection; /* that has a tunnel; NULL: none so far */
    size_t count;                           /* connections to that proxy */
};

static void see_carrier(void *arg, const struct endpoint *proxy, const struct h2_connection *connection,
                        bool draining)
{
    struct carrier *carrier = arg;

    (void)draining;
    if (!endpoint_equal(proxy, carrier->proxy))
        return;
    carrier->count++;
    if (h2_connection_tunnels(connection) > 0)
        carrier->connection = connection;
}

static struct carrier carrier_of(const struct trial *trial)
{
    struct carrier carrier = {.proxy = tunnel_proxy(trial->tunnel)};

    h2_pool_each(trial->services->h2, see_carrier, &carrier);
    return carrier;
}

/* Shows the version that was spoken, where the configuration leaves a choice. */
static void show_version(struct trial *trial)
{
    const struct proxy_config *section = trial->listener->proxy;
    const struct h2_settings *settings;
    struct carrier carrier;
    char streams[40] = "any number of", text[200];

    if (!tunnel_proxy(trial->tunnel) || !section || section->http == PROXY_HTTP_1_1)
        return;
    if (!tunnel_over_h2(trial->tunnel)) {
        show(trial, "http", "1.1");
        return;
    }
    carrier = carrier_of(trial);
    if (!carrier.connection) {
        show(trial, "http", "2");
        return;
    }
    settings = h2_connection_settings(carrier.connection);
    if (settings->streams < UINT32_MAX)
        snprintf(streams, sizeof streams, "%u", settings->streams);
    snprintf(text, sizeof text, "2, %s tunnels a connection, windows of %u bytes, %s connect-tcp", streams,
             settings->window, settings->connect_protocol ? "and" : "but no");
    show(trial, "http", text);
}

static void on_second(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct trial *trial = arg;

    if (outcome != OUTCOME_DONE)
        show(trial, "second", failure->what);
    else if (tunnel_over_h2(trial->second) && carrier_of(trial).count == 1)
        show(trial, "second", "another tunnel over the same connection: one round trip");
    else
        show(trial, "second", "another tunnel needed a connection of its own");
    end(trial, true);
}

/* The tunnel works, or not.  Of HTTP/2 it is also shown what one more costs; that it opens is not asked for. */
static void conclude(struct trial *trial, bool works)
{
    const struct tunnel_params params = {
        .services = trial->services,
        .config = trial->config,
        .listener = trial->listener,
        .name = trial->listener->name,
        .done = on_second,
        .arg = trial,
    };

    if (works && tunnel_over_h2(trial->tunnel))
        trial->second = tunnel_open(&params);
    if (!trial->second)
        end(trial, works);
}

/* --- the greeting --- */

/* The tunnel is open, but nothing comes out of it. */
static void fail_for_silence(struct trial *trial, const char *text)
{
    show(trial, "failed", text);
    failure_set(&trial->failure, FAILURE_TEMPORARY, "%s", text);
    trial->failure.cause = CAUSE_SILENCE;
    trial->failed = true;
    end(trial, false);
}

/* The greeting has come, or as much of it as is waited for. */
static void judge_greeting(struct trial *trial)
{
    char text[GREETING_MAX * 2];
    size_t line = strcspn(trial->greeting, "\r\n");
    bool welcome = protocol_welcomes(trial->listener->protocol, trial->greeting);

    show(trial, "greeting", log_escape(text, sizeof text, trial->greeting, line));
    if (!welcome)
        show(trial, "failed", "this greeting does not welcome us");
    loop_timer_stop(&trial->limit);
    conclude(trial, welcome);
}

static void on_server(void *arg, int ready)
{
    struct trial *trial = arg;
    ssize_t got;

    (void)ready;
    while (trial->length < GREETING_MAX && !strchr(trial->greeting, '\n')) {
        got = transport_recv(trial->server, trial->greeting + trial->length, GREETING_MAX - trial->length);
        if (got == TRANSPORT_AGAIN)
            return;
        if (got <= 0) {
            fail_for_silence(trial, got == 0 ? "the server closed the connection without a greeting"
                                             : transport_error(trial->server));
            return;
        }
        trial->length += (size_t)got;
        trial->greeting[trial->length] = '\0';
    }
    transport_watch(trial->server, NULL, NULL);
    judge_greeting(trial);
}

static void on_greeting_late(void *arg)
{
    fail_for_silence(arg, "the tunnel is open, but no greeting came in time");
}

static void wait_for_greeting(struct trial *trial)
{
    char *leftover;
    size_t length;

    show_version(trial);
    trial->server = tunnel_take(trial->tunnel, &leftover, &length);
    if (!trial->listener->protocol->server_first ||
        (trial->listener->tls == TLS_NO &&
         protocol_expects_tls(trial->listener->protocol, tunnel_target(trial->tunnel)->port))) {
        free(leftover);
        show(trial, "open", trial->listener->protocol->server_first ? "the client itself will speak TLS to this port"
                                                                    : "this kind of listener expects no greeting");
        conclude(trial, true);
        return;
    }
    trial->length = length < GREETING_MAX ? length : GREETING_MAX;
    if (leftover)
        memcpy(trial->greeting, leftover, trial->length);
    free(leftover);
    loop_timer_start(trial->services->loop, &trial->limit, trial->config->settings.greeting_timeout, on_greeting_late,
                     trial);
    transport_watch(trial->server, on_server, trial);
    on_server(trial, LOOP_READ);
}

static void on_tunnel(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct trial *trial = arg;

    if (outcome == OUTCOME_DONE) {
        wait_for_greeting(trial);
        return;
    }
    try_steps_fail(failure);
    trial->failure = *failure;
    trial->failed = true;
    end(trial, false);
}

/* Bits of what the proxy that failed, or the first one before it, has offered. */
static unsigned offered_to(const struct trial *trial)
{
    const struct proxy_config *section = trial->listener->proxy;
    const struct endpoint *proxy = tunnel_proxy(trial->tunnel);

    if (trial->failure.on_the_way && section && section->via && section->via->urls.count > 0)
        proxy = &section->via->urls.at[0];
    return proxy ? health_offers(trial->services->health, proxy) : 0;
}

/* What to do next. */
static void advise(const struct trial *trial)
{
    const struct endpoint *target = tunnel_target(trial->tunnel);
    const struct try_advice facts = {
        .listener = trial->listener,
        .failure = trial->worked ? NULL : &trial->failure,
        .target = target && target->host[0] ? target : NULL,
        .proxy = tunnel_proxy(trial->tunnel),
        .offered = offered_to(trial),
    };

    if (trial->worked || trial->failed)
        try_advice_print(&facts, stdout);
}

static bool try_listener(struct services *services, struct config *config, const struct listener_config *listener)
{
    struct trial trial = {.services = services, .config = config, .listener = listener};
    const struct tunnel_params params = {
        .services = services,
        .config = config,
        .listener = listener,
        .name = listener->name,
        .trace = {try_steps_show, &trial.steps},
        .done = on_tunnel,
        .arg = &trial,
    };
    char place[ENDPOINT_TEXT_MAX];

    printf("%s to %s%s\n", listener->name, listener->target.srv ? "srv:" : "",
           listener->target.srv ? listener->target.place.host : endpoint_format(&listener->target.place, place));
    fflush(stdout);
    try_steps_begin(&trial.steps, services->loop);
    trial.tunnel = tunnel_open(&params);
    if (trial.tunnel)
        loop_run(services->loop);
    printf("  %s\n", trial.worked ? "works" : "does not work");
    if (trial.tunnel)
        advise(&trial);
    tunnel_free(trial.second);
    tunnel_free(trial.tunnel);
    transport_close(trial.server);
    return trial.worked;
}

/* Counts those that work. */
static bool tally(bool worked, size_t *working)
{
    *working += worked;
    return worked;
}

static bool try_all(struct services *services, struct config *config, size_t *working)
{
    bool all = true;

    for (size_t i = 0; i < config->listener_count; i++)
        all = tally(try_listener(services, config, &config->listeners[i]), working) && all;
    for (size_t i = 0; i < config->reverse_count; i++)
        all = try_reverse(services, config, &config->reverses[i]) && all;
    return all;
}

static bool try_one(struct services *services, struct config *config, const char *name, size_t *working)
{
    const struct listener_config *listener = config_listener(config, name);

    return listener ? tally(try_listener(services, config, listener), working)
                    : try_reverse(services, config, config_reverse(config, name));
}

/* The daemon that runs may have these listeners. */
static bool listens_on(void *arg, const struct address *address)
{
    return listening_on(arg, address);
}

int try_run(struct config *config, char *const names[], int count)
{
    struct services services;
    size_t working = 0; /* listeners */
    char error[160];
    bool all = true;

    for (int i = 0; i < count; i++)
        if (!config_listener(config, names[i]) && !config_reverse(config, names[i])) {
            fprintf(stderr, "sallyport: there is no listener and no reverse section called %s in %s\n", names[i],
                    config->path);
            return EX_USAGE;
        }
    if (!services_init(&services, error, sizeof error)) {
        fprintf(stderr, "sallyport: %s\n", error);
        return EX_UNAVAILABLE;
    }
    services.is_own = listens_on;
    services.is_own_arg = config;
    services.h2 = h2_pool_new(&services);
    if (!services.h2) {
        fprintf(stderr, "sallyport: out of memory\n");
        services_release(&services);
        return EX_UNAVAILABLE;
    }
    finder_keep(services.finder, config);
    h2_pool_keep(services.h2, config);
    passwords_allow_prompt(services.passwords); /* one question for all listeners that use the same proxy */
    for (int i = 0; i < count; i++)
        all = try_one(&services, config, names[i], &working) && all;
    if (count == 0)
        all = try_all(&services, config, &working);
    if (working > 0)
        try_advice_print_end(stdout);
    h2_pool_free(services.h2);
    services_release(&services);
    return all ? EX_OK : EX_UNAVAILABLE;
}
