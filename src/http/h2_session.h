/* SPDX-License-Identifier: ISC */
/* The innermost of one HTTP/2 connection (RFC 9113): nghttp2's session, and its members, the streams, which are told
 * through their ops.  For the other files of HTTP/2 alone: h2_frames.h has what nghttp2 reads and writes, h2_traffic.h
 * the bytes and the turns, h2_connection.h and h2_stream.h what others see.
 *
 * nghttp2 must not be called again from within most of its calls.  So what is told from within ("noted") only notes;
 * what may lead anywhere, such as a call of a watcher, is told from the loop ("told").  A member that was told may
 * leave, have others leave, or kill the session.
 *
 * Bytes that arrive are offered to their member where they lie in the buffer of h2_input.h, once for all frames in
 * that, and copied once, by the reader; what it leaves, the member keeps.  Bytes to be sent are copied once, into the
 * one buffer of h2_output.h; or, in a burst from a socket, not at all: their frames are made where they were received
 * (h2_laid.h).  While the buffer is full, members wait in line, so that none starves the others. */
#ifndef SALLYPORT_H2_SESSION_H
#define SALLYPORT_H2_SESSION_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/loop.h"
#include "http/frame_flood.h"
#include "http/h2_input.h"
#include "http/h2_laid.h"
#include "http/h2_output.h"
#include "net/transport.h"

#define H2_WHY_MAX 160
#define H2_FAULT_MAX 112 /* bytes, which fit into the former with words before them */

struct h2_session;
struct h2_member;

enum h2_member_kind {
    H2_WAITS,    /* for a final head */
    H2_ANSWERED, /* has one, which opened no tunnel, or nobody has taken that */
    H2_TUNNEL,
    H2_LINGERS,  /* its owner is gone */
};

/* How a member has left, where it did not leave of itself. */
enum h2_leave {
    H2_LEFT_ENDED,       /* both directions have ended */
    H2_LEFT_RESET,       /* RST_STREAM came */
    H2_LEFT_FAULT,       /* the other side broke the rules: we have sent RST_STREAM */
    H2_LEFT_UNPROCESSED, /* GOAWAY said that it was not looked at */
    H2_LEFT_DEATH,       /* of the connection */
};

struct h2_member_ops {
    /* noted */
    void (*field)(struct h2_member *member, const uint8_t *name, size_t name_length, const uint8_t *value,
                  size_t value_length);
    void (*head)(struct h2_member *member);  /* the fields are complete */
    void (*ended)(struct h2_member *member); /* END_STREAM */
    void (*left)(struct h2_member *member, enum h2_leave how, uint32_t code);

    /* told */
    void (*bytes)(struct h2_member *member); /* h2_traffic_take has some; what is left after the call is lost */
    void (*room)(struct h2_member *member);  /* it can send again */
    void (*news)(struct h2_member *member);  /* asked for by h2_session_tell */
    void (*other)(struct h2_member *member); /* noted; another member was answered, or this one has no place here */
};

struct h2_member {
    const struct h2_member_ops *ops;
    TAILQ_ENTRY(h2_member) all, news, line;
    uint64_t still_since;  /* ms: since when it could not send; 0: it could */
    int32_t id;            /* 0: it has left */
    uint16_t others;       /* members when it was begun */
    uint8_t kind;          /* enum h2_member_kind */
    bool has_news;
    bool in_line;
    bool wants_room;       /* in line for room in the output, not for a window */
    bool shut;             /* END_STREAM is to be sent */
};

TAILQ_HEAD(h2_members, h2_member);

/* Who sends, and what: bytes somewhere, or laid out in a buffer. */
struct h2_sender {
    struct h2_member *member; /* NULL: nobody */
    size_t left;              /* how many bytes */
    const uint8_t *bytes;     /* where they are, unless they are laid out */
    struct h2_laid laid;
};

/* What the connection is told. */
struct h2_session_events {
    void (*settings)(void *arg);              /* noted: the other side's SETTINGS have come */
    void (*settings_taken)(void *arg);        /* noted: the other side has ours */
    void (*pong)(void *arg);                  /* noted */
    void (*changed)(void *arg);               /* noted: members, GOAWAY, a refusal, the death */
};

