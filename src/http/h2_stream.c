/* SPDX-License-Identifier: ISC */
#include "http/h2_stream.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/h2_frames.h"
#include "http/h2_traffic.h"
#include "http/receive_window.h"
#include "net/lingering.h"

#define INTERIMS_MAX 16  /* answers before the final one */
#define HELD_FIRST 1024  /* bytes, of a buffer for what the reader leaves */

/* What is needed only until the stream is taken. */
struct asking {
    struct h2_stream_events events;
    struct h2_answer answer;
    const struct http_head *head; /* complete, points into answer; or NULL */
    unsigned interims;
    enum h2_end end;
    char why[H2_WHY_MAX];   /* how it has ended; empty: it has not */
    bool final;             /* head is */
    bool has_head, has_page, has_other; /* to be told */
    bool end_told;
    bool telling, spent;    /* an event is being told; asking is to be freed after that */
};

/* Thousands of these may be open at a time, so each is kept small. */
struct h2_stream {
    struct transport base; /* first: the ops cast back */
    struct h2_member member;
    struct h2_connection *connection;
    struct asking *asking; /* NULL once taken */
    char *held;            /* bytes that came and were not read (malloc'd), or NULL */
    uint32_t held_at, held_end, held_size; /* held[held_at] up to held[held_end], of held_size */
    struct receive_window window;
    struct lingering *lingering;
    struct deferred death;
    bool ended;     /* END_STREAM came */
    bool end_read;  /* and the reader has seen that */
    bool broken;
    bool sated;     /* the other side takes no more from us */
    bool said_end;  /* END_STREAM is the last that we say */
    bool closed;    /* it has no owner */
};

_Static_assert(sizeof(struct h2_stream) <= 400, "an idle tunnel is to cost little memory");

static struct h2_stream *of_member(struct h2_member *member)
{
    return (struct h2_stream *)(void *)((char *)member - offsetof(struct h2_stream, member));
}

static struct h2_session *session_of(const struct h2_stream *self)
{
    return h2_connection_session(self->connection);
}

/* --- the end --- */

static void asking_free(struct asking *asking)
{
    if (!asking)
        return;
    h2_answer_release(&asking->answer);
    free(asking);
}

static void drop_held(struct h2_stream *self)
{
    free(self->held);
    self->held = NULL;
    self->held_at = self->held_end = self->held_size = 0;
}

static void on_death(struct deferred *death)
{
    struct h2_stream *self = (struct h2_stream *)(void *)((char *)death - offsetof(struct h2_stream, death));

    h2_connection_release(self->connection);
    asking_free(self->asking);
    free(self);
}

/* Has left the session; the memory is freed at the end of the turn. */
static void finish(struct h2_stream *self, uint32_t code)
{
    lingering_stop(self->lingering);
    self->lingering = NULL;
    self->closed = true;
    h2_session_leave(session_of(self), &self->member, code);
    drop_held(self);
    receive_window_end(&self->window);
    loop_defer(self->base.loop, &self->death, on_death);
}

/* Only the first error is kept. */
static void break_off(struct h2_stream *self, int error, const char *why)
{
    if (self->broken)
        return;
    self->broken = true;
    self->base.error = error;
    self->base.why = why;
}

/* Ends the request, unless it was answered. */
static void end_asking(struct h2_stream *self, enum h2_end end, const char *why)
{
    struct asking *asking = self->asking;

    if (!asking || asking->final || asking->why[0])
        return;
    asking->end = end;
    snprintf(asking->why, sizeof asking->why, "%s", why);
}

/* The rules were broken, or our bounds: the stream ends at once.  why is static. */
static void refuse(struct h2_stream *self, uint32_t code, int error, const char *why)
{
    end_asking(self, H2_END_BROKEN, why);
    break_off(self, error, why);
    h2_session_leave(session_of(self), &self->member, code);
    h2_session_tell(session_of(self), &self->member);
}

/* --- noted: what has come --- */

static void on_field(struct h2_member *member, const uint8_t *name, size_t name_length, const uint8_t *value,
                     size_t value_length)
{
    struct h2_stream *self = of_member(member);
    struct asking *asking = self->asking;

    if (!asking || asking->final) /* on_head has a word on that */
        return;
    if (asking->head) {
        h2_answer_next(&asking->answer);
        asking->head = NULL;
        asking->has_head = false;
    }
    switch (h2_answer_add(&asking->answer, name, name_length, value, value_length)) {
    case H2_ANSWER_OK:
        break;
    case H2_ANSWER_TOO_LONG:
        refuse(self, NGHTTP2_ENHANCE_YOUR_CALM, EPROTO, asking->answer.wrong);
        break;
    case H2_ANSWER_NO_MEMORY:
        refuse(self, NGHTTP2_INTERNAL_ERROR, ENOMEM, "out of memory");
        break;
    }
}

