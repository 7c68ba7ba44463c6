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
    bool slow;     /* its turn comes behind all others */
    bool homeless; /* its own address is gone */
    bool refused;  /* it failed, and not at our end */
};

struct dial {
    struct dialer *dialer;
    struct dial *next, **back;
    dialer_done_fn *done;
    void *arg;
    uint16_t port;
    uint32_t limit_ms, keepalive_ms;
    uint64_t turn;           /* when the next address has its turn, ms of the loop's clock; 0: at once */
    size_t count, started, running;
    bool over;               /* done was called, or must not be called any more */
    bool local;              /* the last attempt failed for lack of descriptors or memory */
    char error[200];
    struct address failed;   /* that of the last failure */
    struct loop_timer stagger, limit;
    struct deferred first, death;
    struct attempt attempts[ADDRESS_LIST_MAX]; /* those that were started come first */
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
    dial->turn = 0; /* do not wait any longer: try the next address now */
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
    loop_timer_stop(&dial->stagger);
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

/* Makes the next address wait for its turn. */
static void await_turn(struct dial *dial)
{
    uint64_t now = loop_now(dial->dialer->loop);

    loop_timer_start(dial->dialer->loop, &dial->stagger, dial->turn > now ? dial->turn - now : 0, on_stagger, dial);
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
            dial->turn = loop_now(dial->dialer->loop) + STAGGER_MS;
            if (dial->started < dial->count)
                await_turn(dial);
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

/* --- the order of dialing --- */

static bool has(const struct dial *dial, const struct address *address)
{
    for (size_t i = 0; i < dial->count; i++)
        if (address_equal(&dial->attempts[i].address, address))
            return true;
    return false;
}

/* Takes those in that it does not have, while there is room. */
static void take_in(struct dial *dial, const struct address_list *addresses)
{
    struct dialer *dialer = dial->dialer;

    for (size_t i = 0; i < addresses->count && dial->count < ADDRESS_LIST_MAX; i++) {
        struct attempt attempt = {.dial = dial, .fd = -1, .address = addresses->at[i]};

        address_set_port(&attempt.address, dial->port);
        attempt.slow = slow_addresses_has(&dialer->slow, &attempt.address, loop_now(dialer->loop));
        if (!has(dial, &attempt.address))
            dial->attempts[dial->count++] = attempt;
    }
}

/* How far from being the one to start at that place a candidate is: the slow ones last, and the families in turn (RFC
 * 8305 section 4). */
static unsigned distance(const struct dial *dial, size_t place, const struct attempt *candidate)
{
    bool same = place > 0 && dial->attempts[place - 1].address.any.sa_family == candidate->address.any.sa_family;

    return 2u * candidate->slow + same;
}

/* Puts those that were not started in order. */
static void line_up(struct dial *dial)
{
    for (size_t place = dial->started; place < dial->count; place++) {
        struct attempt *at = &dial->attempts[place], *best = at, chosen;

        for (struct attempt *other = at; other < dial->attempts + dial->count; other++)
            if (distance(dial, place, other) < distance(dial, place, best))
                best = other;
        chosen = *best;
        memmove(at + 1, at, (size_t)(best - at) * sizeof *at);
        *at = chosen;
    }
}

/* --- from start to end --- */

struct dial *dialer_dial(struct dialer *dialer, const struct address_list *addresses, uint16_t port,
                         uint32_t limit_ms, uint32_t keepalive_ms, dialer_done_fn *done, void *arg)
{
    struct dial *dial = calloc(1, sizeof *dial);

    if (!dial)
        return NULL;
    dial->dialer = dialer;
    dial->done = done;
    dial->arg = arg;
    dial->port = port;
    dial->limit_ms = limit_ms;
    dial->keepalive_ms = keepalive_ms;
    dial->failed = addresses->at[0];
    take_in(dial, addresses);
    line_up(dial);
    dial->next = dialer->dials;
    dial->back = &dialer->dials;
    if (dial->next)
        dial->next->back = &dial->next;
    dialer->dials = dial;
    loop_timer_start(dialer->loop, &dial->limit, limit_ms, on_late, dial);
    loop_defer(dialer->loop, &dial->first, on_first);
    return dial;
}

void dial_add(struct dial *dial, const struct address_list *addresses)
{
    size_t before = dial->count;

    take_in(dial, addresses);
    if (dial->count == before)
        return;
    line_up(dial);
    loop_timer_start(dial->dialer->loop, &dial->limit, dial->limit_ms, on_late, dial);
    await_turn(dial); /* a dial that has not begun does so at the end of this turn, and sets this anew */
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
