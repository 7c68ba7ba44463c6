/* SPDX-License-Identifier: ISC */
#include "control/control_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../stage.h"
#include "../unit.h"
#include "served.h"

/* The other half of what control_server promises is in check_control_server.c. */

START_TEST(it_is_where_it_is_wanted_and_for_this_user_only)
{
    struct stat status;

    served_start();
    served_opened(served.place);
    ck_assert_int_eq(lstat(served.place, &status), 0);
    ck_assert_uint_eq(status.st_mode, S_IFSOCK | 0600);
    served_works();
    control_server_free(served.server);
    served.server = NULL;
    ck_assert(!served_exists(served.place));
}
END_TEST

START_TEST(without_a_place_there_is_none_and_the_log_says_why)
{
    control_server_set(served.server, "none");
    served_logged("");
    unsetenv("XDG_RUNTIME_DIR");
    control_server_set(served.server, "$XDG_RUNTIME_DIR/sock");
    served_logged("sallyport: no control socket: XDG_RUNTIME_DIR is not set\n");
    control_server_set(served.server, "a.sock");
    served_logged("sallyport: warning: no control socket: a.sock is no full path\n");
    control_server_set(served.server, "/nowhere at all/sock");
    served_logged("sallyport: warning: no control socket: /nowhere at all: No such file or directory\n");
    setenv("XDG_RUNTIME_DIR", served.folder, 1);
    control_server_set(served.server, "$XDG_RUNTIME_DIR/sock"); /* and it is had as soon as it can be */
    served_opened(served.place);
    served_works();
}
END_TEST

START_TEST(the_place_of_another_daemon_is_left_to_it)
{
    struct unix_socket theirs;
    char wanted[400];

    ck_assert(unix_socket_take(&theirs, served.place, wanted, sizeof wanted));
    served_start();
    snprintf(wanted, sizeof wanted, "sallyport: error: no control socket: %s answers already: another sallyport "
             "runs, or another section has it; give this one a `control` of its own, or none\n", served.place);
    served_logged(wanted);
    ck_assert(served_exists(served.place));
    close(theirs.fd); /* it dies, and its file stays */
    served_start();
    served_opened(served.place);
    served_works();
}
END_TEST

