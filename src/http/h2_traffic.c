/* SPDX-License-Identifier: ISC */
#include "http/h2_traffic.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "http/h2_frames.h"

#define READS_MAX 64 /* from below in one turn: TLS gives 16 KiB at a time, or as little as a byte */
#define ROUNDS_MAX 4 /* of waking those in line, in one turn */
#define TURN_BYTES 262144 /* sent by one that others wait for, where below takes them: what a read brings it at most */

/* --- the end --- */

static void finish(struct h2_session *session, bool reset)
{
    struct h2_member *member;

    if (!session->below)
        return;
    assert(!session->inside);
    loop_undefer(session->loop, &session->again);
    session->denied = session->below->denied;
    (reset ? transport_reset : transport_close)(session->below);
    session->below = NULL;
    session->in_left = 0;
    session->paused = false;
    h2_output_release(&session->output);
    TAILQ_FOREACH(member, &session->members, all)
        session->lost += member->kind == H2_TUNNEL;
    while ((member = TAILQ_FIRST(&session->members))) {
        h2_session_detach(session, member);
        member->ops->left(member, H2_LEFT_DEATH, 0);
    }
    session->events->changed(session->arg);
}

void h2_traffic_die(struct h2_session *session, const char *why)
{
    h2_session_stop(session, why);
    finish(session, true);
}

void h2_traffic_end(struct h2_session *session, const char *why)
{
    if (!h2_session_may_go_on(session) || session->ending)
        return;
    session->ending = true;
    snprintf(session->end_why, sizeof session->end_why, "%s", why);
    if (nghttp2_session_terminate_session(session->frames, NGHTTP2_NO_ERROR) != 0)
        h2_session_stop(session, "out of memory");
    h2_session_push(session);
}

void h2_traffic_release(struct h2_session *session)
{
    finish(session, true);
    loop_undefer(session->loop, &session->turn);
    nghttp2_session_del(session->frames);
    session->frames = NULL;
}

/* --- writing --- */

/* Sends what is in the output.  False: below takes no more now, or it is dead. */
static bool flush(struct h2_session *session)
{
    uint32_t at = session->output.at;
    ssize_t result = h2_output_flush(&session->output, session->below);

    if (result == TRANSPORT_ERROR) {
        h2_session_stop(session, transport_error(session->below));
        finish(session, true);
        return false;
    }
    if (result == 0 || session->output.at != at)
        h2_session_went_on(session, &session->output_since);
    if (result != 0 && session->output_since == 0)
        session->output_since = loop_now(session->loop);
    return result == 0;
}

static void write_out(struct h2_session *session)
{
    do
        h2_frames_write(session);
    while (flush(session) && session->full);
}

static size_t window(const struct h2_session *session, const struct h2_member *member)
{
    int32_t all = nghttp2_session_get_remote_window_size(session->frames);
    int32_t own = nghttp2_session_get_stream_remote_window_size(session->frames, member->id);
    int32_t least = all < own ? all : own;

    return least > 0 ? (size_t)least : 0;
}

/* Tells those in line, each once, until the output is full. */
static void wake(struct h2_session *session)
{
    struct h2_member *member;
    size_t count = 0;

    TAILQ_FOREACH(member, &session->line, line)
        count++;
    while (h2_session_may_go_on(session) && count-- > 0 && (member = TAILQ_FIRST(&session->line))) {
        bool can = window(session, member) > 0;

        if (can && h2_output_room(&session->output) == 0)
            return; /* the others are told when there is room */
        if (!can) {
            h2_session_wait(session, member, false);
            continue;
        }
        h2_session_leave_line(session, member);
        h2_session_went_on(session, &member->still_since);
        session->waking = member;
        session->turn_left = TURN_BYTES;
        member->ops->room(member);
        session->waking = NULL;
    }
    session->windows_opened = false;
}

static bool may_wake(const struct h2_session *session)
{
    return h2_session_may_go_on(session) && h2_output_is_empty(&session->output) && !TAILQ_EMPTY(&session->line) &&
           (session->want_room > 0 || session->windows_opened);
}

static void tell_news(struct h2_session *session)
{
    struct h2_member *member;

    while ((member = TAILQ_FIRST(&session->with_news))) {
        TAILQ_REMOVE(&session->with_news, member, news);
        member->has_news = false;
        member->ops->news(member);
    }
}

