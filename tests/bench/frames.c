/* SPDX-License-Identifier: ISC */
#include "frames.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#define TAKE_BYTES 65536
#define TAKES_MAX 16          /* in a turn */
#define BATCH_BYTES 262144    /* that go out in one call */
#define BATCHES_MAX 4         /* in a turn, so that what comes is read, too */
#define TUNNELS_MAX 20000     /* on one connection: as many as anybody opens */
#define WINDOW (8 << 20)      /* of a tunnel: more than is under way at 50 ms */
#define CONNECTION_WINDOW ((1u << 31) - 1)
#define GREETING "* OK bench ready, plain\r\n"

/* One tunnel. */
struct tunnel {
    const struct role *role;  /* NULL: its CONNECT has not named one */
    char *out;                /* what is to go before all else: the greeting, or an echo */
    size_t out_length;
    bool ended;               /* by the client */
};

struct frames {
    struct stream *stream;
    const struct role *(*role_at)(unsigned long port);
    nghttp2_session *session;
    char *batch;              /* NULL while there is none */
    size_t batch_length, batch_at;
    bool unsent;              /* something lies in the stream's own batch */
};

static char taken[TAKE_BYTES];
static char nothing[NGHTTP2_INITIAL_WINDOW_SIZE]; /* what a source says */

static bool add(struct tunnel *tunnel, const void *bytes, size_t length)
{
    char *out = realloc(tunnel->out, tunnel->out_length + length);

    if (!out)
        return false;
    memcpy(out + tunnel->out_length, bytes, length);
    tunnel->out = out;
    tunnel->out_length += length;
    return true;
}

/* nghttp2 can take as much of a tunnel. */
static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *bytes, size_t size, uint32_t *flags,
                       nghttp2_data_source *source, void *arg)
{
    struct tunnel *tunnel = source->ptr;

    (void)session, (void)id, (void)arg;
    if (tunnel->out_length > 0) {
        size = size < tunnel->out_length ? size : tunnel->out_length;
        memcpy(bytes, tunnel->out, size);
        tunnel->out_length -= size;
        memmove(tunnel->out, tunnel->out + size, tunnel->out_length);
        if (tunnel->out_length == 0) {
            free(tunnel->out);
            tunnel->out = NULL;
        }
        return (ssize_t)size;
    }
    if (tunnel->ended) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        return 0;
    }
    if (!tunnel->role->writes)
        return NGHTTP2_ERR_DEFERRED;
    size = size < sizeof nothing ? size : sizeof nothing;
    memcpy(bytes, nothing, size);
    return (ssize_t)size;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct tunnel *tunnel = calloc(1, sizeof *tunnel);

    (void)arg;
    return tunnel ? nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, tunnel)
                  : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                    const uint8_t *value, size_t length, uint8_t flags, void *arg)
{
    struct tunnel *tunnel = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    const char *colon = memchr(value, ':', length); /* nghttp2 has put a zero behind it */
    struct frames *frames = arg;

    (void)flags;
    if (tunnel && colon && name_length == strlen(":authority") && memcmp(name, ":authority", name_length) == 0)
        tunnel->role = frames->role_at(strtoul(colon + 1, NULL, 10));
    return 0;
}

/* The request is there, or the client's end. */
static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct tunnel *tunnel = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    static uint8_t status[] = ":status", open[] = "200", closed[] = "502";
    nghttp2_nv field = {status, open, sizeof status - 1, sizeof open - 1, NGHTTP2_NV_FLAG_NONE};
    nghttp2_data_provider provider = {.source.ptr = tunnel, .read_callback = on_read};

    (void)arg;
    if (!tunnel)
        return 0;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM && frame->hd.type <= NGHTTP2_HEADERS) {
        tunnel->ended = true;
        (void)nghttp2_session_resume_data(session, frame->hd.stream_id);
    }
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    if (!tunnel->role)
        field.value = closed;
    else if (!add(tunnel, GREETING, sizeof GREETING - 1))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return nghttp2_submit_response(session, frame->hd.stream_id, &field, 1, tunnel->role ? &provider : NULL);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t length, void *arg)
{
    struct tunnel *tunnel = nghttp2_session_get_stream_user_data(session, id);

    (void)flags, (void)arg;
    if (!tunnel || tunnel->role != &role_echo)
        return 0;
    if (!add(tunnel, bytes, length))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    (void)nghttp2_session_resume_data(session, id);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct tunnel *tunnel = nghttp2_session_get_stream_user_data(session, id);

    (void)code, (void)arg;
    if (tunnel) {
        nghttp2_session_set_stream_user_data(session, id, NULL);
        free(tunnel->out);
        free(tunnel);
    }
    return 0;
}

