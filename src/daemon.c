/* SPDX-License-Identifier: ISC */
#include "daemon.h"

#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/log.h"
#include "base/systemd.h"
#include "config/kept_ports.h"
#include "config/listening.h"
#include "config/socket_path.h"
#include "control/control_server.h"
#include "control/requests.h"
#include "control/status_json.h"
#include "finding/finder.h"
#include "net/endpoint.h"
#include "net/netwatch.h"
#include "net/peer.h"
#include "proxy/ahead.h"
#include "proxy/h2_pool.h"
#include "proxy/health.h"
#include "proxy/notices.h"
#include "proxy/pool.h"
#include "proxy/probes.h"
#include "proxy/proxy_source.h"
#include "proxy/tunnel.h"
#include "redirect/questions.h"
#include "redirect/redirect_policy.h"
#include "redirect/redirect_table.h"
#include "relay/relay_set.h"
#include "reverse/reverse_set.h"
#include "session/access.h"
#include "session/listener_set.h"
#include "session/pipe.h"
#include "session/session.h"
#include "session/shares.h"
#include "session/strangers.h"

#define WIND_DOWN_MS 200      /* between two rounds; a session that moved nothing for so long is idle */
#define WIND_DOWN_ROUNDS 50   /* after so many, busy sessions are ended, too */

struct daemon {
    struct services services;
    struct config *config;
    struct listener_set *listeners;
    struct sessions *sessions;
    struct strangers *strangers;
    struct reverse_set *reverses;
    struct relay_set *relays;
    struct control_server *control;
    struct netwatch *network; /* NULL: changes of it are not noticed */
    uint64_t started; /* ms of the loop's clock */
    daemon_log_fn *set_log;
    struct loop_signal signals[4];
    struct loop_timer wind_down;
    struct access access;
    unsigned rounds;
    struct shares shares;
    enum listener_set_pause full; /* so many are open: clients wait */
    struct log_brake crowded;
    bool stopping;
    bool well; /* for `connect`: its session ended without a failure */
};

/* --- clients --- */

/* Raises the limit of descriptors as far as the system allows, and shares them out. */
static void share_descriptors(struct daemon *daemon, const struct config *config)
{
    shares_make(&daemon->shares, descriptors_raise(), ahead_size(config), config);
}

/* Who has to wait. */
static enum listener_set_pause judge_room(const struct daemon *daemon)
{
    size_t relayed = (relay_set_count(daemon->relays) + 1) / 2;

    if (sessions_count(daemon->sessions) + relayed >= daemon->shares.sessions)
        return PAUSE_ALL;
    return relayed >= daemon->shares.relays ? PAUSE_RELAYS : PAUSE_NONE;
}

/* A client that is accepted without descriptors for its tunnel could only be refused: it waits instead.  To be called
 * whenever there is one session more, or one less. */
static void count_room(struct daemon *daemon)
{
    enum listener_set_pause full = judge_room(daemon);
    unsigned suppressed;

    if (daemon->full == full || !daemon->listeners)
        return;
    daemon->full = full;
    listener_set_pause(daemon->listeners, full);
    if (full && log_brake_open(&daemon->crowded, loop_now(daemon->services.loop), &suppressed))
        log_message(LEVEL_WARNING, NULL, "file descriptors suffice for %zu sessions, %s: new clients %swait; raise the "
                    "limit (ulimit -n, LimitNOFILE)", daemon->shares.sessions,
                    full == PAUSE_ALL ? "which are open" : "of which relays have their part",
                    full == PAUSE_ALL ? "" : "of relays ");
}

/* A client of a listener. */
static void forward(struct daemon *daemon, const struct listener_config *listener, int fd, const struct address *from,
                    const struct address *local)
{
    struct failure refusal;
    char where[ADDRESS_TEXT_MAX], text[ADDRESS_TEXT_MAX + 32];
    bool known, welcome;
    uid_t uid;
    struct transport *client;

    welcome = access_admits(&daemon->access, &daemon->config->settings, loop_now(daemon->services.loop), listener->name,
                            fd, from, local, &uid, &known, &refusal);
    address_format(from, where);
    if (known)
        snprintf(text, sizeof text, "from=%s uid=%lu", where, (unsigned long)uid);
    else
        snprintf(text, sizeof text, "from=%s", where);
    if (!welcome) {
        strangers_turn_away(daemon->strangers, listener, fd, text, &refusal);
        return;
    }
    client = transport_from_socket(daemon->services.loop, fd);
    if (!client)
        return;
    session_start(daemon->sessions, &(struct session_params){.config = daemon->config, .listener = listener,
                                                             .client = client, .from = text});
}

