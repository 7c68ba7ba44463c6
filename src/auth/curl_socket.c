/* SPDX-License-Identifier: ISC */
#include "auth/curl_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sockets.h"

#define ROOM 16384 /* bytes of the send buffer towards libcurl, which reads them one by one within one turn */

/* It is ours until curl_socket_close, then libcurl's until the last of the sockets is closed. */
struct curl_socket_end {
    struct curl_socket *owner; /* NULL: gone */
    unsigned open;             /* sockets that libcurl has */
};

static void end_left(struct curl_socket_end *end)
{
    if (!end->owner && end->open == 0)
        free(end);
}

void curl_socket_init(struct curl_socket *curl_socket)
{
    *curl_socket = (struct curl_socket){.listener = {.fd = -1}, .inner = -1};
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *where)
{
    struct curl_socket *curl_socket = arg;

    (void)purpose;
    if (curl_socket->inner >= 0 || (curl_socket->used && !curl_socket->again))
        return CURL_SOCKET_BAD;
    curl_socket->used = true;
    if (own_listener_open(&curl_socket->listener))
        curl_socket->inner = sockets_open(AF_UNIX, SOCK_STREAM, SOCKETS_RETURN);
    if (curl_socket->inner < 0) {
        curl_socket->error = errno;
        return CURL_SOCKET_BAD;
    }
    curl_socket->end->open++;
    where->family = AF_UNIX;
    where->protocol = 0;
    where->addrlen = curl_socket->listener.length;
    where->addr = curl_socket->listener.address;
    curl_socket->opened(curl_socket->arg);
    return curl_socket->inner;
}

static int close_socket(void *arg, curl_socket_t fd)
{
    struct curl_socket_end *end = arg;
    int result = close(fd);

    if (end->owner && end->owner->inner == fd)
        end->owner->inner = -1;
    end->open--;
    end_left(end);
    return result;
}

bool curl_socket_set(struct curl_socket *curl_socket, CURL *easy, void (*opened)(void *arg), void *arg)
{
    curl_socket->opened = opened;
    curl_socket->arg = arg;
    if (!curl_socket->end && (curl_socket->end = calloc(1, sizeof *curl_socket->end)))
        curl_socket->end->owner = curl_socket;
    return curl_socket->end &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, curl_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, curl_socket->end) == CURLE_OK;
}

bool curl_socket_enter(struct curl_socket *curl_socket, struct loop *loop)
{
    const int room = ROOM;
    int fd = own_listener_accept(&curl_socket->listener);

    if (fd < 0) {
        curl_socket->error = errno;
        return false;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    transport_close(curl_socket->outer);
    curl_socket->outer = transport_from_socket(loop, fd);
    if (!curl_socket->outer)
        curl_socket->error = ENOMEM;
    return curl_socket->outer;
}

struct transport *curl_socket_take_outer(struct curl_socket *curl_socket)
{
    struct transport *outer = curl_socket->outer;

    curl_socket->outer = NULL;
    return outer;
}

size_t curl_socket_unread(const struct curl_socket *curl_socket)
{
    int unread = 0;

    return ioctl(curl_socket->inner, FIONREAD, &unread) == 0 && unread > 0 ? (size_t)unread : 0;
}

bool curl_socket_take_unread(struct curl_socket *curl_socket, char *bytes, size_t length)
{
    return length == 0 || recv(curl_socket->inner, bytes, length, 0) == (ssize_t)length;
}

void curl_socket_close(struct curl_socket *curl_socket)
{
    own_listener_close(&curl_socket->listener);
    transport_close(curl_socket->outer);
    if (curl_socket->end) {
        curl_socket->end->owner = NULL;
        end_left(curl_socket->end);
    }
    curl_socket->end = NULL;
    curl_socket->inner = -1;
    curl_socket->outer = NULL;
}
