/* SPDX-License-Identifier: ISC */
#include "base/task.h"

#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"

enum { STARTED, WORKING };

static const char *const state_names[] = {"started", "working"};

/* What the machine of the test and its owner have seen. */
struct seen {
    int begun, dropped, released, told, late;
    enum outcome outcome;
    bool had_failure;
    char what[64];
    struct machine *machine;
    bool frees;        /* the owner frees the task from within done */
    bool tells_twice, fails_twice;
    uint32_t limit_ms; /* 0: the machine tells at once */
    struct seen *next; /* of the owner that it is handed over to */
};

struct machine {
    struct task task;
    struct seen *seen;
};

static void on_late(void *arg)
{
    struct machine *machine = arg;

    machine->seen->late++;
    task_fail(&machine->task, OUTCOME_PEER, FAILURE_TEMPORARY, "%s", "late");
}

static void begin(struct task *task)
{
    struct seen *seen = ((struct machine *)task)->seen;

    seen->begun++;
    task_enter(task, "unit", WORKING);
    ck_assert_uint_eq(task->state, WORKING);
    if (seen->limit_ms > 0) {
        task_limit(task, seen->limit_ms, on_late);
        return;
    }
    if (seen->fails_twice) {
        task_fail_because(task, OUTCOME_PEER, FAILURE_TEMPORARY, CAUSE_SILENCE, "%s", "first");
        task_fail_because(task, OUTCOME_LOCAL, FAILURE_PERMANENT, CAUSE_RULES, "second");
        task_fail(task, OUTCOME_LOCAL, FAILURE_PERMANENT, "third");
        return;
    }
    task_tell(task, OUTCOME_DONE);
    if (seen->tells_twice)
        task_fail(task, OUTCOME_LOCAL, FAILURE_PERMANENT, "once more");
}

static void drop(struct task *task)
{
    ((struct machine *)task)->seen->dropped++;
}

static void release(struct task *task)
{
    ((struct machine *)task)->seen->released++;
}

static const struct task_kind kind = {"machine", state_names, begin, drop, release};

static void on_done(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct seen *seen = arg;

    seen->told++;
    seen->outcome = outcome;
    seen->had_failure = failure;
    snprintf(seen->what, sizeof seen->what, "%.60s", failure ? failure->what : "");
    if (seen->frees)
        task_free(&seen->machine->task);
}

static struct loop *loop;

static void start(struct seen *seen)
{
    seen->machine = calloc(1, sizeof *seen->machine);
    ck_assert_ptr_nonnull(seen->machine);
    seen->machine->seen = seen;
    task_start(&seen->machine->task, &kind, loop, on_done, seen);
    ck_assert_int_eq(seen->begun + seen->told, 0); /* not from within the call */
}

static bool was_told(void *arg)
{
    return ((struct seen *)arg)->told > 0;
}

static bool has_begun(void *arg)
{
    return ((struct seen *)arg)->begun > 0;
}

static bool was_released(void *arg)
{
    return ((struct seen *)arg)->released > 0;
}

/* Whatever is due at the end of the turn happens. */
static void end_turn(void)
{
    loop_free(loop);
    loop = loop_new();
    ck_assert_ptr_nonnull(loop);
}

START_TEST(a_task_begins_later_and_tells_once)
{
    struct seen seen = {.tells_twice = true};

    start(&seen);
    unit_wait(loop, was_told, &seen);
    ck_assert_int_eq(seen.begun, 1);
    ck_assert_int_eq(seen.told, 1);
    ck_assert_int_eq(seen.outcome, OUTCOME_DONE);
    ck_assert(!seen.had_failure);
    task_free(&seen.machine->task);
    ck_assert(task_is_freed(&seen.machine->task));
    task_free(&seen.machine->task); /* once more is fine */
    end_turn();
    ck_assert_int_eq(seen.dropped, 1);
    ck_assert_int_eq(seen.released, 1);
}
END_TEST

static bool begins_anew(void *arg)
{
    struct seen *seen = arg;

    if (seen->told == 0)
        return false;
    task_restart(&seen->machine->task);
    task_restart(&seen->machine->task); /* once is enough */
    ck_assert_int_eq(seen->begun, 1);
    return true;
}

static bool was_told_again(void *arg)
{
    return ((struct seen *)arg)->told == 2;
}

START_TEST(a_task_that_has_told_may_begin_anew)
{
    static unit_step_fn *const steps[] = {begins_anew, was_told_again, NULL};
    struct seen seen = {0};

    start(&seen);
    task_restart(&seen.machine->task); /* it has not told yet */
    unit_walk(loop, steps, &seen);
    ck_assert_int_eq(seen.begun, 2);
    ck_assert_int_eq(seen.outcome, OUTCOME_DONE);
    task_free(&seen.machine->task);
    task_restart(&seen.machine->task); /* it is over */
    end_turn();
    ck_assert_int_eq(seen.begun, 2);
    ck_assert_int_eq(seen.released, 1);
}
END_TEST

static bool is_handed_over(void *arg)
{
    struct seen *seen = arg, *next = seen->next;

    if (next->told == 0 && seen->told == 0)
        return false;
    task_hand_over(&seen->machine->task, on_done, next);
    ck_assert_int_eq(next->told, 0); /* not from within the call */
    return true;
}

static bool next_was_told(void *arg)
{
    return ((struct seen *)arg)->next->told > 0;
}