static bool make_session(struct frames *frames)
{
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, TUNNELS_MAX},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW}};
    nghttp2_session_callbacks *callbacks;
    bool made;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return false;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    made = nghttp2_session_server_new(&frames->session, callbacks, frames) == 0;
    nghttp2_session_callbacks_del(callbacks);
    return made &&
           nghttp2_submit_settings(frames->session, NGHTTP2_FLAG_NONE, settings,
                                   sizeof settings / sizeof settings[0]) == 0 &&
           nghttp2_session_set_local_window_size(frames->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW) == 0;
}

struct frames *frames_new(struct stream *stream, const struct role *(*role_at)(unsigned long port))
{
    struct frames *frames = calloc(1, sizeof *frames);

    if (!frames)
        return NULL;
    frames->stream = stream;
    frames->role_at = role_at;
    if (make_session(frames))
        return frames;
    frames_free(frames);
    return NULL;
}

static bool read_some(struct frames *frames)
{
    for (int i = 0; i < TAKES_MAX; i++) {
        ssize_t took = stream_take(frames->stream, taken, sizeof taken);

        if (took <= 0)
            return took == STREAM_AGAIN;
        if (nghttp2_session_mem_recv(frames->session, (const uint8_t *)taken, (size_t)took) != took)
            return false;
        if (SSL_has_pending(frames->stream->ssl))
            i--; /* nobody would tell of bytes that are there already */
    }
    return true;
}

/* Gathers what there is to go, as much as a batch holds.  False: the session is broken. */
static bool fill(struct frames *frames)
{
    if (!frames->batch && !(frames->batch = malloc(BATCH_BYTES)))
        return false;
    frames->batch_length = frames->batch_at = 0;
    while (frames->batch_length + NGHTTP2_INITIAL_WINDOW_SIZE < BATCH_BYTES) {
        const uint8_t *bytes;
        ssize_t length = nghttp2_session_mem_send(frames->session, &bytes);

        if (length < 0 || length > NGHTTP2_INITIAL_WINDOW_SIZE)
            return false;
        if (length == 0)
            break;
        memcpy(frames->batch + frames->batch_length, bytes, (size_t)length);
        frames->batch_length += (size_t)length;
    }
    return true;
}

/* False: it is broken.  More may be left. */
static bool give_batches(struct frames *frames)
{
    for (int i = 0; i < BATCHES_MAX; i++) {
        if (frames->batch_at == frames->batch_length) {
            if (!nghttp2_session_want_write(frames->session))
                break;
            if (!fill(frames))
                return false;
            if (frames->batch_length == 0)
                break;
        }
        while (frames->batch_at < frames->batch_length) {
            ssize_t gave = stream_give(frames->stream, frames->batch + frames->batch_at,
                                       frames->batch_length - frames->batch_at);

            if (gave <= 0)
                return gave == STREAM_AGAIN;
            frames->batch_at += (size_t)gave;
        }
    }
    return true;
}

static bool write_some(struct frames *frames)
{
    int flushed;

    if (!give_batches(frames))
        return false;
    flushed = stream_flush(frames->stream);
    frames->unsent = flushed == STREAM_AGAIN;
    if (flushed == STREAM_BROKEN)
        return false;
    if (frames->batch_at == frames->batch_length && !nghttp2_session_want_write(frames->session)) {
        free(frames->batch); /* an idle connection is to be a small one here, too */
        frames->batch = NULL;
        frames->batch_length = frames->batch_at = 0;
    }
    return true;
}

bool frames_serve(struct frames *frames)
{
    return read_some(frames) && write_some(frames) &&
           (nghttp2_session_want_read(frames->session) || nghttp2_session_want_write(frames->session));
}

bool frames_wait_to_write(const struct frames *frames)
{
    return frames->unsent || frames->batch_at < frames->batch_length || nghttp2_session_want_write(frames->session);
}

void frames_free(struct frames *frames)
{
    if (!frames)
        return;
    if (frames->session) {
        int32_t last = nghttp2_session_get_last_proc_stream_id(frames->session);

        for (int32_t id = 1; id <= last; id += 2)
            (void)on_close(frames->session, id, NGHTTP2_NO_ERROR, NULL);
        nghttp2_session_del(frames->session);
    }
    free(frames->batch);
    free(frames);
}