/* Other requests on this connection learn that one was answered. */
static void tell_others(struct h2_stream *self)
{
    struct h2_member *other;

    TAILQ_FOREACH(other, &session_of(self)->members, all)
        if (other != &self->member && other->kind == H2_WAITS)
            other->ops->other(other);
}

static bool is_tunnel(const struct asking *asking)
{
    return !asking || (asking->final && asking->head->status / 100 == 2);
}

static void on_head(struct h2_member *member)
{
    struct h2_stream *self = of_member(member);
    struct asking *asking = self->asking;

    if (is_tunnel(asking)) {
        refuse(self, NGHTTP2_PROTOCOL_ERROR, EPROTO, "the proxy sent HEADERS behind its answer");
        return;
    }
    if (asking->final) /* trailers of a page */
        return;
    asking->head = h2_answer_end(&asking->answer);
    if (!asking->head) {
        refuse(self, NGHTTP2_PROTOCOL_ERROR, EPROTO, asking->answer.wrong);
        return;
    }
    asking->final = asking->head->status / 100 != 1;
    if (!asking->final && ++asking->interims > INTERIMS_MAX) {
        refuse(self, NGHTTP2_ENHANCE_YOUR_CALM, EPROTO, "the proxy sent too many interim answers");
        return;
    }
    asking->has_head = true;
    if (asking->final) {
        h2_session_set_kind(session_of(self), member, is_tunnel(asking) ? H2_TUNNEL : H2_ANSWERED);
        tell_others(self);
    }
    h2_session_tell(session_of(self), member);
}

static void on_ended(struct h2_member *member)
{
    struct h2_stream *self = of_member(member);

    self->ended = true;
    if (self->asking)
        self->asking->has_page = !is_tunnel(self->asking) && self->asking->final;
    h2_session_tell(session_of(self), member);
}

static const char *fault_text(const struct h2_session *session, char why[H2_WHY_MAX])
{
    snprintf(why, H2_WHY_MAX, "the proxy broke the rules of HTTP/2%s%s", session->fault[0] ? ": " : "",
             session->fault);
    return why;
}

/* What the end of the connection means for a request. */
static enum h2_end not_answered(const struct h2_stream *self)
{
    return session_of(self)->goaway_code == NGHTTP2_HTTP_1_1_REQUIRED ? H2_END_NEEDS_1_1 : H2_END_UNPROCESSED;
}

static void on_left(struct h2_member *member, enum h2_leave how, uint32_t code)
{
    struct h2_stream *self = of_member(member);
    char why[H2_WHY_MAX];

    switch (how) {
    case H2_LEFT_ENDED:
        break;
    case H2_LEFT_RESET:
        end_asking(self, code == NGHTTP2_REFUSED_STREAM      ? H2_END_UNPROCESSED
                         : code == NGHTTP2_HTTP_1_1_REQUIRED ? H2_END_NEEDS_1_1
                                                             : H2_END_RESET, h2_session_reset_text(code));
        if (self->ended && (code == NGHTTP2_NO_ERROR || code == NGHTTP2_CANCEL))
            self->sated = true;
        else
            break_off(self, ECONNRESET, h2_session_reset_text(code));
        break;
    case H2_LEFT_FAULT:
        end_asking(self, H2_END_BROKEN, fault_text(session_of(self), why));
        break_off(self, EPROTO, "the proxy broke the rules of HTTP/2");
        break;
    case H2_LEFT_UNPROCESSED:
        end_asking(self, not_answered(self), "the proxy ends the connection (GOAWAY)");
        break_off(self, ECONNRESET, "the proxy ends the connection (GOAWAY)");
        break;
    case H2_LEFT_DEATH:
        end_asking(self, not_answered(self), session_of(self)->why);
        break_off(self, ECONNRESET, "the connection to the proxy broke");
        break;
    }
    if (self->closed) {
        finish(self, NGHTTP2_NO_ERROR);
        return;
    }
    if (self->asking)
        self->asking->has_page = self->asking->final && !is_tunnel(self->asking);
    h2_session_tell(session_of(self), member);
}

static void on_other(struct h2_member *member)
{
    struct h2_stream *self = of_member(member);

    if (!self->asking)
        return;
    self->asking->has_other = true;
    h2_session_tell(session_of(self), member);
}

/* --- told --- */