/* When it has told the one before; when it has not even begun. */
START_TEST(another_owner_is_told_what_there_is_to_tell)
{
    static unit_step_fn *const steps[] = {is_handed_over, next_was_told, NULL};
    struct seen next = {0}, seen = {.fails_twice = true, .next = &next};

    start(&seen);
    if (_i == 0) {
        unit_walk(loop, steps, &seen);
    } else {
        task_hand_over(&seen.machine->task, on_done, &next);
        unit_wait(loop, was_told, &next);
    }
    ck_assert_int_eq(seen.begun, 1);
    ck_assert_int_eq(seen.told, _i == 0 ? 1 : 0);
    ck_assert_int_eq(next.told, 1);
    ck_assert_int_eq(next.outcome, OUTCOME_PEER);
    ck_assert_str_eq(next.what, "first");
    ck_assert(task_has_ended(&seen.machine->task));
    task_free(&seen.machine->task);
    end_turn();
    ck_assert_int_eq(next.told, 1);
    ck_assert_int_eq(seen.released, 1);
}
END_TEST

START_TEST(what_was_told_stays)
{
    struct seen seen = {.fails_twice = true};

    start(&seen);
    unit_wait(loop, was_told, &seen);
    ck_assert_int_eq(seen.told, 1);
    ck_assert_int_eq(seen.outcome, OUTCOME_PEER);
    ck_assert_str_eq(seen.what, "first");
    ck_assert_str_eq(seen.machine->task.failure.what, "first");
    ck_assert_int_eq(seen.machine->task.failure.cause, CAUSE_SILENCE);
    task_free(&seen.machine->task);
    end_turn();
}
END_TEST

START_TEST(a_limit_rings_and_its_failure_is_told)
{
    struct seen seen = {.limit_ms = 1, .frees = true};

    start(&seen);
    unit_wait(loop, was_released, &seen);
    ck_assert_int_eq(seen.late, 1);
    ck_assert_int_eq(seen.told, 1);
    ck_assert_int_eq(seen.outcome, OUTCOME_PEER);
    ck_assert_str_eq(seen.what, "late");
    ck_assert_int_eq(seen.dropped, 1);
}
END_TEST

START_TEST(a_task_that_fails_before_it_begins_tells_in_place_of_beginning)
{
    struct seen seen = {0};

    start(&seen);
    ck_assert(!task_has_ended(&seen.machine->task));
    task_fail(&seen.machine->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "early");
    task_fail(&seen.machine->task, OUTCOME_PEER, FAILURE_TEMPORARY, "late"); /* the first counts */
    ck_assert(task_has_ended(&seen.machine->task));
    ck_assert_int_eq(seen.told, 0);
    unit_wait(loop, was_told, &seen);
    ck_assert_int_eq(seen.begun, 0);
    ck_assert_int_eq(seen.told, 1);
    ck_assert_int_eq(seen.outcome, OUTCOME_LOCAL);
    ck_assert_str_eq(seen.what, "early");
    task_free(&seen.machine->task);
    end_turn();
}
END_TEST

START_TEST(a_task_that_is_freed_before_it_begins_does_nothing)
{
    struct seen seen = {0};

    start(&seen);
    task_free(&seen.machine->task);
    end_turn();
    ck_assert_int_eq(seen.begun + seen.told, 0);
    ck_assert_int_eq(seen.dropped, 1);
    ck_assert_int_eq(seen.released, 1);
}
END_TEST

START_TEST(a_task_that_is_freed_later_tells_nobody)
{
    struct seen seen = {.limit_ms = 3600000};

    start(&seen);
    unit_wait(loop, has_begun, &seen);
    task_free(&seen.machine->task);
    ck_assert_ptr_null(seen.machine->task.limit.call);
    end_turn();
    ck_assert_int_eq(seen.told + seen.late, 0);
    ck_assert_int_eq(seen.released, 1);
}
END_TEST

START_TEST(a_new_state_stops_the_limit)
{
    struct seen seen = {.limit_ms = 3600000};

    start(&seen);
    unit_wait(loop, has_begun, &seen);
    ck_assert_ptr_nonnull(seen.machine->task.limit.call);
    task_enter(&seen.machine->task, NULL, STARTED);
    ck_assert_ptr_null(seen.machine->task.limit.call);
    task_free(&seen.machine->task);
    task_free(NULL);
    end_turn();
    ck_assert_int_eq(seen.told, 0);
}
END_TEST

static void open_loop(void)
{
    loop = loop_new();
    ck_assert_ptr_nonnull(loop);
}

static void close_loop(void)
{
    loop_free(loop);
}

int main(void)
{
    TCase *cases = unit_case("task");

    tcase_add_checked_fixture(cases, open_loop, close_loop);
    tcase_add_test(cases, a_task_begins_later_and_tells_once);
    tcase_add_test(cases, a_task_that_has_told_may_begin_anew);
    tcase_add_loop_test(cases, another_owner_is_told_what_there_is_to_tell, 0, 2);
    tcase_add_test(cases, what_was_told_stays);
    tcase_add_test(cases, a_limit_rings_and_its_failure_is_told);
    tcase_add_test(cases, a_task_that_fails_before_it_begins_tells_in_place_of_beginning);
    tcase_add_test(cases, a_task_that_is_freed_before_it_begins_does_nothing);
    tcase_add_test(cases, a_task_that_is_freed_later_tells_nobody);
    tcase_add_test(cases, a_new_state_stops_the_limit);
    return unit_run();
}