static void on_client(void *arg, const struct listening *section, int fd, const struct address *from,
                      const struct address *local)
{
    struct daemon *daemon = arg;

    if (section->listener)
        forward(daemon, section->listener, fd, from, local);
    else if (section->relay)
        relay_set_accept(daemon->relays, section->relay, fd, from, local);
    else
        relay_set_accept_public(daemon->relays, section->public_, fd, from, local);
    count_room(daemon);
}

/* A client of a reverse tunnel has come past the listeners. */
static void on_reverse_session(void *arg)
{
    count_room(arg);
}

static void on_session_ended(void *arg, bool well)
{
    struct daemon *daemon = arg;

    (void)well;
    if (daemon->full)
        count_room(daemon);
}

static void on_relay_session_ended(void *arg)
{
    on_session_ended(arg, true);
}

/* --- stopping --- */

static void finish(struct daemon *daemon)
{
    log_event(LEVEL_INFO, NULL, "stopped");
    loop_stop(daemon->services.loop);
}

static void wind_down(void *arg)
{
    struct daemon *daemon = arg;

    sessions_wind_down(daemon->sessions);
    relay_set_wind_down(daemon->relays);
    if (sessions_count(daemon->sessions) + relay_set_count(daemon->relays) == 0 || ++daemon->rounds > WIND_DOWN_ROUNDS)
        finish(daemon);
    else
        loop_timer_start(daemon->services.loop, &daemon->wind_down, WIND_DOWN_MS, wind_down, daemon);
}

/* signal: its name, or "none". */
static void stop(struct daemon *daemon, const char *signal)
{
    if (daemon->stopping) {
        finish(daemon);
        return;
    }
    daemon->stopping = true;
    log_event(LEVEL_INFO, NULL, "stopping signal=%s sessions=%zu", signal, sessions_count(daemon->sessions));
    systemd_notify("STOPPING=1");
    listener_set_free(daemon->listeners);
    daemon->listeners = NULL;
    if (daemon->reverses)
        reverse_set_close(daemon->reverses);
    relay_set_close(daemon->relays);
    if (daemon->services.pool)
        pool_close(daemon->services.pool);
    probes_close(daemon->services.probes);
    finder_keep(daemon->services.finder, NULL);
    h2_pool_keep(daemon->services.h2, NULL);
    wind_down(daemon);
}

static void on_stop_signal(void *arg, int number)
{
    stop(arg, number == SIGINT ? "INT" : number == SIGHUP ? "HUP" : number == SIGQUIT ? "QUIT" : "TERM");
}

static void on_stop_order(void *arg)
{
    stop(arg, "none");
}

/* --- reload --- */

/* arg: a FILE that gets the faults, as the log does, or NULL. */
static void report(void *arg, const char *line)
{
    log_message(LEVEL_ERROR, NULL, "%s", line);
    if (arg)
        fprintf(arg, "%s\n", line);
}

/* A learned redirect is kept as long as a listener names its sender.  Proxies that were found are found anew, and their
 * redirects learned anew. */
static bool is_ours(void *arg, const struct endpoint *sender)
{
    const struct config *config = arg;

    for (size_t i = 0; i < config->listener_count; i++)
        if (proxy_source_names(&config->listeners[i], sender))
            return true;
    return false;
}

static void take_over(struct daemon *daemon, struct config *fresh)
{
    if (!redirect_policy_teaches_same(&daemon->config->redirects, &fresh->redirects)) {
        redirect_table_clear(daemon->services.redirects); /* the new rules might not have allowed what was learned */
        questions_forget(daemon->services.questions);
    }
    config_unref(daemon->config);
    daemon->config = fresh;
    share_descriptors(daemon, fresh);
    passwords_forget(daemon->services.passwords, NULL);
    lockout_forget(daemon->services.lockout);
    nonces_forget(daemon->services.nonces, NULL);
    tls_contexts_forget(daemon->services.contexts);
    health_forget(daemon->services.health);
    probes_end(daemon->services.probes);
    resolver_renew(daemon->services.resolver);
    redirect_table_keep(daemon->services.redirects, is_ours, fresh);
    finder_keep(daemon->services.finder, fresh);
    h2_pool_keep(daemon->services.h2, fresh);
    pool_keep(daemon->services.pool, fresh, daemon->shares.ahead);
    relay_set_take(daemon->relays, fresh);
    if (!reverse_set_keep(daemon->reverses, fresh, daemon->shares.reverses))
        log_message(LEVEL_ERROR, NULL, "out of memory: reverse tunnels stay as they were; reload once more");
    access_foretell(&fresh->settings);
    control_server_set(daemon->control, fresh->settings.control);
    notices_set(daemon->services.notices, fresh->settings.notify_command);
    daemon->set_log(fresh);
    log_event(LEVEL_INFO, NULL, "reloaded listeners=%zu", fresh->listener_count);
}

