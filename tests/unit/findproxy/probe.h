/* SPDX-License-Identifier: ISC */
/* Tests what a process can do after it has shut itself in: the test's program starts itself once more with the name
 * of a probe as its argument, as valgrind, a sanitizer or Check would not survive what the probe does to itself. */
#ifndef SALLYPORT_PROBE_H
#define SALLYPORT_PROBE_H

#include <stdbool.h>

struct probe {
    const char *name;
    bool (*holds)(void); /* NULL ends a table */
};

/* For main: if the program was started as a probe, runs it and does not return. */
void probe_serve(int argc, char **argv, const struct probe *probes);

/* Fails the test unless the probe of that name holds in a process of its own. */
void probe_run(const char *name);

#endif
