#include "daemon.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"
#include "peer.h"
#include "pipe.h"
#include "post.h"
#include "session.h"
#include "tunnel.h"

#define DESCRIPTORS_APART 64  /* not for sessions */
#define WIND_DOWN_MS 200      /* between rounds: a session that moved nothing for so long is quiet */
#define WIND_DOWN_ROUNDS 50   /* then the busy ones are cut, too */

struct daemon {
    struct tunnel_means means;
    struct config *config;
    struct posts *posts;
    struct sessions *sessions;
    daemon_log_fn *set_log;
    struct loop_signal signals[3];
    struct loop_timer wind_down;
    struct log_brake untold;
    unsigned rounds;
    size_t room;  /* sessions that there are descriptors for */
    bool full;    /* that many are open: clients wait */
    struct log_brake crowded;
    bool stopping;
    bool well; /* of `connect`: how its session ended */
};

/* --- clients --- */

/* The check that keeps other users of this machine out.  False: *refusal says why; *known: uid is the client's. */
static bool may_connect(struct daemon *daemon, const char *name, const struct address *from,
                        const struct address *local, uid_t *uid, bool *known, struct failure *refusal)
{
    char error[160];
    unsigned suppressed;

    *known = false;
    if (!daemon->config->settings.same_user || !address_is_loopback(local))
        return true;
    switch (peer_uid(from, local, uid, error, sizeof error)) {
    case PEER_KNOWN:
        *known = true;
        if (*uid == geteuid())
            return true;
        failure_set(refusal, FAILURE_PERMANENT, "only the user who runs sallyport may connect (same-user)");
        return false;
    case PEER_GONE:
        failure_set(refusal, FAILURE_PERMANENT, "the client has gone before it could be told whose it is");
        return false;
    case PEER_UNTOLD:
        break;
    }
    if (log_brake_open(&daemon->untold, loop_now(daemon->means.loop), &suppressed))
        log_message(LEVEL_WARNING, name, "cannot find out whose a client is (%s): all are refused; to let every user "
                    "of this machine in, set same-user = no", error);
    failure_set(refusal, FAILURE_PERMANENT, "cannot find out which user connects (same-user)");
    return false;
}

/* Accepting a client for whose tunnel there is no descriptor left would only be to refuse it: let it wait. */
static void set_full(struct daemon *daemon, bool full)
{
    unsigned suppressed;

    if (daemon->full == full || !daemon->posts)
        return;
    daemon->full = full;
    posts_pause(daemon->posts, full);
    if (full && log_brake_open(&daemon->crowded, loop_now(daemon->means.loop), &suppressed))
        log_message(LEVEL_WARNING, NULL, "file descriptors suffice for %zu sessions, which are open: new clients "
                    "wait; raise the limit (ulimit -n, LimitNOFILE)", daemon->room);
}

static void on_client(void *arg, const struct listener_config *listener, int fd, const struct address *from,
                      const struct address *local)
{
    struct daemon *daemon = arg;
    struct failure refusal;
    char where[ADDRESS_TEXT_MAX], text[ADDRESS_TEXT_MAX + 32];
    bool known, welcome;
    uid_t uid;
    struct transport *client;

    welcome = may_connect(daemon, listener->name, from, local, &uid, &known, &refusal);
    client = transport_from_socket(daemon->means.loop, fd);
    if (!client)
        return;
    address_format(from, where);
    if (known)
        snprintf(text, sizeof text, "from=%s uid=%lu", where, (unsigned long)uid);
    else
        snprintf(text, sizeof text, "from=%s", where);
    session_start(daemon->sessions, daemon->config, listener, client, text, welcome ? NULL : &refusal);
    set_full(daemon, sessions_count(daemon->sessions) >= daemon->room);
}

static void on_session_ended(void *arg, bool well)
{
    struct daemon *daemon = arg;

    (void)well;
    if (daemon->full)
        set_full(daemon, sessions_count(daemon->sessions) >= daemon->room);
}

/* --- the end --- */

static void finish(struct daemon *daemon)
{
    log_event(LEVEL_INFO, NULL, "stopped");
    loop_stop(daemon->means.loop);
}

static void wind_down(void *arg)
{
    struct daemon *daemon = arg;

    sessions_wind_down(daemon->sessions);
    if (sessions_count(daemon->sessions) == 0 || ++daemon->rounds > WIND_DOWN_ROUNDS)
        finish(daemon);
    else
        loop_timer_start(daemon->means.loop, &daemon->wind_down, WIND_DOWN_MS, wind_down, daemon);
}

static void on_stop(void *arg, int number)
{
    struct daemon *daemon = arg;

    if (daemon->stopping) {
        finish(daemon);
        return;
    }
    daemon->stopping = true;
    log_event(LEVEL_INFO, NULL, "stopping signal=%s sessions=%zu", number == SIGINT ? "INT" : "TERM",
              sessions_count(daemon->sessions));
    notify_send("STOPPING=1");
    posts_free(daemon->posts);
    daemon->posts = NULL;
    wind_down(daemon);
}

