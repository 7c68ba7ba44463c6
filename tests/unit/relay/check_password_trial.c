/* SPDX-License-Identifier: ISC */
#include "relay/password_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* What the linker puts in place of the program's own: children that end when the test says so. */
struct crypt_child *__wrap_crypt_child_start(struct loop *asked, const char *password, const char *hash,
                                             uint32_t limit_ms, crypt_child_done_fn *done, void *arg);
void __wrap_crypt_child_cancel(struct crypt_child *child);

#define CHILDREN_MAX 4096

static struct child {
    char pair[64];
    crypt_child_done_fn *done;
    void *arg;
    bool cancelled;
} children[CHILDREN_MAX];

static unsigned started;
static bool cannot;
static struct loop *loop;
static struct password_trials *trials;

struct crypt_child *__wrap_crypt_child_start(struct loop *asked, const char *password, const char *hash,
                                             uint32_t limit_ms, crypt_child_done_fn *done, void *arg)
{
    struct child *child = &children[started];

    ck_assert_ptr_eq(asked, loop);
    ck_assert_uint_eq(limit_ms, PASSWORD_TRIAL_MS);
    if (cannot)
        return NULL;
    started++;
    snprintf(child->pair, sizeof child->pair, "%s %s", password, hash);
    child->done = done;
    child->arg = arg;
    child->cancelled = false;
    return (struct crypt_child *)child;
}

void __wrap_crypt_child_cancel(struct crypt_child *child)
{
    if (child)
        ((struct child *)child)->cancelled = true;
}

struct asker {
    unsigned told;
    enum crypt_result result;
    struct password_trial *cancels; /* when it is told */
};

static void note(void *arg, enum crypt_result result)
{
    struct asker *asker = arg;

    asker->told++;
    asker->result = result;
    password_trial_cancel(asker->cancels);
}

static void set_up(void)
{
    started = 0;
    cannot = false;
    loop = loop_new();
    trials = password_trials_new(loop);
}

static void tear_down(void)
{
    password_trials_free(trials);
    loop_free(loop);
}

static struct password_trial *ask(struct asker *asker, const char *password, const char *hash)
{
    struct password_trial *trial;

    memset(asker, 0, sizeof *asker);
    trial = password_trial_start(trials, password, hash, note, asker);
    ck_assert_uint_eq(asker->told, 0);
    return trial;
}

static void end(unsigned child, enum crypt_result result)
{
    ck_assert_uint_lt(child, started);
    children[child].done(children[child].arg, result);
}

START_TEST(two_at_once_and_the_others_in_their_order)
{
    struct asker askers[4];
    char password[2] = "a";

    for (int i = 0; i < 4; i++, password[0]++)
        ck_assert_ptr_nonnull(ask(&askers[i], password, "hash"));
    ck_assert_uint_eq(started, PASSWORD_TRIALS_MAX);
    end(1, CRYPT_WRONG);
    ck_assert_uint_eq(started, 3);
    ck_assert_str_eq(children[2].pair, "c hash");
    ck_assert_uint_eq(askers[1].told, 1);
    ck_assert_int_eq(askers[1].result, CRYPT_WRONG);
    end(0, CRYPT_UNFIT);
    ck_assert_int_eq(askers[0].result, CRYPT_UNFIT);
    ck_assert_str_eq(children[3].pair, "d hash");
    end(2, CRYPT_RIGHT);
    end(3, CRYPT_LOST);
    ck_assert_int_eq(askers[2].result, CRYPT_RIGHT);
    ck_assert_int_eq(askers[3].result, CRYPT_LOST);
    ck_assert_uint_eq(started, 4);
}
END_TEST

START_TEST(who_asks_for_the_same_waits_for_the_same)
{
    struct asker one, same, other_hash, other_password;

    ask(&one, "a", "hash");
    ask(&same, "a", "hash");
    ask(&other_hash, "a", "hash2");
    ask(&other_password, "ha", "sh");
    ck_assert_uint_eq(started, 2);
    end(0, CRYPT_RIGHT);
    ck_assert_uint_eq(one.told + same.told, 2);
    ck_assert_int_eq(same.result, CRYPT_RIGHT);
    ck_assert_uint_eq(other_hash.told + other_password.told, 0);
    ck_assert_uint_eq(started, 3);
}
END_TEST

START_TEST(only_what_was_right_is_remembered_and_only_for_its_hash)
{
    struct asker asker;

    ck_assert(!password_trials_know(trials, "a", "hash"));
    ask(&asker, "a", "hash");
    ck_assert(!password_trials_know(trials, "a", "hash"));
    end(0, CRYPT_RIGHT);
    ck_assert(password_trials_know(trials, "a", "hash"));
    ck_assert(!password_trials_know(trials, "a", "hash2"));
    ck_assert(!password_trials_know(trials, "b", "hash"));
    ck_assert(!password_trials_know(trials, "ah", "ash"));
    ask(&asker, "b", "hash");
    end(1, CRYPT_WRONG);
    ask(&asker, "c", "hash");
    end(2, CRYPT_UNFIT);
    ask(&asker, "d", "hash");
    end(3, CRYPT_LOST);
    ck_assert(!password_trials_know(trials, "b", "hash") && !password_trials_know(trials, "c", "hash") &&
              !password_trials_know(trials, "d", "hash"));
}
END_TEST

