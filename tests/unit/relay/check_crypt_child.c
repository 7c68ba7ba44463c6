/* SPDX-License-Identifier: ISC */
#include "relay/crypt_child.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"

#define HASH "$6$salt$3aEJgflnzWuw1O3tr0IYSmhUY0cZ7iBQeBP392T7RXjLP3TKKu3ddIapQaCpbD4p9ioeGaVIjOHaym7HvCuUm0"
#define ENDLESS "$6$rounds=999999999$salt$" /* some minutes */

/* What the linker puts in place of the system's: it notes whom it has made. */
pid_t __real_fork(void);
pid_t __wrap_fork(void);

static pid_t latest;
static struct loop *loop;

pid_t __wrap_fork(void)
{
    pid_t pid = __real_fork();

    if (pid > 0)
        latest = pid;
    return pid;
}

struct asker {
    unsigned told;
    enum crypt_result result;
};

static void set_up(void)
{
    loop = loop_new();
}

static void tear_down(void)
{
    loop_free(loop);
    unit_no_child_left();
}

static void note(void *arg, enum crypt_result result)
{
    struct asker *asker = arg;

    asker->told++;
    asker->result = result;
}

static bool was_told(void *arg)
{
    return ((struct asker *)arg)->told > 0;
}

static enum crypt_result compare(const char *password, const char *hash, uint32_t limit_ms)
{
    struct asker asker = {0};

    ck_assert_ptr_nonnull(crypt_child_start(loop, password, hash, limit_ms, note, &asker));
    ck_assert_uint_eq(asker.told, 0);
    unit_wait(loop, was_told, &asker);
    ck_assert_uint_eq(asker.told, 1);
    return asker.result;
}

START_TEST(a_password_is_right_or_wrong)
{
    ck_assert_int_eq(compare("pass", HASH, 10000), CRYPT_RIGHT);
    ck_assert_int_eq(compare("Pass", HASH, 10000), CRYPT_WRONG);
    ck_assert_int_eq(compare("", HASH, 10000), CRYPT_WRONG);
    ck_assert_int_eq(compare("pass", "$6$salt$", 10000), CRYPT_WRONG); /* the hash itself is missing */
}
END_TEST

/* crypt(3) gives "*0" then, and "*1" when the hash is "*0" itself. */
START_TEST(tokens_of_failure_are_no_hashes)
{
    char longer[600];

    ck_assert_int_eq(compare("pass", "$none$", 10000), CRYPT_UNFIT);
    ck_assert_int_eq(compare("pass", "*0", 10000), CRYPT_UNFIT);
    ck_assert_int_eq(compare("pass", "*1", 10000), CRYPT_UNFIT);
    ck_assert_int_eq(compare("pass", "!" HASH, 10000), CRYPT_UNFIT);
    for (size_t i = 0; i < sizeof longer; i++)
        longer[i] = i + 1 < sizeof longer ? 'x' : '\0';
    ck_assert_int_eq(compare(longer, HASH, 10000), CRYPT_UNFIT);
}
END_TEST

START_TEST(one_that_takes_too_long_is_killed)
{
    ck_assert_int_eq(compare("pass", ENDLESS, 50), CRYPT_LOST);
}
END_TEST

START_TEST(one_that_is_cancelled_says_nothing)
{
    struct asker asker = {0};

    crypt_child_cancel(crypt_child_start(loop, "pass", ENDLESS, 10000, note, &asker));
    crypt_child_cancel(NULL);
    ck_assert_int_eq(compare("pass", HASH, 10000), CRYPT_RIGHT);
    ck_assert_uint_eq(asker.told, 0);
}
END_TEST

/* What the parent closes must be closed for the other end, too. */
START_TEST(the_child_holds_nothing_open)
{
    struct asker asker = {0};
    struct crypt_child *child;
    int ends[2];
    char byte;

    ck_assert_int_eq(pipe(ends), 0);
    child = crypt_child_start(loop, "pass", ENDLESS, 10000, note, &asker);
    ck_assert_ptr_nonnull(child);
    close(ends[1]);
    alarm(20);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* waits until the child has let go, too */
    alarm(0);
    close(ends[0]);
    crypt_child_cancel(child);
}
END_TEST

START_TEST(several_at_once_are_told_apart)
{
    struct asker askers[3] = {{0}};

    for (int i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(crypt_child_start(loop, i == 1 ? "pass" : "no", HASH, 10000, note, &askers[i]));
    for (int i = 0; i < 3; i++)
        if (askers[i].told == 0)
            unit_wait(loop, was_told, &askers[i]);
    ck_assert_int_eq(askers[0].result, CRYPT_WRONG);
    ck_assert_int_eq(askers[1].result, CRYPT_RIGHT);
    ck_assert_int_eq(askers[2].result, CRYPT_WRONG);
}
END_TEST

static void on_signal(void *arg, int number)
{
    (void)number;
    ++*(unsigned *)arg;
}

/* Both processes have the pipe by which the loop hears of signals.  One that nobody handles would end the child. */
START_TEST(the_child_is_deaf_and_the_parent_hears_nothing_for_it)
{
    struct loop_signal watch = {0};
    struct asker asker = {0};
    uint64_t begun = loop_now(loop);
    unsigned heard = 0;

    ck_assert(loop_signal_start(loop, &watch, SIGTERM, on_signal, &heard));
    ck_assert_ptr_nonnull(crypt_child_start(loop, "pass", ENDLESS, 300, note, &asker));
    ck_assert_int_eq(kill(latest, SIGTERM), 0);
    ck_assert_int_eq(kill(latest, SIGUSR1), 0);
    unit_wait(loop, was_told, &asker);
    ck_assert_uint_ge(loop_now(loop) - begun, 250); /* it was killed when its time was over */
    ck_assert_uint_eq(heard, 0);
    loop_signal_stop(&watch);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("crypt_child");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_password_is_right_or_wrong);
    tcase_add_test(cases, tokens_of_failure_are_no_hashes);
    tcase_add_test(cases, one_that_takes_too_long_is_killed);
    tcase_add_test(cases, one_that_is_cancelled_says_nothing);
    tcase_add_test(cases, the_child_holds_nothing_open);
    tcase_add_test(cases, several_at_once_are_told_apart);
    tcase_add_test(cases, the_child_is_deaf_and_the_parent_hears_nothing_for_it);
    return unit_run();
}