/* --- reload --- */

static void report(void *arg, const char *line)
{
    (void)arg;
    log_message(LEVEL_ERROR, NULL, "%s", line);
}

static void on_reload(void *arg, int number)
{
    struct daemon *daemon = arg;
    struct config *fresh;
    char error[256];

    (void)number;
    if (daemon->stopping)
        return;
    notify_send("RELOADING=1");
    fresh = config_load(daemon->config->path, CONFIG_TO_RUN, report, NULL);
    snprintf(error, sizeof error, "the configuration has errors");
    if (fresh && posts_set(daemon->posts, fresh, error, sizeof error)) {
        config_unref(daemon->config);
        daemon->config = fresh;
        secrets_forget(daemon->means.secrets, NULL);
        daemon->set_log(fresh);
        log_event(LEVEL_INFO, NULL, "reloaded listeners=%zu", fresh->listener_count);
    } else {
        config_unref(fresh);
        log_message(LEVEL_ERROR, NULL, "not reloaded, the old configuration stays: %s", error);
    }
    notify_send("READY=1");
}

/* --- the run --- */

/* Takes all descriptors that the system lets us have.  Returns for how many sessions they suffice: each needs two, and
 * some are for listeners, name servers, further addresses being dialed, and pipes. */
static size_t count_room(void)
{
    struct rlimit limit;
    size_t others;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 256;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    others = limit.rlim_cur / 2 < DESCRIPTORS_APART ? limit.rlim_cur / 2 : DESCRIPTORS_APART;
    return limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : (limit.rlim_cur - others) / 2;
}

/* What both ways of running need. */
static bool prepare(struct daemon *daemon, sessions_ended_fn *ended)
{
    const char *pump = getenv("SALLYPORT_PUMP");
    char error[160];

    pipe_allow(!pump || strcmp(pump, "copy") != 0);
    if (!tunnel_means_init(&daemon->means, error, sizeof error)) {
        log_message(LEVEL_ERROR, NULL, "%s", error);
        return false;
    }
    daemon->sessions = sessions_new(&daemon->means, ended, daemon);
    return daemon->sessions && loop_signal_start(daemon->means.loop, &daemon->signals[0], SIGTERM, on_stop, daemon) &&
           loop_signal_start(daemon->means.loop, &daemon->signals[1], SIGINT, on_stop, daemon);
}

static void release(struct daemon *daemon)
{
    posts_free(daemon->posts);
    sessions_free(daemon->sessions);
    loop_timer_stop(&daemon->wind_down);
    for (size_t i = 0; i < sizeof daemon->signals / sizeof daemon->signals[0]; i++)
        loop_signal_stop(&daemon->signals[i]);
    tunnel_means_release(&daemon->means);
    pipe_release_all();
    peer_release();
    config_unref(daemon->config);
}

int daemon_run(struct config *config, daemon_log_fn *set_log)
{
    struct daemon daemon = {.config = config, .set_log = set_log};
    int status = EX_UNAVAILABLE;
    char error[256];

    daemon.room = count_room();
    if (!prepare(&daemon, on_session_ended) ||
        !loop_signal_start(daemon.means.loop, &daemon.signals[2], SIGHUP, on_reload, &daemon) ||
        !(daemon.posts = posts_new(daemon.means.loop, on_client, &daemon))) {
        log_message(LEVEL_ERROR, NULL, "cannot start");
    } else if (!posts_set(daemon.posts, config, error, sizeof error)) {
        log_message(LEVEL_ERROR, NULL, "%s", error);
    } else {
        log_event(LEVEL_INFO, NULL, "ready listeners=%zu", config->listener_count);
        notify_send("READY=1");
        status = loop_run(daemon.means.loop) ? EX_OK : EX_SOFTWARE;
    }
    release(&daemon);
    return status;
}

static void on_only_session_ended(void *arg, bool well)
{
    struct daemon *daemon = arg;

    daemon->well = well;
    loop_stop(daemon->means.loop);
}

int daemon_connect(struct config *config, const struct listener_config *listener)
{
    struct daemon daemon = {.config = config};
    struct transport *client = NULL;

    if (prepare(&daemon, on_only_session_ended))
        client = transport_from_pair(daemon.means.loop, STDIN_FILENO, STDOUT_FILENO);
    if (client) {
        session_start(daemon.sessions, config, listener, client, "from=stdin", NULL);
        loop_run(daemon.means.loop);
    }
    daemon.sessions = (sessions_free(daemon.sessions), NULL);
    release(&daemon);
    return daemon.well ? EX_OK : EX_UNAVAILABLE;
}
