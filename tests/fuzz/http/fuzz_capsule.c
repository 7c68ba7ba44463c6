/* SPDX-License-Identifier: ISC */
/* A stream in capsules, read through the transport in pieces and held against a decoder that has it all at once: the
 * result must not depend on the pieces.  Then the same bytes are sent, to somebody who takes them in pieces. */
#include "http/capsule.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "../fuzz.h"
#include "base/loop.h"

#define BYTES_MAX 70000
#define CALLS_MAX 1000000 /* of recv, or of send: more is a loop without end */

/* --- what is below: bytes to read, and bytes that were sent --- */

struct below {
    struct transport base; /* first: the ops cast back */
    const uint8_t *bytes;
    size_t length, at;
    unsigned seed;
    char *sent;
    size_t sent_length, sent_size;
    bool gone, shut;
};

/* 1 to most. */
static size_t some(struct below *below, size_t most)
{
    if (below->seed == 0)
        return most;
    below->seed = below->seed * 1103515245u + 12345u;
    return 1 + (below->seed >> 16) % (below->seed & 0x400 ? 3u : 40u) % most;
}

static ssize_t look(struct below *below, void *bytes, size_t size)
{
    size_t left = below->length - below->at;

    MUST(size > 0 && !below->gone);
    if (left == 0)
        return TRANSPORT_EOF;
    size = some(below, size < left ? size : left);
    memcpy(bytes, below->bytes + below->at, size);
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

    below->at += got > 0 ? (size_t)got : 0;
    return got;
}

static ssize_t below_send(struct transport *transport, const void *bytes, size_t length)
{
    struct below *below = (struct below *)transport;

    MUST(length > 0 && !below->gone);
    length = some(below, length);
    if (below->seed & 0x1000) /* no room now */
        return TRANSPORT_AGAIN;
    MUST(below->sent_length + length <= below->sent_size);
    memcpy(below->sent + below->sent_length, bytes, length);
    below->sent_length += length;
    return (ssize_t)length;
}

static bool below_broken(struct transport *transport)
{
    (void)transport;
    return false;
}

