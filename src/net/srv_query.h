/* SPDX-License-Identifier: ISC */
/* Asks the name servers for SRV records.  The call for it is another one in each generation of c-ares, and so is the
 * form of what comes back; here it is a DNS message in all of them, for srv_read. */
#ifndef SALLYPORT_SRV_QUERY_H
#define SALLYPORT_SRV_QUERY_H

#include <ares.h>
#include <stddef.h>

/* status is c-ares's.  With ARES_SUCCESS the message, borrowed for the call, is whole and an answer to the question;
 * otherwise it is NULL and length 0. */
typedef void srv_query_fn(void *arg, int status, const unsigned char *message, size_t length);

/* Asks for name, such as "_imap._tcp.example.net", and calls answered exactly once: maybe from within this call, at the
 * latest when the channel is destroyed. */
void srv_query(ares_channel channel, const char *name, srv_query_fn *answered, void *arg);

#endif