START_TEST(the_one_not_used_for_the_longest_time_is_forgotten)
{
    struct asker asker;
    char password[16];

    for (unsigned i = 0; i < PASSWORD_REMEMBERED_MAX; i++) {
        snprintf(password, sizeof password, "%u", i);
        ask(&asker, password, "hash");
        end(i, CRYPT_RIGHT);
    }
    ck_assert(password_trials_know(trials, "0", "hash"));
    ask(&asker, "more", "hash");
    end(PASSWORD_REMEMBERED_MAX, CRYPT_RIGHT);
    ck_assert(password_trials_know(trials, "more", "hash"));
    ck_assert(password_trials_know(trials, "0", "hash"));
    ck_assert(!password_trials_know(trials, "1", "hash"));
    ck_assert(password_trials_know(trials, "2", "hash"));
}
END_TEST

START_TEST(the_queue_is_bounded)
{
    static struct asker askers[PASSWORD_TRIALS_MAX + PASSWORD_QUEUE_MAX];
    struct asker more, same;
    char password[16];

    for (unsigned i = 0; i < sizeof askers / sizeof askers[0]; i++) {
        snprintf(password, sizeof password, "%u", i);
        ck_assert_ptr_nonnull(ask(&askers[i], password, "hash"));
    }
    ck_assert_ptr_null(ask(&more, "more", "hash"));
    ck_assert_ptr_nonnull(ask(&same, "5", "hash"));
    end(0, CRYPT_WRONG);
    ck_assert_ptr_nonnull(ask(&more, "more", "hash"));
}
END_TEST

START_TEST(one_that_waits_can_be_cancelled)
{
    struct asker running[2], first, second, last;
    struct password_trial *one, *two;

    ask(&running[0], "r0", "hash");
    ask(&running[1], "r1", "hash");
    one = ask(&first, "w", "hash");
    two = ask(&second, "w", "hash");
    ask(&last, "l", "hash");
    password_trial_cancel(one);
    end(0, CRYPT_WRONG);
    ck_assert_str_eq(children[2].pair, "w hash"); /* the second one still asks */
    password_trial_cancel(two);
    end(1, CRYPT_WRONG);
    end(2, CRYPT_RIGHT);
    ck_assert_uint_eq(first.told + second.told, 0);
    ck_assert(password_trials_know(trials, "w", "hash")); /* for the next time */
    ck_assert_str_eq(children[3].pair, "l hash");
    one = ask(&first, "x", "hash");
    ask(&second, "y", "hash");
    two = ask(&second, "z", "hash");
    password_trial_cancel(two); /* the last of the queue */
    ask(&first, "v", "hash");
    end(3, CRYPT_WRONG);
    end(4, CRYPT_WRONG);
    ck_assert_str_eq(children[6].pair, "v hash");
    password_trial_cancel(NULL);
}
END_TEST

START_TEST(who_is_told_may_cancel_another)
{
    struct asker first, second;
    struct password_trial *one = ask(&first, "a", "hash");

    ask(&second, "a", "hash"); /* is told before the first one */
    second.cancels = one;
    end(0, CRYPT_WRONG);
    ck_assert_uint_eq(second.told, 1);
    ck_assert_uint_eq(first.told, 0);
}
END_TEST

static bool was_told(void *arg)
{
    return ((struct asker *)arg)->told > 0;
}

START_TEST(without_a_process_nothing_is_known)
{
    struct asker asker, next;

    cannot = true;
    ck_assert_ptr_nonnull(ask(&asker, "a", "hash"));
    unit_wait(loop, was_told, &asker);
    ck_assert_int_eq(asker.result, CRYPT_LOST);
    cannot = false;
    ck_assert_ptr_nonnull(ask(&next, "a", "hash"));
    ck_assert_uint_eq(started, 1);
}
END_TEST

START_TEST(those_that_are_left_are_ended_in_silence)
{
    struct asker askers[3];

    ask(&askers[0], "a", "hash");
    ask(&askers[1], "b", "hash");
    ask(&askers[2], "c", "hash");
    cannot = true;
    end(0, CRYPT_WRONG);
    password_trials_free(trials);
    trials = NULL;
    ck_assert(children[1].cancelled);
    ck_assert_uint_eq(askers[1].told + askers[2].told, 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("password_trial");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, two_at_once_and_the_others_in_their_order);
    tcase_add_test(cases, who_asks_for_the_same_waits_for_the_same);
    tcase_add_test(cases, only_what_was_right_is_remembered_and_only_for_its_hash);
    tcase_add_test(cases, the_one_not_used_for_the_longest_time_is_forgotten);
    tcase_add_test(cases, the_queue_is_bounded);
    tcase_add_test(cases, one_that_waits_can_be_cancelled);
    tcase_add_test(cases, who_is_told_may_cancel_another);
    tcase_add_test(cases, without_a_process_nothing_is_known);
    tcase_add_test(cases, those_that_are_left_are_ended_in_silence);
    return unit_run();
}
