/* SPDX-License-Identifier: ISC */
#include "h2_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct h2_peer_stream *find(struct h2_peer *peer, int32_t id)
{
    for (size_t i = 0; i < peer->count; i++)
        if (peer->streams[i].id == id)
            return &peer->streams[i];
    return NULL;
}

static void append(char **text, size_t *length, const void *bytes, size_t some)
{
    *text = realloc(*text, *length + some + 1);
    ck_assert_ptr_nonnull(*text);
    memcpy(*text + *length, bytes, some);
    *length += some;
    (*text)[*length] = '\0';
}

/* --- what the client says --- */

static int on_begin_headers(nghttp2_session *frames, const nghttp2_frame *frame, void *arg)
{
    struct h2_peer *peer = arg;
    struct h2_peer_stream *stream = &peer->streams[peer->count];

    (void)frames;
    if (find(peer, frame->hd.stream_id))
        return 0;
    ck_assert_uint_lt(peer->count, H2_PEER_STREAMS_MAX);
    peer->count++;
    *stream = (struct h2_peer_stream){.peer = peer, .id = frame->hd.stream_id, .reset = -1};
    stream->fields = calloc(1, 1);
    stream->got = calloc(1, 1);
    ck_assert(stream->fields && stream->got);
    return 0;
}

static int on_header(nghttp2_session *frames, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                     const uint8_t *value, size_t value_length, uint8_t flags, void *arg)
{
    struct h2_peer_stream *stream = find(arg, frame->hd.stream_id);
    size_t length = strlen(stream->fields);

    (void)frames, (void)flags;
    append(&stream->fields, &length, name, name_length);
    append(&stream->fields, &length, ": ", 2);
    append(&stream->fields, &length, value, value_length);
    append(&stream->fields, &length, "\n", 1);
    return 0;
}

static int on_frame(nghttp2_session *frames, const nghttp2_frame *frame, void *arg)
{
    struct h2_peer *peer = arg;
    struct h2_peer_stream *stream = find(peer, frame->hd.stream_id);

    peer->window_updates += frame->hd.type == NGHTTP2_WINDOW_UPDATE;
    if (frame->hd.type == NGHTTP2_RST_STREAM && stream)
        stream->reset = frame->rst_stream.error_code;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        peer->goaway = frame->goaway.error_code;
    if (frame->hd.type == NGHTTP2_PING && frame->hd.flags & NGHTTP2_FLAG_ACK)
        peer->pongs++;
    if (frame->hd.type == NGHTTP2_PING && !(frame->hd.flags & NGHTTP2_FLAG_ACK)) {
        peer->pings++;
        if (!peer->mute)
            ck_assert_int_eq(nghttp2_submit_ping(frames, NGHTTP2_FLAG_ACK, frame->ping.opaque_data), 0);
    }
    if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
        frame->hd.flags & NGHTTP2_FLAG_END_STREAM && stream)
        stream->ended = true;
    return 0;
}

static int on_data(nghttp2_session *frames, uint8_t flags, int32_t id, const uint8_t *bytes, size_t length, void *arg)
{
    struct h2_peer_stream *stream = find(arg, id);

    (void)frames, (void)flags;
    ck_assert_ptr_nonnull(stream);
    append(&stream->got, &stream->got_length, bytes, length);
    return 0;
}

static int on_close(nghttp2_session *frames, int32_t id, uint32_t code, void *arg)
{
    struct h2_peer_stream *stream = find(arg, id);

    (void)frames, (void)code;
    if (stream)
        stream->over = true;
    return 0;
}

/* --- what the server says --- */

static ssize_t on_read(nghttp2_session *frames, int32_t id, uint8_t *bytes, size_t length, uint32_t *flags,
                       nghttp2_data_source *source, void *arg)
{
    struct h2_peer_stream *stream = find(arg, id);

    (void)frames, (void)source;
    if (length > stream->say_length)
        length = stream->say_length;
    if (length > 0)
        memcpy(bytes, stream->say, length);
    stream->say_length -= length;
    if (length > 0)
        memmove(stream->say, stream->say + length, stream->say_length);
    if (stream->say_length == 0 && stream->say_end)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    else if (length == 0)
        return NGHTTP2_ERR_DEFERRED;
    return (ssize_t)length;
}

static ssize_t on_send(nghttp2_session *frames, const uint8_t *bytes, size_t length, int flags, void *arg)
{
    struct h2_peer *peer = arg;
    struct wire *wire = peer->wire;

    (void)frames, (void)flags;
    append(&wire->said, &wire->said_length, bytes, length);
    return (ssize_t)length;
}

