/* SPDX-License-Identifier: ISC */
/* What became of the connections that were made ahead of need to one proxy (pool.h), and so how many of them are to be
 * made now, and when the next one.  Pure: the caller passes the time, now, in ms of any monotonic clock that is never
 * 0, and random numbers (refill.h).
 *
 * Each connection has a place, which is open or closed.  A place closes when its connection cannot be made, or is ended
 * by the proxy; all of them close with it where no other is ready, or while the proxy wants no connections.  They open
 * one by one: the first at the beginning or after a wait, and each further one only when the one before has been
 * made. */
#ifndef SALLYPORT_OUTLOOK_H
#define SALLYPORT_OUTLOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTLOOK_EARLY_MS 5000 /* one that the proxy ends before it is that old might as well not have been made */
#define OUTLOOK_ALL_LOST 3    /* the loss of all is as bad as so many failures: most likely it is down for all of its
                               * users, and those who are back first, and fail, are not to come again with the rest */

struct outlook {
    size_t places;       /* as many as `preconnect` says */
    uint32_t age;        /* ms: `preconnect-age` */
    size_t closed;       /* places that stay empty for now */
    uint64_t until;      /* then the next of them opens; 0: when the last one that opened has been filled */
    bool resting;        /* that is so because of a failure */
    bool unreached;      /* the last one could not even be connected */
    bool held;           /* all are closed, since the proxy wants no connections */
    unsigned failures;   /* in a row */
    uint64_t good_since; /* since then none has failed, and one was made; 0: that is not so */
    enum { OUTLOOK_UNKNOWN, OUTLOOK_H1, OUTLOOK_H2 } speaks; /* the version that it chose last */
};

/* What is wanted of it. */
struct outlook_wish {
    bool may_be_h2;   /* HTTP/2 is offered */
    bool one_of_h2;   /* if it speaks that: one is wanted (h2_pool_wants) */
};

/* Begins with one place open, so that whoever comes first finds a connection; the others follow when that has been
 * made, since thousands may begin at one time.  It owns nothing. */
void outlook_begin(struct outlook *outlook, size_t places, uint32_t age);

/* Opens all places, of one that has begun just now. */
void outlook_open(struct outlook *outlook);

/* How many there are to be if all goes well; and how many now, given what went wrong.  One of HTTP/2 does for all, and
 * until its version is known there is one, too. */
size_t outlook_full(const struct outlook *outlook, const struct outlook_wish *wish);
size_t outlook_now(const struct outlook *outlook, const struct outlook_wish *wish);

/* Whether none can be made at present: then another proxy is tried. */
bool outlook_is_bleak(const struct outlook *outlook);

/* One was made; h2: of HTTP/2.  It may still fail, so that of many places all but its own stay closed. */
void outlook_made(struct outlook *outlook, bool h2, uint64_t now, uint32_t random);

/* All places that are open are filled, and none had to be made for that: one that has stood all along is as good as one
 * that is made, and the next place follows. */
void outlook_filled(struct outlook *outlook, uint64_t now, uint32_t random);

/* One failed, or was ended before OUTLOOK_EARLY_MS.  Its place closes; if no other is ready, all do. */
void outlook_failed(struct outlook *outlook, bool another_is_ready, uint64_t now, uint32_t random);

/* Behind outlook_failed: that one could not be connected, in which a session would fare no better.  Holds until one is
 * made, fails in another way, or none is wanted. */
void outlook_note_unreached(struct outlook *outlook);

/* The proxy has ended one that had stood for longer, or one of HTTP/2 that served.  If no place is open then, a failure
 * to make one again weighs more (OUTLOOK_ALL_LOST). */
void outlook_lost(struct outlook *outlook, uint64_t now, uint32_t random);

/* The proxy wants no connections (held), or does not say so any more.  Each may be called again. */
void outlook_hold(struct outlook *outlook, bool held, uint64_t now, uint32_t random);

/* When outlook_go_on is to be called; 0: nothing is due. */
uint64_t outlook_next(const struct outlook *outlook);

/* Opens the next place if it is time. */
void outlook_go_on(struct outlook *outlook, uint64_t now, uint32_t random);

#endif
