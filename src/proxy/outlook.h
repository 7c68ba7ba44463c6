/* What became of the connections that were made ahead of need to one proxy (pool.h), and so how many of them are to be
 * made.  Pure. */
#ifndef SALLYPORT_OUTLOOK_H
#define SALLYPORT_OUTLOOK_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed memory knows nothing. */
struct outlook {
    size_t resting;   /* places left empty until outlook_retry */
    bool doubtful;    /* the last one failed when no other was ready: make one at a time */
    enum { OUTLOOK_UNKNOWN, OUTLOOK_H1, OUTLOOK_H2 } speaks; /* the version that it chose last */
};

/* What is wanted of it. */
struct outlook_wish {
    size_t places;    /* as many as `preconnect` says */
    bool may_be_h2;   /* HTTP/2 is offered */
    bool one_of_h2;   /* if it speaks that: one is wanted (h2_pool_wants) */
};

/* How many there are to be if all goes well; and how many now, given what went wrong.  One of HTTP/2 does for all, and
 * until its version is known there is one, too. */
size_t outlook_full(const struct outlook *outlook, const struct outlook_wish *wish);
size_t outlook_now(const struct outlook *outlook, const struct outlook_wish *wish);

/* Whether all places rest: then another proxy is tried. */
bool outlook_is_bleak(const struct outlook *outlook, size_t places);

/* One was made.  It may still fail, so that of many places all but its own stay empty. */
void outlook_made(struct outlook *outlook, size_t places, bool h2);

/* One failed, or was ended when it was just made.  Its place stays empty; if no other is ready, all places do. */
void outlook_failed(struct outlook *outlook, size_t places, bool another_is_ready);

/* It has rested. */
void outlook_retry(struct outlook *outlook);

#endif
