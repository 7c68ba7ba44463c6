/* A connection that libcurl believes to have made: it holds one end of a pair, we the other, and nothing is dialed.
 * libcurl 7.88 calls connect() even when it is told that a socket is connected already, so it is given an address to
 * connect to: a listening AF_UNIX socket without a place in the file system (unix(7), "autobind").  Linux has such
 * sockets; elsewhere nothing can be opened. */
#ifndef SALLYPORT_CURL_SOCKET_H
#define SALLYPORT_CURL_SOCKET_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "net/transport.h"

/* Private: the way in for one connection. */
struct listening {
    int fd;                  /* -1: closed */
    struct sockaddr address; /* where to connect(): its name is so short that this holds all of it */
    socklen_t length;
};

struct curl_socket {
    struct listening listening; /* until libcurl has connected */
    int inner;               /* libcurl's end, or -1: it has closed it */
    bool used;               /* libcurl has had its connection */
    struct transport *outer; /* ours, or NULL */
    int error;               /* errno of what failed, or 0 */
    void (*opened)(void *arg);
    void *arg;
};

/* Makes it the way in which a handle connects.  opened is called from within libcurl when it wants the connection:
 * curl_socket_enter is due behind that, not in it.  A handle gets one connection; asking for a second one fails. */
bool curl_socket_set(struct curl_socket *curl_socket, CURL *easy, void (*opened)(void *arg), void *arg);

/* libcurl has connected: makes outer.  False: see error. */
bool curl_socket_enter(struct curl_socket *curl_socket, struct loop *loop);

/* Hands outer over: the caller's now. */
struct transport *curl_socket_take_outer(struct curl_socket *curl_socket);

/* How many bytes libcurl has not read, and taking all of them, while its end is open: before its handle is removed
 * from the multi handle.  False: that many could not be taken. */
size_t curl_socket_unread(const struct curl_socket *curl_socket);
bool curl_socket_take_unread(struct curl_socket *curl_socket, char *bytes, size_t length);

/* When libcurl is done with its handle (curl_easy_cleanup).  Zeroed memory is no such socket: curl_socket_init
 * first. */
void curl_socket_init(struct curl_socket *curl_socket);
void curl_socket_close(struct curl_socket *curl_socket);

#endif
