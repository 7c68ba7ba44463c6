/* SPDX-License-Identifier: ISC */
#include "session/pump.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define BURST_BYTES 65536     /* a read that fills this much is the start of a burst, for which a pipe is borrowed */
#define BURST_LACK 8          /* an eighth of it may lack: what is carried within something else comes without that */
#define BUFFER_BYTES 262144   /* copied at a time in a burst without a pipe */
#define PIECE_BYTES 4096      /* read where there is no room at all */
#define ROUNDS_MAX 3          /* of one direction in one turn, so that others do not wait long */

enum step { STEP_DONE, STEP_WAIT, STEP_END, STEP_MUTE, STEP_BROKEN_FROM, STEP_BROKEN_TO };

static char buffer[BUFFER_BYTES]; /* shared by all pumps: there is one thread, and it is empty between calls */

static struct loop *loop_of(const struct pump *pump)
{
    return pump->way[PUMP_UP].from->loop;
}

static bool held(const struct pump_direction *way)
{
    return way->held || (way->pipe && pipe_held(way->pipe) > 0);
}

static void drop_held(struct pump_direction *way)
{
    free(way->held);
    way->held = NULL;
}

/* Keeps a copy of the bytes in these spans that `to` did not take: all up to `got` but the first `sent`.  False: out
 * of memory. */
static bool hold(struct pump_direction *way, const struct iovec *spans, size_t sent, size_t got)
{
    way->held = malloc(got - sent);
    if (!way->held)
        return false;
    way->held_at = way->held_end = 0;
    for (size_t begin = 0; begin < got; begin += spans++->iov_len) {
        size_t from = begin < sent ? sent - begin : 0, length = got - begin;

        if (length > spans->iov_len)
            length = spans->iov_len;
        if (from >= length)
            continue;
        memcpy(way->held + way->held_end, (const char *)spans->iov_base + from, length - from);
        way->held_end += (uint32_t)(length - from);
    }
    return true;
}

/* Turns the return value and errno of a splice into a result of transport_recv or _send. */
static ssize_t spliced(struct transport *side, ssize_t moved)
{
    if (moved >= 0)
        return moved;
    if (errno == EAGAIN || errno == EINTR)
        return TRANSPORT_AGAIN;
    side->error = errno;
    return TRANSPORT_ERROR;
}

/* Sends the held bytes to `to`.  DONE: none are held any more. */
static enum step deliver(struct pump_direction *way)
{
    while (held(way)) {
        ssize_t sent;

        if (way->held)
            sent = transport_send(way->to, way->held + way->held_at, way->held_end - way->held_at);
        else
            sent = spliced(way->to, pipe_drain(way->pipe, transport_splice_fd(way->to, LOOP_WRITE)));
        if (sent == TRANSPORT_AGAIN || sent == 0)
            return STEP_WAIT;
        if (sent < 0)
            return STEP_BROKEN_TO;
        way->bytes += (uint64_t)sent;
        if (way->held && (way->held_at += (uint32_t)sent) == way->held_end)
            drop_held(way);
    }
    return STEP_DONE;
}

/* Notes what was read, or a part of it: its first byte and its last line. */
static void note(struct pump_direction *way, const char *bytes, size_t length)
{
    if (!way->begun)
        way->first = (unsigned char)bytes[0];
    way->begun = true;
    goodbye_note(&way->line, bytes, length);
}

static enum step taken(ssize_t got)
{
    return got > 0 ? STEP_DONE : got == 0 ? STEP_END : got == TRANSPORT_AGAIN ? STEP_WAIT : STEP_BROKEN_FROM;
}

/* How much is read at a time: what `to` has room for, but always something, for what is held makes it tell of room. */
static size_t share(const struct pump_direction *way, bool whole_buffer)
{
    size_t size = whole_buffer ? BUFFER_BYTES : BURST_BYTES, room = transport_room(way->to);

    return room >= size ? size : room > PIECE_BYTES ? room : PIECE_BYTES;
}

/* Whether a read is part of a burst: it was large, or has filled the room. */
static bool is_bulk(size_t got, size_t room)
{
    size_t full = room < BURST_BYTES ? room : BURST_BYTES;

    return got >= full - full / BURST_LACK;
}

