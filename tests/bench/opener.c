/* SPDX-License-Identifier: ISC */
#include "opener.h"

#include <errno.h>
#include <stdio.h>
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
    bool asking, answered;
};

static void attempt_start(struct opener *opener, struct attempt *attempt, int epoll, unsigned turn)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = attempt};

    attempt->since = wire_now();
    attempt->asking = opener->ask != NULL;
    attempt->answered = !attempt->asking;
    event.events |= attempt->asking ? EPOLLOUT : 0;
    attempt->fd = wire_connect(&opener->to, turn);
    if (attempt->fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, attempt->fd, &event) != 0)
        wire_die(true, "epoll_ctl");
    if (attempt->fd < 0)
        opener->failed++;
}

/* It is connected, or that has failed, which is seen when it is read. */
static void attempt_ask(const struct opener *opener, struct attempt *attempt, int epoll)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = attempt};
    char request[256];
    int length = snprintf(request, sizeof request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", opener->ask,
                          opener->ask);

    attempt->asking = false;
    (void)send(attempt->fd, request, (size_t)length, MSG_NOSIGNAL);
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, attempt->fd, &event) != 0)
        wire_die(true, "epoll_ctl");
}

/* Takes the head of an answer of 2xx away from the bytes, of which it returns how many are left; the head comes in one
 * piece as a rule.  -1: it is another one. */
static ssize_t attempt_answer(struct attempt *attempt, char *bytes, ssize_t length)
{
    char *end = strstr(bytes, "\r\n\r\n");

    if (strncmp(bytes, "HTTP/1.1 2", 10) != 0 || !end)
        return -1;
    attempt->answered = true;
    length -= end + 4 - bytes;
    memmove(bytes, end + 4, (size_t)length);
    return length;
}

/* The socket can be read, or has failed. */
static void attempt_finish(struct opener *opener, struct attempt *attempt, int epoll)
{
    char greeting[1024];
    ssize_t got = recv(attempt->fd, greeting, sizeof greeting - 1, 0);
    int fd = attempt->fd;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0 && !attempt->answered) {
        greeting[got] = '\0';
        got = attempt_answer(attempt, greeting, got);
        if (got == 0)
            return;
    }
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

static void attempt_go_on(struct opener *opener, struct attempt *attempt, int epoll)
{
    if (attempt->asking)
        attempt_ask(opener, attempt, epoll);
    else
        attempt_finish(opener, attempt, epoll);
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
            attempt_go_on(opener, events[i].data.ptr, epoll);
        if (ready > 0)
            heard = wire_now();
        opener->stalled = wire_now() - heard > PATIENCE_NS;
    }
    give_up(opener, attempts);
    close(epoll);
    free(attempts);
}
