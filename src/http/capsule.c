/* SPDX-License-Identifier: ISC */
#include "http/capsule.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/capsule_reader.h"
#include "net/lingering.h"

#define PASSED_MAX 65536   /* bytes passed over in one call: then others have their turn */
#define SCRATCH_BYTES 4096 /* read at a time behind the end, where nothing is kept */
#define JOINED_BYTES 4096  /* of a value that are copied behind its head, to be one piece for below; what follows is not
                            * copied: more than that was slower when measured */

/* Thousands of these may be open at a time, so each is kept small. */
struct capsule_transport {
    struct transport base; /* first: the ops cast back */
    struct transport *below;
    char *held;                  /* bytes that came before, or NULL */
    uint32_t held_at, held_end;  /* held[held_at] up to held[held_end] have not been read */
    struct capsule_reader reader;
    struct lingering *lingering; /* closed, but below has not taken FINAL_DATA */
    struct deferred turn;        /* goes on after a rest; when it has been closed, frees it */
    uint32_t owed;               /* bytes of the value of the capsule that was begun: the caller has them */
    char head[CAPSULE_HEAD_MAX]; /* of that capsule, or FINAL_DATA: head[head_at] up to head[head_end] must be sent */
    unsigned char head_at, head_end;
    bool broken;
    bool said_end; /* FINAL_DATA is the last that we say; it may still be in head */
};

/* --- errors --- */

/* The only one who breaks the stream.  Only the first error is kept. */
static void break_off(struct capsule_transport *self, int error, const char *why)
{
    if (self->broken)
        return;
    self->broken = true;
    self->base.error = error;
    self->base.why = why;
}

static void break_off_by_below(struct capsule_transport *self)
{
    if (!self->broken)
        self->base.denied = self->below->denied;
    break_off(self, self->below->error, self->below->why);
}

static void break_off_by_fault(struct capsule_transport *self)
{
    switch ((enum capsule_fault)self->reader.fault) {
    case CAPSULE_WELL:
        break;
    case CAPSULE_RAW:
        break_off(self, EPROTONOSUPPORT, "the proxy speaks connect-tcp without capsules");
        break;
    case CAPSULE_DATA_BEHIND_END:
        break_off(self, EPROTO, "the proxy sends DATA behind FINAL_DATA");
        break;
    case CAPSULE_SECOND_END:
        break_off(self, EPROTO, "the proxy sends a second FINAL_DATA");
        break;
    case CAPSULE_CUT:
        break_off(self, EPROTO, "the proxy ended the stream in the middle of a capsule");
        break;
    case CAPSULE_NO_END:
        break_off(self, ECONNRESET, "the proxy ended the stream without FINAL_DATA");
        break;
    }
}

/* Both have said FINAL_DATA, and below has it: whatever becomes of below, the stream has come to its end. */
static bool is_over(const struct capsule_transport *self)
{
    return self->reader.ended && self->said_end && self->head_at == self->head_end;
}

/* --- sending --- */

/* Sends what is left of the head.  Returns 0 (none), AGAIN or ERROR. */
static ssize_t flush(struct capsule_transport *self)
{
    while (self->head_at < self->head_end) {
        ssize_t sent = transport_send(self->below, self->head + self->head_at,
                                      (size_t)(self->head_end - self->head_at));

        if (sent == TRANSPORT_ERROR)
            break_off_by_below(self);
        if (sent < 0)
            return sent;
        self->head_at += (unsigned char)sent;
    }
    return 0;
}

static void begin(struct capsule_transport *self, unsigned type, size_t length)
{
    self->head_at = 0;
    self->head_end = (unsigned char)capsule_head(self->head, type, length);
    self->owed = (uint32_t)length;
}

/* Sends what is left of the head, and with it the first bytes of the value.  Returns how many of these were taken,
 * perhaps none, or AGAIN or ERROR. */
static ssize_t send_joined(struct capsule_transport *self, const char *bytes, size_t length)
{
    char joined[CAPSULE_HEAD_MAX + JOINED_BYTES];
    size_t head = (size_t)(self->head_end - self->head_at);
    size_t some = length < JOINED_BYTES ? length : JOINED_BYTES;
    ssize_t sent;

    memcpy(joined, self->head + self->head_at, head);
    memcpy(joined + head, bytes, some);
    sent = transport_send(self->below, joined, head + some);
    if (sent < 0)
        return sent;
    if ((size_t)sent < head) {
        self->head_at += (unsigned char)sent;
        return 0;
    }
    self->head_at = self->head_end;
    return sent - (ssize_t)head;
}