/* What follows from a send of `got` bytes that were read into these spans. */
static enum step passed(struct pump_direction *way, const struct iovec *spans, size_t got, ssize_t sent)
{
    if (sent == TRANSPORT_ERROR)
        return STEP_BROKEN_TO;
    if (sent < 0)
        sent = 0;
    way->bytes += (uint64_t)sent;
    if ((size_t)sent < got && !hold(way, spans, (size_t)sent, got)) {
        way->to->error = ENOMEM;
        return STEP_BROKEN_TO;
    }
    return STEP_DONE;
}

static enum step take_by_copy(struct pump_direction *way, bool whole_buffer)
{
    struct iovec span = {buffer, share(way, whole_buffer)};
    ssize_t got = transport_recv(way->from, buffer, span.iov_len);

    if (got <= 0)
        return taken(got);
    way->bulk = is_bulk((size_t)got, span.iov_len);
    note(way, buffer, (size_t)got);
    return passed(way, &span, (size_t)got, transport_send(way->to, buffer, (size_t)got));
}

/* Reads from a socket to where `to` wants the bytes, so that none is copied once more on its way; where it has no wish,
 * by copying. */
static enum step take_laid(struct pump_direction *way)
{
    struct iovec spans[TRANSPORT_SPANS_MAX];
    int count = transport_layout(way->to, buffer, sizeof buffer, spans);
    size_t size = 0;
    ssize_t got;

    if (count == 0)
        return take_by_copy(way, true);
    for (int i = 0; i < count; i++)
        size += spans[i].iov_len;
    got = spliced(way->from, readv(transport_splice_fd(way->from, LOOP_READ), spans, count));
    if (got <= 0)
        return taken(got);
    way->bulk = is_bulk((size_t)got, size);
    for (size_t i = 0, left = (size_t)got; left > 0; left -= spans[i++].iov_len) {
        if (spans[i].iov_len > left)
            spans[i].iov_len = left;
        note(way, spans[i].iov_base, spans[i].iov_len);
    }
    return passed(way, spans, (size_t)got, transport_send_laid(way->to, buffer, (size_t)got));
}

/* A splice that moves nothing may have stopped at a byte that it cannot move (TCP urgent data), so try recv then. */
static enum step take_by_splice(struct pump_direction *way)
{
    ssize_t got = spliced(way->from, pipe_fill(way->pipe, transport_splice_fd(way->from, LOOP_READ)));

    if (got == TRANSPORT_ERROR)
        return STEP_BROKEN_FROM;
    if (got <= 0)
        return take_by_copy(way, false);
    goodbye_miss(&way->line);
    if (got < BURST_BYTES / 4)
        way->bulk = false;
    return STEP_DONE;
}

/* Reads what `from` has: in a burst into a pipe, if both sides can splice and one can be borrowed, else by copying. */
static enum step take(struct pump_direction *way)
{
    bool from_socket = transport_splice_fd(way->from, LOOP_READ) >= 0;

    if (way->bulk && from_socket && !way->pipe && transport_splice_fd(way->to, LOOP_WRITE) >= 0)
        way->pipe = pipe_borrow();
    if (way->pipe)
        return take_by_splice(way);
    return way->bulk && from_socket ? take_laid(way) : take_by_copy(way, way->bulk);
}

static struct pump_direction *other_way(struct pump *pump, const struct pump_direction *way)
{
    return way == &pump->way[PUMP_UP] ? &pump->way[PUMP_DOWN] : &pump->way[PUMP_UP];
}

/* The only writer of a direction's state: ENDING when `from` has reached the end of its stream, ENDED_WAY when that is
 * passed on. */
static void enter(struct pump *pump, struct pump_direction *way, enum pump_state state)
{
    if (state == PUMP_ENDING && other_way(pump, way)->state == PUMP_FLOWING)
        pump->first_end = way == &pump->way[PUMP_UP] ? PUMP_UP : PUMP_DOWN;
    way->state = state;
}

