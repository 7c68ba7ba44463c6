/* SPDX-License-Identifier: ISC */
#include "finding/finder.h"

#include <stdlib.h>
#include <string.h>

#include "config/no_proxy.h"
#include "config/proxy_environment.h"
#include "config/trusted.h"
#include "finding/inquiry.h"
#include "finding/source.h"

enum { FRESH, WAITING };

static const char *const state_names[] = {"fresh", "waiting"};

struct finder {
    struct loop *loop;
    struct resolver *resolver;
    struct curl_loop *curl_loop;
    struct config *config;  /* the one that is kept, or NULL */
    struct source *sources; /* its sections', and those of others that are still being asked */
    bool renewing;          /* all sources are being gone through: none may be freed */
};

struct finding {
    struct task task;
    struct finder *finder;
    struct config *config;
    const struct proxy_config *section;
    char *scheme;
    struct endpoint target;
    struct inquiry *inquiry; /* that it waits for, or NULL; next and back are in its list */
    struct finding *next, **back;
    char question[PAC_QUESTION_MAX];
    struct found found;
    bool kept, environment;
};

/* --- sources --- */

struct finder *finder_new(struct loop *loop, struct resolver *resolver, struct curl_loop *curl_loop)
{
    struct finder *finder = calloc(1, sizeof *finder);

    if (!finder)
        return NULL;
    finder->loop = loop;
    finder->resolver = resolver;
    finder->curl_loop = curl_loop;
    return finder;
}

/* The section's source, or NULL. */
static struct source *find_source(const struct finder *finder, const struct proxy_config *section)
{
    struct source *source = finder->sources;

    while (source && source->section != section)
        source = source->next;
    return source;
}

/* The same, and it is made if there is none.  NULL: out of memory. */
static struct source *source_of(struct finder *finder, struct config *config, const struct proxy_config *section)
{
    struct source *source = find_source(finder, section);

    if (source)
        return source;
    source = source_new(finder->loop, finder->resolver, finder->curl_loop, config, section);
    if (source) {
        source->next = finder->sources;
        finder->sources = source;
    }
    return source;
}

/* Frees the sources of other configurations than the one that is kept, unless they are being asked. */
static void forget_sources(struct finder *finder)
{
    struct source **at = &finder->sources;

    while (*at && !finder->renewing) {
        struct source *source = *at;

        if (source->config == finder->config || source->inquiries) {
            at = &source->next;
        } else {
            *at = source->next;
            source_free(source);
        }
    }
}

void finder_keep(struct finder *finder, struct config *config)
{
    struct config *old = finder->config;

    finder->config = config ? config_ref(config) : NULL;
    forget_sources(finder);
    config_unref(old);
    for (size_t i = 0; config && i < config->proxy_count; i++)
        if (places_are_found(&config->proxies[i].urls))
            (void)source_of(finder, config, &config->proxies[i]); /* without memory it is made when it is asked */
}

void finder_free(struct finder *finder)
{
    if (!finder)
        return;
    finder_keep(finder, NULL);
    free(finder);
}

/* What cannot be asked again fails here, and who is told may free it and more. */
void finder_renew(struct finder *finder)
{
    finder->renewing = true;
    for (struct source *source = finder->sources; source; source = source->next) {
        source_renew(source);
        for (struct inquiry *inquiry = source->inquiries, *next; inquiry; inquiry = next) {
            next = inquiry->next;
            inquiry_again(inquiry);
        }
    }
    finder->renewing = false;
    forget_sources(finder);
}

const struct proxy_config *finder_names(const struct finder *finder, const struct endpoint *proxy)
{
    for (const struct source *source = finder->sources; source; source = source->next)
        if (answers_name(source->answers, proxy))
            return source->section;
    return NULL;
}

static void see_source(const struct source *source, void (*see)(void *arg, const struct finder_facts *facts), void *arg)
{
    const struct script *script = source->script;
    const struct finder_facts facts = {
        .section = source->section,
        .place = source->section->urls.asked ? source->section->urls.asked : "",
        .age_ms = script ? pac_file_age(script->file) : -1,
        .kept = answers_count(source->answers),
        .helper_runs = (script && helper_runs(script->helper)) || (source->desktop && helper_runs(source->desktop)),
        .error = source->error[0] || !script ? source->error : pac_file_error(script->file),
    };

    see(arg, &facts);
}

