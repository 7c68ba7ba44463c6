/* SPDX-License-Identifier: ISC */
/* A whole HTTP/2 connection, whose other side is hostile and whose tunnels are used in any order.  The input is a
 * script: what comes from the proxy, frames or bytes as they stand, and what is done with the connection and its
 * streams.  Whatever it says: callbacks keep to their contract, what goes out are frames that carry what was written
 * and nothing else, and at the end all is given back. */
#include "http/h2_connection.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "../fuzz.h"
#include "base/log.h"
#include "base/loop.h"
#include "http/h2_stream.h"

#define SCRIPT_MAX 40000
#define STREAMS_MAX 12
#define STEPS_MAX 3000
#define TURNS_MAX 4000          /* until all is over */
#define PIECE_MAX 20000         /* bytes of one read or write */
#define SENT_MAX (4u << 20)     /* bytes that we may send in answer to a script */
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_BYTES (sizeof PREFACE - 1)
#define HEAD_BYTES 9
#define FRAME_BYTES 16384       /* of payload: we never send more, whatever the other side would take */
#define STREAMS_SAID 64         /* the DATA of so many streams is looked at */

/* --- the input --- */

struct script {
    const uint8_t *bytes;
    size_t length, at;
};

static unsigned next(struct script *script)
{
    return script->at < script->length ? script->bytes[script->at++] : 0;
}

/* --- what is below --- */

struct below {
    struct transport base; /* first: the ops cast back */
    uint8_t *bytes;        /* that have come and were not read */
    size_t length, size;
    uint8_t *sent;
    size_t sent_length, sent_size;
    size_t room;           /* for sending; 0: AGAIN */
    size_t piece;          /* read and written at a time, at most */
    int error;
    bool ended, gone;
    struct deferred wake;
};

static ssize_t look(struct below *below, void *bytes, size_t size)
{
    MUST(size > 0 && !below->gone);
    if (below->error) {
        below->base.error = below->error;
        return TRANSPORT_ERROR;
    }
    if (below->length == 0)
        return below->ended ? TRANSPORT_EOF : TRANSPORT_AGAIN;
    size = size < below->length ? size : below->length;
    size = size < below->piece ? size : below->piece;
    memcpy(bytes, below->bytes, size);
    return (ssize_t)size;
}

static ssize_t below_peek(struct transport *transport, void *bytes, size_t size)
{
    return look((struct below *)transport, bytes, size);
}

static ssize_t below_recv(struct transport *transport, void *bytes, size_t size)
{
    struct below *below = (struct below *)transport;
    ssize_t got = look(below, bytes, size);

    if (got > 0) {
        below->length -= (size_t)got;
        memmove(below->bytes, below->bytes + got, below->length);
    }
    return got;
}

static ssize_t below_send(struct transport *transport, const void *bytes, size_t length)
{
    struct below *below = (struct below *)transport;

    MUST(length > 0 && !below->gone);
    if (below->error) {
        below->base.error = below->error;
        return TRANSPORT_ERROR;
    }
    length = length < below->room ? length : below->room;
    length = length < below->piece ? length : below->piece;
    if (length == 0)
        return TRANSPORT_AGAIN;
    MUST(below->sent_length + length <= SENT_MAX);
    while (below->sent_length + length > below->sent_size) {
        below->sent_size = below->sent_size ? 2 * below->sent_size : 4096;
        below->sent = realloc(below->sent, below->sent_size);
        MUST(below->sent);
    }
    memcpy(below->sent + below->sent_length, bytes, length);
    below->sent_length += length;
    below->room -= length;
    return (ssize_t)length;
}

static bool below_broken(struct transport *transport)
{
    struct below *below = (struct below *)transport;

    below->base.error = below->error;
    return below->error != 0;
}

static bool below_shutdown_send(struct transport *transport)
{
    return !below_broken(transport);
}

static void below_end(struct transport *transport, bool reset)
{
    struct below *below = (struct below *)transport;

    (void)reset;
    MUST(!below->gone);
    below->gone = true;
}

static const struct transport_ops below_ops = {
    .recv = below_recv, .send = below_send, .peek = below_peek, .broken = below_broken,
    .shutdown_send = below_shutdown_send, .end = below_end,
};

static void on_wake(struct deferred *wake)
{
    struct below *below = (struct below *)((char *)wake - offsetof(struct below, wake));

    if (!below->gone && below->base.watcher)
        below->base.watcher(below->base.watcher_arg, LOOP_READ | LOOP_WRITE);
}

static void feed(struct below *below, const uint8_t *bytes, size_t length)
{
    if (below->gone || below->ended || length == 0)
        return;
    if (below->length + length > below->size) {
        below->size = below->length + length;
        below->bytes = realloc(below->bytes, below->size);
        MUST(below->bytes);
    }
    memcpy(below->bytes + below->length, bytes, length);
    below->length += length;
}