/* Whether no listener wants the path where the control socket is: that one moves when the listeners have what they
 * want, since it stays if they do not.  False: error says what to do. */
static bool leaves_control(const struct daemon *daemon, const struct config *fresh, char *error, size_t size)
{
    char path[UNIX_SOCKET_PATH_MAX];
    struct listening listening;

    for (size_t i = 0; listening_at(fresh, i, &listening); i++)
        for (size_t k = 0; k < listening.places->count; k++)
            if (listening.places->paths[k] &&
                socket_path_find(listening.places->paths[k], path, error, size) == SOCKET_PATH_HERE &&
                control_server_is_at(daemon->control, path)) {
                snprintf(error, size, "%s cannot have %s, where the control socket is until it has moved: reload with "
                         "`control` elsewhere first, and then with this", listening.name, path);
                return false;
            }
    return true;
}

/* NULL: faults (or NULL) got each fault as a line. */
static struct config *load_fresh(const struct daemon *daemon, FILE *faults)
{
    struct config *fresh = config_load(daemon->config->path, CONFIG_TO_RUN, report, faults);

    if (!fresh || kept_ports_fill(fresh, report, faults))
        return fresh;
    config_unref(fresh);
    return NULL;
}

/* False: the old configuration stays, error says why, and faults (or NULL) got each fault as a line. */
static bool reload(struct daemon *daemon, FILE *faults, char *error, size_t size)
{
    struct config *fresh;
    bool taken;

    if (daemon->stopping) {
        snprintf(error, size, "sallyport is being stopped");
        return false;
    }
    systemd_notify("RELOADING=1");
    fresh = load_fresh(daemon, faults);
    snprintf(error, size, "the configuration has errors");
    taken = fresh && relay_set_prepare(daemon->relays, fresh, report, faults);
    if (fresh && !taken)
        snprintf(error, size, "what a relay needs has errors");
    taken = taken && leaves_control(daemon, fresh, error, size) &&
            listener_set_set(daemon->listeners, fresh, error, size);
    if (taken) {
        take_over(daemon, fresh);
    } else {
        relay_set_leave(daemon->relays);
        config_unref(fresh);
        log_message(LEVEL_ERROR, NULL, "not reloaded, the old configuration stays: %s", error);
    }
    systemd_notify("READY=1");
    return taken;
}

static void on_reload_signal(void *arg, int number)
{
    char error[400];

    (void)number;
    reload(arg, NULL, error, sizeof error);
}

static bool on_reload_order(void *arg, FILE *faults, char *error, size_t size)
{
    return reload(arg, faults, error, size);
}

/* --- what other parts ask --- */

static void show(void *arg, struct status_sources *sources)
{
    struct daemon *daemon = arg;

    *sources = (struct status_sources){
        .config = daemon->config,
        .posts = daemon->listeners,
        .sessions = daemon->sessions,
        .reverses = daemon->reverses,
        .relays = daemon->relays,
        .services = &daemon->services,
        .network = daemon->network,
        .started = daemon->started,
    };
}

/* Where one tunnel is all that there is (`connect`), the listeners are those of a daemon with this configuration. */
static bool listens_on(void *arg, const struct address *address)
{
    struct daemon *daemon = arg;

    return daemon->listeners ? listener_set_listen_on(daemon->listeners, address)
                             : listening_on(daemon->config, address);
}

/* --- the network --- */

/* Connections of before may be gone, and their proxies do not say so. */
static void on_woke(void *arg)
{
    struct daemon *daemon = arg;

    h2_pool_woke(daemon->services.h2);
}

