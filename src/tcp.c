#include "tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

static void set_number(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/* On loopback there is no path to learn about, and a congestion control that paces (bbr) costs two thirds of the
 * throughput there. */
static void plain_congestion_on_loopback(int fd, const struct address *address)
{
#ifdef TCP_CONGESTION
    static const char *const plain[] = {"cubic", "reno"};

    for (size_t i = 0; address_is_loopback(address) && i < 2; i++)
        if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plain[i], (socklen_t)strlen(plain[i])) == 0)
            return;
#else
    (void)fd, (void)address;
#endif
}

void tcp_tune_listener(int fd, const struct address *local)
{
    set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_number(fd, SOL_SOCKET, SO_OOBINLINE, 1); /* an urgent byte is a byte of the stream, too */
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (local->any.sa_family == AF_INET6)
        set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    plain_congestion_on_loopback(fd, local);
}

void tcp_tune_upstream(int fd, const struct address *remote, uint32_t keepalive_ms)
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
        {IPPROTO_TCP, TCP_KEEPCNT, 4},
#endif
#ifdef TCP_USER_TIMEOUT
        {IPPROTO_TCP, TCP_USER_TIMEOUT, (int)keepalive_ms},
#endif
    };

    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        set_number(fd, wishes[i].level, wishes[i].option, wishes[i].value);
    plain_congestion_on_loopback(fd, remote);
}
