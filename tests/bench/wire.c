/* SPDX-License-Identifier: ISC */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 4096
#define SOURCES 64              /* 127.0.0.1 to 127.0.0.64 */
#define DESCRIPTORS_MOST 200000 /* what is asked for first; halved until the system agrees */
#define DESCRIPTORS_LEAST 1024

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

void wire_die(bool with_errno, const char *format, ...)
{
    int error = errno;
    va_list values;

    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    if (with_errno)
        fprintf(stderr, ": %s", strerror(error));
    fputc('\n', stderr);
    exit(1);
}

uint64_t wire_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

unsigned wire_number(const char *text, unsigned least, unsigned most)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || number < least || number > most)
        wire_die(false, "%s: a number from %u to %u is wanted here", text, least, most);
    return (unsigned)number;
}

struct sockaddr_in wire_address(const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strchr(text, ':');
    char host[INET_ADDRSTRLEN];

    if (!colon || (size_t)(colon - text) >= sizeof host)
        wire_die(false, "%s: ADDRESS:PORT is wanted here", text);
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        wire_die(false, "%s: no IPv4 address", host);
    address.sin_port = htons((uint16_t)wire_number(colon + 1, 0, 65535));
    return address;
}

void wire_raise_descriptors(void)
{
    struct rlimit limit;

    for (rlim_t wish = DESCRIPTORS_MOST; wish >= DESCRIPTORS_LEAST; wish /= 2) {
        limit.rlim_cur = limit.rlim_max = wish;
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
            return;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int wire_connect(const struct sockaddr_in *to, unsigned turn)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, error;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (ntohl(to->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) {
        (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn % SOURCES);
        (void)bind(fd, (struct sockaddr *)&from, sizeof from); /* if it fails, any address will do */
    }
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0 || errno == EINPROGRESS)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

int wire_listen(const struct sockaddr_in *at, uint16_t *port)
{
    struct sockaddr_in bound = *at;
    socklen_t length = sizeof bound;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    bound.sin_port = 0;
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 || /* accepted ones inherit it */
        bind(fd, (struct sockaddr *)&bound, sizeof bound) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &length) != 0)
        wire_die(true, "cannot listen at %s", inet_ntoa(at->sin_addr));
    *port = ntohs(bound.sin_port);
    return fd;
}

void wire_block(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
        wire_die(true, "fcntl");
}
