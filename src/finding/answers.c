/* SPDX-License-Identifier: ISC */
#include "finding/answers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHAINS 256 /* of the table: two answers in each when it is full */

/* Only what is used of struct found, which is large. */
struct answer {
    struct answer *next;           /* of its chain */
    struct answer *older, *newer;
    size_t chain;
    uint64_t made;                 /* ms */
    char *host;
    uint16_t port;
    char *said;
    size_t skipped, count;
    struct found_member members[]; /* count */
};

struct answers {
    size_t count;
    struct answer *oldest, *newest;
    struct answer *chains[CHAINS];
};

struct answers *answers_new(void)
{
    return calloc(1, sizeof(struct answers));
}

void answers_free(struct answers *answers)
{
    if (answers)
        answers_forget(answers);
    free(answers);
}

/* FNV-1a of the name in small letters, and the port: the targets are those of our configuration, not an attacker's. */
static size_t chain_of(const struct endpoint *target)
{
    uint32_t hash = 2166136261u;

    for (const char *at = target->host; *at; at++)
        hash = (hash ^ (uint32_t)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at)) * 16777619u;
    return (hash ^ target->port) % CHAINS;
}

static struct answer *look_up(const struct answers *answers, const struct endpoint *target)
{
    struct answer *answer = answers->chains[chain_of(target)];

    while (answer && (answer->port != target->port || strcasecmp(answer->host, target->host) != 0))
        answer = answer->next;
    return answer;
}

bool answers_find(const struct answers *answers, const struct endpoint *target, uint64_t now_ms, struct found *found)
{
    const struct answer *answer = look_up(answers, target);

    if (!answer || now_ms - answer->made >= FINDING_KEPT_MS)
        return false;
    found->count = answer->count;
    memcpy(found->members, answer->members, answer->count * sizeof answer->members[0]);
    memcpy(found->said, answer->said, strlen(answer->said) + 1);
    found->skipped = answer->skipped;
    return true;
}

static void free_answer(struct answer *answer)
{
    free(answer->host);
    free(answer->said);
    free(answer);
}

static void forget(struct answers *answers, struct answer *answer)
{
    struct answer **at = &answers->chains[answer->chain];

    while (*at != answer)
        at = &(*at)->next;
    *at = answer->next;
    *(answer->older ? &answer->older->newer : &answers->oldest) = answer->newer;
    *(answer->newer ? &answer->newer->older : &answers->newest) = answer->older;
    answers->count--;
    free_answer(answer);
}

/* NULL: out of memory. */
static struct answer *make(const struct endpoint *target, const struct found *found)
{
    struct answer *answer = calloc(1, sizeof *answer + found->count * sizeof answer->members[0]);

    if (!answer)
        return NULL;
    answer->chain = chain_of(target);
    answer->host = strdup(target->host);
    answer->port = target->port;
    answer->said = strdup(found->said);
    answer->skipped = found->skipped;
    answer->count = found->count;
    memcpy(answer->members, found->members, found->count * sizeof answer->members[0]);
    if (answer->host && answer->said)
        return answer;
    free_answer(answer);
    return NULL;
}

void answers_keep(struct answers *answers, const struct endpoint *target, uint64_t now_ms, const struct found *found)
{
    struct answer *old = look_up(answers, target), *answer;

    if (old) /* what it said is over in any case */
        forget(answers, old);
    else if (answers->count == FINDING_KEPT_MAX)
        forget(answers, answers->oldest);
    answer = make(target, found);
    if (!answer)
        return;
    answer->made = now_ms;
    answer->next = answers->chains[answer->chain];
    answers->chains[answer->chain] = answer;
    answer->older = answers->newest;
    *(answers->newest ? &answers->newest->newer : &answers->oldest) = answer;
    answers->newest = answer;
    answers->count++;
}

void answers_forget(struct answers *answers)
{
    while (answers->oldest)
        forget(answers, answers->oldest);
}

static bool has(const struct answer *answer, const struct endpoint *proxy)
{
    for (size_t i = 0; i < answer->count; i++)
        if (!answer->members[i].direct && endpoint_equal(&answer->members[i].proxy, proxy))
            return true;
    return false;
}

bool answers_name(const struct answers *answers, const struct endpoint *proxy)
{
    for (const struct answer *answer = answers->oldest; answer; answer = answer->newer)
        if (has(answer, proxy))
            return true;
    return false;
}

size_t answers_count(const struct answers *answers)
{
    return answers->count;
}
