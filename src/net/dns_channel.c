/* SPDX-License-Identifier: ISC */
#include "net/dns_channel.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"

#define TRY_MS 2000     /* for one name server, before the next is asked */
#define TRIES 3
#define SOCKETS_MAX 32  /* that c-ares may have open at one time */
#define RECHECK_MS 1000 /* the files are looked at, at most, once in this time */
#define SEARCH_MAX 32   /* domains of `search` that are kept: more than any resolver takes */
#define PATH_SIZE 512   /* bytes of the path of resolv.conf, with the NUL */

/* What tells a file from what was at its path before. */
struct stamp {
    dev_t device;
    ino_t number;
    off_t size;
    struct timespec changed;
};

enum { FILES = 3 };

struct dns_channel {
    struct dns_channel_params params;
    ares_channel ares;
    struct loop_timer timer;
    struct {
        int fd;
        struct loop_io io;
    } sockets[SOCKETS_MAX];
    const char *files[FILES];
    struct stamp stamps[FILES]; /* of the files that were read; zeroed for one that is not there */
    uint64_t rechecked;         /* when the files were last looked at, ms of the loop's clock */
    struct log_brake brake;
};

/* --- c-ares on the loop --- */

static void arm_timer(struct dns_channel *channel);

static void on_timer(void *arg)
{
    struct dns_channel *channel = arg;

    dns_channel_follow(channel);
    ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_timer(channel);
}

/* While queries are under way; it is soon enough to notice new settings, too. */
static void arm_timer(struct dns_channel *channel)
{
    struct timeval left, *soonest = ares_timeout(channel->ares, NULL, &left);
    uint64_t ms;

    if (!soonest) {
        loop_timer_stop(&channel->timer);
        return;
    }
    ms = (uint64_t)soonest->tv_sec * 1000 + (uint64_t)soonest->tv_usec / 1000 + 1;
    loop_timer_start(channel->params.loop, &channel->timer, ms < RECHECK_MS ? ms : RECHECK_MS, on_timer, channel);
}

static void on_socket(void *arg, int ready);

/* c-ares says what to watch a socket for; neither: it closes the socket. */
static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct dns_channel *channel = arg;
    size_t slot = SOCKETS_MAX;

    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (channel->sockets[i].io.call && channel->sockets[i].fd == fd)
            slot = i;
    for (size_t i = 0; i < SOCKETS_MAX && slot == SOCKETS_MAX; i++)
        if (!channel->sockets[i].io.call)
            slot = i;
    if (slot == SOCKETS_MAX)
        return; /* c-ares will time out and ask again */
    channel->sockets[slot].fd = fd;
    loop_io_levels(channel->params.loop, &channel->sockets[slot].io, fd,
                   (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0), on_socket, channel);
}

/* The callback does not say which socket is ready: all are processed, they are few. */
static void on_socket(void *arg, int ready)
{
    struct dns_channel *channel = arg;

    (void)ready;
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (channel->sockets[i].io.call)
            ares_process_fd(channel->ares, channel->sockets[i].fd, channel->sockets[i].fd);
    arm_timer(channel);
}

/* --- settings --- */

/* Starts c-ares without the root among the domains of `search`, where systemd-resolved writes it for "none": c-ares
 * 1.18 puts a second dot behind the name, and fails.  Returns a status of c-ares. */
static int start(ares_channel *ares, struct ares_options *options, int mask)
{
    struct ares_options found = {.flags = 0};
    char *kept[SEARCH_MAX];
    int ignored, kept_count = 0, status = ares_init_options(ares, options, mask);

    if (status != ARES_SUCCESS)
        return status;
    status = ares_save_options(*ares, &found, &ignored);
    if (status != ARES_SUCCESS) {
        ares_destroy_options(&found); /* what there was memory for */
        ares_destroy(*ares);
        return status;
    }
    for (int i = 0; i < found.ndomains && kept_count < SEARCH_MAX; i++)
        if (strcmp(found.domains[i], ".") != 0)
            kept[kept_count++] = found.domains[i];
    if (kept_count < found.ndomains) {
        options->domains = kept;
        options->ndomains = kept_count;
        ares_destroy(*ares);
        status = ares_init_options(ares, options, mask | ARES_OPT_DOMAINS);
    }
    ares_destroy_options(&found);
    return status;
}

