/* SPDX-License-Identifier: ISC */
/* The requests that may come over the control socket, and what each one does.
 *
 *     status                     everything, as JSON
 *     redirects                  learned redirects and open questions, as JSON
 *     redirects clear            forgets what was learned
 *     redirects allow ID         answers a question
 *     redirects refuse ID
 *     reload, stop               like SIGHUP and SIGTERM
 *
 * The first line of an answer is "ok" or "error REASON"; the rest is what was asked for, or one fault in each line. */
#ifndef SALLYPORT_REQUESTS_H
#define SALLYPORT_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control/status_json.h"

/* The running program, which carries out the requests. */
struct requests_master {
    void (*see)(void *arg, struct status_sources *sources); /* fills in *sources */
    /* False: the old configuration stays, error says why, and faults gets each fault of the new one as a line. */
    bool (*reload)(void *arg, FILE *faults, char *error, size_t size);
    void (*stop)(void *arg);
    void *arg;
};

#define REQUESTS_SESSIONS 64 /* in one piece of an answer: less than 1 ms of work */

/* Carries out a request.  Returns the answer, malloc'd, and its length in bytes; NULL: out of memory.  *rest is not 0:
 * the answer goes on, and is to be had by requests_go_on in later turns of the loop, until *rest is 0. */
char *requests_obey(const struct requests_master *master, const char *line, uint64_t *rest, size_t *length);
char *requests_go_on(const struct requests_master *master, uint64_t *rest, size_t *length);

#endif
