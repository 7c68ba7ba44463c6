#include "opener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

#define PATIENCE_NS 2500000000u /* without any greeting: the forwarder hangs; a lost SYN is sent again after 1 s */
#define LATE_NS 1000000000u     /* one given up at the end counts as failed if it is older than this */
#define EVENTS_MAX 64

/* One being opened. */
struct attempt {
    int fd; /* -1: this place is free */
    uint64_t since;
};

static void attempt_start(struct opener *opener, struct attempt *attempt, int epoll, unsigned turn)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = attempt};

    attempt->since = wire_now();
    attempt->fd = wire_connect(&opener->to, turn);
    if (attempt->fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, attempt->fd, &event) != 0)
        wire_die(true, "epoll_ctl");
    if (attempt->fd < 0)
        opener->failed++;
}

/* The socket can be read, or has failed. */
static void attempt_finish(struct opener *opener, struct attempt *attempt, int epoll)
{
    char greeting[128];
    ssize_t got = recv(attempt->fd, greeting, sizeof greeting - 1, 0);
    int fd = attempt->fd;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    attempt->fd = -1;
    if (got <= 0) {
        close(fd);
        opener->failed++;
        return;
    }
    greeting[got] = '\0';
    opener->done++;
    opener->resumed += strstr(greeting, "resumed") != NULL;
    (void)epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
    opener->opened(opener->arg, fd, wire_now() - attempt->since);
}

static void nap(unsigned ms)
{
    struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&span, NULL);
}

static bool is_over(const struct opener *opener)
{
    return opener->stalled || (opener->until != 0 && wire_now() >= opener->until);
}

/* Closes what is not open yet. */
static void give_up(struct opener *opener, struct attempt *attempts)
{
    for (unsigned i = 0; i < opener->at_once; i++)
        if (attempts[i].fd >= 0) {
            close(attempts[i].fd);
            opener->failed += opener->stalled || wire_now() - attempts[i].since > LATE_NS;
        }
}

void opener_run(struct opener *opener)
{
    struct attempt *attempts = calloc(opener->at_once, sizeof *attempts);
    struct epoll_event events[EVENTS_MAX];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    unsigned started = 0;
    uint64_t heard = wire_now();

    if (!attempts || epoll < 0)
        wire_die(true, "opener");
    for (unsigned i = 0; i < opener->at_once; i++)
        attempts[i].fd = -1;
    opener->done = opener->failed = opener->resumed = 0;
    opener->stalled = false;
    while (!is_over(opener) && opener->done + opener->failed < opener->count) {
        int ready;

        for (unsigned i = 0; i < opener->at_once && started < opener->count; i++)
            if (attempts[i].fd < 0) {
                if (opener->pause_ms && started > 0)
                    nap(opener->pause_ms);
                attempt_start(opener, &attempts[i], epoll, started++);
            }
        ready = epoll_wait(epoll, events, EVENTS_MAX, 20);
        for (int i = 0; i < ready; i++)
            attempt_finish(opener, events[i].data.ptr, epoll);
        if (ready > 0)
            heard = wire_now();
        opener->stalled = wire_now() - heard > PATIENCE_NS;
    }
    give_up(opener, attempts);
    close(epoll);
    free(attempts);
}