/* What failed in the old network is tried in the new one, and what was made there is made anew.  Sessions go on, unless
 * they are from an address that is gone. */
static void on_network_changed(void *arg)
{
    struct daemon *daemon = arg;
    struct services *services = &daemon->services;
    size_t broken = transport_break_homeless();

    log_event(LEVEL_INFO, NULL, "network changed epoch=%" PRIu64 " broken=%zu",
              netwatch_epochs(daemon->network)->number, broken);
    dialer_renew(services->dialer);
    health_renew(services->health, loop_now(services->loop));
    probes_end(services->probes);
    passwords_renew(services->passwords);
    resolver_renew(services->resolver);
    finder_renew(services->finder);
    if (daemon->stopping)
        return;
    h2_pool_renew(services->h2);
    if (services->pool)
        pool_keep(services->pool, daemon->config, daemon->shares.ahead);
    if (daemon->reverses)
        reverse_set_renew(daemon->reverses);
}

/* What was found out may be of another network, and DIRECT is right in one and wrong in the next: so it is found out
 * anew, before anybody knows for sure, and names are asked of the servers that are there now. */
static void on_network_doubted(void *arg)
{
    struct daemon *daemon = arg;

    resolver_renew(daemon->services.resolver);
    finder_renew(daemon->services.finder);
}

/* The machine was elsewhere for a moment, or in no network. */
static void on_network_same(void *arg)
{
    struct daemon *daemon = arg;
    size_t broken = transport_break_homeless();

    if (broken > 0)
        log_event(LEVEL_INFO, NULL, "network returned epoch=%" PRIu64 " broken=%zu",
                  netwatch_epochs(daemon->network)->number, broken);
    dialer_renew(daemon->services.dialer);
    finder_renew(daemon->services.finder);
}

static void watch_network(struct daemon *daemon)
{
    const struct netwatch_params params = {.loop = daemon->services.loop, .resolv_conf = RESOLVER_CONF,
                                           .changed = on_network_changed, .doubted = on_network_doubted,
                                           .same = on_network_same, .woke = on_woke, .arg = daemon};

    daemon->network = netwatch_start(&params);
    if (!daemon->network)
        log_message(LEVEL_WARNING, NULL, "changes of the network are not noticed: out of memory or descriptors");
}

/* --- running --- */

/* What daemon_run and daemon_connect both need.  False: the log says why, or out of memory. */
static bool prepare(struct daemon *daemon, sessions_ended_fn *ended)
{
    const char *pump = getenv("SALLYPORT_PUMP"), *preconnect = getenv("SALLYPORT_PRECONNECT");
    char error[160];

    pipe_allow(!pump || strcmp(pump, "copy") != 0);
    if (!services_init(&daemon->services, error, sizeof error)) {
        log_message(LEVEL_ERROR, NULL, "%s", error);
        return false;
    }
    daemon->services.ahead_at_once = preconnect && strcmp(preconnect, "at-once") == 0;
    daemon->services.is_own = listens_on;
    daemon->services.is_own_arg = daemon;
    daemon->started = loop_now(daemon->services.loop);
    daemon->services.h2 = h2_pool_new(&daemon->services);
    daemon->services.probes = probes_new(&daemon->services);
    if (!daemon->services.h2 || !daemon->services.probes)
        return false;
    finder_keep(daemon->services.finder, daemon->config);
    h2_pool_keep(daemon->services.h2, daemon->config);
    watch_network(daemon);
    daemon->sessions = sessions_new(&daemon->services, ended, daemon);
    return daemon->sessions &&
           loop_signal_start(daemon->services.loop, &daemon->signals[0], SIGTERM, on_stop_signal, daemon) &&
           loop_signal_start(daemon->services.loop, &daemon->signals[1], SIGINT, on_stop_signal, daemon);
}

static void release(struct daemon *daemon)
{
    control_server_free(daemon->control);
    listener_set_free(daemon->listeners);
    daemon->listeners = NULL; /* sessions that end look at it */
    strangers_free(daemon->strangers);
    relay_set_free(daemon->relays);
    daemon->relays = NULL;
    sessions_free(daemon->sessions);
    reverse_set_free(daemon->reverses);
    pool_free(daemon->services.pool);
    daemon->services.pool = NULL;
    netwatch_stop(daemon->network);
    probes_free(daemon->services.probes);
    daemon->services.probes = NULL;
    h2_pool_free(daemon->services.h2);
    daemon->services.h2 = NULL;
    loop_timer_stop(&daemon->wind_down);
    for (size_t i = 0; i < sizeof daemon->signals / sizeof daemon->signals[0]; i++)
        loop_signal_stop(&daemon->signals[i]);
    notices_free(daemon->services.notices);
    daemon->services.notices = NULL;
    services_release(&daemon->services);
    pipe_release_all();
    peer_release();
    config_unref(daemon->config);
}