static void on_turn(struct deferred *turn);

/* All that is to be told and sent.  The session may be dead after that. */
static void run_turn(struct h2_session *session)
{
    tell_news(session);
    if (!session->below)
        return;
    write_out(session);
    for (int rounds = 0; rounds < ROUNDS_MAX && may_wake(session); rounds++) {
        wake(session);
        if (session->below)
            write_out(session);
    }
    if (!session->below)
        return;
    if (session->why[0])
        finish(session, true);
    else if (!nghttp2_session_want_read(session->frames) && !nghttp2_session_want_write(session->frames) &&
             h2_output_is_empty(&session->output)) {
        h2_session_stop(session, session->ending ? session->end_why : "the proxy asked for the end of the connection");
        finish(session, false);
    } else if (may_wake(session)) {
        loop_put_off(session->loop, &session->turn, on_turn);
    }
}

static void on_turn(struct deferred *turn)
{
    run_turn((struct h2_session *)(void *)((char *)turn - offsetof(struct h2_session, turn)));
}

/* --- reading --- */

/* Tells each member, once, that there are bytes for it. */
static void tell_bytes(struct h2_session *session)
{
    struct h2_member *member;

    while ((member = h2_input_next(session->input))) {
        member->ops->bytes(member);
        h2_input_drop(session->input, member);
    }
}

static void read_frames(struct h2_session *session, size_t length)
{
    session->in = session->input->bytes;
    session->in_left = length;
    while (h2_session_may_go_on(session) && (session->in_left > 0 || session->paused)) {
        h2_frames_read(session);
        tell_bytes(session);
    }
}

size_t h2_traffic_take(struct h2_session *session, struct h2_member *member, void *bytes, size_t size, bool stays)
{
    return session->input ? h2_input_read(session->input, member, bytes, size, stays) : 0;
}

size_t h2_traffic_left(const struct h2_session *session, const struct h2_member *member)
{
    return session->input ? h2_input_left(session->input, member) : 0;
}

static void read_in(struct h2_session *session);

static void on_again(struct deferred *again)
{
    struct h2_session *session = (void *)((char *)again - offsetof(struct h2_session, again));

    read_in(session);
    run_turn(session);
}

/* Where there is no stream, that is an end like any other. */
static void on_end_of_stream(struct h2_session *session)
{
    session->ending |= session->count == 0;
    h2_session_stop(session, "the proxy ended the connection");
}

/* Reads from below, up to its share of the turn. */
static void read_in(struct h2_session *session)
{
    ssize_t got = 1;
    size_t length = 0;

    session->input = h2_input_take(session->burst && session->count > 1);
    if (!session->input) {
        h2_traffic_die(session, "out of memory");
        return;
    }
    for (int reads = 0; reads < READS_MAX && length < session->input->size && got > 0; reads++) {
        got = transport_recv(session->below, session->input->bytes + length, session->input->size - length);
        if (got > 0)
            length += (size_t)got;
    }
    session->burst = length >= H2_INPUT_BYTES;
    if (length > 0) {
        session->heard_at = loop_now(session->loop);
        read_frames(session, length);
    }
    h2_input_give(session->input);
    session->input = NULL;
    if (!h2_session_may_go_on(session))
        return;
    if (got > 0)
        loop_put_off(session->loop, &session->again, on_again);
    else if (got == TRANSPORT_ERROR)
        h2_traffic_die(session, transport_error(session->below));
    else if (got == TRANSPORT_EOF)
        on_end_of_stream(session);
}

static void on_below(void *arg, int ready)
{
    struct h2_session *session = arg;

    if (ready & LOOP_READ && h2_session_may_go_on(session))
        read_in(session);
    run_turn(session);
}

/* --- what members do --- */

void h2_traffic_open_window(struct h2_session *session, const struct h2_member *member, size_t bytes, uint32_t size)
{
    if (member->id == 0)
        return;
    if (nghttp2_session_consume_stream(session->frames, member->id, bytes) != 0 ||
        (size > 0 && nghttp2_session_set_local_window_size(session->frames, 0, member->id, (int32_t)size) != 0))
        h2_session_stop(session, "out of memory");
    if (nghttp2_session_want_write(session->frames))
        h2_session_push(session);
}

