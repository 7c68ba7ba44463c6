/* SPDX-License-Identifier: ISC */
/* How long to wait before connections are made ahead of need (pool.h), so that thousands of programs that lost theirs
 * at one time do not come back at one time.  Pure: the caller passes a random number, of which each is equally likely.
 *
 * All times are in milliseconds; age is `preconnect-age`, places are those of `preconnect`, 1 or more. */
#ifndef SALLYPORT_REFILL_H
#define SALLYPORT_REFILL_H

#include <stddef.h>
#include <stdint.h>

#define REFILL_REST_FIRST_MS 5000u /* what one that could not be made costs: no session waits for this */
#define REFILL_REST_MOST_MS 60000u /* ten thousand desktops whose proxy is down are 167 attempts a second */
#define REFILL_LEISURE_MS 35000u   /* within so long a place is filled that was not missed for the first time: a proxy
                                    * that has dropped all its ten thousand gets 286 a second back, and those that are
                                    * made in the last seconds of it meet no more renewals of the first than usual */

/* Behind so many failures in a row, 1 or more: REST_FIRST, doubled by each further one up to REST_MOST; longer or
 * shorter by up to half, so that those that failed together do not try again together. */
uint32_t refill_rest(unsigned failures, uint32_t random);

/* After the loss of one that had stood, or when a proxy is asked again that wanted no connections: any time up to
 * LEISURE, or three quarters of the age. */
uint32_t refill_return(uint32_t age, uint32_t random);

/* Between one place and the next, when all were empty: as long as it is between two renewals when all are filled, or
 * LEISURE; longer or shorter by up to half.  So nobody ever asks for more than in quiet times. */
uint32_t refill_pace(uint32_t age, size_t places, uint32_t random);

/* How old one grows before a successor is made: from three quarters to seven eighths of the age, so that those that
 * were made together are not renewed together. */
uint32_t refill_renewal(uint32_t age, uint32_t random);

#endif
