/* SPDX-License-Identifier: ISC */
/* For systems that do not tell what becomes of their network: a sleep is all that is noticed. */
#include "net/netwatch.h"

#include <stddef.h>
#include <stdlib.h>

#include "net/epochs.h"
#include "net/suspend.h"

struct netwatch {
    struct netwatch_params params;
    struct epochs epochs;
    struct suspend_watch *suspend;
    struct deferred end;
};

/* There are no news but a sleep. */
static enum epochs_verdict judge(void *arg)
{
    (void)arg;
    return EPOCHS_ANOTHER;
}

static void on_woke(void *arg)
{
    struct netwatch *watch = arg;

    epochs_news(&watch->epochs);
    watch->params.woke(watch->params.arg);
}

struct netwatch *netwatch_start(const struct netwatch_params *params)
{
    struct netwatch *watch = calloc(1, sizeof *watch);
    const struct epochs_params epochs = {.loop = params->loop, .judge = judge, .judge_arg = watch,
                                         .begun = params->changed, .doubted = params->doubted, .same = params->same,
                                         .arg = params->arg};

    if (!watch)
        return NULL;
    watch->params = *params;
    epochs_start(&watch->epochs, &epochs);
    watch->suspend = suspend_watch_start(params->loop, on_woke, watch);
    if (watch->suspend)
        return watch;
    free(watch);
    return NULL;
}

static void release(struct deferred *end)
{
    free((char *)end - offsetof(struct netwatch, end));
}

void netwatch_stop(struct netwatch *watch)
{
    if (!watch)
        return;
    epochs_stop(&watch->epochs);
    suspend_watch_stop(watch->suspend);
    loop_defer(watch->params.loop, &watch->end, release);
}

const struct epochs *netwatch_epochs(const struct netwatch *watch)
{
    return &watch->epochs;
}