/* Passes the end of stream on to `to`, as a half-close. */
static enum step end_way(struct pump *pump, struct pump_direction *way)
{
    enter(pump, way, PUMP_ENDED_WAY);
    if (other_way(pump, way)->state == PUMP_ENDED_WAY) /* both have ended: the owner closes them */
        return STEP_END;
    return transport_shutdown_send(way->to) ? STEP_END : STEP_BROKEN_TO;
}

/* In a burst, the process that receives the bytes often waits for this processor.  Yielding lets it read them while
 * they are in the cache, and gives the system no reason to move it to another processor, where it would disturb the
 * sender.  That holds for small pieces too. */
static void let_receiver_run(void)
{
    (void)sched_yield();
}

/* Whether a server that was to greet has ended its stream in place of that, and the client is there to be told. */
static bool is_mute(const struct pump *pump, const struct pump_direction *way)
{
    return pump->greets && way == &pump->way[PUMP_DOWN] && !way->begun &&
           (pump->lone || pump->way[PUMP_UP].state == PUMP_FLOWING);
}

/* Runs one direction until it would block (WAIT), ends (END, MUTE), breaks, or has used its share of a turn (DONE). */
static enum step run_way(struct pump *pump, struct pump_direction *way)
{
    enum step step = STEP_DONE;

    way->waits_for_room = false;
    for (int rounds = 0; way->state != PUMP_ENDED_WAY; rounds++) {
        if (rounds == ROUNDS_MAX)
            return STEP_DONE;
        step = deliver(way);
        if (step != STEP_DONE)
            break;
        if (way->state == PUMP_ENDING) {
            step = end_way(pump, way);
            break;
        }
        step = take(way);
        if (step == STEP_END && is_mute(pump, way))
            return STEP_MUTE;
        if (step == STEP_END)
            enter(pump, way, PUMP_ENDING);
        else if (step != STEP_DONE)
            break;
    }
    way->waits_for_room = step == STEP_WAIT && held(way);
    if (way->pipe)
        let_receiver_run();
    if (way->pipe && pipe_held(way->pipe) == 0) { /* whoever waits for bytes needs none, nor who has ended */
        pipe_give_back(way->pipe);
        way->pipe = NULL;
    }
    return step;
}

static void tell_greeting(struct pump *pump)
{
    if (pump->greeted || pump->way[PUMP_DOWN].bytes == 0)
        return;
    pump->greeted = true;
    pump->on_event(pump->arg, PUMP_GREETED);
}

static void tell_beginning(struct pump *pump)
{
    if (pump->compared || !pump->way[PUMP_UP].begun || !pump->way[PUMP_DOWN].begun)
        return;
    pump->compared = true;
    pump->on_event(pump->arg, PUMP_BEGUN);
}

static void tell_parting(struct pump *pump)
{
    const struct pump_direction *up = &pump->way[PUMP_UP], *down = &pump->way[PUMP_DOWN];

    if (!pump->parts || up->state != PUMP_FLOWING || down->state != PUMP_FLOWING || held(up) || held(down) ||
        !goodbye_is_answered(pump->parts, &up->line, &down->line))
        return;
    pump->parts = NULL;
    pump->parted = true;
    pump->on_event(pump->arg, PUMP_PARTED);
}

static void tell(struct pump *pump, enum pump_event event)
{
    void (*on_event)(void *, enum pump_event) = pump->on_event;
    void *arg = pump->arg;

    tell_beginning(pump);
    pump_stop(pump);
    on_event(arg, event);
}

/* Checks whether the side that this direction reads from is broken.  True: it is, and on_event was called. */
static bool look_whether_broken(struct pump *pump, enum pump_way reads)
{
    struct pump_direction *way = &pump->way[reads];

    if ((pump->lone && reads == PUMP_UP && way->state != PUMP_ENDED_WAY) || !transport_broken(way->from))
        return false;
    pump->broken_side = way->from;
    tell(pump, PUMP_BROKEN);
    return true;
}

static void run(struct pump *pump, bool up, bool down);

static void run_again(struct deferred *again)
{
    run((struct pump *)((char *)again - offsetof(struct pump, again)), true, true);
}