struct h2_session {
    struct loop *loop;
    struct transport *below;            /* NULL: dead */
    nghttp2_session *frames;
    const struct h2_session_events *events;
    void *arg;
    struct h2_members members, with_news, line;
    size_t count;                       /* of members */
    size_t refused_at;                  /* the least number of other members at which one was refused; SIZE_MAX */
    unsigned want_room;                 /* members in line that do */
    struct h2_output output;
    struct h2_member *waking;           /* the one whose turn it is, and how many bytes it may still send in that */
    size_t turn_left;
    struct h2_sender sender;            /* within h2_traffic_send */
    struct h2_input *input;             /* NULL but while it is read */
    const uint8_t *in;                  /* of that, what nghttp2 has not read: in_left bytes */
    size_t in_left;
    uint64_t heard_at;                  /* ms */
    uint64_t output_since;              /* ms: since when below has taken nothing of the output; 0: it is empty */
    uint32_t patience_ms;               /* an upload that has stood still for so long and goes on is a change */
    struct deferred turn, again;
    void (*run_turn)(struct deferred *turn);
    struct frame_flood flood;
    uint32_t goaway_code;
    bool goaway;                        /* came */
    bool denied;                        /* it died since our client certificate was refused */
    bool paused;                        /* nghttp2 has to be called again, even without more bytes */
    bool inside;                        /* nghttp2 */
    bool failed;                        /* nghttp2 has, and must not be called for more bytes */
    bool windows_opened;
    bool burst;                         /* the last read has brought a buffer full */
    bool full;                          /* the output had no room for the last frame */
    bool ending;                        /* in order: h2_traffic_end was called, or nothing was lost */
    int32_t reset_id;                   /* the stream for which RST_STREAM came last */
    size_t lost;                        /* tunnels that were open when it died */
    int32_t fault_id;                   /* the stream on which the other side broke the rules last */
    char fault[H2_FAULT_MAX];           /* how, in nghttp2's words, for `left`; or "" */
    char why[H2_WHY_MAX];               /* it is dead, or is to die; printable */
    char end_why[H2_WHY_MAX];           /* the same for when it has ended */
};

/* Why it is to end, unless that is said already; h2_traffic.h ends it soon.  why is copied. */
void h2_session_stop(struct h2_session *session, const char *why);

bool h2_session_may_go_on(const struct h2_session *session);
bool h2_session_is_dead(const struct h2_session *session);

/* Something was submitted to nghttp2: it is sent at the end of the turn. */
void h2_session_push(struct h2_session *session);

/* The member with that stream, or NULL. */
struct h2_member *h2_session_find(struct h2_session *session, int32_t id);

/* The member leaves at once, with RST_STREAM of that code if it is still open; it is told nothing more. */
void h2_session_leave(struct h2_session *session, struct h2_member *member, uint32_t code);

/* It has left: its stream has ended.  News that it has are still told. */
void h2_session_detach(struct h2_session *session, struct h2_member *member);

/* news of the member is called soon. */
void h2_session_tell(struct h2_session *session, struct h2_member *member);

/* The kind of a member, its only writer. */
void h2_session_set_kind(struct h2_session *session, struct h2_member *member, enum h2_member_kind kind);

/* The member could not send: it waits at the end of the line, for room in the output or for a window.  One that is not
 * in line may leave it. */
void h2_session_wait(struct h2_session *session, struct h2_member *member, bool for_room);
void h2_session_leave_line(struct h2_session *session, struct h2_member *member);

/* What stood still since then goes on; *since is 0 after that. */
void h2_session_went_on(struct h2_session *session, uint64_t *since);

/* What RST_STREAM with that code is to a person; static. */
const char *h2_session_reset_text(uint32_t code);

/* Since when the upload that stands still for longest does, in ms of the loop's clock; 0: none does. */
uint64_t h2_session_still_since(const struct h2_session *session);

#endif
