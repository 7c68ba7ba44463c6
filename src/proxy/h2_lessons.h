/* SPDX-License-Identifier: ISC */
/* What connections to proxies have taught of their HTTP/2: how many tunnels one carries, promised and in truth, and
 * which version was chosen last.  Pure: the caller passes the time, now_ms, in milliseconds of any monotonic clock.
 * Proxies are copied. */
#ifndef SALLYPORT_H2_LESSONS_H
#define SALLYPORT_H2_LESSONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

#define H2_LESSONS_MAX 32        /* proxies; then the one that taught nothing for the longest time is replaced.  Only
                                  * proxies of the configuration or the environment teach */
#define H2_LESSON_MS 3600000u    /* how long a number of tunnels holds that experience has shown */

/* Zeroed memory has learned nothing. */
struct h2_lessons {
    size_t count;
    uint64_t order;
    struct h2_lesson {
        struct endpoint proxy;
        uint64_t touched;        /* by order */
        size_t shown;            /* tunnels that it serves on one connection; 0: not known */
        uint64_t shown_until;    /* ms */
        bool promises;           /* a connection of HTTP/2 was there */
        uint32_t promised;       /* its SETTINGS_MAX_CONCURRENT_STREAMS */
        bool is_h1;              /* it chose HTTP/1.1 last */
    } at[H2_LESSONS_MAX];
};

/* It served so many tunnels (at least 1) on one connection, and did not serve another one. */
void h2_lessons_show(struct h2_lessons *lessons, const struct endpoint *proxy, uint64_t now_ms, size_t tunnels);

/* It carries so many on one connection at this moment: what was shown is that at least, if anything was.  True: it is
 * more now. */
bool h2_lessons_carry(struct h2_lessons *lessons, const struct endpoint *proxy, uint64_t now_ms, size_t tunnels);

/* What was shown; 0: nothing, or it is too long ago. */
size_t h2_lessons_shown(const struct h2_lessons *lessons, const struct endpoint *proxy, uint64_t now_ms);

/* It speaks HTTP/2, and has set SETTINGS_MAX_CONCURRENT_STREAMS to this. */
void h2_lessons_promise(struct h2_lessons *lessons, const struct endpoint *proxy, uint32_t streams);

/* Whether it has ever; and in *streams what it promised last. */
bool h2_lessons_promised(const struct h2_lessons *lessons, const struct endpoint *proxy, uint32_t *streams);

/* Which version it chose, HTTP/1.1 or not; and whether that was HTTP/1.1 the last time. */
void h2_lessons_choose(struct h2_lessons *lessons, const struct endpoint *proxy, bool h1);
bool h2_lessons_chose_h1(const struct h2_lessons *lessons, const struct endpoint *proxy);

#endif
