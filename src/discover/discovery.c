/* SPDX-License-Identifier: ISC */
#include "discover/discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/autoconfig_file.h"
#include "discover/pacc_file.h"
#include "discover/srv_search.h"
#include "discover/usual_names.h"
#include "discover/web_fetch.h"

#define STEP_MS 5000 /* for a step, or for a guess: a person waits */
#define URL_MAX 1024 /* bytes: a domain, an address, each byte of which may become three, and what is around them */

enum { STARTED, STEP };

static const char *const state_names[] = {"started", "step"};

struct discovery {
    struct task task; /* the first member */
    const struct services *services;
    struct config *config;
    const struct proxy_config *proxy;
    struct mail_address address;
    char *ca_file, *isp_database;
    struct trace trace;
    size_t row;                /* of the step that is being taken */
    char url[URL_MAX];         /* what is asked in it */
    struct srv_search *search; /* at most one of these, or NULL */
    struct web_fetch *fetch;
    struct usual_names *names;
    struct found_servers found;
};

static void start_search(struct discovery *discovery);
static void start_fetch(struct discovery *discovery);
static void start_guesses(struct discovery *discovery);

/* The steps, in their order.  A file is at before, the domain, after, and the address where it is sent; before is NULL
 * for the ISP database. */
static const struct step_row {
    const char *step, *source;
    void (*start)(struct discovery *discovery);
    const char *before, *after;
    bool with_address;
    server_file_read_fn *read;
} rows[] = {
    {"srv", "SRV records of the domain", start_search, NULL, NULL, false, NULL},
    {"pacc", "the domain's PACC file", start_fetch, "https://ua-auto-config.",
     "/.well-known/user-agent-configuration.json", false, pacc_file_read},
    {"autoconfig", "the domain's autoconfig file", start_fetch, "https://autoconfig.", "/mail/config-v1.1.xml", true,
     autoconfig_file_read},
    {"well-known", "the autoconfig file of the domain's web server", start_fetch, "https://",
     "/.well-known/autoconfig/mail/config-v1.1.xml", false, autoconfig_file_read},
    {"isp-database", "Thunderbird's ISP database", start_fetch, NULL, "", false, autoconfig_file_read},
    {"guess", "a guess that has proven true", start_guesses, NULL, NULL, false, NULL},
};

#define ROWS (sizeof rows / sizeof rows[0])

/* --- from step to step --- */

static void end_step(struct discovery *discovery)
{
    srv_search_free(discovery->search);
    web_fetch_free(discovery->fetch);
    usual_names_free(discovery->names);
    discovery->search = NULL;
    discovery->fetch = NULL;
    discovery->names = NULL;
}

static void take_step(struct discovery *discovery)
{
    task_enter(&discovery->task, NULL, STEP);
    rows[discovery->row].start(discovery);
}