/* Runs one or both directions.  on_event may be called at the end: do not use the pump after this call. */
static void run(struct pump *pump, bool up, bool down)
{
    uint64_t before = pump->way[PUMP_UP].bytes + pump->way[PUMP_DOWN].bytes;

    for (int i = PUMP_UP; i <= PUMP_DOWN; i++) {
        struct pump_direction *way = &pump->way[i];
        enum step step;

        if (!(i == PUMP_UP ? up : down) || way->state == PUMP_ENDED_WAY)
            continue;
        step = run_way(pump, way);
        if (step == STEP_BROKEN_FROM || step == STEP_BROKEN_TO) {
            pump->broken_side = step == STEP_BROKEN_FROM ? way->from : way->to;
            tell(pump, PUMP_BROKEN);
            return;
        }
        if (step == STEP_MUTE) {
            tell(pump, PUMP_MUTE);
            return;
        }
        if (step == STEP_DONE)
            loop_put_off(loop_of(pump), &pump->again, run_again);
    }
    tell_greeting(pump);
    tell_beginning(pump);
    if (pump->way[PUMP_UP].bytes + pump->way[PUMP_DOWN].bytes != before)
        pump->moved_at = loop_now(loop_of(pump));
    tell_parting(pump);
    if ((pump->way[PUMP_UP].state == PUMP_ENDED_WAY || pump->lone) && pump->way[PUMP_DOWN].state == PUMP_ENDED_WAY)
        tell(pump, PUMP_ENDED);
    else if (pump->lone && pump->way[PUMP_UP].state == PUMP_ENDED_WAY)
        look_whether_broken(pump, PUMP_UP);
}

/* A side is ready.  Edge-triggered events usually include "writable", so a direction is run only if it waits for just
 * that.  A side that is not read now, because it has ended or the other has no room, is checked for a reset. */
static void on_side(struct pump *pump, enum pump_way reads, int ready)
{
    struct pump_direction *in = &pump->way[reads], *out = &pump->way[reads == PUMP_UP ? PUMP_DOWN : PUMP_UP];
    bool run_in = ready & LOOP_READ && in->state == PUMP_FLOWING && !in->waits_for_room;
    bool run_out = ready & LOOP_WRITE && out->waits_for_room;

    if ((in->state != PUMP_FLOWING || in->waits_for_room) && ready & LOOP_READ && look_whether_broken(pump, reads))
        return;
    if (run_in || run_out)
        run(pump, reads == PUMP_UP ? run_in : run_out, reads == PUMP_UP ? run_out : run_in);
}

static void on_client(void *arg, int ready)
{
    on_side(arg, PUMP_UP, ready);
}

static void on_server(void *arg, int ready)
{
    on_side(arg, PUMP_DOWN, ready);
}

void pump_start(struct pump *pump, struct transport *client, struct transport *server, char *leftover,
                size_t leftover_length, void (*on_event)(void *arg, enum pump_event event), void *arg)
{
    memset(pump, 0, sizeof *pump);
    pump->on_event = on_event;
    pump->arg = arg;
    pump->moved_at = loop_now(client->loop);
    pump->way[PUMP_UP].from = pump->way[PUMP_DOWN].to = client;
    pump->way[PUMP_UP].to = pump->way[PUMP_DOWN].from = server;
    if (leftover_length > 0) {
        note(&pump->way[PUMP_DOWN], leftover, leftover_length);
        pump->way[PUMP_DOWN].held = leftover;
        pump->way[PUMP_DOWN].held_end = (uint32_t)leftover_length;
    } else {
        free(leftover);
    }
    transport_watch(client, on_client, pump);
    transport_watch(server, on_server, pump);
    loop_defer(client->loop, &pump->again, run_again); /* bytes that have arrived already cause no event */
}

void pump_stop(struct pump *pump)
{
    if (!pump->way[PUMP_UP].from)
        return;
    loop_undefer(loop_of(pump), &pump->again);
    for (int i = PUMP_UP; i <= PUMP_DOWN; i++) {
        pump->way[i].cut = held(&pump->way[i]);
        drop_held(&pump->way[i]);
        pipe_give_back(pump->way[i].pipe);
        pump->way[i].pipe = NULL;
    }
    transport_watch(pump->way[PUMP_UP].from, NULL, NULL);
    transport_watch(pump->way[PUMP_DOWN].from, NULL, NULL);
    pump->way[PUMP_UP].from = NULL;
}