/* Tells what is next.  False: there is nothing. */
static bool tell_asking(struct h2_stream *self, struct asking *asking)
{
    const struct h2_stream_events *events = &asking->events;

    if (asking->has_head) {
        asking->has_head = false;
        events->on_head(events->arg, asking->head);
    } else if (asking->why[0]) {
        if (!asking->end_told)
            asking->end_told = true, events->on_end(events->arg, asking->end, asking->why);
        return false;
    } else if (asking->has_page) {
        asking->has_page = false;
        events->on_page(events->arg);
    } else if (asking->has_other) {
        asking->has_other = false;
        events->on_other(events->arg);
    } else {
        return false;
    }
    return !self->closed && !asking->spent;
}

static void tell_ready(struct h2_stream *self, int ready)
{
    if (self->base.watcher)
        self->base.watcher(self->base.watcher_arg, ready);
}

static void on_news(struct h2_member *member)
{
    struct h2_stream *self = of_member(member);
    struct asking *asking = self->asking;

    if (!asking) {
        tell_ready(self, self->broken || self->sated ? LOOP_READ | LOOP_WRITE : LOOP_READ);
        return;
    }
    asking->telling = true;
    while (tell_asking(self, asking))
        ;
    asking->telling = false;
    if (asking->spent)
        asking_free(asking);
}

static void on_room(struct h2_member *member)
{
    tell_ready(of_member(member), LOOP_WRITE);
}

/* Keeps a copy of what has come and was not read.  False: out of memory. */
static bool hold(struct h2_stream *self, size_t length)
{
    uint32_t held = self->held_end - self->held_at;
    size_t size = self->held_size ? self->held_size : HELD_FIRST;
    char *grown;

    if (self->held_at > 0)
        memmove(self->held, self->held + self->held_at, held);
    self->held_at = 0;
    self->held_end = held;
    while (size < held + length)
        size *= 2;
    if (size > self->held_size) {
        grown = realloc(self->held, size);
        if (!grown)
            return false;
        self->held = grown;
        self->held_size = (uint32_t)size;
    }
    self->held_end += (uint32_t)h2_traffic_take(session_of(self), &self->member, self->held + held, length, false);
    receive_window_hold(&self->window, length);
    return true;
}

/* The reader has its chance; what it leaves is kept.  What comes for nobody is dropped: the window does not open. */
static void on_bytes(struct h2_member *member)
{
    struct h2_stream *self = of_member(member);
    struct h2_session *session = session_of(self);
    size_t left;

    if (self->closed)
        return;
    if (!self->asking)
        tell_ready(self, LOOP_READ);
    left = h2_traffic_left(session, member);
    if (left == 0 || self->closed)
        return;
    if (self->held_end - self->held_at + left > self->window.size) {
        /* nghttp2 has noticed, too, and gives us the rest of what has come nevertheless */
        refuse(self, NGHTTP2_FLOW_CONTROL_ERROR, EPROTO, "the proxy sent more than the window has");
        return;
    }
    if (!hold(self, left)) {
        refuse(self, NGHTTP2_INTERNAL_ERROR, ENOMEM, NULL);
        return;
    }
    if (self->asking && self->asking->final) {
        self->asking->has_page = !is_tunnel(self->asking);
        h2_session_tell(session, member);
    }
}

static const struct h2_member_ops member_ops = {
    .field = on_field, .head = on_head, .ended = on_ended, .left = on_left, .bytes = on_bytes, .room = on_room,
    .news = on_news, .other = on_other,
};

/* --- the transport --- */

static size_t copy_held(struct h2_stream *self, void *bytes, size_t size)
{
    size_t some = self->held_end - self->held_at;

    if (some > size)
        some = size;
    if (some > 0)
        memcpy(bytes, self->held + self->held_at, some);
    return some;
}

/* What a call says that has got no bytes. */
static ssize_t standing(const struct h2_stream *self)
{
    return self->broken ? TRANSPORT_ERROR : self->ended ? TRANSPORT_EOF : TRANSPORT_AGAIN;
}

static ssize_t stream_recv(struct transport *transport, void *bytes, size_t size)
{
    struct h2_stream *self = (struct h2_stream *)transport;
    size_t of_held = copy_held(self, bytes, size), got = of_held;
    uint32_t grown;

    self->held_at += (uint32_t)of_held;
    if (self->held && self->held_at == self->held_end)
        drop_held(self);
    if (got < size)
        got += h2_traffic_take(session_of(self), &self->member, (char *)bytes + got, size - got, false);
    if (got == 0) {
        self->end_read = self->ended;
        return standing(self);
    }
    grown = receive_window_took(&self->window, got, of_held);
    if (!self->ended)
        h2_traffic_open_window(session_of(self), &self->member, got, grown);
    return (ssize_t)got;
}

static ssize_t stream_peek(struct transport *transport, void *bytes, size_t size)
{
    struct h2_stream *self = (struct h2_stream *)transport;
    size_t got = copy_held(self, bytes, size);

    if (got < size)
        got += h2_traffic_take(session_of(self), &self->member, (char *)bytes + got, size - got, true);
    return got > 0 ? (ssize_t)got : standing(self);
}

