/* SPDX-License-Identifier: ISC */
#include "base/loop.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"

#include "../unit.h"

/* What happened, a letter each. */
static char trace[64];

static void note(char what)
{
    size_t length = strlen(trace);

    ck_assert_uint_lt(length + 1, sizeof trace);
    trace[length] = what;
    trace[length + 1] = '\0';
}

static struct loop *start(void)
{
    struct loop *loop = loop_new();

    ck_assert_ptr_nonnull(loop);
    trace[0] = '\0';
    return loop;
}

/* --- deferred calls --- */

struct params {
    struct deferred deferred;
    char name;
    struct loop *loop;
    struct params *undefers, *defers; /* what it does when it runs */
    bool stops, again;
};

static void note_timer(void *arg)
{
    (void)arg;
    note('t');
}

static void stop_by_timer(void *arg)
{
    loop_stop(arg);
}

static void run_job(struct deferred *deferred)
{
    struct params *params = (struct params *)deferred, *other = params->defers;

    if (params->again) {
        loop_defer(params->loop, &params->deferred, run_job);
        return;
    }
    note(params->name);
    if (params->undefers)
        loop_undefer(params->loop, &params->undefers->deferred);
    params->defers = NULL;
    if (other)
        loop_defer(params->loop, &other->deferred, run_job);
    if (params->stops)
        loop_stop(params->loop);
}

static void make_jobs(struct params *jobs, size_t count, struct loop *loop)
{
    memset(jobs, 0, count * sizeof *jobs);
    for (size_t i = 0; i < count; i++) {
        jobs[i].name = (char)('a' + i);
        jobs[i].loop = loop;
    }
}

START_TEST(deferred_calls_run_once_in_their_order)
{
    struct loop *loop = start();
    struct params jobs[4];

    make_jobs(jobs, 4, loop);
    jobs[3].stops = true;
    for (size_t i = 0; i < 4; i++) {
        loop_defer(loop, &jobs[i].deferred, run_job);
        loop_defer(loop, &jobs[0].deferred, run_job); /* asked for already */
    }
    ck_assert(loop_run(loop));
    ck_assert_str_eq(trace, "abcd");
    loop_free(loop);
    ck_assert_str_eq(trace, "abcd");
}
END_TEST

/* Each of four undefers each of four, before the turn's end and from within a deferred call. */
START_TEST(undeferred_calls_do_not_run)
{
    for (size_t i = 0; i < 4; i++) {
        struct loop *loop = start();
        struct params jobs[4];
        char expected[8] = "abcd";

        make_jobs(jobs, 4, loop);
        for (size_t j = 0; j < 4; j++)
            loop_defer(loop, &jobs[j].deferred, run_job);
        loop_undefer(loop, &jobs[i].deferred);
        loop_undefer(loop, &jobs[i].deferred); /* twice is fine */
        loop_defer(loop, &jobs[i].deferred, run_job); /* now it is the last */
        memmove(expected + i, expected + i + 1, 4 - i);
        expected[3] = (char)('a' + i);
        jobs[i].stops = true;
        ck_assert(loop_run(loop));
        ck_assert_str_eq(trace, expected);
        loop_free(loop);
    }
}
END_TEST

START_TEST(a_deferred_call_may_undefer_another)
{
    for (size_t who = 0; who < 4; who++) {
        for (size_t whom = 0; whom < 4; whom++) {
            struct loop *loop = start();
            struct params jobs[5];
            char expected[8];
            size_t at = 0;

            make_jobs(jobs, 5, loop);
            jobs[who].undefers = &jobs[whom];
            jobs[4].stops = true;
            for (size_t j = 0; j < 5; j++)
                loop_defer(loop, &jobs[j].deferred, run_job);
            for (size_t j = 0; j < 5; j++)
                if (j != whom || whom <= who)
                    expected[at++] = (char)('a' + j);
            expected[at] = '\0';
            ck_assert(loop_run(loop));
            ck_assert_msg(strcmp(trace, expected) == 0, "%zu undefers %zu: %s", who, whom, trace);
            loop_free(loop);
        }
    }
}
END_TEST

START_TEST(what_a_deferred_call_defers_runs_too)
{
    struct loop *loop = start();
    struct params jobs[3];

    make_jobs(jobs, 3, loop);
    jobs[0].defers = &jobs[0]; /* itself, once */
    jobs[1].defers = &jobs[2];
    jobs[2].stops = true;
    loop_defer(loop, &jobs[0].deferred, run_job);
    loop_defer(loop, &jobs[1].deferred, run_job);
    ck_assert(loop_run(loop));
    ck_assert_str_eq(trace, "abac");
    loop_free(loop);
}
END_TEST

