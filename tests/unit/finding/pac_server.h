/* SPDX-License-Identifier: ISC */
/* A web server on loopback that answers as the test says, in a thread of its own: what asks it is libcurl, which wants
 * a real socket. */
#ifndef SALLYPORT_PAC_SERVER_H
#define SALLYPORT_PAC_SERVER_H

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

struct pac_server;

/* Listens on a port of its own.  tls: borrowed, a server's context; NULL: without TLS. */
struct pac_server *pac_server_start(SSL_CTX *tls);
uint16_t pac_server_port(const struct pac_server *server);

/* Ends the thread and all connections. */
void pac_server_stop(struct pac_server *server);

/* What each connection gets from now on when it has asked; copied.  Then it is closed. */
void pac_server_say(struct pac_server *server, const char *answer);
void pac_server_say_bytes(struct pac_server *server, const void *answer, size_t length);

/* The same, but it stays open. */
void pac_server_hang(struct pac_server *server, const char *answer);

/* How many have asked so far (connections without a request do not count), and what the last one said. */
unsigned pac_server_asked(struct pac_server *server);
const char *pac_server_heard(struct pac_server *server);

/* Lets the stage go on until so many have been told, or until so many have asked; the test fails when they are not.
 * The server has a thread of its own: virtual time passes no faster than the real one. */
void pac_server_wait_told(const unsigned *told, unsigned count);
void pac_server_wait_asked(struct pac_server *server, unsigned count);

#endif
