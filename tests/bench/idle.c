/* SPDX-License-Identifier: ISC */
/* Idle tunnels: opened and held, while the one who measures looks at the forwarder's memory.  He looks when half of
 * them are open, and when all are: what a program needs once, or only while it opens some, is no part of the
 * difference. */
#include "load.h"
#include "opener.h"
#include "wire.h"

static void keep_open(void *arg, int fd, uint64_t took_ns)
{
    (void)arg, (void)fd, (void)took_ns;
}

void idle_run(const struct load *load)
{
    struct opener opener = {.to = load->to, .ask = load->ask, .at_once = load->streams, .count = load->count / 2,
                            .opened = keep_open};
    unsigned first;
    uint64_t start;

    opener_run(&opener);
    first = opener.done;
    load_begin();
    start = wire_now();
    opener.count = opener.stalled ? 0 : load->count - load->count / 2;
    opener_run(&opener);
    load_end("tunnels=%u failed=%u ns=%llu", opener.done, load->count - first - opener.done,
             (unsigned long long)(wire_now() - start));
}