START_TEST(the_same_place_once_more_changes_nothing)
{
    struct stat before, after;
    int fd;

    served_start();
    fd = visitor_comes();
    ck_assert_int_eq(lstat(served.place, &before), 0);
    served_opened(served.place);
    served_start();
    stage_settle();
    served_logged("");
    ck_assert_int_eq(lstat(served.place, &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    visitor_says(fd, "stop\n");
    visitor_is_answered(fd, "ok\n");
}
END_TEST

/* Otherwise it would be taken for the one of another daemon. */
START_TEST(the_same_place_by_another_way_changes_nothing)
{
    char link[sizeof served.folder + 10], around[sizeof link + 10];

    served_start();
    served_opened(served.place);
    snprintf(link, sizeof link, "%s/link", served.folder);
    ck_assert_int_eq(symlink(".", link), 0);
    snprintf(around, sizeof around, "%s%s", link, strrchr(served.place, '/'));
    ck_assert(control_server_is_at(served.server, around));
    control_server_set(served.server, around);
    stage_settle();
    served_logged("");
    served_works();
    ck_assert_int_eq(unlink(link), 0);
}
END_TEST

START_TEST(it_moves_at_the_end_of_the_turn_and_drops_who_is_there)
{
    int reader, sluggard;

    served_start();
    reader = visitor_comes();
    sluggard = visitor_never_reads();
    control_server_set(served.server, "none");
    control_server_set(served.server, served.other); /* the last word counts */
    ck_assert(served_exists(served.place));
    ck_assert(!served_exists(served.other));
    stage_settle();
    ck_assert(!served_exists(served.place));
    ck_assert(served_exists(served.other));
    visitor_is_answered(reader, "");
    ck_assert_uint_lt(visitor_hears(sluggard), MUCH);
    ck_assert(served.ended);
    close(sluggard);
    memcpy(served.place, served.other, sizeof served.place);
    served_works();
}
END_TEST

START_TEST(none_takes_it_away)
{
    served_start();
    ck_assert(served_exists(served.place));
    ck_assert(control_server_is_at(served.server, served.place));
    control_server_set(served.server, "none");
    stage_settle();
    ck_assert(!served_exists(served.place));
    ck_assert(!control_server_is_at(served.server, served.place));
}
END_TEST

/* Without one, nobody could tell it where to be instead. */
START_TEST(it_stays_while_it_cannot_be_had_elsewhere)
{
    static const char *const values[][2] = {
        {"a.sock", "a.sock is no full path"},
        {"/nowhere at all/sock", "/nowhere at all: No such file or directory"},
        {"$XDG_RUNTIME_DIR/sock", "XDG_RUNTIME_DIR is not set"},
    };
    struct unix_socket theirs;
    char wanted[400];

    unsetenv("XDG_RUNTIME_DIR");
    served_start();
    served_opened(served.place);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        control_server_set(served.server, values[i][0]);
        stage_settle();
        snprintf(wanted, sizeof wanted, "sallyport: error: the control socket stays at %s: %s\n", served.place,
                 values[i][1]);
        served_logged(wanted);
        served_works();
    }
    ck_assert(unix_socket_take(&theirs, served.other, wanted, sizeof wanted));
    control_server_set(served.server, served.other);
    stage_settle();
    snprintf(wanted, sizeof wanted, "sallyport: error: the control socket stays at %s: %s answers already: another "
             "sallyport runs, or another section has it\n", served.place, served.other);
    served_logged(wanted);
    served_works();
    close(theirs.fd);
    control_server_set(served.server, served.other); /* and goes as soon as it can be */
    stage_settle();
    served_opened(served.other);
    ck_assert(!served_exists(served.place));
}
END_TEST

START_TEST(one_whose_file_was_removed_is_made_anew)
{
    served_start();
    served_opened(served.place);
    ck_assert_int_eq(unlink(served.place), 0);
    ck_assert(!control_server_is_at(served.server, served.place));
    served_start();
    stage_settle();
    served_opened(served.place);
    served_works();
}
END_TEST

START_TEST(who_moves_it_by_a_request_is_answered_first)
{
    int fd;

    served_start();
    fd = visitor_comes();
    served.moves = served.other;
    visitor_says(fd, "reload\n");
    visitor_is_answered(fd, "ok\n");
    ck_assert(!served_exists(served.place));
    ck_assert(served_exists(served.other));
}
END_TEST

static void on_answer(void *arg, enum question_state answer, const char *why)
{
    ck_assert_int_eq(answer, QUESTION_UNASKED);
    ck_assert_str_eq(why, "there is nobody to ask: no ask-command and no control socket");
    ++*(unsigned *)arg;
}

/* Whether a question is open once it was asked: somebody can see it. */
static bool is_shown(void)
{
    static const struct endpoint sender = {.host = "a.example.net", .port = 3128};
    static const struct setproxy said = {.action = SETPROXY_DIRECT, .lifetime = {.once = true}};
    static const struct redirect_settings policy = {.follow = true, .max_hops = 5, .ask_timeout = 60000};
    unsigned told = 0;
    const char *why;
    struct question_wait *wait = questions_ask(served.services->questions, &policy, &sender, &said, on_answer, &told,
                                               &why);

    ck_assert_ptr_nonnull(wait);
    stage_settle();
    if (told == 0)
        question_cancel(wait);
    return told == 0;
}

START_TEST(questions_are_shown_while_there_is_a_socket)
{
    ck_assert(!is_shown());
    served_start();
    ck_assert(is_shown());
    control_server_set(served.server, served.other);
    stage_settle();
    ck_assert(is_shown());
    control_server_set(served.server, "none");
    stage_settle();
    ck_assert(!is_shown());
    served_start();
    ck_assert(is_shown());
    control_server_set(served.server, "a.sock"); /* it stays */
    stage_settle();
    ck_assert(is_shown());
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("control-server-place");

    tcase_add_checked_fixture(cases, served_set_up, served_tear_down);
    tcase_add_test(cases, it_is_where_it_is_wanted_and_for_this_user_only);
    tcase_add_test(cases, without_a_place_there_is_none_and_the_log_says_why);
    tcase_add_test(cases, the_place_of_another_daemon_is_left_to_it);
    tcase_add_test(cases, the_same_place_once_more_changes_nothing);
    tcase_add_test(cases, the_same_place_by_another_way_changes_nothing);
    tcase_add_test(cases, it_moves_at_the_end_of_the_turn_and_drops_who_is_there);
    tcase_add_test(cases, none_takes_it_away);
    tcase_add_test(cases, it_stays_while_it_cannot_be_had_elsewhere);
    tcase_add_test(cases, one_whose_file_was_removed_is_made_anew);
    tcase_add_test(cases, who_moves_it_by_a_request_is_answered_first);
    tcase_add_test(cases, questions_are_shown_while_there_is_a_socket);
    return unit_run();
}
