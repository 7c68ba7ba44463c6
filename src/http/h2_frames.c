/* SPDX-License-Identifier: ISC */
#include "http/h2_frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/wiped.h"
#include "http/connect_request.h"
#include "http/http_head.h"
#include "http/receive_window.h"

#define WINDOW_MOST INT32_MAX /* of the connection: a reader that stalls is to hold back its own stream alone */
#define WINDOW_STEP 1024      /* bytes by which a window opens that is worth a frame of its own */
#define SETTINGS_MAX 32       /* in one frame */
#define CONTINUATIONS_MAX 8   /* of one head: they have room for twice HTTP_HEAD_BYTES_MAX */
#define HEAD_OUT_MAX (CONNECT_REQUEST_MAX + 4096) /* bytes of a request and of what its compression may add */
#define FRAME_TYPE 3          /* where it stands in a frame's head */

static struct h2_session *of_arg(void *arg)
{
    return arg;
}

/* --- what nghttp2 tells while it reads --- */

/* A frame that moves nothing has come. */
static int note_flood(struct h2_session *session, enum frame_flood_kind kind)
{
    const char *flood = frame_flood_note(&session->flood, kind, loop_now(session->loop));

    if (!flood)
        return 0;
    h2_session_stop(session, flood);
    return nghttp2_session_terminate_session(session->frames, NGHTTP2_ENHANCE_YOUR_CALM);
}

static int on_begin_frame(nghttp2_session *frames, const nghttp2_frame_hd *head, void *arg)
{
    struct h2_session *session = of_arg(arg);
    enum frame_flood_kind kind = head->type == NGHTTP2_DATA           ? FLOOD_EMPTY_DATA
                                 : head->type == NGHTTP2_PING         ? FLOOD_PING
                                 : head->type == NGHTTP2_SETTINGS     ? FLOOD_SETTINGS
                                 : head->type == NGHTTP2_CONTINUATION ? FLOOD_CONTINUATION
                                                                      : FLOOD_OTHER;

    (void)frames;
    if (head->type == NGHTTP2_WINDOW_UPDATE) /* on_frame knows how much it is */
        return 0;
    return head->type == NGHTTP2_HEADERS ? 0 : note_flood(session, kind); /* those of one stream are bounded */
}