static ssize_t capsule_send(struct transport *transport, const void *bytes, size_t length)
{
    struct capsule_transport *self = (struct capsule_transport *)transport;
    ssize_t sent = TRANSPORT_AGAIN;
    size_t taken = 0;

    assert(!self->said_end);
    break_off_by_fault(self);
    if (self->broken)
        return TRANSPORT_ERROR;
    while (taken < length) {
        const char *rest = (const char *)bytes + taken;
        size_t some = length - taken;

        if (self->owed == 0)
            begin(self, CAPSULE_DATA, some < CAPSULE_VALUE_MAX ? some : CAPSULE_VALUE_MAX);
        if (some > self->owed)
            some = self->owed;
        sent = self->head_at < self->head_end ? send_joined(self, rest, some) : transport_send(self->below, rest, some);
        if (sent < 0)
            break;
        taken += (size_t)sent;
        self->owed -= (uint32_t)sent;
    }
    if (self->head_at == 0) { /* nothing was taken of the last capsule: it has not begun */
        self->owed = 0;
        self->head_end = 0;
    }
    if (sent == TRANSPORT_ERROR) {
        break_off_by_below(self);
        return TRANSPORT_ERROR;
    }
    return taken > 0 ? (ssize_t)taken : TRANSPORT_AGAIN;
}

/* The end is said once.  A capsule that was begun and lacks bytes cannot be mended. */
static bool capsule_shutdown_send(struct transport *transport)
{
    struct capsule_transport *self = (struct capsule_transport *)transport;

    break_off_by_fault(self);
    if (self->owed > 0)
        break_off(self, EPIPE, NULL);
    if (self->broken)
        return false;
    if (!self->said_end)
        begin(self, CAPSULE_FINAL_DATA, 0);
    self->said_end = true;
    return flush(self) != TRANSPORT_ERROR;
}

/* --- receiving --- */

static void on_rested(struct deferred *turn);

/* The stream had its share of this turn.  Below may have more but will not report it again: we do. */
static void rest(struct capsule_transport *self)
{
    loop_put_off(self->base.loop, &self->turn, on_rested);
}

static bool rests(const struct capsule_transport *self)
{
    return self->turn.back;
}

/* Reads what has come, capsules and all.  stays: and leaves it there. */
static ssize_t take(struct capsule_transport *self, char *bytes, size_t size, bool stays)
{
    size_t held = self->held_end - self->held_at;

    if (!self->held)
        return (stays ? transport_peek : transport_recv)(self->below, bytes, size);
    if (size > held)
        size = held;
    memcpy(bytes, self->held + self->held_at, size);
    if (stays)
        return (ssize_t)size;
    self->held_at += (uint32_t)size;
    if (self->held_at == self->held_end) {
        free(self->held);
        self->held = NULL;
    }
    return (ssize_t)size;
}

/* Below has given no bytes, but AGAIN, its end or an error. */
static void note_end(struct capsule_transport *self, ssize_t got)
{
    if (got == TRANSPORT_EOF)
        capsule_reader_end(&self->reader);
    else if (got == TRANSPORT_ERROR && !is_over(self))
        break_off_by_below(self);
    break_off_by_fault(self);
}

/* Behind FINAL_DATA: passes over what has come, and sees what must not come there. */
static void look_behind_end(struct capsule_transport *self)
{
    char scratch[SCRATCH_BYTES];
    ssize_t got = 1;

    for (size_t passed = 0; got > 0 && !self->broken; passed += (size_t)got) {
        if (passed >= PASSED_MAX) {
            rest(self);
            return;
        }
        got = take(self, scratch, sizeof scratch, false);
        if (got > 0)
            capsule_reader_strip(&self->reader, scratch, (size_t)got);
        note_end(self, got);
    }
}

/* What a call says that has got no payload: AGAIN, EOF or ERROR. */
static ssize_t standing(struct capsule_transport *self)
{
    if (self->reader.ended && !self->broken && !rests(self))
        look_behind_end(self);
    return self->broken ? TRANSPORT_ERROR : self->reader.ended ? TRANSPORT_EOF : TRANSPORT_AGAIN;
}

/* Whether there may be payload to read; passed: bytes that this call has passed over. */
static bool may_read(struct capsule_transport *self, size_t passed)
{
    break_off_by_fault(self);
    if (passed >= PASSED_MAX)
        rest(self);
    return !self->broken && !self->reader.ended && !rests(self);
}

/* One read below gives what there is.  To read on until bytes are full would cost more than it gains: the rest is
 * no longer than the heads were. */
static ssize_t capsule_recv(struct transport *transport, void *bytes, size_t size)
{
    struct capsule_transport *self = (struct capsule_transport *)transport;

    for (size_t passed = 0; may_read(self, passed);) {
        ssize_t got = take(self, bytes, size, false);
        size_t payload = got > 0 ? capsule_reader_strip(&self->reader, bytes, (size_t)got) : 0;

        if (payload > 0)
            return (ssize_t)payload;
        if (got <= 0) {
            note_end(self, got);
            break;
        }
        passed += (size_t)got;
    }
    return standing(self);
}