int daemon_run(struct config *config, daemon_log_fn *set_log)
{
    struct daemon daemon = {.config = config, .set_log = set_log};
    const struct requests_master master = {show, on_reload_order, on_stop_order, &daemon};
    int status = EX_UNAVAILABLE;
    char error[400];

    share_descriptors(&daemon, config);
    if (!prepare(&daemon, on_session_ended) ||
        !loop_signal_start(daemon.services.loop, &daemon.signals[2], SIGHUP, on_reload_signal, &daemon) ||
        !(daemon.services.pool = pool_new(&daemon.services)) ||
        !(daemon.services.notices = notices_new(daemon.services.loop)) ||
        !(daemon.strangers = strangers_new(daemon.services.loop, daemon.sessions)) ||
        !(daemon.relays = relay_set_new(&daemon.services, daemon.sessions, on_relay_session_ended, &daemon)) ||
        !(daemon.reverses = reverse_set_new(&daemon.services, daemon.sessions, on_reverse_session, &daemon)) ||
        !(daemon.listeners = listener_set_new(daemon.services.loop, on_client, &daemon)) ||
        !(daemon.control = control_server_new(daemon.services.loop, daemon.services.questions, &master))) {
        log_message(LEVEL_ERROR, NULL, "cannot start");
    } else if (!relay_set_prepare(daemon.relays, config, report, NULL)) {
        status = EX_CONFIG; /* report has told the faults */
    } else if (!listener_set_set(daemon.listeners, config, error, sizeof error)) {
        log_message(LEVEL_ERROR, NULL, "%s", error);
    } else {
        relay_set_take(daemon.relays, config);
        if (!reverse_set_keep(daemon.reverses, config, daemon.shares.reverses))
            log_message(LEVEL_ERROR, NULL, "out of memory: there are no reverse tunnels; reload");
        access_foretell(&config->settings);
        control_server_set(daemon.control, config->settings.control);
        notices_set(daemon.services.notices, config->settings.notify_command);
        questions_tell_standing(daemon.services.questions, notices_question, daemon.services.notices);
        pool_keep(daemon.services.pool, config, daemon.shares.ahead);
        log_event(LEVEL_INFO, NULL, "ready listeners=%zu", config->listener_count);
        log_started();
        log_hold(true);
        systemd_notify("READY=1");
        status = loop_run(daemon.services.loop) ? EX_OK : EX_SOFTWARE;
        log_hold(false);
    }
    release(&daemon);
    return status;
}

/* `connect` gives what it was started with back as it was, whatever ends it.  A signal that is ignored, as under nohup,
 * stays ignored. */
static bool stop_at(struct daemon *daemon, struct loop_signal *signal, int number)
{
    struct sigaction before;

    return (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN) ||
           loop_signal_start(daemon->services.loop, signal, number, on_stop_signal, daemon);
}

static void on_only_session_ended(void *arg, bool well)
{
    struct daemon *daemon = arg;

    daemon->well = well;
    loop_stop(daemon->services.loop);
}

int daemon_connect(struct config *config, const struct listener_config *listener)
{
    struct daemon daemon = {.config = config};
    struct transport *client = NULL;

    if (prepare(&daemon, on_only_session_ended) && stop_at(&daemon, &daemon.signals[2], SIGHUP) &&
        stop_at(&daemon, &daemon.signals[3], SIGQUIT))
        client = transport_from_pair(daemon.services.loop, STDIN_FILENO, STDOUT_FILENO);
    if (client) {
        sessions_set_lone(daemon.sessions);
        passwords_allow_prompt(daemon.services.passwords);
        session_start(daemon.sessions, &(struct session_params){.config = config, .listener = listener,
                                                                .client = client, .from = "from=stdin"});
        loop_run(daemon.services.loop);
    }
    release(&daemon);
    return daemon.well ? EX_OK : EX_UNAVAILABLE;
}
