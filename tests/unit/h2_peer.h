/* SPDX-License-Identifier: ISC */
/* A scripted HTTP/2 server at the test's end of a wire (stage.h): nghttp2's server, which keeps the rules, and raw
 * frames, which need not.  What an answer may say is not checked.
 *
 * Nothing is read or said before h2_peer_pump, which h2_peer_answer and the others call themselves at their end. */
#ifndef SALLYPORT_H2_PEER_H
#define SALLYPORT_H2_PEER_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stage.h"

#define H2_PEER_STREAMS_MAX 1200

struct h2_peer;

struct h2_peer_stream {
    struct h2_peer *peer;
    int32_t id;
    char *fields;         /* of the request: "name: value\n" each, with a NUL behind them */
    char *got;            /* bytes of its body, with a NUL behind them */
    size_t got_length;
    bool ended;           /* END_STREAM came */
    int64_t reset;        /* code of RST_STREAM that came, or -1 */
    bool over;            /* the server has done with it */
    char *say;            /* not sent so far */
    size_t say_length;
    bool say_end;         /* and behind that END_STREAM */
};

struct h2_peer {
    struct wire *wire;
    nghttp2_session *frames;
    struct h2_peer_stream *streams; /* in the order of the requests */
    size_t count;
    size_t window_updates; /* that came, for streams and the connection */
    int64_t goaway;        /* code of GOAWAY that came, or -1 */
    unsigned pings;        /* that came, without answers to ours */
    unsigned pongs;        /* answers to ours */
    bool mute;             /* set by the test: PING is not answered */
};

/* Begins on that wire.  settings: what the server sets.  holds: its windows open only by h2_peer_open. */
void h2_peer_start(struct h2_peer *peer, struct wire *wire, const nghttp2_settings_entry *settings, size_t count,
                   bool holds);

/* Carries what the client and the server have to say until neither has more. */
void h2_peer_pump(struct h2_peer *peer);

/* Frees the server; the wire is left as it is.  Zeroed memory is fine. */
void h2_peer_end(struct h2_peer *peer);

/* The i-th request from 0; the test fails when there is none. */
struct h2_peer_stream *h2_peer_stream(struct h2_peer *peer, size_t i);

/* Whether the fields of a request have that line ("name: value"). */
bool h2_peer_asked(const struct h2_peer_stream *stream, const char *line);

/* A head with that status, and a field if name is not NULL.  end: with END_STREAM.  The body stays open otherwise. */
void h2_peer_answer(struct h2_peer_stream *stream, const char *status, const char *name, const char *value, bool end);

/* An interim head; or any other that does not begin the body. */
void h2_peer_interim(struct h2_peer_stream *stream, const char *status);

/* Bytes of the body, and perhaps the end. */
void h2_peer_say(struct h2_peer_stream *stream, const void *bytes, size_t length, bool end);
void h2_peer_say_text(struct h2_peer_stream *stream, const char *text);

void h2_peer_reset(struct h2_peer_stream *stream, uint32_t code);
void h2_peer_settings(struct h2_peer *peer, const nghttp2_settings_entry *settings, size_t count);
void h2_peer_goaway(struct h2_peer *peer, int32_t last_id, uint32_t code);
void h2_peer_ping(struct h2_peer *peer);

/* The windows of a stream and the connection open by so many bytes, where the server holds. */
void h2_peer_open(struct h2_peer_stream *stream, size_t bytes);

/* A frame as it stands, past nghttp2. */
void h2_peer_frame(struct h2_peer *peer, uint8_t type, uint8_t flags, int32_t id, const void *payload, size_t length);

/* So many of them at once. */
void h2_peer_frames(struct h2_peer *peer, int count, uint8_t type, uint8_t flags, int32_t id, const void *payload,
                    size_t length);

#endif