static bool below_shutdown_send(struct transport *transport)
{
    return ((struct below *)transport)->shut = true;
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

/* --- the decoder that has it all --- */

struct verdict {
    char *payload;
    size_t length;
    int error; /* 0: it has ended well */
};

/* The number at *at, or 0 with *at behind the end. */
static uint64_t number(const uint8_t *bytes, size_t length, size_t *at)
{
    size_t size = *at < length ? (size_t)1 << (bytes[*at] >> 6) : 1;
    uint64_t value = 0;

    if (length < size || *at > length - size) {
        *at = length + 1;
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        value = value << 8 | (i == 0 ? bytes[*at] & 0x3fu : bytes[*at + i]);
    *at += size;
    return value;
}

static bool is_raw(const struct protocol *protocol, const char *bytes, size_t length)
{
    for (size_t first = 1; first <= length; first++) {
        enum protocol_beginning plain = protocol_begins(protocol, bytes, first);
        enum protocol_beginning tls = protocol_begins_tls(bytes, first);

        if (plain == PROTOCOL_BEGINS || tls == PROTOCOL_BEGINS)
            return true;
        if (plain == PROTOCOL_BEGINS_NOT && tls == PROTOCOL_BEGINS_NOT)
            return false;
    }
    return false;
}

static void decode(const struct protocol *protocol, const uint8_t *bytes, size_t length, struct verdict *verdict)
{
    bool ended = false;

    verdict->payload = malloc(length + 1);
    MUST(verdict->payload);
    verdict->length = 0;
    verdict->error = is_raw(protocol, (const char *)bytes, length) ? EPROTONOSUPPORT : 0;
    for (size_t at = 0; at < length && verdict->error == 0;) {
        uint64_t type = number(bytes, length, &at), size;
        bool payload = type == 8 || type == 9;
        size_t there;

        if (at > length || (ended && payload)) {
            verdict->error = EPROTO;
            break;
        }
        size = number(bytes, length, &at);
        there = at > length ? 0 : size < length - at ? (size_t)size : length - at;
        if (payload && there > 0) {
            memcpy(verdict->payload + verdict->length, bytes + at, there);
            verdict->length += there;
        }
        if (at > length || there < size)
            verdict->error = EPROTO;
        at += there;
        ended = ended || type == 9;
    }
    if (verdict->error == 0 && !ended)
        verdict->error = ECONNRESET;
}

/* --- the transport --- */

static void start(struct below *below, struct loop *loop, const uint8_t *bytes, size_t length, unsigned seed)
{
    memset(below, 0, sizeof *below);
    below->base.ops = &below_ops;
    below->base.loop = loop;
    below->bytes = bytes;
    below->length = length;
    below->seed = seed;
}

static struct loop *turning;

static void on_turn(struct deferred *end)
{
    (void)end;
    loop_stop(turning);
}

/* A turn passes, in which what rests has its rest. */
static void turn(struct loop *loop)
{
    struct deferred end = {0};

    turning = loop;
    loop_put_off(loop, &end, on_turn);
    MUST(loop_run(loop));
}

/* Part of the stream has come before.  All is read, now and then looked at first. */
static void receive(const struct protocol *protocol, const uint8_t *bytes, size_t length, unsigned seed,
                    struct verdict *verdict)
{
    struct loop *loop = loop_new();
    struct transport *transport;
    struct below below;
    size_t before = seed % 7 == 0 ? length / 2 : 0;
    char *leftover = before > 0 ? malloc(before) : NULL;
    ssize_t got = 1;

    MUST(loop);
    verdict->payload = malloc(length + 1);
    MUST(verdict->payload);
    verdict->length = 0;
    if (leftover)
        memcpy(leftover, bytes, before);
    start(&below, loop, bytes + before, length - before, seed);
    transport = capsule_transport(&below.base, leftover, before, protocol);
    MUST(transport);
    for (unsigned calls = 0; got > 0 || got == TRANSPORT_AGAIN; calls++) {
        size_t size = some(&below, length + 1);
        char *piece = malloc(size), *seen = malloc(size);
        ssize_t peeked = 0;

        MUST(calls < CALLS_MAX && piece && seen);
        if (below.seed & 0x2000)
            peeked = transport_peek(transport, seen, size);
        got = transport_recv(transport, piece, size);
        MUST(got <= (ssize_t)size);
        for (ssize_t i = 0; i < got && i < peeked; i++)
            MUST(piece[i] == seen[i]);
        MUST(peeked <= 0 || got > 0);
        if (got > 0) {
            MUST(verdict->length + (size_t)got <= length);
            memcpy(verdict->payload + verdict->length, piece, (size_t)got);
            verdict->length += (size_t)got;
        }
        free(piece);
        free(seen);
        if (got == TRANSPORT_AGAIN || calls % 64 == 63)
            turn(loop);
    }
    for (unsigned i = 0; i < BYTES_MAX / 4096 + 2; i++) { /* and what is behind the end, at its leisure */
        char byte;

        turn(loop);
        got = transport_recv(transport, &byte, 1);
    }
    MUST(got == TRANSPORT_EOF || got == TRANSPORT_ERROR);
    verdict->error = got == TRANSPORT_ERROR ? transport->error : 0;
    MUST(transport_broken(transport) == (got == TRANSPORT_ERROR));
    transport_reset(transport);
    loop_free(loop);
}

static void send_all(const uint8_t *bytes, size_t length, unsigned seed)
{
    struct loop *loop = loop_new();
    struct transport *transport;
    struct verdict verdict;
    struct below below;
    size_t at = 0;

    MUST(loop);
    start(&below, loop, NULL, 0, seed);
    below.sent_size = 4 * length + 100;
    below.sent = malloc(below.sent_size);
    MUST(below.sent);
    transport = capsule_transport(&below.base, NULL, 0, NULL);
    MUST(transport);
    for (unsigned calls = 0; at < length; calls++) {
        ssize_t sent = transport_send(transport, bytes + at, length - at);

        MUST(calls < CALLS_MAX && sent != 0 && sent <= (ssize_t)(length - at) && sent != TRANSPORT_ERROR);
        at += sent > 0 ? (size_t)sent : 0;
    }
    MUST(transport_shutdown_send(transport) && !below.shut);
    below.seed = 0;
    transport_watch(transport, NULL, NULL);
    below.base.watcher(below.base.watcher_arg, LOOP_WRITE);
    decode(protocol_row(6), (const uint8_t *)below.sent, below.sent_length, &verdict);
    MUST(verdict.error == 0 && verdict.length == length);
    MUST(length == 0 || memcmp(verdict.payload, bytes, length) == 0);
    transport_close(transport);
    MUST(below.gone);
    loop_free(loop);
    free(verdict.payload);
    free(below.sent);
}

/* The first byte names the protocol, the second says how the rest is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const struct protocol *protocol;
    struct verdict whole, read;

    if (length < 2 || length > BYTES_MAX)
        return 0;
    protocol = protocol_row(bytes[0] % 7u);
    MUST(protocol);
    decode(protocol, bytes + 2, length - 2, &whole);
    for (unsigned seed = 0; seed < 2; seed++) {
        receive(protocol, bytes + 2, length - 2, seed ? bytes[1] + 1u : 0, &read);
        MUST(read.error == whole.error && read.length == whole.length);
        MUST(read.length == 0 || memcmp(read.payload, whole.payload, read.length) == 0);
        MUST(whole.error != EPROTONOSUPPORT || read.length == 0);
        free(read.payload);
    }
    send_all(bytes + 2, length - 2, bytes[1] + 1u);
    free(whole.payload);
    return 0;
}
