/* SPDX-License-Identifier: ISC */
#include "net/dialer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sockets.h"
#include "net/machine.h"
#include "net/slow_addresses.h"
#include "net/socket_options.h"

#define STAGGER_MS 250 /* before the next address is tried; it is tried at once when the one before has failed */

struct attempt {
    struct dial *dial;
    struct address address;
    struct loop_io io;
    int fd;        /* -1: not started, or over */
    bool homeless; /* its own address is gone */
    bool refused;  /* it failed, and not at our end */
};

struct dial {
    struct dialer *dialer;
    struct dial *next, **back;
    dialer_done_fn *done;
    void *arg;
    uint32_t keepalive_ms;
    size_t count, started, running;
    bool over;               /* done was called, or must not be called any more */
    bool local;              /* the last attempt failed for lack of descriptors or memory */
    char error[200];
    struct address failed;   /* that of the last failure */
    struct loop_timer stagger, limit;
    struct deferred first, death;
    struct attempt attempts[]; /* count of them */
};

struct dialer {
    struct loop *loop;
    struct dial *dials;
    struct slow_addresses slow;
};

struct dialer *dialer_new(struct loop *loop)
{
    struct dialer *dialer = calloc(1, sizeof *dialer);

    if (dialer)
        dialer->loop = loop;
    return dialer;
}

void dialer_free(struct dialer *dialer)
{
    if (!dialer)
        return;
    while (dialer->dials)
        dial_cancel(dialer->dials);
    free(dialer);
}

/* Ends an attempt.  Its socket is closed, unless keep. */
static void attempt_end(struct attempt *attempt, bool keep)
{
    if (attempt->fd < 0)
        return;
    loop_io_stop(&attempt->io);
    if (!keep)
        close(attempt->fd);
    attempt->fd = -1;
    attempt->dial->running--;
}

static void dial_die(struct deferred *death)
{
    free((char *)death - offsetof(struct dial, death));
}

/* Stops all that a dial has under way; it is freed at the end of the turn. */
static void dial_end(struct dial *dial)
{
    if (dial->over)
        return;
    dial->over = true;
    for (size_t i = 0; i < dial->started; i++)
        attempt_end(&dial->attempts[i], false);
    loop_timer_stop(&dial->stagger);
    loop_timer_stop(&dial->limit);
    loop_undefer(dial->dialer->loop, &dial->first);
    *dial->back = dial->next;
    if (dial->next)
        dial->next->back = dial->back;
    loop_defer(dial->dialer->loop, &dial->death, dial_die);
}

void dial_cancel(struct dial *dial)
{
    if (dial)
        dial_end(dial);
}

static void give_up(struct dial *dial)
{
    dial_end(dial);
    dial->done(dial->arg, dial->local ? OUTCOME_LOCAL : OUTCOME_PEER, -1, &dial->failed, dial->error);
}

/* All that were started before it and have not answered, or not well, come last from now on.  What failed at our own
 * end, such as for want of a descriptor, says nothing of the address. */
static void note_slow(const struct attempt *answered)
{
    const struct dial *dial = answered->dial;
    struct slow_addresses *slow = &dial->dialer->slow;

    slow_addresses_forget(slow, &answered->address);
    for (const struct attempt *attempt = dial->attempts; attempt < answered; attempt++)
        if (attempt->fd >= 0 || attempt->refused)
            slow_addresses_note(slow, &attempt->address, loop_now(dial->dialer->loop));
}

static void succeed(struct attempt *attempt)
{
    struct dial *dial = attempt->dial;
    int fd = attempt->fd;

    note_slow(attempt);
    attempt_end(attempt, true);
    dial_end(dial);
    dial->done(dial->arg, OUTCOME_DONE, fd, &attempt->address, NULL);
}

/* Whether the other end, or somebody on the way to it, has said so, or nobody has said anything. */
static bool is_answer(int error)
{
    return error == ECONNREFUSED || error == ECONNRESET || error == EHOSTUNREACH || error == ENETUNREACH ||
           error == ETIMEDOUT;
}

static void note_failure(struct attempt *attempt, int error)
{
    struct dial *dial = attempt->dial;

    dial->local = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
    snprintf(dial->error, sizeof dial->error, "%s", strerror(error));
    dial->failed = attempt->address;
    attempt->refused = is_answer(error);
    attempt_end(attempt, false);
}

static void start_next(struct dial *dial);

static void on_ready(void *arg, int ready)
{
    struct attempt *attempt = arg;
    struct dial *dial = attempt->dial;
    int error = 0;
    socklen_t size = sizeof error;

    (void)ready;
    if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (attempt->homeless)
        error = ENETDOWN;
    if (error == 0) {
        succeed(attempt);
        return;
    }
    note_failure(attempt, error);
    loop_timer_stop(&dial->stagger); /* do not wait for it: try the next address now */
    start_next(dial);
}

