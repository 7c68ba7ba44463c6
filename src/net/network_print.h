/* SPDX-License-Identifier: ISC */
/* Which network this machine is in, as far as networks are told apart here: the addresses that count, and the way out.
 * Made of what the Linux kernel answers to a few questions (rtnetlink(7)).
 *
 * An address counts while its link is up, unless it is one of loopback or of the link alone, temporary, deprecated, or
 * not usable yet.  The way out is where a packet to a far address would go, so that it does not matter by which table
 * or rule a VPN takes all of them: the link, and the router unless that has a link-local address, as each of several in
 * one network of IPv6 has.  Lifetimes and metrics are left out.
 *
 * No socket.  All that is read is bounded and checked. */
#ifndef SALLYPORT_NETWORK_PRINT_H
#define SALLYPORT_NETWORK_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_PRINT_ADDRESSES_MAX 1024 /* that count; what is beyond them is left out */
#define NETWORK_PRINT_LINKS_MAX 4096     /* the links beyond them are taken for up */
#define NETWORK_PRINT_MESSAGES_MAX 65536 /* of one answer: a kernel that says more has something else in mind */

struct network_print;

/* One without any address, link or way; NULL: out of memory.  free: NULL is fine. */
struct network_print *network_print_new(void);
void network_print_free(struct network_print *print);

/* The questions, to be asked one after the other: messages for the kernel, with a number of the caller's that the
 * answers bear.  Writes one into out and returns its length. */
#define NETWORK_PRINT_QUESTIONS 4
#define NETWORK_PRINT_QUESTION_MAX 64
size_t network_print_question(unsigned question, uint32_t sequence, unsigned char out[NETWORK_PRINT_QUESTION_MAX]);

enum network_print_answer {
    NETWORK_PRINT_MORE,   /* the answer goes on */
    NETWORK_PRINT_WHOLE,  /* that was all */
    NETWORK_PRINT_BROKEN, /* it is no answer, or what it describes has changed meanwhile */
};

/* Takes over what the kernel answers to a question, one datagram after the other; messages with another number are
 * passed over. */
enum network_print_answer network_print_read(struct network_print *print, unsigned question, uint32_t sequence,
                                             const void *bytes, size_t length);

/* Whether something that the kernel tells unasked may make a difference to this print; one that cannot be read may. */
bool network_print_is_news(const struct network_print *print, const void *bytes, size_t length);

/* Whether both are of the same network. */
bool network_print_equal(const struct network_print *a, const struct network_print *b);

#endif
