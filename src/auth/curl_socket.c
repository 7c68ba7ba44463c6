#include "auth/curl_socket.h"

#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 16384 /* bytes between our end and libcurl, which takes them one by one within one turn */
#define QUEUE 8    /* somebody who is quicker than our own connect() shall not keep it out */

/* --- the hatch: one connection of this very process is let in --- */

/* A closed one is fine. */
static void hatch_close(struct hatch *hatch)
{
    if (hatch->listening >= 0)
        close(hatch->listening);
    hatch->listening = -1;
}

/* False: errno says why. */
static bool hatch_open(struct hatch *hatch)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNIX};
    int error;

    hatch->length = sizeof hatch->address;
    hatch->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (hatch->listening < 0)
        return false;
    if (bind(hatch->listening, &nowhere, offsetof(struct sockaddr, sa_data)) == 0 &&
        listen(hatch->listening, QUEUE) == 0 &&
        getsockname(hatch->listening, &hatch->address, &hatch->length) == 0) {
        if (hatch->length > offsetof(struct sockaddr, sa_data) && hatch->length <= sizeof hatch->address)
            return true;
        errno = EAFNOSUPPORT;
    }
    error = errno;
    hatch_close(hatch);
    errno = error;
    return false;
}

static bool is_ours(int fd)
{
    struct ucred who;
    socklen_t size = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.pid == getpid();
}

/* Behind the connect(): returns the other end, non-blocking and close-on-exec, the caller's now, and closes the hatch.
 * Connections of other processes are turned away.  -1: there was none of ours, or no descriptor; see errno. */
static int hatch_accept(struct hatch *hatch)
{
    int fd, error;

    for (;;) {
        fd = accept4(hatch->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 || is_ours(fd))
            break;
        close(fd);
    }
    error = errno;
    hatch_close(hatch);
    errno = error;
    return fd;
}

/* --- the connection --- */

void curl_socket_init(struct curl_socket *lane)
{
    *lane = (struct curl_socket){.hatch = {.listening = -1}, .inner = -1};
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *where)
{
    struct curl_socket *lane = arg;

    (void)purpose;
    if (lane->used)
        return CURL_SOCKET_BAD;
    lane->used = true;
    if (hatch_open(&lane->hatch))
        lane->inner = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (lane->inner < 0) {
        lane->error = errno;
        return CURL_SOCKET_BAD;
    }
    where->family = AF_UNIX;
    where->protocol = 0;
    where->addrlen = lane->hatch.length;
    where->addr = lane->hatch.address;
    lane->opened(lane->arg);
    return lane->inner;
}

static int close_socket(void *arg, curl_socket_t fd)
{
    struct curl_socket *lane = arg;

    if (fd == lane->inner)
        lane->inner = -1;
    return close(fd);
}

bool curl_socket_set(struct curl_socket *lane, CURL *easy, void (*opened)(void *arg), void *arg)
{
    lane->opened = opened;
    lane->arg = arg;
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, lane) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, lane) == CURLE_OK;
}

bool curl_socket_enter(struct curl_socket *lane, struct loop *loop)
{
    const int room = ROOM;
    int fd = hatch_accept(&lane->hatch);

    if (fd < 0) {
        lane->error = errno;
        return false;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    lane->outer = transport_from_socket(loop, fd);
    if (!lane->outer)
        lane->error = ENOMEM;
    return lane->outer;
}

struct transport *curl_socket_take_outer(struct curl_socket *lane)
{
    struct transport *outer = lane->outer;

    lane->outer = NULL;
    return outer;
}

size_t curl_socket_unread(const struct curl_socket *lane)
{
    int unread = 0;

    return ioctl(lane->inner, FIONREAD, &unread) == 0 && unread > 0 ? (size_t)unread : 0;
}

bool curl_socket_take_unread(struct curl_socket *lane, char *bytes, size_t length)
{
    return length == 0 || recv(lane->inner, bytes, length, 0) == (ssize_t)length;
}

void curl_socket_close(struct curl_socket *lane)
{
    hatch_close(&lane->hatch);
    transport_close(lane->outer);
    if (lane->inner >= 0)
        close(lane->inner);
    lane->inner = -1;
    lane->outer = NULL;
}
