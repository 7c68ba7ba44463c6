/* SPDX-License-Identifier: ISC */
/* Random numbers for what is to be spread: waits, renewals, the order of servers.  They differ from process to process
 * and from machine to machine, so that many programs that were started alike do not march in step.  Not for secrets. */
#ifndef SALLYPORT_CHANCE_H
#define SALLYPORT_CHANCE_H

#include <stdint.h>

/* A random number, each equally likely.  It comes from the system; where that has none, from the clock and the process
 * number.  Never fails. */
uint32_t chance_number(void);

#endif
