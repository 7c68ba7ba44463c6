/* SPDX-License-Identifier: ISC */
/* Serves one client from accept to close.
 *
 *     ACCEPTED -> OPENING -> PIPING -> DEAD
 *         \          \          \-> (no greeting in time)
 *          \----------\-------------> DRAINING -> DEAD
 *
 * DRAINING: the client was told in its own protocol why there is no tunnel, and has a moment to read that. */
#ifndef SALLYPORT_SESSION_H
#define SALLYPORT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "config/config.h"
#include "net/transport.h"
#include "proxy/tunnel.h"
#include "session/origin.h"

struct sessions; /* all sessions of the process */
struct session;

/* Called at the end of each session.  well: its tunnel was opened and both streams came to their end. */
typedef void sessions_ended_fn(void *arg, bool well);

/* services is borrowed and must outlive the sessions; ended may be NULL.  NULL: out of memory. */
struct sessions *sessions_new(const struct services *services, sessions_ended_fn *ended, void *arg);

/* Ends all sessions that are left, with a reset.  NULL is fine. */
void sessions_free(struct sessions *sessions);

/* There is only one session, over standard input and output.  It ends when the server ends its stream, and an error
 * at its end is logged as a warning. */
void sessions_set_lone(struct sessions *sessions);

/* The number of sessions, those that are being refused included. */
size_t sessions_count(const struct sessions *sessions);

/* A session as status shows it; all texts are borrowed for the call. */
struct session_facts {
    const char *name;     /* "imap/work #12" */
    const char *listener; /* "imap/work" */
    const char *state;    /* "opening", "piping", "draining" */
    uint64_t age_ms;
    uint64_t in, out;     /* bytes from and to the client */
    const char *from, *on; /* addresses of the client and of the socket that it came to, of a reverse session as the
                            * relay told them; "" when they are not known */
    const char *via;      /* URL of the proxy, or host:port of a target dialed directly; "" until the tunnel is open */
    bool switched;        /* the proxy answered 101 */
};

/* Calls see for at most `most` sessions with a number below that, the newest first.  Returns the number of the last
 * one, to be passed for those that follow; 0: there are no more.  The first call passes SESSIONS_NEWEST. */
#define SESSIONS_NEWEST UINT64_MAX
uint64_t sessions_some(const struct sessions *sessions, uint64_t below, size_t most,
                       void (*see)(void *arg, const struct session_facts *facts), void *arg);

/* How many sessions a listener of that name has; and how many there are of all reverse sections together. */
size_t sessions_count_of(const struct sessions *sessions, const char *listener);
size_t sessions_count_reverse(const struct sessions *sessions);

/* Number of sessions, and bytes from and to clients, since the start, ended sessions included. */
struct session_sums {
    uint64_t sessions, in, out;
};
struct session_sums sessions_sums(const struct sessions *sessions);

/* A client to be served. */
struct session_params {
    struct config *config;                  /* a reference is taken */
    const struct listener_config *listener; /* of that config: a listener, or the home of a reverse section */
    struct transport *client;               /* the session's from now on */
    const char *from;                       /* for the log: "from=127.0.0.1:53422 uid=1000" */
    const struct origin *origin;            /* of a reverse session, copied; NULL: the client came to us */
};

/* Starts serving a client; out of memory, it is reset, and nobody is told.  One that there can be no session for is
 * refused: when there are too many, or when the server could not be told whose session it is (origin_suffices). */
void session_start(struct sessions *sessions, const struct session_params *params);

/* The next number, for the line of a client in the log that gets no session. */
uint64_t sessions_take_number(struct sessions *sessions);

/* One step of a graceful stop: refuses sessions whose tunnel is not open yet, and resets those in which no byte has
 * moved for SESSIONS_QUIET_MS.  Call it again until sessions_count is 0 or the time for stopping is over. */
#define SESSIONS_QUIET_MS 3000 /* a server may need as long before it answers */
void sessions_wind_down(struct sessions *sessions);

#endif
