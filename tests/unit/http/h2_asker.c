/* SPDX-License-Identifier: ISC */
#include "h2_asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "net/lingering.h"

struct h2_stage h2;

static void on_changed(void *arg)
{
    (void)arg;
    h2.changes++;
}

void h2_set_up_with(uint32_t streams, uint32_t keepalive, bool holds)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams},
    };

    memset(&h2, 0, sizeof h2);
    stage_set_up();
    h2.wire = stage_new_wire();
    h2_peer_start(&h2.peer, h2.wire, settings, streams == UINT32_MAX ? 1 : 2, holds);
    h2.connection = h2_connection_new(&(struct h2_connection_params){
        .loop = stage_loop(), .transport = &h2.wire->near, .name = "https://proxy.example.net:443",
        .keepalive = keepalive, .changed = on_changed,
    });
    ck_assert_ptr_nonnull(h2.connection);
    for (size_t i = 0; i < H2_ASKERS_MAX; i++)
        h2.askers[i].takes = h2.askers[i].reads = true;
}

void h2_set_up(void)
{
    h2_set_up_with(UINT32_MAX, 0, false);
    h2_peer_pump(&h2.peer);
}

void h2_tear_down(void)
{
    for (size_t i = 0; i < H2_ASKERS_MAX; i++) {
        h2_reset(i);
        free(h2.askers[i].got);
    }
    h2_connection_let_go(h2.connection);
    h2.connection = NULL;
    stage_settle();
    lingering_end_all(stage_loop());
    stage_settle();
    h2_peer_end(&h2.peer);
    stage_tear_down();
}

void h2_carry(void)
{
    h2_peer_pump(&h2.peer);
}

void h2_read(struct h2_asker *asker)
{
    char bytes[5000];

    while ((asker->last = transport_recv(asker->transport, bytes, sizeof bytes)) > 0) {
        asker->got = realloc(asker->got, asker->got_length + (size_t)asker->last + 1);
        ck_assert_ptr_nonnull(asker->got);
        memcpy(asker->got + asker->got_length, bytes, (size_t)asker->last);
        asker->got_length += (size_t)asker->last;
        asker->got[asker->got_length] = '\0';
    }
}

bool h2_has_got(const struct h2_asker *asker, const char *text)
{
    return asker->got_length == strlen(text) && (asker->got_length == 0 || strcmp(asker->got, text) == 0);
}

static void on_ready(void *arg, int ready)
{
    struct h2_asker *asker = arg;

    asker->ready |= ready;
    asker->told++;
    if (asker->on_ready)
        asker->on_ready(asker);
    else if (asker->reads && ready & LOOP_READ)
        h2_read(asker);
}

static void on_head(void *arg, const struct http_head *head)
{
    struct h2_asker *asker = arg;
    const struct http_head_slice *field = http_head_field(head, "x");

    asker->heads++;
    asker->status = head->status;
    snprintf(asker->field, sizeof asker->field, "%.*s", field ? (int)field->length : 0, field ? field->bytes : "");
    if (asker->on_head) {
        asker->on_head(asker);
    } else if (asker->takes && head->status / 100 == 2) {
        asker->transport = h2_stream_take(asker->stream);
        transport_watch(asker->transport, on_ready, asker);
        if (asker->reads)
            h2_read(asker);
    }
}

static void on_end(void *arg, enum h2_end end, const char *why)
{
    struct h2_asker *asker = arg;

    asker->ends++;
    asker->end = end;
    snprintf(asker->why, sizeof asker->why, "%s", why);
    h2_stream_cancel(asker->stream);
    asker->stream = NULL;
}

static void on_page(void *arg)
{
    ((struct h2_asker *)arg)->pages++;
}

static void on_other(void *arg)
{
    ((struct h2_asker *)arg)->others++;
}

bool h2_ask(size_t i)
{
    struct h2_asker *asker = &h2.askers[i];
    static nghttp2_nv nv[] = {
        {(uint8_t *)":method", (uint8_t *)"CONNECT", 7, 7, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t *)":authority", (uint8_t *)"mail.example.net:143", 10, 20, NGHTTP2_NV_FLAG_NONE},
    };
    const struct h2_fields fields = {.fields = nv, .count = 2};
    const struct h2_stream_events events = {on_head, on_end, on_page, on_other, asker};

    asker->stream = h2_stream_ask(h2.connection, &fields, &events);
    return asker->stream != NULL;
}

struct h2_peer_stream *h2_open(size_t i)
{
    struct h2_peer_stream *stream;

    ck_assert_msg(h2_ask(i), "it takes no request %zu", i);
    h2_carry();
    stream = h2_peer_stream(&h2.peer, i);
    h2_peer_answer(stream, "200", NULL, NULL, false);
    ck_assert_ptr_nonnull(h2.askers[i].transport);
    return stream;
}

void h2_close(size_t i)
{
    transport_close(h2.askers[i].transport);
    if (!h2.askers[i].transport)
        h2_stream_cancel(h2.askers[i].stream);
    h2.askers[i].transport = NULL;
    h2.askers[i].stream = NULL;
}

void h2_reset(size_t i)
{
    transport_reset(h2.askers[i].transport);
    h2.askers[i].stream = h2.askers[i].transport ? NULL : h2.askers[i].stream;
    h2.askers[i].transport = NULL;
    h2_close(i);
}