/* Whoever has had a share of the turn waits until the others were looked at. */
START_TEST(what_is_put_off_runs_behind_the_next_look_at_descriptors)
{
    struct loop *loop = start();
    struct params jobs[4];
    struct loop_timer timer = {0};

    make_jobs(jobs, 4, loop);
    jobs[3].stops = true;
    loop_put_off(loop, &jobs[0].deferred, run_job);
    loop_put_off(loop, &jobs[1].deferred, run_job);
    loop_put_off(loop, &jobs[3].deferred, run_job);
    loop_undefer(loop, &jobs[1].deferred);
    loop_defer(loop, &jobs[2].deferred, run_job);
    loop_timer_start(loop, &timer, 0, note_timer, NULL);
    ck_assert(loop_run(loop));
    ck_assert_str_eq(trace, "tcad");
    loop_free(loop);
}
END_TEST

START_TEST(a_chain_of_deferred_calls_does_not_keep_the_loop_from_its_timers)
{
    struct loop *loop = start();
    struct loop_timer timer = {0};
    struct params endless = {.name = 'e', .loop = loop};

    endless.again = true;
    loop_defer(loop, &endless.deferred, run_job);
    loop_timer_start(loop, &timer, 0, stop_by_timer, loop);
    ck_assert(loop_run(loop));
    loop_undefer(loop, &endless.deferred);
    loop_free(loop);
}
END_TEST

START_TEST(freeing_the_loop_runs_what_is_deferred)
{
    struct loop *loop = start();
    struct params jobs[2];

    make_jobs(jobs, 2, loop);
    jobs[0].defers = &jobs[1];
    loop_defer(loop, &jobs[0].deferred, run_job);
    loop_free(loop);
    ck_assert_str_eq(trace, "ab");
    loop_free(NULL);
}
END_TEST

/* --- timers --- */

struct alarm {
    struct loop_timer timer;
    struct loop *loop;
    struct alarm *stops;   /* a timer that it stops */
    uint64_t again_ms;     /* once more after that time */
    bool last;
    char name;
};

static void ring(void *arg)
{
    struct alarm *alarm = arg;
    uint64_t again = alarm->again_ms;

    note(alarm->name);
    ck_assert_ptr_null(alarm->timer.call); /* it stops before it calls */
    alarm->again_ms = 0;
    if (alarm->stops)
        loop_timer_stop(&alarm->stops->timer);
    if (again)
        loop_timer_start(alarm->loop, &alarm->timer, again, ring, alarm);
    else if (alarm->last)
        loop_stop(alarm->loop);
}

START_TEST(timers_ring_in_the_order_of_time)
{
    struct loop *loop = start();
    struct alarm alarms[] = {{.name = 'c', .last = true}, {.name = 'a', .again_ms = 15}, {.name = 'b'}, {.name = 'x'}};
    static const uint64_t after[] = {600, 1, 400, 5}; /* a's second time is counted from when it rang: there is room */

    for (size_t i = 0; i < 4; i++) {
        alarms[i].loop = loop;
        loop_timer_start(loop, &alarms[i].timer, after[i], ring, &alarms[i]);
    }
    loop_timer_stop(&alarms[3].timer);
    loop_timer_stop(&alarms[3].timer);
    ck_assert(loop_run(loop));
    ck_assert_str_eq(trace, "aabc");
    loop_free(loop);
}
END_TEST

START_TEST(a_running_timer_is_set_anew)
{
    struct loop *loop = start();
    struct alarm late = {.name = 'l', .loop = loop, .last = true}, early = {.name = 'e', .loop = loop};

    loop_timer_start(loop, &late.timer, 1, ring, &late);
    loop_timer_start(loop, &late.timer, 40, ring, &late);
    loop_timer_start(loop, &early.timer, 3600000, ring, &early);
    loop_timer_start(loop, &early.timer, 5, ring, &early);
    ck_assert(loop_run(loop));
    ck_assert_str_eq(trace, "el");
    loop_free(loop);
}
END_TEST

/* Two that are due at once, of which one stops the other: only one rings. */
START_TEST(a_timer_may_stop_another_that_is_due)
{
    struct loop *loop = start();
    struct alarm a = {.name = 'a', .loop = loop}, b = {.name = 'b', .loop = loop}, end = {.name = 'z', .loop = loop,
                                                                                          .last = true};

    a.stops = &b;
    b.stops = &a;
    loop_timer_start(loop, &a.timer, 0, ring, &a);
    loop_timer_start(loop, &b.timer, 0, ring, &b);
    loop_timer_start(loop, &end.timer, 30, ring, &end);
    ck_assert(loop_run(loop));
    ck_assert_msg(strcmp(trace, "az") == 0 || strcmp(trace, "bz") == 0, "%s", trace);
    loop_free(loop);
}
END_TEST

/* libevent's memory; how often it was refused while there was none. */
static unsigned refusals;
static bool no_memory;