/* What is sent to one that takes no more is lost, and an error only when all has been read that it has said. */
static ssize_t stream_send(struct transport *transport, const void *bytes, size_t length)
{
    struct h2_stream *self = (struct h2_stream *)transport;

    assert(!self->said_end);
    if (self->sated && self->end_read)
        break_off(self, EPIPE, NULL);
    if (self->broken)
        return TRANSPORT_ERROR;
    if (self->sated)
        return (ssize_t)length;
    return h2_traffic_send(session_of(self), &self->member, bytes, length);
}

static bool stream_broken(struct transport *transport)
{
    return ((struct h2_stream *)transport)->broken;
}

static bool stream_shutdown_send(struct transport *transport)
{
    struct h2_stream *self = (struct h2_stream *)transport;

    if (self->broken)
        return false;
    if (!self->said_end && self->member.id > 0)
        h2_traffic_shut(session_of(self), &self->member);
    self->said_end = true;
    return true;
}

static void give_up(void *arg)
{
    struct h2_stream *self = arg;

    self->lingering = NULL;
    finish(self, NGHTTP2_CANCEL);
}

static void stream_end(struct transport *transport, bool reset)
{
    struct h2_stream *self = (struct h2_stream *)transport;

    transport->watcher = NULL;
    if (reset || self->member.id == 0 || !stream_shutdown_send(transport) ||
        !(self->lingering = lingering_start(transport->loop, give_up, self))) {
        finish(self, reset ? NGHTTP2_CONNECT_ERROR : NGHTTP2_CANCEL);
        return;
    }
    self->closed = true;
    h2_session_set_kind(session_of(self), &self->member, H2_LINGERS);
    drop_held(self);
    receive_window_end(&self->window);
}

static int stream_splice_fd(const struct transport *transport, int direction)
{
    (void)transport, (void)direction;
    return -1;
}

/* The connection asks by PING whether the other side is there. */
static void stream_set_patience(struct transport *transport, uint32_t ms)
{
    (void)transport, (void)ms;
}

static size_t stream_room(const struct transport *transport)
{
    const struct h2_stream *self = (const struct h2_stream *)transport;

    return self->member.id > 0 ? h2_traffic_room(session_of(self), &self->member) : SIZE_MAX;
}

static int stream_layout(const struct transport *transport, void *buffer, size_t size, struct iovec spans[])
{
    const struct h2_stream *self = (const struct h2_stream *)transport;

    if (self->broken || self->sated || self->member.id == 0)
        return 0;
    return h2_traffic_layout(session_of(self), &self->member, buffer, size, spans);
}

static ssize_t stream_send_laid(struct transport *transport, void *buffer, size_t length)
{
    struct h2_stream *self = (struct h2_stream *)transport;

    return h2_traffic_send_laid(session_of(self), &self->member, buffer, length);
}

static const struct transport_ops stream_ops = {
    stream_recv, stream_send, stream_peek, stream_broken, stream_shutdown_send, stream_end, stream_splice_fd,
    stream_set_patience, stream_room, stream_layout, stream_send_laid,
};

/* --- what the asker does --- */

struct h2_stream *h2_stream_ask(struct h2_connection *connection, const struct h2_fields *fields,
                                const struct h2_stream_events *events)
{
    struct h2_stream *self = h2_connection_takes(connection) ? calloc(1, sizeof *self) : NULL;

    if (!self)
        return NULL;
    self->base.ops = &stream_ops;
    self->base.loop = h2_connection_loop(connection);
    self->connection = connection;
    self->member.ops = &member_ops;
    receive_window_start(&self->window);
    self->asking = calloc(1, sizeof *self->asking);
    if (!self->asking || !h2_frames_ask(session_of(self), &self->member, fields->fields, fields->count)) {
        free(self->asking);
        free(self);
        return NULL;
    }
    self->asking->events = *events;
    h2_connection_hold(connection);
    return self;
}

struct transport *h2_stream_take(struct h2_stream *stream)
{
    struct asking *asking = stream->asking;

    assert(asking && is_tunnel(asking));
    stream->asking = NULL;
    asking->spent = true;
    if (!asking->telling)
        asking_free(asking);
    return &stream->base;
}

const char *h2_stream_page(const struct h2_stream *stream, size_t *length, bool *complete)
{
    *length = stream->held_end - stream->held_at;
    *complete = stream->ended || stream->member.id == 0;
    return stream->held ? stream->held + stream->held_at : "";
}

void h2_stream_cancel(struct h2_stream *stream)
{
    if (stream)
        finish(stream, NGHTTP2_CANCEL);
}
