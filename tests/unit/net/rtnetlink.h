/* SPDX-License-Identifier: ISC */
/* What the kernel says by rtnetlink, for tests: messages one behind the other in a datagram. */
#ifndef SALLYPORT_RTNETLINK_H
#define SALLYPORT_RTNETLINK_H

#include <stddef.h>
#include <stdint.h>

struct datagram {
    size_t length;
    unsigned char bytes[8192];
};

/* Adds a message to a datagram.  type is RTM_NEW... or RTM_DEL...; sequence 0: the kernel was not asked. */
void rtnetlink_link(struct datagram *datagram, unsigned type, uint32_t sequence, int index, unsigned flags);
void rtnetlink_address(struct datagram *datagram, unsigned type, uint32_t sequence, int index, const char *host,
                       unsigned prefix, unsigned flags);

/* destination: its length in bits; router may be NULL.  kind is RTN_UNICAST or another. */
void rtnetlink_route(struct datagram *datagram, unsigned type, uint32_t sequence, int family, unsigned destination,
                     unsigned kind, int link, const char *router);

/* The end of a list; an error. */
void rtnetlink_done(struct datagram *datagram, uint32_t sequence);
void rtnetlink_error(struct datagram *datagram, uint32_t sequence, int error);

/* Adds a flag to the last message, such as NLM_F_DUMP_INTR. */
void rtnetlink_flag(struct datagram *datagram, unsigned flag);

/* Forgets what was added. */
void rtnetlink_clear(struct datagram *datagram);

#endif