void h2_peer_start(struct h2_peer *peer, struct wire *wire, const nghttp2_settings_entry *settings, size_t count,
                   bool holds)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *options;

    memset(peer, 0, sizeof *peer);
    peer->wire = wire;
    peer->goaway = -1;
    peer->streams = calloc(H2_PEER_STREAMS_MAX, sizeof *peer->streams);
    ck_assert_ptr_nonnull(peer->streams);
    ck_assert_int_eq(nghttp2_session_callbacks_new(&callbacks), 0);
    ck_assert_int_eq(nghttp2_option_new(&options), 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
    nghttp2_option_set_no_auto_ping_ack(options, 1);
    nghttp2_option_set_no_auto_window_update(options, holds);
    nghttp2_option_set_no_http_messaging(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_max_send_header_block_length(options, 1u << 20); /* a head may be too long for the client */
    ck_assert_int_eq(nghttp2_session_server_new2(&peer->frames, callbacks, peer, options), 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(options);
    ck_assert_int_eq(nghttp2_submit_settings(peer->frames, NGHTTP2_FLAG_NONE, settings, count), 0);
}

/* The server takes what was heard, and says what it has.  False: nothing came of it. */
static bool once(struct h2_peer *peer)
{
    struct wire *wire = peer->wire;
    size_t heard = wire->heard_length, said = wire->said_length;

    if (heard > 0) {
        /* a client that breaks the rules fails the test by what is missing */
        ck_assert_int_ge(nghttp2_session_mem_recv(peer->frames, (const uint8_t *)wire->heard, heard), 0);
        wire_clear(wire);
    }
    ck_assert_int_eq(nghttp2_session_send(peer->frames), 0);
    if (heard == 0 && wire->said_length == said)
        return false;
    if (wire_is_held(wire))
        wire_say_bytes(wire, "", 0);
    return true;
}

void h2_peer_pump(struct h2_peer *peer)
{
    stage_settle();
    while (once(peer))
        ;
}

void h2_peer_end(struct h2_peer *peer)
{
    if (!peer->frames)
        return;
    nghttp2_session_del(peer->frames);
    for (size_t i = 0; i < peer->count; i++) {
        free(peer->streams[i].fields);
        free(peer->streams[i].got);
        free(peer->streams[i].say);
    }
    free(peer->streams);
    memset(peer, 0, sizeof *peer);
}

struct h2_peer_stream *h2_peer_stream(struct h2_peer *peer, size_t i)
{
    ck_assert_msg(i < peer->count, "there were %zu requests, and no %zu", peer->count, i);
    return &peer->streams[i];
}

bool h2_peer_asked(const struct h2_peer_stream *stream, const char *line)
{
    const char *at = stream->fields;
    size_t length = strlen(line);

    while (*at) {
        if (strncmp(at, line, length) == 0 && at[length] == '\n')
            return true;
        at = strchr(at, '\n') + 1;
    }
    return false;
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

void h2_peer_answer(struct h2_peer_stream *stream, const char *status, const char *name, const char *value, bool end)
{
    const nghttp2_data_provider body = {.read_callback = on_read};
    nghttp2_nv fields[2] = {field(":status", status)};

    if (name)
        fields[1] = field(name, value);
    ck_assert_int_eq(nghttp2_submit_response(stream->peer->frames, stream->id, fields, name ? 2 : 1,
                                             end ? NULL : &body), 0);
    h2_peer_pump(stream->peer);
}

void h2_peer_interim(struct h2_peer_stream *stream, const char *status)
{
    nghttp2_nv fields = field(":status", status);

    ck_assert_int_eq(nghttp2_submit_headers(stream->peer->frames, NGHTTP2_FLAG_NONE, stream->id, NULL, &fields, 1,
                                            NULL), 0);
    h2_peer_pump(stream->peer);
}

void h2_peer_say(struct h2_peer_stream *stream, const void *bytes, size_t length, bool end)
{
    append(&stream->say, &stream->say_length, bytes, length);
    stream->say_end |= end;
    nghttp2_session_resume_data(stream->peer->frames, stream->id);
    h2_peer_pump(stream->peer);
}

void h2_peer_say_text(struct h2_peer_stream *stream, const char *text)
{
    h2_peer_say(stream, text, strlen(text), false);
}

void h2_peer_reset(struct h2_peer_stream *stream, uint32_t code)
{
    ck_assert_int_eq(nghttp2_submit_rst_stream(stream->peer->frames, NGHTTP2_FLAG_NONE, stream->id, code), 0);
    h2_peer_pump(stream->peer);
}

void h2_peer_settings(struct h2_peer *peer, const nghttp2_settings_entry *settings, size_t count)
{
    ck_assert_int_eq(nghttp2_submit_settings(peer->frames, NGHTTP2_FLAG_NONE, settings, count), 0);
    h2_peer_pump(peer);
}

void h2_peer_goaway(struct h2_peer *peer, int32_t last_id, uint32_t code)
{
    ck_assert_int_eq(nghttp2_submit_goaway(peer->frames, NGHTTP2_FLAG_NONE, last_id, code, NULL, 0), 0);
    h2_peer_pump(peer);
}

void h2_peer_ping(struct h2_peer *peer)
{
    ck_assert_int_eq(nghttp2_submit_ping(peer->frames, NGHTTP2_FLAG_NONE, NULL), 0);
    h2_peer_pump(peer);
}

void h2_peer_open(struct h2_peer_stream *stream, size_t bytes)
{
    struct h2_peer *peer = stream->peer;

    ck_assert_int_eq(nghttp2_submit_window_update(peer->frames, NGHTTP2_FLAG_NONE, 0, (int32_t)bytes), 0);
    ck_assert_int_eq(nghttp2_submit_window_update(peer->frames, NGHTTP2_FLAG_NONE, stream->id, (int32_t)bytes), 0);
    h2_peer_pump(peer);
}

void h2_peer_frame(struct h2_peer *peer, uint8_t type, uint8_t flags, int32_t id, const void *payload, size_t length)
{
    h2_peer_frames(peer, 1, type, flags, id, payload, length);
}

void h2_peer_frames(struct h2_peer *peer, int count, uint8_t type, uint8_t flags, int32_t id, const void *payload,
                    size_t length)
{
    const uint8_t head[9] = {
        (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length, type, flags,
        (uint8_t)((uint32_t)id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id,
    };
    struct wire *wire = peer->wire;

    for (int i = 0; i < count; i++) {
        append(&wire->said, &wire->said_length, head, sizeof head);
        append(&wire->said, &wire->said_length, payload, length);
    }
    h2_peer_pump(peer);
    if (wire_is_held(wire))
        wire_say_bytes(wire, "", 0);
    h2_peer_pump(peer);
}