/* --- the loop --- */

static struct loop *loop;

static void on_turn(struct deferred *end)
{
    (void)end;
    loop_stop(loop);
}

static void turn(struct below *below)
{
    struct deferred end = {0};

    loop_defer(loop, &below->wake, on_wake);
    loop_put_off(loop, &end, on_turn);
    MUST(loop_run(loop));
    loop_undefer(loop, &below->wake);
}

/* --- the streams --- */

enum state { FREE, ASKED, ANSWERED, OPENED, ENDED };

struct tunnel {
    enum state state;
    bool opens;               /* the final head was a 2xx */
    bool at_once;             /* it is taken from within on_head */
    struct h2_stream *stream;
    struct transport *transport;
    size_t written;
    bool shut;
};

struct play {
    struct below below;
    struct h2_connection *connection; /* NULL: let go of */
    struct tunnel tunnels[STREAMS_MAX];
    size_t fed;               /* bytes */
    size_t read;              /* by all tunnels */
    bool in_call;             /* of ours: nobody may be told anything */
};

static struct play play;

static void on_ready(void *arg, int ready)
{
    struct tunnel *tunnel = arg;

    MUST(!play.in_call && tunnel->state == OPENED && ready != 0);
}

static void take(struct tunnel *tunnel)
{
    MUST(tunnel->state == ANSWERED && tunnel->opens);
    tunnel->transport = h2_stream_take(tunnel->stream);
    MUST(tunnel->transport);
    tunnel->stream = NULL;
    tunnel->state = OPENED;
    transport_watch(tunnel->transport, on_ready, tunnel);
}

static void on_head(void *arg, const struct http_head *head)
{
    struct tunnel *tunnel = arg;

    MUST(!play.in_call && tunnel->state == ASKED && head->status >= 100 && head->status <= 999);
    if (head->status < 200)
        return;
    tunnel->state = ANSWERED;
    tunnel->opens = head->status < 300;
    if (tunnel->opens && tunnel->at_once)
        take(tunnel);
}

static void on_end(void *arg, enum h2_end end, const char *why)
{
    struct tunnel *tunnel = arg;

    MUST(!play.in_call && tunnel->state == ASKED && end <= H2_END_BROKEN && why && *why);
    for (const char *at = why; *at; at++)
        MUST(*at >= ' ' && *at <= '~');
    tunnel->state = ENDED;
}

static void on_page(void *arg)
{
    struct tunnel *tunnel = arg;

    MUST(!play.in_call && tunnel->state == ANSWERED);
}

static void on_other(void *arg)
{
    struct tunnel *tunnel = arg;

    MUST(!play.in_call && tunnel->state != FREE && tunnel->state != OPENED);
}

static void on_changed(void *arg)
{
    (void)arg;
    MUST(!play.in_call && play.connection);
}

static void ask(struct tunnel *tunnel, bool at_once)
{
    static uint8_t method[] = ":method", connect[] = "CONNECT";
    static uint8_t authority[] = ":authority", place[] = "mail.example:143";
    nghttp2_nv pairs[] = {
        {method, connect, sizeof method - 1, sizeof connect - 1, NGHTTP2_NV_FLAG_NONE},
        {authority, place, sizeof authority - 1, sizeof place - 1, NGHTTP2_NV_FLAG_NONE},
    };
    struct h2_fields fields = {.fields = pairs, .count = sizeof pairs / sizeof pairs[0]};
    struct h2_stream_events events = {on_head, on_end, on_page, on_other, tunnel};
    bool takes = h2_connection_takes(play.connection);

    *tunnel = (struct tunnel){.at_once = at_once};
    tunnel->stream = h2_stream_ask(play.connection, &fields, &events);
    MUST(!tunnel->stream || takes);
    if (tunnel->stream)
        tunnel->state = ASKED;
}

/* What a tunnel says: so that what goes out can be told. */
static uint8_t word(size_t tunnel, size_t at)
{
    return (uint8_t)(at * 31 + at / 251 + tunnel);
}

