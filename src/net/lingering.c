/* SPDX-License-Identifier: ISC */
#include "net/lingering.h"

#include <stddef.h>
#include <stdlib.h>

#define LINGER_MS 30000 /* time for a slow other side to take the last bytes of a closed stream */

struct lingering {
    struct lingering *next, **back;
    struct loop *loop;
    struct loop_timer timer;
    void (*give_up)(void *arg);
    void *arg;
};

static struct lingering *first;

static void give_up(struct lingering *lingering)
{
    void (*call)(void *) = lingering->give_up;
    void *arg = lingering->arg;

    lingering_stop(lingering);
    call(arg);
}

static void on_too_long(void *arg)
{
    give_up(arg);
}

struct lingering *lingering_start(struct loop *loop, void (*call)(void *arg), void *arg)
{
    struct lingering *lingering = calloc(1, sizeof *lingering);

    if (!lingering)
        return NULL;
    lingering->loop = loop;
    lingering->give_up = call;
    lingering->arg = arg;
    lingering->next = first;
    lingering->back = &first;
    if (first)
        first->back = &lingering->next;
    first = lingering;
    loop_timer_start(loop, &lingering->timer, LINGER_MS, on_too_long, lingering);
    return lingering;
}

void lingering_stop(struct lingering *lingering)
{
    if (!lingering)
        return;
    loop_timer_stop(&lingering->timer);
    *lingering->back = lingering->next;
    if (lingering->next)
        lingering->next->back = lingering->back;
    free(lingering);
}

/* One that gives up may end others, so each time it is looked from the start. */
void lingering_end_all(struct loop *loop)
{
    struct lingering *at = first;

    while (at) {
        if (at->loop == loop) {
            give_up(at);
            at = first;
        } else {
            at = at->next;
        }
    }
}