static int on_begin_headers(nghttp2_session *frames, const nghttp2_frame *frame, void *arg)
{
    (void)frames, (void)arg;
    return frame->hd.type == NGHTTP2_PUSH_PROMISE ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static int on_header(nghttp2_session *frames, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                     const uint8_t *value, size_t value_length, uint8_t flags, void *arg)
{
    struct h2_member *member = h2_session_find(of_arg(arg), frame->hd.stream_id);

    (void)frames, (void)flags;
    if (member && frame->hd.type == NGHTTP2_HEADERS)
        member->ops->field(member, name, name_length, value, value_length);
    return 0;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* A field that the library passes over, since its name or value cannot be like that (RFC 9113 section 8.2.1): the
 * answer is malformed, and its stream is reset.  Only blanks around a value do no harm, and that field alone is not
 * heard. */
static int on_invalid_header(nghttp2_session *frames, const nghttp2_frame *frame, const uint8_t *name,
                             size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags, void *arg)
{
    (void)frames, (void)frame, (void)flags, (void)arg;
    return nghttp2_check_header_name(name, name_length) && nghttp2_check_header_value(value, value_length) &&
           value_length > 0 && (is_blank(value[0]) || is_blank(value[value_length - 1])) ?
           0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void note_goaway(struct h2_session *session, const nghttp2_goaway *goaway)
{
    session->goaway = true;
    session->goaway_code = goaway->error_code;
    session->events->changed(session->arg);
}

/* Who takes a long upload with time sends many of them behind it; those that open a window by little are a flood. */
static int note_window(struct h2_session *session, int32_t opened)
{
    session->windows_opened = true;
    return opened < WINDOW_STEP ? note_flood(session, FLOOD_OTHER) : 0;
}

static int on_frame(nghttp2_session *frames, const nghttp2_frame *frame, void *arg)
{
    struct h2_session *session = of_arg(arg);
    struct h2_member *member = h2_session_find(session, frame->hd.stream_id);

    (void)frames;
    if (frame->hd.type == NGHTTP2_SETTINGS && frame->hd.flags & NGHTTP2_FLAG_ACK)
        session->events->settings_taken(session->arg);
    else if (frame->hd.type == NGHTTP2_SETTINGS)
        session->windows_opened = true, session->events->settings(session->arg);
    else if (frame->hd.type == NGHTTP2_PING && frame->hd.flags & NGHTTP2_FLAG_ACK)
        session->events->pong(session->arg);
    else if (frame->hd.type == NGHTTP2_GOAWAY)
        note_goaway(session, &frame->goaway);
    else if (frame->hd.type == NGHTTP2_WINDOW_UPDATE)
        return note_window(session, frame->window_update.window_size_increment);
    else if (frame->hd.type == NGHTTP2_RST_STREAM)
        session->reset_id = frame->hd.stream_id;
    else if (frame->hd.type == NGHTTP2_HEADERS && member)
        member->ops->head(member);
    /* that may have made it leave */
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        frame->hd.flags & NGHTTP2_FLAG_END_STREAM && (member = h2_session_find(session, frame->hd.stream_id)))
        member->ops->ended(member);
    return 0;
}

/* The window of the connection is open at once, whoever reads. */
static int on_data(nghttp2_session *frames, uint8_t flags, int32_t id, const uint8_t *bytes, size_t length, void *arg)
{
    struct h2_session *session = of_arg(arg);
    struct h2_member *member = h2_session_find(session, id);

    (void)flags;
    frame_flood_moved(&session->flood);
    if (nghttp2_session_consume_connection(frames, length) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (!member)
        return 0;
    h2_input_add(session->input, member, bytes, length);
    session->paused = !h2_input_has_room(session->input);
    return session->paused ? NGHTTP2_ERR_PAUSE : 0;
}

/* nghttp2 says what is wrong, and then on which stream. */
static int on_complaint(nghttp2_session *frames, int code, const char *text, size_t length, void *arg)
{
    struct h2_session *session = of_arg(arg);

    (void)frames, (void)code;
    session->fault_id = 0;
    log_escape(session->fault, sizeof session->fault, text, length);
    return 0;
}

static int on_invalid_frame(nghttp2_session *frames, const nghttp2_frame *frame, int code, void *arg)
{
    struct h2_session *session = of_arg(arg);

    (void)frames;
    if (session->fault_id != 0 || !session->fault[0])
        snprintf(session->fault, sizeof session->fault, "%s", nghttp2_strerror(code));
    session->fault_id = frame->hd.stream_id;
    return 0;
}

/* Whether a request was reset since it was one more than the other side takes at a time.  Before its SETTINGS have come
 * there may be such requests, and it may call them REFUSED_STREAM or PROTOCOL_ERROR (RFC 9113 section 5.1.2). */
static bool was_one_too_many(nghttp2_session *frames, const struct h2_member *member, uint32_t code)
{
    return member->kind == H2_WAITS && code == NGHTTP2_PROTOCOL_ERROR &&
           member->others >= nghttp2_session_get_remote_settings(frames, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

static int on_stream_close(nghttp2_session *frames, int32_t id, uint32_t code, void *arg)
{
    struct h2_session *session = of_arg(arg);
    struct h2_member *member = h2_session_find(session, id);
    bool reset = session->reset_id == id;

    if (!member)
        return 0;
    if (reset && was_one_too_many(frames, member, code))
        code = NGHTTP2_REFUSED_STREAM;
    if (reset && member->kind == H2_WAITS && code == NGHTTP2_REFUSED_STREAM && member->others < session->refused_at)
        session->refused_at = member->others;
    if (session->fault_id != id)
        session->fault[0] = '\0';
    h2_session_detach(session, member);
    member->ops->left(member, reset                             ? H2_LEFT_RESET
                              : code == NGHTTP2_NO_ERROR        ? H2_LEFT_ENDED
                              : code == NGHTTP2_REFUSED_STREAM  ? H2_LEFT_UNPROCESSED
                                                                : H2_LEFT_FAULT, code);
    return 0;
}

/* --- what it tells while it writes --- */

/* A request that was kept back, because GOAWAY came before there was room for it. */
static int on_frame_not_sent(nghttp2_session *frames, const nghttp2_frame *frame, int error, void *arg)
{
    struct h2_session *session = of_arg(arg);
    struct h2_member *member;

    (void)frames, (void)error;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    TAILQ_FOREACH(member, &session->members, all) {
        if (member->id == frame->hd.stream_id) {
            h2_session_detach(session, member);
            member->ops->left(member, H2_LEFT_UNPROCESSED, NGHTTP2_REFUSED_STREAM);
            break;
        }
    }
    return 0;
}

/* nghttp2 says GOAWAY itself where the other side breaks the rules, and has the reason in it. */
static int on_frame_sent(nghttp2_session *frames, const nghttp2_frame *frame, void *arg)
{
    struct h2_session *session = of_arg(arg);
    char reason[H2_WHY_MAX / 2], why[H2_WHY_MAX];

    (void)frames;
    if (frame->hd.type != NGHTTP2_GOAWAY || frame->goaway.error_code == NGHTTP2_NO_ERROR)
        return 0;
    log_escape(reason, sizeof reason, frame->goaway.opaque_data, frame->goaway.opaque_data_len);
    snprintf(why, sizeof why, "the proxy does not keep to the rules of HTTP/2 (%s%s%s)",
             nghttp2_http2_strerror(frame->goaway.error_code), reason[0] ? ": " : "", reason);
    h2_session_stop(session, why);
    return 0;
}

/* Sends the frames that have been made where their data was received. */
static bool send_run(struct h2_session *session)
{
    struct h2_laid *laid = &session->sender.laid;
    const uint8_t *run = laid->buffer + laid->run;
    size_t length = laid->end - laid->run;

    h2_laid_sent(laid);
    return length == 0 || h2_output_pass(&session->output, session->below, run, length) == H2_OUTPUT_OK;
}

static ssize_t add(struct h2_session *session, const void *head, size_t head_length, const void *body, size_t length)
{
    if (session->sender.laid.buffer && !send_run(session))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    switch (h2_output_add(&session->output, head, head_length, body, length)) {
    case H2_OUTPUT_OK:
        return (ssize_t)(head_length + length);
    case H2_OUTPUT_FULL:
        session->full = true;
        return NGHTTP2_ERR_WOULDBLOCK;
    case H2_OUTPUT_NO_MEMORY:
        break;
    }
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static ssize_t on_send(nghttp2_session *frames, const uint8_t *bytes, size_t length, int flags, void *arg)
{
    (void)frames, (void)flags;
    if (length > FRAME_TYPE && (bytes[FRAME_TYPE] == NGHTTP2_HEADERS || bytes[FRAME_TYPE] == NGHTTP2_CONTINUATION))
        of_arg(arg)->output.secret = true;
    return add(of_arg(arg), bytes, length, NULL, 0);
}

/* How much of the sender's bytes the next frame is to have; nobody else has any. */
static ssize_t on_read(nghttp2_session *frames, int32_t id, uint8_t *bytes, size_t length, uint32_t *flags,
                       nghttp2_data_source *source, void *arg)
{
    struct h2_session *session = of_arg(arg);
    struct h2_member *member = h2_session_find(session, id);
    size_t room = session->sender.laid.buffer ? H2_FRAME_HEAD + h2_laid_piece(&session->sender.laid)
                                              : h2_output_room(&session->output);

    (void)frames, (void)bytes, (void)source;
    if (member && member == session->sender.member && session->sender.left > 0) {
        session->full |= room == 0;
        if (room == 0)
            return NGHTTP2_ERR_DEFERRED;
        if (length > room - H2_FRAME_HEAD)
            length = room - H2_FRAME_HEAD;
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        return (ssize_t)(length < session->sender.left ? length : session->sender.left);
    }
    if (!member || !member->shut)
        return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return 0;
}

/* The same for a frame that is made where its data was received: behind the others, if there is a gap for its head. */
static ssize_t add_laid(struct h2_session *session, const uint8_t *head, size_t length)
{
    struct h2_laid *laid = &session->sender.laid;

    if (h2_laid_must_send(laid) && !send_run(session))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    h2_laid_add(laid, head, length);
    return (ssize_t)length;
}

static int on_send_data(nghttp2_session *frames, nghttp2_frame *frame, const uint8_t *head, size_t length,
                        nghttp2_data_source *source, void *arg)
{
    struct h2_session *session = of_arg(arg);
    struct h2_sender *sender = &session->sender;
    ssize_t added = sender->laid.buffer ? add_laid(session, head, length)
                                        : add(session, head, H2_FRAME_HEAD, sender->bytes, length);

    (void)frames, (void)frame, (void)source;
    if (added < 0)
        return (int)added;
    if (!sender->laid.buffer)
        sender->bytes += length;
    sender->left -= length;
    frame_flood_moved(&session->flood);
    return 0;
}

/* --- the start --- */

static void *allocate(size_t size, void *arg)
{
    (void)arg;
    return wiped_alloc(size);
}

static void *allocate_zeroed(size_t count, size_t size, void *arg)
{
    (void)arg;
    return wiped_alloc_zeroed(count, size);
}

static void give_back(void *block, void *arg)
{
    (void)arg;
    wiped_free(block);
}

static void *resize(void *block, size_t size, void *arg)
{
    (void)arg;
    return wiped_realloc(block, size);
}

/* nghttp2 has copies of the credentials in a request. */
static nghttp2_mem memory = {NULL, allocate, give_back, allocate_zeroed, resize};

static bool make(struct h2_session *session, nghttp2_session_callbacks *callbacks, nghttp2_option *options)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_error_callback2(callbacks, on_complaint);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_max_settings(options, SETTINGS_MAX);
    nghttp2_option_set_max_send_header_block_length(options, HEAD_OUT_MAX);
    nghttp2_option_set_max_reserved_remote_streams(options, 0);
#ifdef HAVE_NGHTTP2_OPTION_SET_MAX_CONTINUATIONS
    nghttp2_option_set_max_continuations(options, CONTINUATIONS_MAX);
#endif
    return nghttp2_session_client_new3(&session->frames, callbacks, session, options, &memory) == 0;
}

static bool greet(struct h2_session *session)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, RECEIVE_WINDOW_FIRST},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP_HEAD_BYTES_MAX},
    };

    return nghttp2_submit_settings(session->frames, NGHTTP2_FLAG_NONE, settings,
                                   sizeof settings / sizeof settings[0]) == 0 &&
           nghttp2_session_set_local_window_size(session->frames, NGHTTP2_FLAG_NONE, 0, WINDOW_MOST) == 0;
}

bool h2_frames_ask(struct h2_session *session, struct h2_member *member, const nghttp2_nv *fields, size_t count)
{
    const nghttp2_data_provider body = {.read_callback = on_read};

    member->id = nghttp2_submit_request(session->frames, NULL, fields, count, &body, member);
    if (member->id < 0) {
        member->id = 0;
        return false;
    }
    member->others = (uint16_t)session->count++;
    member->kind = H2_WAITS;
    TAILQ_INSERT_TAIL(&session->members, member, all);
    h2_session_push(session);
    session->events->changed(session->arg);
    return true;
}

bool h2_frames_start(struct h2_session *session)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *options = NULL;
    bool made = nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&options) == 0 &&
                make(session, callbacks, options) && greet(session);

    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(options);
    return made;
}

/* nghttp2 cannot go on. */
static void stop_by(struct h2_session *session, int error)
{
    char why[H2_WHY_MAX];

    session->failed = true;
    snprintf(why, sizeof why, "the proxy does not keep to the rules of HTTP/2 (%s)", nghttp2_strerror(error));
    h2_session_stop(session, error == NGHTTP2_ERR_NOMEM || error == NGHTTP2_ERR_CALLBACK_FAILURE ? "out of memory"
                                                                                                 : why);
}

void h2_frames_write(struct h2_session *session)
{
    int error;

    session->full = false;
    if (session->failed)
        return;
    session->inside = true;
    error = nghttp2_session_send(session->frames);
    if (error == 0 && session->sender.laid.buffer && !send_run(session))
        error = NGHTTP2_ERR_NOMEM;
    session->inside = false;
    if (error != 0)
        stop_by(session, error);
}

void h2_frames_read(struct h2_session *session)
{
    ssize_t used;

    session->paused = false;
    session->inside = true;
    used = nghttp2_session_mem_recv(session->frames, session->in, session->in_left);
    session->inside = false;
    if (used < 0) {
        stop_by(session, (int)used);
        return;
    }
    session->in += used;
    session->in_left -= (size_t)used;
}
