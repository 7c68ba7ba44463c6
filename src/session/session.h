/* One client from accept to close.
 *
 *     ACCEPTED -> OPENING -> PIPING -> DEAD
 *         \          \          \-> (greeting does not come)
 *          \----------\-------------> DRAINING -> DEAD
 *
 * DRAINING: the client was told in its own protocol why there is no tunnel, and gets a moment to read it. */
#ifndef SALLYPORT_SESSION_H
#define SALLYPORT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "config/config.h"
#include "net/transport.h"
#include "proxy/tunnel.h"

struct sessions; /* all that there are */
struct session;

/* Is told, at the end of a session, whether its tunnel was opened and both streams came to their end. */
typedef void sessions_ended_fn(void *arg, bool well);

/* means must outlive it.  NULL: out of memory. */
struct sessions *sessions_new(const struct services *services, sessions_ended_fn *ended, void *arg);

/* Resets all that are left. */
void sessions_free(struct sessions *sessions);

/* There will be one session, of a person or a program at our standard input: it ends when the server ends its stream,
 * and how it ends is a matter of warnings. */
void sessions_set_lone(struct sessions *sessions);

size_t sessions_count(const struct sessions *sessions);

/* What can be told of a session; all texts are borrowed for the call. */
struct session_facts {
    const char *name;     /* "imap/work #12" */
    const char *listener; /* "imap/work" */
    const char *state;    /* "opening", "piping", "draining" */
    uint64_t age_ms;
    uint64_t in, out;     /* bytes from and to the client */
    const char *via;      /* once open: the proxy's URL, or host:port of the target dialed directly; else "" */
    bool switched;        /* the proxy answered 101 */
};

/* Shows each session, the newest first, and the sums over all that there have been (ended ones included). */
void sessions_each(const struct sessions *sessions, void (*see)(void *arg, const struct session_facts *facts),
                   void *arg);
struct session_sums {
    uint64_t sessions, in, out;
};
struct session_sums sessions_sums(const struct sessions *sessions);

/* Starts serving a client, whose transport is the session's from now on, closed even when there is no memory.  listener
 * belongs to config, which gets a reference.  from is for the log: "from=127.0.0.1:53422 uid=1000".  With a refusal,
 * the client is told that, and no tunnel is opened. */
void session_start(struct sessions *sessions, struct config *config, const struct listener_config *listener,
                   struct transport *client, const char *from, const struct failure *refusal);

/* One round of a graceful end: sessions that are opening are refused, those over which nothing has moved for
 * SESSIONS_QUIET_MS are reset.  Call it again until sessions_count is 0 or patience ends. */
#define SESSIONS_QUIET_MS 3000 /* a server may think that long before it answers */
void sessions_wind_down(struct sessions *sessions);

#endif
