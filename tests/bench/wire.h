/* SPDX-License-Identifier: ISC */
/* Sockets, clock and last words, as the programs of the benchmark share them. */
#ifndef SALLYPORT_BENCH_WIRE_H
#define SALLYPORT_BENCH_WIRE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* Says what failed, and errno where `with_errno`; ends the program with status 1. */
void wire_die(bool with_errno, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* Nanoseconds of the monotonic clock. */
uint64_t wire_now(void);

/* A whole number from `least` to `most`; anything else in the text ends the program. */
unsigned wire_number(const char *text, unsigned least, unsigned most);

/* ADDRESS:PORT of IPv4; anything else ends the program. */
struct sockaddr_in wire_address(const char *text);

/* As many descriptors as the system lets this user have. */
void wire_raise_descriptors(void);

/* Starts to connect, without blocking and without delay of small segments.  The source address is 127.0.0.x for a
 * loopback address, x from `turn`, so that ports do not run out.  Gives the descriptor, or -1 with errno. */
int wire_connect(const struct sockaddr_in *to, unsigned turn);

/* Has a descriptor block. */
void wire_block(int fd);

/* What a client says to the echo that wants to be sent bytes without end, and is for that all that it says. */
#define WIRE_FLOOD "flood me"

/* A listener at a free port of this address, with the deepest backlog; the port is stored.  Ends the program when that
 * is impossible. */
int wire_listen(const struct sockaddr_in *at, uint16_t *port);

#endif
