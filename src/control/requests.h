/* The requests that may come over the control socket, and what each does to the running program.
 *
 *     status                     everything, as JSON
 *     redirects                  learned redirects and open questions, as JSON
 *     redirects clear            forgets what was learned
 *     redirects allow ID         answers a question
 *     redirects refuse ID
 *     reload, stop               like SIGHUP and SIGTERM
 *
 * The first line of an answer is "ok" or "error REASON", the rest is what was asked for, or the errors one by one. */
#ifndef SALLYPORT_REQUESTS_H
#define SALLYPORT_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "control/status_json.h"

/* What is told what to do. */
struct requests_master {
    void (*see)(void *arg, struct status_sources *sources);
    /* False: the old configuration stays, error says why, and each fault of the new one is a line in faults. */
    bool (*reload)(void *arg, FILE *faults, char *error, size_t size);
    void (*stop)(void *arg);
    void *arg;
};

/* Obeys one request and returns the whole answer, malloc'd, and its length; NULL: out of memory. */
char *requests_obey(const struct requests_master *master, const char *line, size_t *length);

#endif