static void *reallocate(void *block, size_t size)
{
    if (!no_memory)
        return realloc(block, size);
    refusals++;
    return NULL;
}

static void let_memory_come(void *arg)
{
    (void)arg;
    note('m');
    no_memory = false;
}

/* A thousand timers are more than there is room for: those that found none ring all the same, but for one that is
 * stopped meanwhile and one that is set anew. */
START_TEST(timers_for_which_there_is_no_memory_ring_later)
{
    enum { COUNT = 1000 };
    static struct alarm alarms[COUNT];
    struct loop_timer memory = {0}, end = {0};
    struct loop *loop;

    event_set_mem_functions(malloc, reallocate, free);
    loop = start();
    loop_timer_start(loop, &memory, 70, let_memory_come, NULL);
    no_memory = true;
    for (size_t i = 0; i < COUNT; i++) {
        alarms[i] = (struct alarm){.loop = loop, .name = 'x'};
        loop_timer_start(loop, &alarms[i].timer, i == 990 ? 1 : 3600000, ring, &alarms[i]);
    }
    ck_assert_uint_gt(refusals, 0);
    loop_timer_start(loop, &alarms[991].timer, 2, ring, &alarms[991]);
    loop_timer_start(loop, &end, 300, stop_by_timer, loop);
    loop_timer_start(loop, &alarms[992].timer, 2, ring, &alarms[992]);
    loop_timer_stop(&alarms[992].timer);
    ck_assert(loop_run(loop));
    ck_assert_str_eq(trace, "mxx");
    for (size_t i = 0; i < COUNT; i++)
        loop_timer_stop(&alarms[i].timer);
    loop_free(loop);
    event_set_mem_functions(malloc, realloc, free);
}
END_TEST

/* --- the clock --- */

struct clock_case {
    struct loop *loop;
    struct loop_timer timer;
    uint64_t first;
};

static void look_again(void *arg)
{
    struct clock_case *clock = arg;
    uint64_t now = loop_now(clock->loop);

    ck_assert_uint_ge(now, clock->first + 20);
    ck_assert_uint_lt(now, clock->first + 20000);
    loop_stop(clock->loop);
}

static void look(void *arg)
{
    struct clock_case *clock = arg;

    clock->first = loop_now(clock->loop);
    ck_assert_uint_gt(clock->first, 0);
    usleep(3000);
    ck_assert_uint_eq(loop_now(clock->loop), clock->first); /* one turn, one time */
    loop_timer_start(clock->loop, &clock->timer, 25, look_again, clock);
}

START_TEST(the_clock_is_read_once_a_turn)
{
    struct clock_case clock = {.loop = start()};

    loop_timer_start(clock.loop, &clock.timer, 0, look, &clock);
    ck_assert(loop_run(clock.loop));
    loop_free(clock.loop);
}
END_TEST

/* --- descriptors --- */

struct watched {
    struct loop *loop;
    struct loop_io io;
    int fd, calls, ready, until;
    bool reads;
};

static void on_ready(void *arg, int ready)
{
    struct watched *watched = arg;
    char byte;

    watched->calls++;
    watched->ready |= ready;
    if (watched->reads && read(watched->fd, &byte, 1) == 1)
        note(byte);
    if (watched->calls >= watched->until)
        loop_stop(watched->loop);
}

START_TEST(levels_call_until_all_is_read)
{
    struct watched watched = {.loop = start(), .until = 3, .reads = true};
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    watched.fd = ends[0];
    ck_assert_int_eq((int)write(ends[1], "xyz", 3), 3);
    ck_assert(loop_io_levels(watched.loop, &watched.io, ends[0], LOOP_READ, on_ready, &watched));
    ck_assert(loop_run(watched.loop));
    ck_assert_str_eq(trace, "xyz");
    ck_assert_int_eq(watched.ready, LOOP_READ);
    loop_io_stop(&watched.io);
    loop_io_stop(&watched.io);
    close(ends[0]), close(ends[1]);
    loop_free(watched.loop);
}
END_TEST

static bool waited(void *arg)
{
    return ++*(int *)arg > 20;
}

/* With nothing read, an edge is told once; what is wanted can be changed, and stopped. */
START_TEST(edges_call_once_and_stopped_ones_never)
{
    struct watched edge = {.loop = start(), .until = 1000}, stopped = {.loop = edge.loop, .until = 1000};
    int pair[2], pipe_ends[2], ticks = 0;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    ck_assert_int_eq(pipe(pipe_ends), 0);
    ck_assert_int_eq((int)write(pair[1], "xyz", 3), 3);
    ck_assert_int_eq((int)write(pipe_ends[1], "xyz", 3), 3);
    ck_assert(loop_io_edges(edge.loop, &edge.io, pair[0], on_ready, &edge));
    ck_assert(loop_io_levels(edge.loop, &stopped.io, pipe_ends[0], LOOP_READ, on_ready, &stopped));
    ck_assert(loop_io_levels(edge.loop, &stopped.io, pipe_ends[0], 0, on_ready, &stopped));
    unit_wait(edge.loop, waited, &ticks);
    ck_assert_int_eq(edge.calls, 1);
    ck_assert_int_eq(edge.ready, LOOP_READ | LOOP_WRITE);
    ck_assert_int_eq(stopped.calls, 0);
    loop_io_stop(&edge.io);
    close(pair[0]), close(pair[1]), close(pipe_ends[0]), close(pipe_ends[1]);
    loop_free(edge.loop);
}
END_TEST

