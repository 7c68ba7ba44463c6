#include "auth/curl_socket.h"

#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 16384 /* bytes of the send buffer towards libcurl, which reads them one by one within one turn */
#define QUEUE 8    /* more than 1, so that another process that connects first does not keep our own connect() out */

/* --- the listening socket: it accepts one connection, of this process only --- */

/* A closed one is fine. */
static void listening_close(struct listening *listening)
{
    if (listening->fd >= 0)
        close(listening->fd);
    listening->fd = -1;
}

/* False: errno says why. */
static bool listening_open(struct listening *listening)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNIX};
    int error;

    listening->length = sizeof listening->address;
    listening->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listening->fd < 0)
        return false;
    if (bind(listening->fd, &nowhere, offsetof(struct sockaddr, sa_data)) == 0 &&
        listen(listening->fd, QUEUE) == 0 &&
        getsockname(listening->fd, &listening->address, &listening->length) == 0) {
        if (listening->length > offsetof(struct sockaddr, sa_data) && listening->length <= sizeof listening->address)
            return true;
        errno = EAFNOSUPPORT;
    }
    error = errno;
    listening_close(listening);
    errno = error;
    return false;
}

static bool is_ours(int fd)
{
    struct ucred who;
    socklen_t size = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.pid == getpid();
}

/* To be called after libcurl's connect(): closes the listening socket and returns the accepted end, non-blocking and
 * close-on-exec, which the caller owns.  Connections of other processes are closed.  -1: none was of this process, or
 * no descriptor is left; see errno. */
static int listening_accept(struct listening *listening)
{
    int fd, error;

    for (;;) {
        fd = accept4(listening->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 || is_ours(fd))
            break;
        close(fd);
    }
    error = errno;
    listening_close(listening);
    errno = error;
    return fd;
}

/* --- the connection --- */

void curl_socket_init(struct curl_socket *curl_socket)
{
    *curl_socket = (struct curl_socket){.listening = {.fd = -1}, .inner = -1};
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *where)
{
    struct curl_socket *curl_socket = arg;

    (void)purpose;
    if (curl_socket->inner >= 0 || (curl_socket->used && !curl_socket->again))
        return CURL_SOCKET_BAD;
    curl_socket->used = true;
    if (listening_open(&curl_socket->listening))
        curl_socket->inner = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (curl_socket->inner < 0) {
        curl_socket->error = errno;
        return CURL_SOCKET_BAD;
    }
    where->family = AF_UNIX;
    where->protocol = 0;
    where->addrlen = curl_socket->listening.length;
    where->addr = curl_socket->listening.address;
    curl_socket->opened(curl_socket->arg);
    return curl_socket->inner;
}

static int close_socket(void *arg, curl_socket_t fd)
{
    struct curl_socket *curl_socket = arg;

    if (fd == curl_socket->inner)
        curl_socket->inner = -1;
    return close(fd);
}

bool curl_socket_set(struct curl_socket *curl_socket, CURL *easy, void (*opened)(void *arg), void *arg)
{
    curl_socket->opened = opened;
    curl_socket->arg = arg;
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, curl_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, curl_socket) == CURLE_OK;
}

bool curl_socket_enter(struct curl_socket *curl_socket, struct loop *loop)
{
    const int room = ROOM;
    int fd = listening_accept(&curl_socket->listening);

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
    listening_close(&curl_socket->listening);
    transport_close(curl_socket->outer);
    if (curl_socket->inner >= 0)
        close(curl_socket->inner);
    curl_socket->inner = -1;
    curl_socket->outer = NULL;
}