static ssize_t capsule_peek(struct transport *transport, void *bytes, size_t size)
{
    struct capsule_transport *self = (struct capsule_transport *)transport;

    for (size_t passed = 0; may_read(self, passed);) {
        struct capsule_reader ahead = self->reader;
        ssize_t got = take(self, bytes, size, true);
        size_t payload = got > 0 ? capsule_reader_strip(&ahead, bytes, (size_t)got) : 0;

        if (payload > 0)
            return (ssize_t)payload;
        if (got > 0) /* heads alone are no bytes that could stay */
            got = take(self, bytes, (size_t)got, false);
        if (got <= 0) {
            note_end(self, got);
            break;
        }
        capsule_reader_strip(&self->reader, bytes, (size_t)got);
        passed += (size_t)got;
    }
    return standing(self);
}

static bool capsule_broken(struct transport *transport)
{
    struct capsule_transport *self = (struct capsule_transport *)transport;

    break_off_by_fault(self);
    if (!is_over(self) && transport_broken(self->below))
        break_off_by_below(self);
    return self->broken;
}

/* --- readiness --- */

static struct capsule_transport *of_turn(struct deferred *turn)
{
    return (struct capsule_transport *)(void *)((char *)turn - offsetof(struct capsule_transport, turn));
}

static void tell(struct capsule_transport *self, int ready)
{
    if (ready && self->base.watcher)
        self->base.watcher(self->base.watcher_arg, ready);
}

static void on_rested(struct deferred *turn)
{
    struct capsule_transport *self = of_turn(turn);

    if (self->reader.ended)
        look_behind_end(self);
    tell(self, LOOP_READ);
}

static void finish(struct capsule_transport *self, bool reset);

/* Below is ready: sends the waiting head of FINAL_DATA, and looks at what nobody reads any more, then tells. */
static void on_below(void *arg, int ready)
{
    struct capsule_transport *self = arg;
    ssize_t flushed = TRANSPORT_AGAIN;

    if (ready & LOOP_WRITE && self->said_end)
        flushed = flush(self);
    if (self->lingering) {
        if (flushed != TRANSPORT_AGAIN)
            finish(self, flushed != 0);
        return;
    }
    if (ready & LOOP_READ && self->reader.ended && !rests(self))
        look_behind_end(self);
    tell(self, self->broken ? LOOP_READ | LOOP_WRITE : ready);
}

/* --- the end --- */

static void on_death(struct deferred *turn)
{
    struct capsule_transport *self = of_turn(turn);

    free(self->held);
    free(self);
}

/* Closes or resets below; the memory is freed at the end of the turn. */
static void finish(struct capsule_transport *self, bool reset)
{
    lingering_stop(self->lingering);
    self->lingering = NULL;
    (reset ? transport_reset : transport_close)(self->below);
    loop_defer(self->base.loop, &self->turn, on_death);
}

static void give_up(void *arg)
{
    struct capsule_transport *self = arg;

    self->lingering = NULL;
    finish(self, true);
}

/* One that is broken, or lacks bytes of a capsule, is closed without FINAL_DATA: the other side sees that it is cut. */
static void capsule_end(struct transport *transport, bool reset)
{
    struct capsule_transport *self = (struct capsule_transport *)transport;

    transport->watcher = NULL;
    loop_undefer(transport->loop, &self->turn);
    if (!reset && capsule_shutdown_send(transport) && self->head_at < self->head_end) {
        self->lingering = lingering_start(transport->loop, give_up, self);
        if (self->lingering)
            return;
        reset = true;
    }
    finish(self, reset);
}

static int capsule_splice_fd(const struct transport *transport, int direction)
{
    (void)transport, (void)direction;
    return -1;
}

static void capsule_set_patience(struct transport *transport, uint32_t ms)
{
    transport_set_patience(((struct capsule_transport *)transport)->below, ms);
}

static size_t capsule_room(const struct transport *transport)
{
    return transport_room(((const struct capsule_transport *)transport)->below);
}

static const struct transport_ops capsule_ops = {
    capsule_recv, capsule_send, capsule_peek, capsule_broken, capsule_shutdown_send, capsule_end, capsule_splice_fd,
    capsule_set_patience, capsule_room, NULL, NULL,
};

struct transport *capsule_transport(struct transport *below, char *leftover, size_t length,
                                    const struct protocol *protocol)
{
    struct capsule_transport *self = calloc(1, sizeof *self);

    if (!self || length == 0) {
        free(leftover);
        leftover = NULL;
    }
    if (!self) {
        transport_close(below);
        return NULL;
    }
    self->base.ops = &capsule_ops;
    self->base.loop = below->loop;
    self->below = below;
    self->held = leftover;
    self->held_end = leftover ? (uint32_t)length : 0;
    capsule_reader_start(&self->reader, protocol);
    transport_watch(below, on_below, self);
    return &self->base;
}