static int open_ares(struct dns_channel *channel, ares_channel *ares)
{
    char path[PATH_SIZE];
    struct ares_options options = {
        .timeout = TRY_MS, .tries = TRIES, .sock_state_cb = on_socket_state, .sock_state_cb_data = channel,
        .resolvconf_path = path,
    };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
    const char *servers = getenv("SALLYPORT_NAMESERVERS");
    int status;

#ifdef ARES_OPT_QUERY_CACHE
    mask |= ARES_OPT_QUERY_CACHE; /* with its 0 in options: answers are kept by the resolver, and by nobody else */
#endif
    if (snprintf(path, sizeof path, "%s", channel->params.resolv_conf) >= (int)sizeof path)
        return ARES_EFILE;
    status = start(ares, &options, mask);
    if (status == ARES_SUCCESS && servers && *servers) {
        status = ares_set_servers_ports_csv(*ares, servers);
        if (status != ARES_SUCCESS)
            ares_destroy(*ares);
    }
    return status;
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->number == b->number && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Whether a file is another than the one in `stamps`; fills fresh.  A file that is gone is being replaced, or the
 * network is: until there is another, the one that was read counts. */
static bool look_at_files(struct dns_channel *channel, struct stamp fresh[FILES])
{
    bool changed = false;

    channel->rechecked = loop_now(channel->params.loop);
    for (size_t i = 0; i < FILES; i++) {
        struct stat status;

        fresh[i] = channel->stamps[i];
        if (stat(channel->files[i], &status) != 0)
            continue;
        fresh[i] = (struct stamp){status.st_dev, status.st_ino, status.st_size, status.st_mtim};
        changed |= !same_stamp(&fresh[i], &channel->stamps[i]);
    }
    return changed;
}

/* Reads the settings, whose files look as in fresh: that was before they are read, so that a change in between is
 * noticed later. */
static void read_anew(struct dns_channel *channel, const struct stamp fresh[FILES])
{
    ares_channel before = channel->ares;
    unsigned suppressed;
    int status = open_ares(channel, &channel->ares);

    if (status != ARES_SUCCESS) {
        channel->ares = before;
        if (log_brake_open(&channel->brake, channel->rechecked, &suppressed))
            log_message(LEVEL_WARNING, NULL, "cannot read the settings of name look-ups anew: %s; the old ones stay",
                        ares_strerror(status));
        return;
    }
    memcpy(channel->stamps, fresh, sizeof channel->stamps);
    ares_destroy(before);
    channel->params.renewed(channel->params.arg);
    arm_timer(channel);
}

void dns_channel_follow(struct dns_channel *channel)
{
    struct stamp fresh[FILES];

    if (loop_now(channel->params.loop) - channel->rechecked >= RECHECK_MS && look_at_files(channel, fresh))
        read_anew(channel, fresh);
}

void dns_channel_renew(struct dns_channel *channel)
{
    struct stamp fresh[FILES];

    look_at_files(channel, fresh);
    read_anew(channel, fresh);
}

/* --- its life --- */

struct dns_channel *dns_channel_new(const struct dns_channel_params *params, char *error, size_t size)
{
    struct dns_channel *channel = calloc(1, sizeof *channel);
    struct stamp fresh[FILES];
    int status = ARES_ENOMEM;

    if (channel) {
        channel->params = *params;
        channel->files[0] = params->resolv_conf;
        channel->files[1] = "/etc/nsswitch.conf";
        channel->files[2] = "/etc/hosts";
        look_at_files(channel, fresh);
        memcpy(channel->stamps, fresh, sizeof channel->stamps);
        status = ares_library_init(ARES_LIB_INIT_ALL);
        if (status == ARES_SUCCESS && (status = open_ares(channel, &channel->ares)) != ARES_SUCCESS)
            ares_library_cleanup();
    }
    if (status == ARES_SUCCESS)
        return channel;
    free(channel);
    snprintf(error, size, "cannot start the resolver: %s", ares_strerror(status));
    return NULL;
}

void dns_channel_free(struct dns_channel *channel)
{
    if (!channel)
        return;
    ares_destroy(channel->ares);
    ares_library_cleanup();
    loop_timer_stop(&channel->timer);
    free(channel);
}

ares_channel dns_channel_handle(struct dns_channel *channel)
{
    return channel->ares;
}

void dns_channel_asked(struct dns_channel *channel)
{
    arm_timer(channel);
}