/* How many bytes this one may send, as far as others go: nobody waits for room, or it is this one's turn. */
static size_t turn(const struct h2_session *session, const struct h2_member *member)
{
    return session->want_room == 0 ? SIZE_MAX : member == session->waking ? session->turn_left : 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t h2_traffic_room(const struct h2_session *session, const struct h2_member *member)
{
    size_t room = h2_output_room_for_data(&session->output);

    if (room > 0 && session->output_since == 0)
        room = SIZE_MAX; /* below takes it at once */
    return least(room, least(turn(session, member), window(session, member)));
}

/* The sender has sent so many bytes. */
static void note_sent(struct h2_session *session, struct h2_member *member, size_t length)
{
    session->sender = (struct h2_sender){.member = NULL};
    session->turn_left -= least(session->turn_left, length);
    h2_session_push(session);
    if (length > 0)
        h2_session_went_on(session, &member->still_since);
}

ssize_t h2_traffic_send(struct h2_session *session, struct h2_member *member, const void *bytes, size_t length)
{
    size_t share = least(length, turn(session, member)), left = share;
    bool full;

    assert(!session->inside && !member->shut);
    if (share == 0 || h2_output_room(&session->output) == 0) {
        h2_session_wait(session, member, true);
        return TRANSPORT_AGAIN;
    }
    session->sender = (struct h2_sender){.member = member, .left = share, .bytes = bytes};
    do {
        nghttp2_session_resume_data(session->frames, member->id);
        h2_frames_write(session);
        left = session->sender.left;
        full = left > 0 ? session->full : h2_output_room(&session->output) == 0;
    } while (full && turn(session, member) > 0 && flush(session) && left > 0);
    note_sent(session, member, share - left);
    if (share - left < length && member->id > 0)
        h2_session_wait(session, member, session->full || left == 0);
    return left < share ? (ssize_t)(share - left) : TRANSPORT_AGAIN;
}

/* Only where all of it goes at once, as far as we know, and is worth it. */
int h2_traffic_layout(const struct h2_session *session, const struct h2_member *member, void *buffer, size_t size,
                      struct iovec spans[])
{
    size_t share = least(turn(session, member), window(session, member));

    if (!h2_session_may_go_on(session) || !h2_output_is_empty(&session->output) || share < H2_FRAME_DATA)
        return 0;
    return h2_laid_spans(buffer, size, share, spans);
}

ssize_t h2_traffic_send_laid(struct h2_session *session, struct h2_member *member, void *buffer, size_t length)
{
    size_t left;

    assert(!session->inside && !member->shut);
    h2_frames_write(session); /* what goes first, so that it is not in the way */
    if (!flush(session) && !session->below)
        return TRANSPORT_AGAIN; /* it has told that it is dead */
    session->sender = (struct h2_sender){.member = member, .left = length};
    h2_laid_start(&session->sender.laid, buffer);
    nghttp2_session_resume_data(session->frames, member->id);
    h2_frames_write(session);
    left = session->sender.left;
    note_sent(session, member, length - left);
    flush(session); /* what below has not taken, so that it is known since when */
    if (left > 0 && member->id > 0)
        h2_session_wait(session, member, session->full); /* what goes first may have filled the output */
    return left < length ? (ssize_t)(length - left) : TRANSPORT_AGAIN;
}

void h2_traffic_shut(struct h2_session *session, struct h2_member *member)
{
    member->shut = true;
    h2_session_leave_line(session, member);
    nghttp2_session_resume_data(session->frames, member->id);
    h2_session_push(session);
}

/* --- the start --- */

bool h2_traffic_start(struct h2_session *session, struct loop *loop, struct transport *below, uint32_t patience_ms,
                      const struct h2_session_events *events, void *arg)
{
    *session = (struct h2_session){
        .loop = loop, .below = below, .events = events, .arg = arg, .refused_at = SIZE_MAX,
        .patience_ms = patience_ms, .heard_at = loop_now(loop), .run_turn = on_turn,
    };
    TAILQ_INIT(&session->members);
    TAILQ_INIT(&session->with_news);
    TAILQ_INIT(&session->line);
    if (!h2_frames_start(session)) {
        nghttp2_session_del(session->frames);
        transport_close(below);
        return false;
    }
    transport_watch(below, on_below, session);
    loop_defer(loop, &session->again, on_again); /* what has come already causes no event */
    return true;
}
