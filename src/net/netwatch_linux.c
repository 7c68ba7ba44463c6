/* SPDX-License-Identifier: ISC */
/* Linux: the kernel tells by rtnetlink(7) that something about links, addresses and routes is different, and is asked
 * then what there is.  What it tells is not enough: it takes routes away without a word when a link goes down. */
#include "net/netwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "net/epochs.h"
#include "net/network_print.h"
#include "net/path_watch.h"
#include "net/suspend.h"

#define TOLD (RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | \
              RTMGRP_IPV4_RULE | 1u << (RTNLGRP_IPV6_RULE - 1))
#define DATAGRAM_MAX 32768    /* bytes; the kernel sends no longer ones */
#define DATAGRAMS_MAX 64      /* that are read in one turn of the loop; the rest is read in the next one */
#define RESOLV_CONF_MAX 65536 /* bytes of it that are looked at */
#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

/* What tells one network from another. */
struct fingerprint {
    struct network_print *print;
    uint64_t resolv_conf;       /* digest of its content; 0: it is not there */
    uint64_t sleeps;            /* how often the machine has slept */
};

struct netwatch {
    struct netwatch_params params;
    struct epochs epochs;
    struct suspend_watch *suspend; /* NULL: a sleep is not noticed */
    struct path_watch *path;       /* NULL: resolv.conf is not watched */
    struct loop_io io;
    int fd;                        /* rtnetlink; -1: the kernel cannot be asked */
    uint32_t sequence;             /* of the last question */
    bool missed;                   /* news came while the kernel was being asked */
    uint64_t sleeps;
    struct fingerprint known;
    struct deferred end;
};

/* --- resolv.conf --- */

/* FNV-1a: who changes the file means to change it. */
static uint64_t digest_of(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    uint64_t digest = FNV_BASIS;
    char bytes[4096];
    size_t all = 0;
    ssize_t length;
    struct stat status;

    if (fd < 0)
        return 0;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return 0;
    }
    while (all < RESOLV_CONF_MAX && (length = read(fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < length; i++)
            digest = (digest ^ (unsigned char)bytes[i]) * FNV_PRIME;
        all += (size_t)length;
    }
    close(fd);
    return digest;
}

static void on_resolv_conf(void *arg)
{
    struct netwatch *watch = arg;

    if (digest_of(watch->params.resolv_conf) != watch->known.resolv_conf)
        epochs_news(&watch->epochs);
}

/* --- the kernel --- */

/* Receives a datagram of the kernel's.  Returns its length; -1: there is none, or the kernel has more to tell than
 * there is room for, or it is too long, errno says which.  *told: it was not asked for. */
static ssize_t receive(const struct netwatch *watch, unsigned char bytes[DATAGRAM_MAX], bool *told)
{
    struct sockaddr_nl from = {0};
    socklen_t size = sizeof from;
    ssize_t length;

    do
        length = recvfrom(watch->fd, bytes, DATAGRAM_MAX, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &size);
    while ((length < 0 && errno == EINTR) || (length >= 0 && from.nl_pid != 0)); /* other processes do not count */
    *told = from.nl_groups != 0;
    if (length > DATAGRAM_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    return length;
}

static void on_told(void *arg, int ready)
{
    struct netwatch *watch = arg;
    unsigned char bytes[DATAGRAM_MAX];
    bool told, news = false;

    (void)ready;
    for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
        ssize_t length = receive(watch, bytes, &told);

        if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        news |= length < 0 || (told && network_print_is_news(watch->known.print, bytes, (size_t)length));
    }
    if (news)
        epochs_news(&watch->epochs);
}

/* Asks the kernel one question.  False: there was no answer. */
static bool ask(struct netwatch *watch, struct network_print *print, unsigned question)
{
    unsigned char bytes[DATAGRAM_MAX];
    size_t asked = network_print_question(question, ++watch->sequence, bytes);
    enum network_print_answer answer = NETWORK_PRINT_MORE;
    bool told;

    if (send(watch->fd, bytes, asked, 0) != (ssize_t)asked)
        return false;
    while (answer == NETWORK_PRINT_MORE) {
        ssize_t length = receive(watch, bytes, &told);

        if (length < 0)
            return false; /* the answer is there at once, if there is one */
        if (told)
            watch->missed = true;
        else
            answer = network_print_read(print, question, watch->sequence, bytes, (size_t)length);
    }
    return answer == NETWORK_PRINT_WHOLE;
}

