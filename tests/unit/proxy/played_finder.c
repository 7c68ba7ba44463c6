/* SPDX-License-Identifier: ISC */
#include "played_finder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "finding/finder.h"

#define TOLD_MAX 8

/* What the linker puts in place of the program's own. */
struct finding *__wrap_finding_start(const struct finding_params *params);
void __wrap_finding_free(struct finding *finding);
const struct found *__wrap_finding_found(const struct finding *finding);
const char *__wrap_finding_question(const struct finding *finding);
bool __wrap_finding_was_kept(const struct finding *finding);
bool __wrap_finding_is_environment(const struct finding *finding);

struct told {
    char host[64], answer[512];
    bool kept;
};

struct finding {
    struct task task;
    struct config *config;
    char question[300];
    const struct told *told; /* NULL: never anything */
    struct found found;
};

static struct {
    struct told told[TOLD_MAX];
    size_t count;
    unsigned searches, open;
    char target[ENDPOINT_TEXT_MAX];
    bool lacks;
} played;

static struct told *find(const char *host)
{
    for (size_t i = 0; i < played.count; i++)
        if (strcmp(played.told[i].host, host) == 0)
            return &played.told[i];
    return NULL;
}

static void say(const char *host, const char *answer, bool kept)
{
    struct told *told = find(host);

    if (!told) {
        ck_assert_uint_lt(played.count, TOLD_MAX);
        told = &played.told[played.count++];
    }
    snprintf(told->host, sizeof told->host, "%s", host);
    snprintf(told->answer, sizeof told->answer, "%s", answer);
    told->kept = kept;
}

void played_finder_says(const char *host, const char *answer)
{
    say(host, answer, false);
}

void played_finder_keeps(const char *host, const char *answer)
{
    say(host, answer, true);
}

void played_finder_reset(void)
{
    memset(&played, 0, sizeof played);
}

unsigned played_finder_searches(void)
{
    return played.searches;
}

unsigned played_finder_open(void)
{
    return played.open;
}

const char *played_finder_target(void)
{
    return played.target;
}

void played_finder_lacks(void)
{
    played.lacks = true;
}

static void add(struct found *found, const char *member)
{
    const char *why = "";

    ck_assert_uint_lt(found->count, FOUND_MAX);
    if (strcmp(member, "DIRECT") == 0)
        found->members[found->count].direct = true;
    else if (!endpoint_parse_any_url(&found->members[found->count].proxy, member, strlen(member), &why))
        ck_abort_msg("%s: %s", member, why);
    found->count++;
}

static void begin(struct task *task)
{
    struct finding *finding = (struct finding *)task;
    const char *answer = finding->told ? finding->told->answer : "";
    char text[512], *rest = text, *member;

    if (!*answer)
        return;
    if (*answer == '!' || *answer == '?') {
        failure_set(&task->failure, FAILURE_TEMPORARY, "%s", answer + 1);
        failure_at(&task->failure, "", "the source");
        task_tell(task, *answer == '!' ? OUTCOME_PEER : OUTCOME_LOCAL);
        return;
    }
    snprintf(text, sizeof text, "%s", answer);
    snprintf(finding->found.said, sizeof finding->found.said, "%s", answer);
    while (strcmp(answer, "environment") != 0 && (member = strsep(&rest, " ")))
        add(&finding->found, member);
    task_tell(task, OUTCOME_DONE);
}

static void drop(struct task *task)
{
    config_unref(((struct finding *)task)->config);
    played.open--;
}

static const char *const state_names[] = {"started"};
static const struct task_kind kind = {"finding", state_names, begin, drop, NULL};

struct finding *__wrap_finding_start(const struct finding_params *params)
{
    struct finding *finding = played.lacks ? NULL : calloc(1, sizeof *finding);

    ck_assert(places_are_found(&params->section->urls));
    if (!finding)
        return NULL;
    endpoint_format(params->target, played.target);
    snprintf(finding->question, sizeof finding->question, "https://%s/", played.target);
    finding->config = config_ref(params->config);
    finding->told = find(params->target->host) ? find(params->target->host) : find("*");
    played.searches++;
    played.open++;
    task_start(&finding->task, &kind, stage_loop(), params->done, params->arg);
    return finding;
}

void __wrap_finding_free(struct finding *finding)
{
    task_free(finding ? &finding->task : NULL);
}

const struct found *__wrap_finding_found(const struct finding *finding)
{
    return &finding->found;
}

const char *__wrap_finding_question(const struct finding *finding)
{
    return finding->question;
}

bool __wrap_finding_was_kept(const struct finding *finding)
{
    return finding->told->kept;
}

bool __wrap_finding_is_environment(const struct finding *finding)
{
    return strcmp(finding->told->answer, "environment") == 0;
}
