/* SPDX-License-Identifier: ISC */
#include "net/epochs.h"

static void on_quiet(void *arg);

void epochs_start(struct epochs *epochs, const struct epochs_params *params)
{
    *epochs = (struct epochs){.params = *params, .number = 1, .since = loop_now(params->loop)};
}

void epochs_stop(struct epochs *epochs)
{
    loop_timer_stop(&epochs->quiet);
}

/* Judges when there has been quiet, counted from now. */
static void wait_for_quiet(struct epochs *epochs)
{
    uint64_t now = loop_now(epochs->params.loop), latest = epochs->first + EPOCHS_LATEST_MS;
    uint64_t left = latest > now ? latest - now : 0;

    loop_timer_start(epochs->params.loop, &epochs->quiet, left < EPOCHS_QUIET_MS ? left : EPOCHS_QUIET_MS, on_quiet,
                     epochs);
}

void epochs_news(struct epochs *epochs)
{
    epochs->untold = 0;
    if (epochs->first == 0)
        epochs->first = loop_now(epochs->params.loop);
    wait_for_quiet(epochs);
    epochs->params.doubted(epochs->params.arg);
}

static void on_quiet(void *arg)
{
    struct epochs *epochs = arg;

    epochs->first = 0;
    switch (epochs->params.judge(epochs->params.judge_arg)) {
    case EPOCHS_SAME:
        epochs->params.same(epochs->params.arg);
        break;
    case EPOCHS_ANOTHER:
        epochs->number++;
        epochs->since = loop_now(epochs->params.loop);
        epochs->params.begun(epochs->params.arg);
        break;
    case EPOCHS_UNTOLD:
        if (++epochs->untold >= EPOCHS_JUDGED_MAX)
            break;
        epochs->first = loop_now(epochs->params.loop);
        wait_for_quiet(epochs);
        break;
    }
}