/* Calls connect().  Returns 0: connected; EINPROGRESS: the socket will become writable; else the errno. */
static int ask(struct attempt *attempt)
{
    const struct sockaddr *to = &attempt->address.any;
    int error = connect(attempt->fd, to, address_length(&attempt->address)) == 0 ? 0 : errno;

    /* on loopback the connection is made by now, but only a second connect() says so */
    if (error == EINPROGRESS && address_is_loopback(&attempt->address))
        error = connect(attempt->fd, to, address_length(&attempt->address)) == 0 ? 0 : errno;
    return error == EALREADY ? EINPROGRESS : error;
}

/* Returns 0: connected, done not called yet; EINPROGRESS: under way; else the errno. */
static int attempt_start(struct attempt *attempt)
{
    struct dial *dial = attempt->dial;
    int error;

    attempt->fd = sockets_open(attempt->address.any.sa_family, SOCK_STREAM, SOCKETS_RETURN);
    if (attempt->fd < 0)
        return errno;
    dial->running++;
    socket_options_set_upstream(attempt->fd, &attempt->address, dial->keepalive_ms);
    error = ask(attempt);
    if (error == EINPROGRESS &&
        !loop_io_levels(dial->dialer->loop, &attempt->io, attempt->fd, LOOP_WRITE, on_ready, attempt))
        error = ENOMEM;
    return error;
}

static void on_stagger(void *arg)
{
    start_next(arg);
}

/* Starts the next attempt that does not fail at once; gives up when no address is left and no attempt under way. */
static void start_next(struct dial *dial)
{
    while (dial->started < dial->count) {
        struct attempt *attempt = &dial->attempts[dial->started++];
        int error = attempt_start(attempt);

        if (error == 0) {
            succeed(attempt);
            return;
        }
        if (error == EINPROGRESS) {
            if (dial->started < dial->count)
                loop_timer_start(dial->dialer->loop, &dial->stagger, STAGGER_MS, on_stagger, dial);
            return;
        }
        note_failure(attempt, error);
    }
    if (dial->running == 0)
        give_up(dial);
}

static void on_first(struct deferred *first)
{
    start_next((struct dial *)((char *)first - offsetof(struct dial, first)));
}

static void on_late(void *arg)
{
    struct dial *dial = arg;

    for (size_t i = 0; i < dial->started; i++)
        if (dial->attempts[i].fd >= 0)
            dial->failed = dial->attempts[i].address;
    snprintf(dial->error, sizeof dial->error, "no answer in time");
    dial->local = false;
    give_up(dial);
}

/* Puts those addresses in the order of dialing: the slow ones last. */
static void line_up(struct dial *dial, const struct address_list *addresses, uint16_t port)
{
    uint64_t now = loop_now(dial->dialer->loop);

    for (unsigned slow = 0; slow < 2; slow++)
        for (size_t i = 0; i < addresses->count; i++) {
            struct address address = addresses->at[i];

            address_set_port(&address, port);
            if (slow_addresses_has(&dial->dialer->slow, &address, now) == slow)
                dial->attempts[dial->count++] = (struct attempt){.dial = dial, .fd = -1, .address = address};
        }
}

struct dial *dialer_dial(struct dialer *dialer, const struct address_list *addresses, uint16_t port,
                         uint32_t limit_ms, uint32_t keepalive_ms, dialer_done_fn *done, void *arg)
{
    struct dial *dial = calloc(1, sizeof *dial + addresses->count * sizeof dial->attempts[0]);

    if (!dial)
        return NULL;
    dial->dialer = dialer;
    dial->done = done;
    dial->arg = arg;
    dial->keepalive_ms = keepalive_ms;
    dial->failed = addresses->at[0];
    line_up(dial, addresses, port);
    dial->next = dialer->dials;
    dial->back = &dialer->dials;
    if (dial->next)
        dial->next->back = &dial->next;
    dialer->dials = dial;
    loop_timer_start(dialer->loop, &dial->limit, limit_ms, on_late, dial);
    loop_defer(dialer->loop, &dial->first, on_first);
    return dial;
}

static bool is_homeless(const struct attempt *attempt)
{
    struct address home = {0};
    socklen_t size = sizeof home.v6;

    return attempt->fd >= 0 && getsockname(attempt->fd, &home.any, &size) == 0 && !machine_has(&home);
}

void dialer_renew(struct dialer *dialer)
{
    dialer->slow = (struct slow_addresses){.next = 0};
    for (struct dial *dial = dialer->dials; dial; dial = dial->next)
        for (size_t i = 0; i < dial->started; i++)
            if (is_homeless(&dial->attempts[i]))
                dial->attempts[i].homeless = socket_options_break(dial->attempts[i].fd);
}
