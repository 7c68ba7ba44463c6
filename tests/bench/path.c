/* SPDX-License-Identifier: ISC */
/* bench-path: a path that takes time, for kernels without netem.
 *
 *     path NAMESPACE ADDRESS NAMESPACE ADDRESS MILLISECONDS [ferry]
 *
 * Makes a network device (tun) in each of the two network namespaces, given by their files in /proc, with addresses of
 * one /24, and carries packets from one to the other, each so many milliseconds late.  As a ferry it goes at every
 * multiple of so many milliseconds of the monotonic clock, both ways, and takes along what has come by then: whoever
 * answers before the next one loses no time, and from a departure on, an exchange takes whole crossings.  Says `ready`,
 * and works until standard input ends. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

#define PACKET_BYTES 2048 /* the devices' packets have 1500 at most */
#define QUEUE_MAX 4096    /* packets on the way in one direction; what is too much is lost, as on any path */

struct packet {
    uint64_t due;
    ssize_t length;
    char bytes[PACKET_BYTES];
};

/* What enters at `in` leaves at `out`, later. */
struct way {
    int in, out;
    struct packet *queue;
    size_t first, count;
    bool ferry;
};

static void set_address(int fd, struct ifreq *request, unsigned long what, const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};

    if (inet_pton(AF_INET, address, &in.sin_addr) != 1)
        wire_die(false, "%s: no IPv4 address", address);
    memcpy(&request->ifr_addr, &in, sizeof in);
    if (ioctl(fd, what, request) != 0)
        wire_die(true, "cannot give the device the address %s", address);
}

/* A device in that namespace, up, with that address. */
static int device(const char *namespace, const char *address)
{
    struct ifreq request = {.ifr_name = "path%d", .ifr_flags = IFF_TUN | IFF_NO_PI};
    int there = open(namespace, O_RDONLY | O_CLOEXEC), tun, settings;

    if (there < 0 || setns(there, CLONE_NEWNET) != 0)
        wire_die(true, "cannot enter the network namespace %s", namespace);
    tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun < 0 || ioctl(tun, TUNSETIFF, &request) != 0)
        wire_die(true, "cannot make a device by /dev/net/tun");
    settings = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    set_address(settings, &request, SIOCSIFADDR, address);
    set_address(settings, &request, SIOCSIFNETMASK, "255.255.255.0");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(settings, SIOCSIFFLAGS, &request) != 0)
        wire_die(true, "cannot start the device");
    close(settings);
    close(there);
    return tun;
}

static void take(struct way *way, uint64_t delay)
{
    static char lost[PACKET_BYTES];

    for (;;) {
        struct packet *packet = &way->queue[(way->first + way->count) % QUEUE_MAX];
        bool room = way->count < QUEUE_MAX;
        ssize_t length = read(way->in, room ? packet->bytes : lost, PACKET_BYTES);

        if (length <= 0)
            return;
        if (room) {
            packet->length = length;
            packet->due = way->ferry ? (wire_now() / delay + 1) * delay : wire_now() + delay;
            way->count++;
        }
    }
}

/* Lets out what is due; gives when the next one will be, or `later` when that is sooner. */
static uint64_t let_out(struct way *way, uint64_t later)
{
    uint64_t now = wire_now();

    for (; way->count > 0; way->count--, way->first = (way->first + 1) % QUEUE_MAX) {
        struct packet *packet = &way->queue[way->first];

        if (packet->due > now)
            return packet->due < later ? packet->due : later;
        if (write(way->out, packet->bytes, (size_t)packet->length) < 0)
            continue; /* lost */
    }
    return later;
}

int main(int argc, char **argv)
{
    struct way to = {.queue = calloc(QUEUE_MAX, sizeof *to.queue)};
    struct way fro = {.queue = calloc(QUEUE_MAX, sizeof *fro.queue)};
    uint64_t delay;

    if (argc != 6 && (argc != 7 || strcmp(argv[6], "ferry") != 0))
        wire_die(false, "usage: path NAMESPACE ADDRESS NAMESPACE ADDRESS MILLISECONDS [ferry]");
    if (!to.queue || !fro.queue)
        wire_die(true, "path");
    delay = (uint64_t)wire_number(argv[5], 1, 10000) * 1000000;
    to.ferry = fro.ferry = argc == 7;
    to.in = fro.out = device(argv[1], argv[2]);
    to.out = fro.in = device(argv[3], argv[4]);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct pollfd polled[] = {{.fd = to.in, .events = POLLIN}, {.fd = fro.in, .events = POLLIN},
                                  {.fd = STDIN_FILENO, .events = POLLIN}};
        uint64_t now = wire_now(), next = let_out(&fro, let_out(&to, now + 1000000000));
        struct timespec span = {.tv_nsec = (long)(next > now ? next - now : 0)};

        if (span.tv_nsec > 999999999)
            span.tv_nsec = 999999999;
        if (ppoll(polled, 3, &span, NULL) <= 0)
            continue;
        if (polled[2].revents)
            return 0; /* nobody measures any more */
        take(&to, delay);
        take(&fro, delay);
    }
}
