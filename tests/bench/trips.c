/* SPDX-License-Identifier: ISC */
/* Round trips: 64 bytes to the echo and back, one after the other, over one tunnel. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "load.h"
#include "wire.h"

#define MESSAGE_BYTES 64
#define WARM_UP_MS 50
#define BUCKET_NS 100     /* how exact the median is */
#define BUCKETS 100000    /* the last one holds all that took 10 ms and more */

static unsigned trips[BUCKETS];

static void trip(int fd)
{
    static const char message[MESSAGE_BYTES] = "there and back again";
    char answer[MESSAGE_BYTES];

    if (send(fd, message, sizeof message, MSG_NOSIGNAL) != (ssize_t)sizeof message ||
        recv(fd, answer, sizeof answer, MSG_WAITALL) != (ssize_t)sizeof answer ||
        memcmp(message, answer, sizeof answer) != 0)
        wire_die(true, "the echo did not come back");
}

/* Makes trips for so long; gives how many. */
static uint64_t travel(int fd, unsigned ms)
{
    uint64_t count = 0, now = wire_now(), end = now + (uint64_t)ms * 1000000;

    while (now < end) {
        uint64_t before = now, bucket;

        trip(fd);
        now = wire_now();
        bucket = (now - before) / BUCKET_NS;
        trips[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
        count++;
    }
    return count;
}

static uint64_t quantile(uint64_t count, unsigned percent)
{
    uint64_t seen = 0, rank = count * percent / 100;

    for (size_t i = 0; i < BUCKETS; i++) {
        seen += trips[i];
        if (seen > rank)
            return i * BUCKET_NS + BUCKET_NS / 2;
    }
    return 0;
}

void trips_run(const struct load *load)
{
    int *fds = load_open(load, 1);
    uint64_t count, start;

    wire_block(fds[0]);
    travel(fds[0], WARM_UP_MS);
    memset(trips, 0, sizeof trips);
    load_begin();
    start = wire_now();
    count = travel(fds[0], load->milliseconds);
    start = wire_now() - start;
    load_end("trips=%llu ns=%llu p50=%llu p99=%llu", (unsigned long long)count, (unsigned long long)start,
             (unsigned long long)quantile(count, 50), (unsigned long long)quantile(count, 99));
    free(fds);
}
