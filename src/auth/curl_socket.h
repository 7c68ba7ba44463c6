/* SPDX-License-Identifier: ISC */
/* A connection that libcurl believes it made: libcurl has one end, we have the other, and nothing is dialed.  libcurl
 * 7.88 calls connect() even when it is told that a socket is connected already, so it is given an address to connect
 * to, of an own_listener. */
#ifndef SALLYPORT_CURL_SOCKET_H
#define SALLYPORT_CURL_SOCKET_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "auth/own_listener.h"
#include "base/loop.h"
#include "net/transport.h"

struct curl_socket_end;

struct curl_socket {
    struct own_listener listener; /* until libcurl has connected */
    struct curl_socket_end *end; /* what libcurl knows of us while it has sockets, which may be longer than we are */
    int inner;               /* libcurl's end; -1: not made yet, or closed by libcurl */
    bool used;               /* libcurl has asked for a connection */
    bool again;              /* it may have another one when it has closed the one before; set before curl_socket_set */
    struct transport *outer; /* ours, of the last connection, or NULL */
    int error;               /* errno of the failure, or 0 */
    void (*opened)(void *arg);
    void *arg;
};

/* Makes the handle connect through this socket.  opened is called from within libcurl when it wants a connection:
 * curl_socket_enter must be called after that, but not from within opened.  A handle gets one connection; a second
 * one fails, unless `again` is set.  False: libcurl did not take an option, or out of memory. */
bool curl_socket_set(struct curl_socket *curl_socket, CURL *easy, void (*opened)(void *arg), void *arg);

/* To be called after opened, when libcurl has connected: makes outer, and closes the one before.  False: see error. */
bool curl_socket_enter(struct curl_socket *curl_socket, struct loop *loop);

/* Returns outer, which the caller owns from now on. */
struct transport *curl_socket_take_outer(struct curl_socket *curl_socket);

/* How many bytes libcurl has not read, and a way to take exactly that many.  Only while libcurl's end is open: before
 * its handle is removed from the multi handle.  False: that many could not be taken. */
size_t curl_socket_unread(const struct curl_socket *curl_socket);
bool curl_socket_take_unread(struct curl_socket *curl_socket, char *bytes, size_t length);

/* curl_socket_init comes first: zeroed memory is not a valid socket.  curl_socket_close comes after curl_easy_cleanup
 * of the handle.  libcurl's end is libcurl's to close: newer ones say farewell by TLS when the handle is gone, and
 * close it some turns later, or with the multi handle. */
void curl_socket_init(struct curl_socket *curl_socket);
void curl_socket_close(struct curl_socket *curl_socket);

#endif
