/* SPDX-License-Identifier: ISC */
#include "discover/srv_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/mail_address.h"

enum { STARTED, ASKING };

static const char *const state_names[] = {"started", "asking"};

/* The services that are asked for.  TLS_STARTTLS: the name says nothing of TLS, so it has to be begun. */
static const struct {
    const char *service, *section;
    enum listener_tls tls;
} services[] = {
    {"_imaps", "imap", TLS_YES},
    {"_imap", "imap", TLS_STARTTLS},
    {"_submissions", "submission", TLS_YES},
    {"_submission", "submission", TLS_STARTTLS},
    {"_pop3s", "pop3", TLS_YES},
    {"_pop3", "pop3", TLS_STARTTLS},
    {"_sieve", "managesieve", TLS_STARTTLS},
};

#define SERVICES (sizeof services / sizeof services[0])

struct question {
    struct srv_search *search;
    size_t row;
    struct lookup *lookup; /* NULL: it has been answered */
};

struct srv_search {
    struct task task; /* the first member */
    struct resolver *resolver;
    char domain[MAIL_ADDRESS_DOMAIN_MAX + 1];
    struct found_servers *found;
    const char *source, *step;
    uint32_t limit_ms;
    struct trace trace;
    struct question questions[SERVICES];
    unsigned open, answers;
    char why[160]; /* why one of them has no answer */
};

static void end(struct srv_search *search)
{
    if (search->answers == 0 && search->open > 0)
        trace_step(&search->trace, search->step, "no answer about %s from the local name servers within %u s",
                   search->domain, search->limit_ms / 1000);
    else if (search->answers == 0)
        trace_step(&search->trace, search->step, "the local name servers know no records of mail services at %s: %s",
                   search->domain, search->why);
    task_tell(&search->task, OUTCOME_DONE);
}

static void on_late(void *arg)
{
    end(arg);
}

/* --- an answer --- */

static void take(struct srv_search *search, size_t row, const struct endpoint *place)
{
    struct found_server server = {
        .protocol = protocol_find(services[row].section, strlen(services[row].section)),
        .place = *place,
        .tls = services[row].tls,
        .source = search->source,
        .foreign = !endpoint_host_within(place->host, search->domain, strlen(search->domain)),
    };
    const char *fault = found_servers_fault(place);
    char text[ENDPOINT_TEXT_MAX];

    if (fault) {
        trace_step(&search->trace, search->step, "%s: %s is left out: %s", services[row].service,
                   endpoint_format(place, text), fault);
        return;
    }
    if (protocol_expects_tls(server.protocol, place->port))
        server.tls = TLS_YES; /* whatever the service is called */
    found_servers_add(search->found, &server);
    trace_step(&search->trace, search->step, "%s: %s (%s)%s", services[row].service, endpoint_format(place, text),
               server.tls == TLS_YES ? "TLS" : "STARTTLS",
               server.foreign ? ", which is outside of the domain: DNS may be forged" : "");
}

static void on_records(void *arg, const struct srv_list *records, const char *error)
{
    struct question *question = arg;
    struct srv_search *search = question->search;

    question->lookup = NULL;
    search->open--;
    if (!records) {
        snprintf(search->why, sizeof search->why, "%s", error);
    } else {
        search->answers++;
        if (records->unavailable)
            trace_step(&search->trace, search->step, "%s: the domain says that it has no such service",
                       services[question->row].service);
        for (size_t i = 0; i < records->count && !records->unavailable; i++)
            take(search, question->row, &records->at[i].place);
    }
    if (search->open == 0)
        end(search);
}

/* --- from start to end --- */

static void begin(struct task *task)
{
    struct srv_search *search = (struct srv_search *)task;
    char name[ENDPOINT_HOST_MAX + 1];

    task_enter(task, NULL, ASKING);
    task_limit(task, search->limit_ms, on_late);
    trace_step(&search->trace, search->step, "asking the local name servers for the mail services of %s",
               search->domain);
    for (size_t i = 0; i < SERVICES; i++) {
        struct question *question = &search->questions[i];

        *question = (struct question){.search = search, .row = i};
        snprintf(name, sizeof name, "%s._tcp.%s", services[i].service, search->domain);
        question->lookup = resolver_find_srv(search->resolver, name, on_records, question);
        if (!question->lookup) {
            task_fail(task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory, or too many names are being looked up");
            return;
        }
        search->open++;
    }
}

static void drop(struct task *task)
{
    struct srv_search *search = (struct srv_search *)task;

    for (size_t i = 0; i < SERVICES; i++)
        lookup_cancel(search->questions[i].lookup);
}

static const struct task_kind kind = {"srv_search", state_names, begin, drop, NULL};

struct srv_search *srv_search_start(const struct srv_search_params *params)
{
    struct srv_search *search = calloc(1, sizeof *search);

    if (!search)
        return NULL;
    search->resolver = params->resolver;
    snprintf(search->domain, sizeof search->domain, "%s", params->domain);
    search->found = params->found;
    search->source = params->source;
    search->step = params->step;
    search->limit_ms = params->limit_ms;
    search->trace = params->trace;
    task_start(&search->task, &kind, params->loop, params->done, params->arg);
    return search;
}

void srv_search_free(struct srv_search *search)
{
    task_free(search ? &search->task : NULL);
}
