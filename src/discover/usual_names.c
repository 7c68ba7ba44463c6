/* SPDX-License-Identifier: ISC */
#include "discover/usual_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/guess.h"

/* The phases follow each other; what has been found makes one unnecessary. */
enum { STARTED, IMAP, POP3, SUBMISSION, OVER };

static const char *const state_names[] = {"started", "imap", "pop3", "submission", "over"};

static const char *const sections[] = {NULL, "imap", "pop3", "submission", NULL};

/* The usual names, by phase, the best first: TLS from the first byte, then by STARTTLS. */
static const struct row {
    unsigned phase;
    const char *prefix; /* before the domain */
    uint16_t port;
    enum listener_tls tls;
} rows[] = {
    {IMAP, "imap.", 993, TLS_YES},
    {IMAP, "mail.", 993, TLS_YES},
    {IMAP, "", 993, TLS_YES},
    {IMAP, "imap.", 143, TLS_STARTTLS},
    {IMAP, "mail.", 143, TLS_STARTTLS},
    {IMAP, "", 143, TLS_STARTTLS},
    {POP3, "pop.", 995, TLS_YES},
    {POP3, "pop3.", 995, TLS_YES},
    {POP3, "mail.", 995, TLS_YES},
    {POP3, "pop.", 110, TLS_STARTTLS},
    {POP3, "pop3.", 110, TLS_STARTTLS},
    {POP3, "mail.", 110, TLS_STARTTLS},
    {SUBMISSION, "smtp.", 465, TLS_YES},
    {SUBMISSION, "submission.", 465, TLS_YES},
    {SUBMISSION, "mail.", 465, TLS_YES},
    {SUBMISSION, "", 465, TLS_YES},
    {SUBMISSION, "smtp.", 587, TLS_STARTTLS},
    {SUBMISSION, "submission.", 587, TLS_STARTTLS},
    {SUBMISSION, "mail.", 587, TLS_STARTTLS},
    {SUBMISSION, "", 587, TLS_STARTTLS},
};

/* One row that is being tried. */
struct attempt {
    struct usual_names *names;
    const struct row *row;
    struct endpoint place;
    struct guess *guess;
    enum { TRYING, PROVEN, REFUTED } result;
};

struct usual_names {
    struct task task; /* the first member */
    struct usual_names_params params;
    struct attempt attempts[USUAL_NAMES_AT_ONCE];
    size_t count;
};

static void enter_next(struct usual_names *names);

/* --- one phase --- */

static void end_attempts(struct usual_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        guess_free(names->attempts[i].guess);
    names->count = 0;
}

static void take(struct usual_names *names, const struct attempt *attempt)
{
    const char *section = sections[attempt->row->phase];
    const struct found_server server = {
        .protocol = protocol_find(section, strlen(section)),
        .place = attempt->place,
        .tls = attempt->row->tls,
        .source = names->params.source,
    };

    found_servers_add(names->params.found, &server);
}

/* Goes on when it is clear which is the best. */
static void look(struct usual_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->attempts[i].result == TRYING)
            return;
        if (names->attempts[i].result == PROVEN) {
            take(names, &names->attempts[i]);
            break;
        }
    }
    end_attempts(names);
    enter_next(names);
}

static void on_guess(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct attempt *attempt = arg;
    struct usual_names *names = attempt->names;
    const struct usual_names_params *params = &names->params;
    char place[ENDPOINT_TEXT_MAX], why[512];

    attempt->result = outcome == OUTCOME_DONE ? PROVEN : REFUTED;
    endpoint_format(&attempt->place, place);
    if (outcome == OUTCOME_LOCAL) {
        names->task.failure = *failure;
        task_tell(&names->task, OUTCOME_LOCAL);
        return;
    }
    if (outcome == OUTCOME_DONE)
        trace_step(&params->trace, params->step, "%s: there it is (%s, %s)", place, sections[attempt->row->phase],
                   attempt->row->tls == TLS_YES ? "TLS" : "STARTTLS");
    else if (failure_format(failure, why, sizeof why) > 0)
        trace_step(&params->trace, params->step, "%s: no (%s)", place, why);
    look(names);
}

/* False: out of memory. */
static bool try(struct usual_names *names, const struct row *row)
{
    const struct usual_names_params *params = &names->params;
    struct attempt *attempt = &names->attempts[names->count++];
    struct guess_params wanted = {
        .services = params->services,
        .config = params->config,
        .proxy = params->proxy,
        .protocol = protocol_find(sections[row->phase], strlen(sections[row->phase])),
        .tls = row->tls,
        .ca_file = params->ca_file,
        .limit_ms = params->limit_ms,
        .done = on_guess,
        .arg = attempt,
    };

    *attempt = (struct attempt){.names = names, .row = row};
    snprintf(attempt->place.host, sizeof attempt->place.host, "%s%s", row->prefix, params->domain);
    attempt->place.port = row->port;
    wanted.place = attempt->place;
    attempt->guess = guess_start(&wanted);
    return attempt->guess;
}

/* --- the phases --- */

static bool has(const struct usual_names *names, unsigned phase)
{
    const struct found_server *server = found_servers_of(names->params.found, sections[phase]);

    return server && !server->foreign;
}

static bool is_needed(const struct usual_names *names, unsigned phase)
{
    return phase == SUBMISSION ? !has(names, SUBMISSION) : !has(names, IMAP) && !has(names, POP3);
}

static void enter_next(struct usual_names *names)
{
    const struct usual_names_params *params = &names->params;
    unsigned phase = names->task.state + 1;

    while (phase < OVER && !is_needed(names, phase))
        phase++;
    task_enter(&names->task, NULL, phase);
    if (phase == OVER) {
        task_tell(&names->task, OUTCOME_DONE);
        return;
    }
    trace_step(&params->trace, params->step, "trying the usual names of %s servers at %s", sections[phase],
               params->domain);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].phase == phase && !try(names, &rows[i])) {
            task_fail(&names->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
            return;
        }
}

/* --- from start to end --- */

static void begin(struct task *task)
{
    enter_next((struct usual_names *)task);
}

static void drop(struct task *task)
{
    end_attempts((struct usual_names *)task);
}

static const struct task_kind kind = {"usual_names", state_names, begin, drop, NULL};

struct usual_names *usual_names_start(const struct usual_names_params *params)
{
    struct usual_names *names = calloc(1, sizeof *names);

    if (!names)
        return NULL;
    names->params = *params;
    task_start(&names->task, &kind, params->services->loop, params->done, params->arg);
    return names;
}

void usual_names_free(struct usual_names *names)
{
    task_free(names ? &names->task : NULL);
}
