/* SPDX-License-Identifier: ISC */
#include "pac_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static void take(struct pac_addresses *found, const char *texts)
{
    found->count = 0;
    while (*(texts += strspn(texts, " "))) {
        size_t length = strcspn(texts, " ");

        ck_assert(found->count < TALK_ADDRESSES_MAX);
        snprintf(found->texts[found->count++], PAC_ADDRESS_MAX, "%.*s", (int)length, texts);
        texts += length;
    }
}

static void resolve(void *arg, const char *name, struct pac_addresses *found)
{
    struct pac_stage *stage = arg;
    size_t length = strlen(name);

    stage->resolves++;
    snprintf(stage->last, sizeof stage->last, "%s", name);
    found->count = 0;
    for (const char *const *each = stage->names; each && *each; each++) {
        if (strncmp(*each, name, length) == 0 && (*each)[length] == ' ')
            take(found, *each + length);
    }
}

static void mine(void *arg, struct pac_addresses *found)
{
    struct pac_stage *stage = arg;

    stage->mines++;
    take(found, stage->mine ? stage->mine : "");
}

static void alert(void *arg, const char *text, size_t length)
{
    struct pac_stage *stage = arg;

    stage->alerts++;
    snprintf(stage->last, sizeof stage->last, "%.*s", (int)length, text);
}

static double now(void *arg)
{
    return ((struct pac_stage *)arg)->now;
}

struct pac_world pac_stage_world(struct pac_stage *stage)
{
    return (struct pac_world){.resolve = resolve, .mine = mine, .alert = alert, .now = now, .arg = stage};
}

struct pac_engine *pac_stage_engine(struct pac_stage *stage, const char *script)
{
    struct pac_world world = pac_stage_world(stage);
    char fault[PAC_FAULT_MAX], *given = unit_exact(script, strlen(script));
    struct pac_engine *engine = pac_engine_new(&world, given, strlen(script), fault);

    free(given);
    ck_assert_msg(engine, "%s: %s", script, fault);
    return engine;
}

const char *pac_stage_ask(struct pac_engine *engine)
{
    static char text[PAC_ANSWER_MAX + sizeof "FAULT "];
    char answer[PAC_ANSWER_MAX + 1], fault[PAC_FAULT_MAX];

    if (pac_engine_ask(engine, "http://www.example.net/path", "www.example.net", answer, fault))
        snprintf(text, sizeof text, "%s", answer);
    else
        snprintf(text, sizeof text, "FAULT %s", fault);
    return text;
}

const char *pac_stage_load(const char *script, size_t length)
{
    static char fault[PAC_FAULT_MAX];
    struct pac_stage stage = {0};
    struct pac_world world = pac_stage_world(&stage);
    char *given = unit_exact(script, length);
    struct pac_engine *engine = pac_engine_new(&world, given, length, fault);

    free(given);
    if (!engine)
        return fault;
    pac_engine_free(engine);
    return "";
}
