#include "net/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

static void set_number(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

#ifdef TCP_CONGESTION
static const char *const plain[] = {"cubic", "reno"};

/* Whether the system's default congestion control is a plain one.  Asked once: it is the same for all sockets. */
static bool starts_plain(int fd)
{
    static enum { UNKNOWN, PLAIN, OTHER } known;
    char name[16] = "";
    socklen_t size = sizeof name - 1;

    if (known == UNKNOWN && getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0)
        known = strcmp(name, plain[0]) == 0 || strcmp(name, plain[1]) == 0 ? PLAIN : OTHER;
    return known == PLAIN;
}
#endif

/* On loopback there is no path to learn about, and a congestion control that paces (bbr) costs two thirds of the
 * throughput there. */
static void plain_congestion_on_loopback(int fd, const struct address *address)
{
#ifdef TCP_CONGESTION
    if (!address_is_loopback(address) || starts_plain(fd))
        return;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plain[i], (socklen_t)strlen(plain[i])) == 0)
            return;
#else
    (void)fd, (void)address;
#endif
}

void socket_options_set_listener(int fd, const struct address *local)
{
    set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_number(fd, SOL_SOCKET, SO_OOBINLINE, 1); /* urgent data stays part of the stream */
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (local->any.sa_family == AF_INET6)
        set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    plain_congestion_on_loopback(fd, local);
}

void socket_options_set_upstream(int fd, const struct address *remote, uint32_t keepalive_ms)
{
    int seconds = (int)(keepalive_ms / 1000), interval = seconds / 4 > 0 ? seconds / 4 : 1;
    const struct {
        int level, option, value;
    } wishes[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {SOL_SOCKET, SO_OOBINLINE, 1},
#ifdef TCP_KEEPIDLE
        {IPPROTO_TCP, TCP_KEEPIDLE, seconds},
        {IPPROTO_TCP, TCP_KEEPINTVL, interval},
#endif
#ifdef TCP_USER_TIMEOUT
        {IPPROTO_TCP, TCP_USER_TIMEOUT, (int)keepalive_ms}, /* takes the place of TCP_KEEPCNT (tcp(7)) */
#elif defined TCP_KEEPCNT
        {IPPROTO_TCP, TCP_KEEPCNT, 4},
#endif
    };

    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        set_number(fd, wishes[i].level, wishes[i].option, wishes[i].value);
    plain_congestion_on_loopback(fd, remote);
}

void socket_options_set_patience(int fd, uint32_t ms)
{
#ifdef TCP_USER_TIMEOUT
    set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)ms);
#else
    (void)fd, (void)ms;
#endif
}

bool socket_options_break(int fd)
{
#ifdef __linux__
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    int listens = 0;
    socklen_t size = sizeof listens;

    /* connect(2): this dissolves the association; it would end a listener, too */
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && !listens &&
           connect(fd, &nobody, sizeof nobody) == 0;
#else
    (void)fd;
    return false;
#endif
}