START_TEST(a_regular_file_cannot_be_watched)
{
    struct loop *loop = start();
    struct loop_io io = {.call = NULL};
    FILE *file = tmpfile();

    ck_assert_ptr_nonnull(file);
    ck_assert(!loop_io_edges(loop, &io, fileno(file), on_ready, NULL));
    ck_assert_ptr_null(io.call); /* it is stopped */
    fclose(file);
    loop_free(loop);
}
END_TEST

/* --- signals --- */

static void on_signal(void *arg, int number)
{
    ck_assert_int_eq(number, SIGUSR1);
    note('s');
    loop_stop(arg);
}

START_TEST(a_signal_is_told_in_the_loop)
{
    struct loop *loop = start();
    struct loop_signal caught = {.call = NULL};

    ck_assert(loop_signal_start(loop, &caught, SIGUSR1, on_signal, loop));
    raise(SIGUSR1);
    ck_assert_str_eq(trace, "");
    ck_assert(loop_run(loop));
    ck_assert_str_eq(trace, "s");
    loop_signal_stop(&caught);
    loop_signal_stop(&caught);
    loop_free(loop);
}
END_TEST

/* For a child: with one descriptor left, epoll gets it, and libevent has none for its signals. */
static void __attribute__((noreturn)) make_loop_with_one_descriptor(int log)
{
    struct rlimit limit;

    dup2(log, STDERR_FILENO);
    limit.rlim_cur = limit.rlim_max = (rlim_t)dup(log) + 2;
    log_hold(true);
    setrlimit(RLIMIT_NOFILE, &limit);
    loop_new();
    _exit(EX_OK);
}

START_TEST(when_libevent_cannot_go_on_the_log_says_so)
{
    char said[1000] = "";
    int ends[2], status;
    pid_t child;

    if (!unit_limits_hold()) {
        puts("# limits do not hold here (valgrind keeps them to itself): libevent has no reason to give up");
        return;
    }
    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        make_loop_with_one_descriptor(ends[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    close(ends[1]);
    ck_assert_int_gt((int)read(ends[0], said, sizeof said - 1), 0);
    close(ends[0]);
    ck_assert_msg(strncmp(said, "sallyport: error: libevent: ", 28) == 0, "%s", said);
    ck_assert_ptr_nonnull(strstr(said, "\nsallyport: error: the event loop cannot go on, and so sallyport ends"));
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), EX_SOFTWARE);
}
END_TEST

START_TEST(the_mechanism_has_a_name)
{
    struct loop *loop = start();

    ck_assert_uint_gt(strlen(loop_mechanism(loop)), 0);
    ck_assert_uint_gt(strlen(loop_version()), 0);
    loop_free(loop);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("loop");

    tcase_add_test(cases, deferred_calls_run_once_in_their_order);
    tcase_add_test(cases, undeferred_calls_do_not_run);
    tcase_add_test(cases, a_deferred_call_may_undefer_another);
    tcase_add_test(cases, what_a_deferred_call_defers_runs_too);
    tcase_add_test(cases, what_is_put_off_runs_behind_the_next_look_at_descriptors);
    tcase_add_test(cases, a_chain_of_deferred_calls_does_not_keep_the_loop_from_its_timers);
    tcase_add_test(cases, freeing_the_loop_runs_what_is_deferred);
    tcase_add_test(cases, timers_ring_in_the_order_of_time);
    tcase_add_test(cases, a_running_timer_is_set_anew);
    tcase_add_test(cases, a_timer_may_stop_another_that_is_due);
    tcase_add_test(cases, timers_for_which_there_is_no_memory_ring_later);
    tcase_add_test(cases, the_clock_is_read_once_a_turn);
    tcase_add_test(cases, levels_call_until_all_is_read);
    tcase_add_test(cases, edges_call_once_and_stopped_ones_never);
    tcase_add_test(cases, a_regular_file_cannot_be_watched);
    tcase_add_test(cases, a_signal_is_told_in_the_loop);
    tcase_add_test(cases, when_libevent_cannot_go_on_the_log_says_so);
    tcase_add_test(cases, the_mechanism_has_a_name);
    return unit_run();
}