/* Finds out what there is.  False: this cannot be told now. */
static bool look(struct netwatch *watch, struct fingerprint *now)
{
    *now = (struct fingerprint){.print = network_print_new(), .sleeps = watch->sleeps,
                                .resolv_conf = digest_of(watch->params.resolv_conf)};
    watch->missed = false;
    for (unsigned i = 0; now->print && watch->fd >= 0 && i < NETWORK_PRINT_QUESTIONS; i++)
        if (!ask(watch, now->print, i))
            return false;
    return now->print;
}

static enum epochs_verdict judge(void *arg)
{
    struct netwatch *watch = arg;
    struct fingerprint now, *known = &watch->known;
    bool whole = look(watch, &now);
    bool another = now.sleeps != known->sleeps || now.resolv_conf != known->resolv_conf ||
                   (whole && !network_print_equal(now.print, known->print));

    if (!whole) {
        network_print_free(now.print);
        now.print = known->print;
    } else {
        network_print_free(known->print);
    }
    *known = now;
    if (watch->missed || (another && !whole))
        epochs_news(&watch->epochs);
    return another ? EPOCHS_ANOTHER : whole ? EPOCHS_SAME : EPOCHS_UNTOLD;
}

/* Opens the socket.  False: the kernel does not tell; errno says why. */
static bool listen_to_kernel(struct netwatch *watch)
{
    const struct sockaddr_nl us = {.nl_family = AF_NETLINK, .nl_groups = TOLD};

    watch->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (watch->fd < 0)
        return false;
    if (bind(watch->fd, (const struct sockaddr *)&us, sizeof us) == 0 &&
        loop_io_levels(watch->params.loop, &watch->io, watch->fd, LOOP_READ, on_told, watch))
        return true;
    close(watch->fd);
    watch->fd = -1;
    return false;
}

/* --- its life --- */

static void on_woke(void *arg)
{
    struct netwatch *watch = arg;

    watch->sleeps++;
    epochs_news(&watch->epochs);
    watch->params.woke(watch->params.arg);
}

struct netwatch *netwatch_start(const struct netwatch_params *params)
{
    struct netwatch *watch = calloc(1, sizeof *watch);
    const struct epochs_params epochs = {.loop = params->loop, .judge = judge, .judge_arg = watch,
                                         .begun = params->changed, .doubted = params->doubted, .same = params->same,
                                         .arg = params->arg};
    bool listens;

    if (!watch)
        return NULL;
    watch->params = *params;
    epochs_start(&watch->epochs, &epochs);
    watch->suspend = suspend_watch_start(params->loop, on_woke, watch);
    watch->path = path_watch_start(params->loop, params->resolv_conf, on_resolv_conf, watch);
    if (!watch->path)
        log_message(LEVEL_WARNING, NULL, "another %s is noticed late: inotify: %s", params->resolv_conf,
                    strerror(errno));
    listens = listen_to_kernel(watch);
    if (!look(watch, &watch->known) || !listens)
        log_message(LEVEL_WARNING, NULL, "changes of addresses and routes are not noticed: rtnetlink: %s",
                    strerror(errno));
    if (watch->known.print)
        return watch;
    netwatch_stop(watch);
    return NULL;
}

static void release(struct deferred *end)
{
    free((char *)end - offsetof(struct netwatch, end));
}

void netwatch_stop(struct netwatch *watch)
{
    if (!watch)
        return;
    epochs_stop(&watch->epochs);
    suspend_watch_stop(watch->suspend);
    path_watch_stop(watch->path);
    if (watch->fd >= 0) {
        loop_io_stop(&watch->io);
        close(watch->fd);
    }
    network_print_free(watch->known.print);
    watch->known.print = NULL;
    loop_defer(watch->params.loop, &watch->end, release);
}

const struct epochs *netwatch_epochs(const struct netwatch *watch)
{
    return &watch->epochs;
}
