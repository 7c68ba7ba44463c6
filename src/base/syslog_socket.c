/* SPDX-License-Identifier: ISC */
#include "base/syslog_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/sockets.h"

#define HEAD_BYTES 80 /* priority, time, name and number of the process */
#define TEXT_MAX 2048 /* of a message; log lines are no longer */

static int fd = -1;
static const char *place;

static bool connect_to_place(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int error;

    if (!place || strlen(place) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, place, strlen(place));
    fd = sockets_open(AF_UNIX, SOCK_DGRAM, SOCKETS_RETURN);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return true;
    error = errno;
    if (fd >= 0)
        close(fd);
    fd = -1;
    errno = error;
    return false;
}

bool syslog_socket_open(const char *path)
{
    syslog_socket_close();
    place = path;
    return connect_to_place();
}

void syslog_socket_close(void)
{
    if (fd >= 0)
        close(fd);
    fd = -1;
    place = NULL;
}

/* "<30>Jan  2 15:04:05 sallyport[123]: " */
static size_t write_head(char head[HEAD_BYTES], int priority)
{
    time_t now = time(NULL);
    struct tm parts;
    char when[32] = "";
    int length;

    if (localtime_r(&now, &parts))
        strftime(when, sizeof when, "%b %e %H:%M:%S", &parts);
    length = snprintf(head, HEAD_BYTES, "<%d>%s sallyport[%ld]: ", LOG_DAEMON | priority, when, (long)getpid());
    return length < 0 ? 0 : length < HEAD_BYTES ? (size_t)length : HEAD_BYTES - 1;
}

static bool send_message(const char *message, size_t length)
{
    return fd >= 0 && send(fd, message, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* Whether the last call failed because the reader is slow; anything else means that he has gone. */
static bool is_only_slow(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == EINTR;
}

bool syslog_socket_send(int priority, const char *text, size_t length)
{
    char message[HEAD_BYTES + TEXT_MAX];
    size_t at = write_head(message, priority), size = length < TEXT_MAX ? length : TEXT_MAX;

    memcpy(message + at, text, size);
    if (send_message(message, at + size))
        return true;
    if (fd >= 0 && is_only_slow())
        return false;
    if (fd >= 0)
        close(fd);
    fd = -1;
    return connect_to_place() && send_message(message, at + size);
}