static void write_some(struct tunnel *tunnel, size_t size)
{
    uint8_t *bytes = malloc(size);
    ssize_t sent;

    MUST(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = word((size_t)(tunnel - play.tunnels), tunnel->written + i);
    sent = transport_send(tunnel->transport, bytes, size);
    MUST(sent != 0 && sent <= (ssize_t)size && sent >= TRANSPORT_ERROR);
    tunnel->written += sent > 0 ? (size_t)sent : 0;
    free(bytes);
}

static void read_some(struct tunnel *tunnel, size_t size, bool peeks)
{
    char *bytes = malloc(size), *seen = malloc(size);
    ssize_t got, peeked = 0;

    MUST(bytes && seen);
    if (peeks)
        peeked = transport_peek(tunnel->transport, seen, size);
    got = transport_recv(tunnel->transport, bytes, size);
    MUST(got <= (ssize_t)size && got >= TRANSPORT_ERROR);
    MUST(peeked <= 0 || got > 0);
    for (ssize_t i = 0; i < got && i < peeked; i++)
        MUST(bytes[i] == seen[i]);
    play.read += got > 0 ? (size_t)got : 0;
    MUST(play.read <= play.fed);
    MUST(got != TRANSPORT_ERROR || *transport_error(tunnel->transport));
    free(bytes);
    free(seen);
}

static void leave(struct tunnel *tunnel, bool reset)
{
    if (tunnel->state == OPENED)
        (reset ? transport_reset : transport_close)(tunnel->transport);
    else if (tunnel->state == ASKED || tunnel->state == ANSWERED)
        h2_stream_cancel(tunnel->stream);
    else if (tunnel->state == ENDED)
        h2_stream_cancel(tunnel->stream);
    memset(tunnel, 0, sizeof *tunnel);
}

/* What is done with one tunnel. */
static void use(struct script *script, struct tunnel *tunnel, unsigned act)
{
    size_t size = 1 + next(script) * 79u % PIECE_MAX, length;
    bool complete;

    play.in_call = true;
    if (tunnel->state == FREE) {
        if (play.connection)
            ask(tunnel, act & 1);
    } else if (act == 7) {
        leave(tunnel, size & 1);
    } else if (tunnel->state == ANSWERED && tunnel->opens) {
        take(tunnel);
    } else if (tunnel->state == ANSWERED) {
        const char *page = h2_stream_page(tunnel->stream, &length, &complete);

        MUST(length == 0 || page);
        MUST(length <= HTTP_HEAD_BYTES_MAX);
        (void)memchr(page ? page : "", '\n', length); /* it can be read */
    } else if (tunnel->state == OPENED) {
        if (act <= 2)
            read_some(tunnel, size, act == 2);
        else if (act <= 4 && !tunnel->shut)
            write_some(tunnel, size);
        else if (act == 5)
            tunnel->shut = transport_shutdown_send(tunnel->transport) || tunnel->shut;
        else
            (void)transport_broken(tunnel->transport);
    }
    play.in_call = false;
}

/* A frame whose length is right, of a stream that is likely to be one of ours. */
static void frame(struct script *script, struct below *below)
{
    uint8_t bytes[HEAD_BYTES + 256];
    unsigned kind = next(script), flags = next(script), stream = next(script), length = next(script);

    memset(bytes, 0, HEAD_BYTES);
    length = length < script->length - script->at ? length : (unsigned)(script->length - script->at);
    bytes[2] = (uint8_t)length;
    bytes[3] = (uint8_t)kind;
    bytes[4] = (uint8_t)flags;
    bytes[8] = (uint8_t)stream;
    memcpy(bytes + HEAD_BYTES, script->bytes + script->at, length);
    for (unsigned i = 0; i < (kind >= 0x80 ? 64u : 1u); i++) { /* many of them, now and then */
        bytes[3] = (uint8_t)(kind & 0x7f);
        feed(below, bytes, HEAD_BYTES + length);
        play.fed += HEAD_BYTES + length;
    }
    script->at += length;
}

static void raw(struct script *script, struct below *below)
{
    size_t length = next(script);

    length = length < script->length - script->at ? length : script->length - script->at;
    feed(below, script->bytes + script->at, length);
    play.fed += length;
    script->at += length;
}

/* A DATA frame that is not written out in the script. */
static void bulk(struct script *script, struct below *below)
{
    size_t length = 1 + next(script) * 64u;
    uint8_t *bytes = calloc(1, HEAD_BYTES + length);

    MUST(bytes);
    bytes[1] = (uint8_t)(length >> 8);
    bytes[2] = (uint8_t)length;
    bytes[8] = (uint8_t)next(script);
    feed(below, bytes, HEAD_BYTES + length);
    play.fed += HEAD_BYTES + length;
    free(bytes);
}

static void let_go(bool kills)
{
    if (!play.connection)
        return;
    play.in_call = true;
    if (kills)
        h2_connection_kill(play.connection, "the test wants it");
    h2_connection_let_go(play.connection);
    play.in_call = false;
    play.connection = NULL;
}

static void look_at_connection(void)
{
    size_t held = 0;

    if (!play.connection)
        return;
    for (size_t i = 0; i < STREAMS_MAX; i++)
        held += play.tunnels[i].state == ASKED;
    MUST(h2_connection_waiting(play.connection) <= held);
    MUST(h2_connection_tunnels(play.connection) <= h2_connection_most(play.connection));
    MUST(h2_connection_most(play.connection) <= H2_TUNNELS_MAX);
    MUST(h2_connection_settings(play.connection) && h2_connection_serial(play.connection) != 0);
    if (h2_connection_death(play.connection)) {
        MUST(*h2_connection_death(play.connection) && !h2_connection_takes(play.connection));
        for (const char *at = h2_connection_death(play.connection); *at; at++)
            MUST(*at >= ' ' && *at <= '~');
    }
    MUST(!h2_connection_is_draining(play.connection) || !h2_connection_takes(play.connection));
}

static void step(struct script *script)
{
    struct below *below = &play.below;
    unsigned act = next(script);

    switch (act & 15) {
    case 0: case 1: case 2: case 3:
        frame(script, below);
        break;
    case 4:
        raw(script, below);
        break;
    case 5:
        bulk(script, below);
        break;
    case 6: case 7: case 8: case 9: case 10: case 11: {
        unsigned which = next(script);

        use(script, &play.tunnels[which % STREAMS_MAX], which / STREAMS_MAX % 8u);
        break;
    }
    case 12:
        turn(below);
        break;
    case 13:
        below->room = act & 16 ? 0 : act & 32 ? 1 + next(script) : SIZE_MAX;
        break;
    case 14:
        below->piece = act & 16 ? 1 + next(script) : SIZE_MAX;
        if (play.connection && act & 32)
            h2_connection_ping(play.connection);
        break;
    case 15:
        if ((act & 0xf0) == 0)
            below->ended = true;
        else if ((act & 0xf0) == 0x10)
            below->error = ECONNRESET;
        else if ((act & 0xf0) <= 0x30)
            let_go((act & 0xf0) == 0x20);
        else
            turn(below);
        break;
    }
    if (act & 64)
        turn(below);
    look_at_connection();
}

/* --- what went out --- */

/* The DATA of one stream so far. */
struct said {
    size_t length;
    size_t tunnel;            /* whose words they are, as the first of them tells */
};

static void judge_data(struct said *said, const uint8_t *bytes, size_t length)
{
    if (length > 0 && said->length == 0)
        said->tunnel = bytes[0];
    MUST(said->tunnel < STREAMS_MAX);
    for (size_t i = 0; i < length; i++)
        MUST(bytes[i] == word(said->tunnel, said->length + i));
    said->length += length;
}

/* All of it are frames, whole but for the last one, and DATA has what was written. */
static void judge_sent(const struct below *below)
{
    static struct said said[STREAMS_SAID];
    size_t at = PREFACE_BYTES, length = below->sent_length;

    memset(said, 0, sizeof said);
    MUST(length == 0 || memcmp(below->sent, PREFACE, length < PREFACE_BYTES ? length : PREFACE_BYTES) == 0);
    for (bool first = true; at + HEAD_BYTES <= length; first = false) {
        const uint8_t *head = below->sent + at;
        size_t size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        uint32_t stream = (uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8];

        MUST(!first || head[3] == NGHTTP2_SETTINGS);
        MUST(head[3] <= NGHTTP2_CONTINUATION && head[3] != NGHTTP2_PUSH_PROMISE && size <= FRAME_BYTES);
        MUST(head[3] != NGHTTP2_DATA || stream % 2 == 1);
        if (at + HEAD_BYTES + size > length)
            break;
        if (head[3] == NGHTTP2_DATA && stream / 2 < STREAMS_SAID)
            judge_data(&said[stream / 2], head + HEAD_BYTES, size);
        at += HEAD_BYTES + size;
    }
}

/* Everybody leaves; then what is below must be given back. */
static void finish(struct script *script)
{
    struct below *below = &play.below;
    unsigned turns;

    for (size_t i = 0; i < STREAMS_MAX; i++)
        leave(&play.tunnels[i], script->length & 1);
    let_go(false);
    below->room = below->piece = SIZE_MAX;
    below->ended = true;
    for (turns = 0; turns < TURNS_MAX && !below->gone; turns++)
        turn(below);
    MUST(below->gone);
    loop_free(loop);
    judge_sent(below);
    free(below->bytes);
    free(below->sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct script script = {bytes, length, 0};
    struct h2_connection_params params = {.name = "http://127.0.0.1:3128", .keepalive = 60000,
                                          .changed = on_changed};

    if (length > SCRIPT_MAX)
        return 0;
    log_setup(LEVEL_ERROR, false, false);
    memset(&play, 0, sizeof play);
    loop = loop_new();
    MUST(loop);
    play.below.base.ops = &below_ops;
    play.below.base.loop = loop;
    play.below.room = play.below.piece = SIZE_MAX;
    params.loop = loop;
    params.transport = &play.below.base;
    play.connection = h2_connection_new(&params);
    MUST(play.connection);
    for (unsigned steps = 0; script.at < script.length && steps < STEPS_MAX; steps++)
        step(&script);
    turn(&play.below);
    look_at_connection();
    finish(&script);
    return 0;
}
