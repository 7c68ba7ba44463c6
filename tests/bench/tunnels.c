/* SPDX-License-Identifier: ISC */
/* New tunnels: opened, greeted, closed, again and again. */
#include <stdlib.h>
#include <unistd.h>

#include "load.h"
#include "opener.h"
#include "wire.h"

#define WARM_UP 32

struct times {
    uint64_t *ns;
    size_t count, size;
};

static void closed_at_once(void *arg, int fd, uint64_t took_ns)
{
    struct times *times = arg;

    close(fd);
    if (times->count < times->size)
        times->ns[times->count++] = took_ns;
}

static int by_length(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

void tunnels_run(const struct load *load)
{
    struct times times = {.size = load->count, .ns = calloc(load->count, sizeof *times.ns)};
    struct opener opener = {.to = load->to, .ask = load->ask, .at_once = load->streams, .pause_ms = load->pause_ms,
                            .count = load->pause_ms ? 1 : WARM_UP, .opened = closed_at_once, .arg = &times};
    uint64_t start;

    if (!times.ns)
        wire_die(true, "tunnels");
    opener.until = load->pause_ms ? 0 : wire_now() + (uint64_t)load->warm_up_ms * 1000000;
    opener_run(&opener);
    if (opener.done == 0)
        wire_die(false, "not one tunnel could be opened");
    if (load->pause_ms)
        usleep(load->pause_ms * 1000);
    times.count = 0;
    load_begin();
    start = wire_now();
    opener.count = load->count;
    opener.until = start + (uint64_t)load->milliseconds * 1000000;
    opener_run(&opener);
    start = wire_now() - start;
    qsort(times.ns, times.count, sizeof *times.ns, by_length);
    load_end("tunnels=%u failed=%u resumed=%u ns=%llu p50=%llu p99=%llu", opener.done, opener.failed, opener.resumed,
             (unsigned long long)start, (unsigned long long)(times.count ? times.ns[times.count / 2] : 0),
             (unsigned long long)(times.count ? times.ns[times.count * 99 / 100] : 0));
    free(times.ns);
}