void finder_each(const struct finder *finder, void (*see)(void *arg, const struct finder_facts *facts), void *arg)
{
    for (size_t i = 0; finder->config && i < finder->config->proxy_count; i++) {
        const struct source *source = find_source(finder, &finder->config->proxies[i]);

        if (source)
            see_source(source, see, arg);
    }
}

/* --- a search --- */

/* Whether the environment's rules say something of the target: they have a proxy for it, or say that it needs none. */
static bool environment_answers(const struct finding *finding)
{
    const char *exceptions = proxy_environment_no_proxy();

    return proxy_environment_find(finding->scheme) || (exceptions && no_proxy_excludes(&finding->target, exceptions));
}

/* Takes it out of the list of those who wait for its inquiry. */
static void leave(struct finding *finding)
{
    *finding->back = finding->next;
    if (finding->next)
        finding->next->back = finding->back;
    finding->inquiry = NULL;
}

static void tell(struct finding *finding, enum outcome outcome, const struct failure *failure)
{
    const struct inquiry *inquiry = finding->inquiry;

    leave(finding);
    if (failure)
        finding->task.failure = *failure;
    else
        finding->found = inquiry->found;
    finding->kept = inquiry->kept;
    task_tell(&finding->task, outcome);
}

/* Tells all who wait, of whom there is one at least; it may free itself and others. */
static void on_inquiry(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct inquiry *inquiry = arg;
    struct finder *finder = inquiry->waiting->finder;

    while (inquiry->waiting)
        tell(inquiry->waiting, outcome, failure);
    inquiry_free(inquiry);
    forget_sources(finder);
}

/* Has an answer that is kept, or waits for the inquiry about its target, which is begun unless others wait for it. */
static void begin(struct task *task)
{
    struct finding *finding = (struct finding *)task;
    struct source *source;

    task_enter(task, NULL, WAITING);
    if (finding->section->urls.source == PLACES_SYSTEM && environment_answers(finding)) {
        finding->environment = true;
        task_tell(task, OUTCOME_DONE);
        return;
    }
    source = source_of(finding->finder, finding->config, finding->section);
    finding->kept = source && source_has_kept(source, &finding->target, &finding->found);
    if (finding->kept) {
        task_tell(task, OUTCOME_DONE);
        return;
    }
    if (source)
        finding->inquiry = inquiry_about(source, &finding->target);
    if (source && !finding->inquiry)
        finding->inquiry = inquiry_start(source, &finding->target, on_inquiry);
    if (!finding->inquiry) {
        task_fail(task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory while the proxy was looked for");
        return;
    }
    finding->next = finding->inquiry->waiting;
    finding->back = &finding->inquiry->waiting;
    if (finding->next)
        finding->next->back = &finding->next;
    finding->inquiry->waiting = finding;
}

/* An inquiry that nobody waits for any more is ended. */
static void drop(struct task *task)
{
    struct finding *finding = (struct finding *)task;
    struct inquiry *inquiry = finding->inquiry;

    if (inquiry) {
        leave(finding);
        if (!inquiry->waiting && !task_has_ended(&inquiry->task)) {
            inquiry_free(inquiry);
            forget_sources(finding->finder);
        }
    }
    config_unref(finding->config);
    free(finding->scheme);
}

static const struct task_kind kind = {"finding", state_names, begin, drop, NULL};

struct finding *finding_start(const struct finding_params *params)
{
    struct finding *finding = calloc(1, sizeof *finding);
    char *scheme = strdup(params->scheme);

    if (!finding || !scheme) {
        free(finding);
        free(scheme);
        return NULL;
    }
    finding->finder = params->finder;
    finding->config = config_ref(params->config);
    finding->section = params->section;
    finding->scheme = scheme;
    finding->target = *params->target;
    pac_question_write(finding->section->pac_url, &finding->target, finding->question);
    task_start(&finding->task, &kind, params->finder->loop, params->done, params->arg);
    return finding;
}

void finding_free(struct finding *finding)
{
    if (finding)
        task_free(&finding->task);
}

const struct found *finding_found(const struct finding *finding)
{
    return &finding->found;
}

const char *finding_question(const struct finding *finding)
{
    return finding->question;
}

bool finding_was_kept(const struct finding *finding)
{
    return finding->kept;
}

bool finding_is_environment(const struct finding *finding)
{
    return finding->environment;
}

/* --- trust --- */

bool finder_trusts(const struct proxy_config *section, const struct endpoint *proxy)
{
    return trusted_names(&section->trusted, proxy->host);
}
