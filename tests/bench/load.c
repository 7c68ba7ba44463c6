/* SPDX-License-Identifier: ISC */
/* bench-load: the clients.  Puts one kind of load on the forwarder at ADDRESS:PORT and prints what came of it:
 *
 *     load MODE ADDRESS:PORT [-n STREAMS] [-t MILLISECONDS] [-c COUNT] [-p PAUSE_MS] [-w WARM_UP_MS]
 *         [-i IDLE] [-b FLOODED] [-x HOST:PORT]
 *
 * MODE is down, up, tunnels, trips or idle.  -w is how long the first tunnels may take, which do not count.  -i opens
 * so many before all else, which stay idle all the time; -b so many over which the echo sends bytes without end
 * meanwhile; -x asks the forwarder by CONNECT, where it is a proxy itself.  It says `begin` and `end KEY=VALUE ...`,
 * and waits each time for a line on standard input: there the one who measures reads the clocks. */
#include "load.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opener.h"
#include "wire.h"

#define OPEN_AT_ONCE 32
#define WARM_UP_MS 300

static void wait_for_word(void)
{
    char word;

    fflush(stdout);
    do {
        if (read(STDIN_FILENO, &word, 1) != 1)
            exit(1); /* nobody measures any more */
    } while (word != '\n');
}

void load_begin(void)
{
    puts("begin");
    wait_for_word();
}

void load_end(const char *format, ...)
{
    va_list values;

    fputs("end ", stdout);
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
    wait_for_word();
}

static void keep(void *arg, int fd, uint64_t took_ns)
{
    int **next = arg;

    (void)took_ns;
    *(*next)++ = fd;
}

int *load_open(const struct load *load, unsigned count)
{
    int *fds = calloc(count + 1, sizeof *fds), *next = fds;
    struct opener opener = {.to = load->to, .ask = load->ask, .at_once = OPEN_AT_ONCE, .count = count,
                            .opened = keep, .arg = &next};

    if (!fds)
        wire_die(true, "load");
    opener_run(&opener);
    if (opener.done < count)
        wire_die(false, "only %u of %u tunnels could be opened%s", opener.done, count,
                 opener.stalled ? ": it hangs" : "");
    return fds;
}

int main(int argc, char **argv)
{
    struct load load = {.streams = 1, .milliseconds = 1000, .count = 1000000, .warm_up_ms = WARM_UP_MS};
    unsigned idle = 0, flooded = 0;
    const char *mode;
    int option, *held = NULL;

    while ((option = getopt(argc, argv, "n:t:c:p:w:i:b:x:")) != -1) {
        if (option == 'n')
            load.streams = wire_number(optarg, 1, 4096);
        else if (option == 't')
            load.milliseconds = wire_number(optarg, 1, 600000);
        else if (option == 'c')
            load.count = wire_number(optarg, 1, 10000000);
        else if (option == 'p')
            load.pause_ms = wire_number(optarg, 0, 60000);
        else if (option == 'w')
            load.warm_up_ms = wire_number(optarg, 1, 600000);
        else if (option == 'i')
            idle = wire_number(optarg, 0, 100000);
        else if (option == 'b')
            flooded = wire_number(optarg, 1, 64);
        else if (option == 'x')
            load.ask = optarg;
        else
            return 64;
    }
    if (argc - optind != 2)
        wire_die(false, "usage: load MODE ADDRESS:PORT [-n STREAMS] [-t MS] [-c COUNT] [-p PAUSE_MS] "
                        "[-w WARM_UP_MS] [-i IDLE] "
                        "[-b FLOODED] [-x HOST:PORT]");
    mode = argv[optind];
    load.to = wire_address(argv[optind + 1]);
    signal(SIGPIPE, SIG_IGN);
    wire_raise_descriptors();
    if (idle > 0)
        held = load_open(&load, idle);
    if (flooded > 0)
        flood_run(&load, flooded);
    if (strcmp(mode, "down") == 0)
        bulk_run(&load, false);
    else if (strcmp(mode, "up") == 0)
        bulk_run(&load, true);
    else if (strcmp(mode, "tunnels") == 0)
        tunnels_run(&load);
    else if (strcmp(mode, "trips") == 0)
        trips_run(&load);
    else if (strcmp(mode, "idle") == 0)
        idle_run(&load);
    else
        wire_die(false, "%s: no such mode; there are down, up, tunnels, trips, idle", mode);
    free(held);
    return 0;
}
