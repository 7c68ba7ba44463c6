/* SPDX-License-Identifier: ISC */
#include "session/roll.h"

#include <assert.h>

void roll_init(struct roll *roll, struct loop *loop, void (*due)(struct roll_entry *entry))
{
    *roll = (struct roll){.loop = loop, .due = due};
}

void roll_close(struct roll *roll)
{
    assert(!roll->first);
    loop_timer_stop(&roll->watch);
}

uint64_t roll_take_number(struct roll *roll)
{
    return ++roll->number;
}

void roll_enter(struct roll *roll, struct roll_entry *entry)
{
    entry->number = roll_take_number(roll);
    entry->next = roll->first;
    entry->back = &roll->first;
    if (entry->next)
        entry->next->back = &entry->next;
    roll->first = entry;
    roll->count++;
    roll->reverse += entry->reverse;
}

void roll_strike(struct roll *roll, struct roll_entry *entry)
{
    roll_stop_serving(roll, entry);
    roll_set_deadline(roll, entry, 0);
    *entry->back = entry->next;
    if (entry->next)
        entry->next->back = entry->back;
    roll->count--;
    roll->reverse -= entry->reverse;
}

void roll_serve(struct roll *roll, struct roll_entry *entry)
{
    roll->served += !entry->served;
    entry->served = true;
}

void roll_stop_serving(struct roll *roll, struct roll_entry *entry)
{
    roll->served -= entry->served;
    entry->served = false;
}

static void on_watch(void *arg);

static void watch_until(struct roll *roll, uint64_t at)
{
    uint64_t now = loop_now(roll->loop);

    roll->watch_at = at;
    loop_timer_start(roll->loop, &roll->watch, at > now ? at - now : 0, on_watch, roll);
}

/* Sets a deadline, and has count of those that are set. */
static void set(struct roll *roll, struct roll_entry *entry, uint64_t deadline)
{
    roll->due_count += (deadline > 0) - (entry->deadline > 0);
    entry->deadline = deadline;
}

void roll_set_deadline(struct roll *roll, struct roll_entry *entry, uint64_t ms)
{
    set(roll, entry, ms > 0 ? loop_now(roll->loop) + ms : 0);
    if (ms > 0 && (roll->watch_at == 0 || entry->deadline < roll->watch_at))
        watch_until(roll, entry->deadline);
    if (roll->due_count == 0 && roll->watch_at > 0) { /* nobody is woken for what is not due any more */
        loop_timer_stop(&roll->watch);
        roll->watch_at = 0;
    }
}

/* Looks at the deadlines of all.  That happens rarely: deadlines are long. */
static void on_watch(void *arg)
{
    struct roll *roll = arg;
    uint64_t now = loop_now(roll->loop), first = 0;
    struct roll_entry *next;

    roll->watch_at = 0;
    for (struct roll_entry *entry = roll->first; entry; entry = next) {
        next = entry->next;
        if (entry->deadline > 0 && entry->deadline <= now) {
            set(roll, entry, 0);
            roll->due(entry);
        } else if (entry->deadline > 0 && (first == 0 || entry->deadline < first)) {
            first = entry->deadline;
        }
    }
    if (first > 0 && (roll->watch_at == 0 || first < roll->watch_at))
        watch_until(roll, first < now + ROLL_STEP_MS ? now + ROLL_STEP_MS : first);
}