static void fail_for_memory(struct discovery *discovery)
{
    task_fail(&discovery->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

/* Nothing is left to be asked. */
static void end(struct discovery *discovery)
{
    if (discovery->found.count > 0)
        task_tell(&discovery->task, OUTCOME_DONE);
    else
        task_fail(&discovery->task, OUTCOME_PEER, FAILURE_PERMANENT, "no mail server of %.100s was found: ask whoever "
                  "runs it for the names and ports of its IMAP and submission servers", discovery->address.domain);
}

static void go_on(struct discovery *discovery)
{
    end_step(discovery);
    discovery->row++;
    if (discovery->row == ROWS || found_servers_suffice(&discovery->found))
        end(discovery);
    else
        take_step(discovery);
}

/* What a step cannot go on without: we have failed, not those who are asked. */
static void end_for(struct discovery *discovery, const struct failure *failure)
{
    discovery->task.failure = *failure;
    task_tell(&discovery->task, OUTCOME_LOCAL);
}

/* A step that adds what it finds has ended. */
static void on_step(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct discovery *discovery = arg;

    if (outcome == OUTCOME_DONE)
        go_on(discovery);
    else
        end_for(discovery, failure);
}

/* --- SRV records, guesses --- */

static void start_search(struct discovery *discovery)
{
    const struct srv_search_params params = {
        .loop = discovery->task.loop,
        .resolver = discovery->services->resolver,
        .domain = discovery->address.domain,
        .found = &discovery->found,
        .source = rows[discovery->row].source,
        .step = rows[discovery->row].step,
        .limit_ms = STEP_MS,
        .trace = discovery->trace,
        .done = on_step,
        .arg = discovery,
    };

    discovery->search = srv_search_start(&params);
    if (!discovery->search)
        fail_for_memory(discovery);
}

static void start_guesses(struct discovery *discovery)
{
    const struct usual_names_params params = {
        .services = discovery->services,
        .config = discovery->config,
        .proxy = discovery->proxy,
        .domain = discovery->address.domain,
        .ca_file = discovery->ca_file,
        .found = &discovery->found,
        .source = rows[discovery->row].source,
        .step = rows[discovery->row].step,
        .limit_ms = STEP_MS,
        .trace = discovery->trace,
        .done = on_step,
        .arg = discovery,
    };

    discovery->names = usual_names_start(&params);
    if (!discovery->names)
        fail_for_memory(discovery);
}

/* --- files --- */

/* Appends text to the URL, its bytes escaped but for those that need not be (RFC 3986 section 2.3). */
static void append_escaped(char url[URL_MAX], const char *text)
{
    size_t at = strlen(url);

    for (; *text && at + 4 <= URL_MAX; text++) {
        bool is_plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                        (*text >= '0' && *text <= '9') || strchr("-._~", *text);

        at += (size_t)snprintf(url + at, URL_MAX - at, is_plain ? "%c" : "%%%02X", (unsigned char)*text);
    }
}

static void make_url(struct discovery *discovery)
{
    const struct step_row *row = &rows[discovery->row];

    snprintf(discovery->url, sizeof discovery->url, "%.400s%s%s%s", row->before ? row->before : discovery->isp_database,
             discovery->address.domain, row->after, row->with_address ? "?emailaddress=" : "");
    if (row->with_address)
        append_escaped(discovery->url, discovery->address.text);
}

static void read_file(struct discovery *discovery)
{
    const struct step_row *row = &rows[discovery->row];
    struct server_file file = {
        .address = &discovery->address,
        .source = row->source,
        .step = row->step,
        .trace = discovery->trace,
    };
    char why[256];

    file.text = web_fetch_text(discovery->fetch, &file.length);
    if (!row->read(&discovery->found, &file, why, sizeof why))
        trace_step(&discovery->trace, row->step, "what came cannot be used: %s", why);
    else if (file.remarks == 0)
        trace_step(&discovery->trace, row->step, "no mail server is named there");
}

/* The proxy has refused the password, which is not sent again for a while: no place can be asked. */
static void end_for_login(struct discovery *discovery, const struct failure *failure)
{
    discovery->task.failure = *failure;
    task_tell(&discovery->task, discovery->found.count > 0 ? OUTCOME_DONE : OUTCOME_PEER);
}

static void on_file(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct discovery *discovery = arg;
    char why[512];

    if (outcome == OUTCOME_LOCAL) {
        end_for(discovery, failure);
        return;
    }
    if (outcome == OUTCOME_DONE) {
        read_file(discovery);
    } else {
        failure_format(failure, why, sizeof why);
        trace_step(&discovery->trace, rows[discovery->row].step, "nothing: %s", why);
    }
    if (failure && failure->cause == CAUSE_LOGIN_RESTS)
        end_for_login(discovery, failure);
    else
        go_on(discovery);
}

static void start_fetch(struct discovery *discovery)
{
    const struct web_fetch_params params = {
        .services = discovery->services,
        .config = discovery->config,
        .proxy = discovery->proxy,
        .url = discovery->url,
        .ca_file = discovery->ca_file,
        .limit_ms = STEP_MS,
        .step = rows[discovery->row].step,
        .trace = discovery->trace,
        .done = on_file,
        .arg = discovery,
    };

    make_url(discovery);
    trace_step(&discovery->trace, rows[discovery->row].step, "asking for %s", discovery->url);
    discovery->fetch = web_fetch_start(&params);
    if (!discovery->fetch)
        fail_for_memory(discovery);
}

/* --- from start to end --- */

static void begin(struct task *task)
{
    take_step((struct discovery *)task);
}

static void drop(struct task *task)
{
    end_step((struct discovery *)task);
}

static void release(struct task *task)
{
    struct discovery *discovery = (struct discovery *)task;

    free(discovery->ca_file);
    free(discovery->isp_database);
    config_unref(discovery->config);
}

static const struct task_kind kind = {"discovery", state_names, begin, drop, release};

struct discovery *discovery_start(const struct discovery_params *params)
{
    struct discovery *discovery = calloc(1, sizeof *discovery);

    if (!discovery)
        return NULL;
    discovery->ca_file = params->ca_file ? strdup(params->ca_file) : NULL;
    discovery->isp_database = strdup(params->isp_database ? params->isp_database : DISCOVERY_ISP_DATABASE);
    if ((params->ca_file && !discovery->ca_file) || !discovery->isp_database) {
        free(discovery->ca_file);
        free(discovery->isp_database);
        free(discovery);
        return NULL;
    }
    discovery->services = params->services;
    discovery->config = config_ref(params->config);
    discovery->proxy = params->proxy;
    discovery->address = *params->address;
    discovery->trace = params->trace;
    task_start(&discovery->task, &kind, params->services->loop, params->done, params->arg);
    return discovery;
}

const struct found_servers *discovery_found(const struct discovery *discovery)
{
    return &discovery->found;
}

void discovery_free(struct discovery *discovery)
{
    task_free(discovery ? &discovery->task : NULL);
}
