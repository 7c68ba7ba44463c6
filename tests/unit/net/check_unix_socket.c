/* SPDX-License-Identifier: ISC */
#include "net/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../unit.h"
#include "../unix_ends.h"

#define NOBODY 65534 /* another user, when this one is root */

static char folder[64], place[UNIX_SOCKET_PATH_MAX], error[400];
static struct unix_socket taken;
static int descriptors; /* before */

static void setup(void)
{
    descriptors = unit_descriptors();
    snprintf(folder, sizeof folder, "/tmp/check-socket-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(place, sizeof place, "%s/sock", folder);
}

/* No test leaves a descriptor behind. */
static void teardown(void)
{
    unit_remove(folder);
    ck_assert_int_eq(unit_descriptors(), descriptors);
}

/* What the linker puts in place of the library's: no time passes, and a lock is given back after half of it. */
static struct {
    unsigned ms;
    int lock; /* 0: none */
} naps;

int __wrap_nanosleep(const struct timespec *nap, struct timespec *left);

int __wrap_nanosleep(const struct timespec *nap, struct timespec *left)
{
    (void)left;
    naps.ms += (unsigned)(nap->tv_sec * 1000 + nap->tv_nsec / 1000000);
    if (naps.lock && naps.ms == 50)
        close(naps.lock);
    return 0;
}

/* --- taking it --- */

static void take(void)
{
    ck_assert_msg(unix_socket_take(&taken, place, error, sizeof error), "%s", error);
    ck_assert_str_eq(taken.path, place);
}

static void let_go(void)
{
    close(taken.fd);
    unix_socket_give_back(&taken);
}

/* It says so, in these words behind the path, with this errno, and keeps no descriptor. */
static void is_refused(const char *path, int number, const char *format)
{
    struct unix_socket other;
    int before = unit_descriptors();
    char wanted[400];

    error[0] = '\0';
    ck_assert(!unix_socket_take(&other, path, error, sizeof error));
    ck_assert_int_eq(errno, number);
    snprintf(wanted, sizeof wanted, "%s%s", path, format);
    if (*format)
        ck_assert_str_eq(error, wanted);
    ck_assert_int_eq(unit_descriptors(), before);
}

static struct stat status_of(const char *path)
{
    struct stat status;

    ck_assert_int_eq(lstat(path, &status), 0);
    return status;
}

START_TEST(it_listens_without_blocking_and_is_not_inherited)
{
    int one, flag;
    socklen_t size = sizeof one;

    take();
    ck_assert_int_eq(getsockopt(taken.fd, SOL_SOCKET, SO_ACCEPTCONN, &one, &size), 0);
    ck_assert_int_eq(one, 1);
    ck_assert(fcntl(taken.fd, F_GETFL) & O_NONBLOCK);
    ck_assert(fcntl(taken.fd, F_GETFD) & FD_CLOEXEC);
    flag = unix_connected(place);
    ck_assert_int_ge(flag, 0);
    close(flag);
    let_go();
}
END_TEST

START_TEST(its_mode_is_600_whatever_the_mask_is)
{
    static const mode_t masks[] = {0, 022, 077, 0777};

    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        mode_t before = umask(masks[i]);

        take();
        ck_assert_uint_eq(umask(before), masks[i]); /* which is as it was */
        ck_assert_uint_eq(status_of(place).st_mode, S_IFSOCK | 0600);
        let_go();
    }
}
END_TEST

START_TEST(the_longest_path_can_be_taken)
{
    size_t length = strlen(place);

    memset(place + length, 'k', sizeof place - 1 - length);
    place[sizeof place - 1] = '\0';
    take();
    ck_assert(S_ISSOCK(status_of(place).st_mode));
    let_go();
}
END_TEST

START_TEST(a_folder_that_others_may_write_to_is_refused)
{
    static const mode_t wide[] = {0720, 0775, 01770, 0702, 0777, 01777}, closed[] = {0700, 0755, 0711};
    char wanted[400];

    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (i < 3) /* as a umask of 002 makes it */
            snprintf(wanted, sizeof wanted, "%s: its group may write there: chmod g-w %s, or use a folder such as "
                     "$XDG_RUNTIME_DIR", folder, folder);
        else
            snprintf(wanted, sizeof wanted, "%s: others may write there: use a folder of your own, such as "
                     "$XDG_RUNTIME_DIR", folder);
        ck_assert_int_eq(chmod(folder, wide[i]), 0);
        is_refused(place, EPERM, "");
        ck_assert_str_eq(error, wanted);
        ck_assert_int_eq(access(place, F_OK), -1);
    }
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        ck_assert_int_eq(chmod(folder, closed[i]), 0);
        take();
        let_go();
    }
}
END_TEST

START_TEST(a_folder_of_somebody_else_is_refused)
{
    ck_assert_int_eq(chown(folder, NOBODY, (gid_t)-1), 0);
    is_refused(place, EPERM, "");
    ck_assert_ptr_nonnull(strstr(error, " belongs to another user: use a folder of your own"));
}
END_TEST

/* Who may write to one above it could put another folder in its place; in a sticky one this takes its owner. */
START_TEST(a_folder_below_one_that_others_may_write_to_is_refused)
{
    static const mode_t wide[] = {0720, 0775, 0702, 0777}, closed[] = {0700, 0755, 01777, 01720};
    char below[80], path[90], wanted[400];

    snprintf(below, sizeof below, "%s/ours", folder);
    snprintf(path, sizeof path, "%s/run", below);
    ck_assert_int_eq(mkdir(below, 0700), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(place, sizeof place, "%s/sock", path);
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (i < 2)
            snprintf(wanted, sizeof wanted, "%s: its group may write to %s, on the way there: chmod g-w %s, or use a "
                     "folder such as $XDG_RUNTIME_DIR", path, folder, folder);
        else
            snprintf(wanted, sizeof wanted, "%s: %s, on the way there, is one that others may write to: use a folder "
                     "such as $XDG_RUNTIME_DIR", path, folder);
        ck_assert_int_eq(chmod(folder, wide[i]), 0);
        is_refused(place, EPERM, "");
        ck_assert_str_eq(error, wanted);
    }
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        ck_assert_int_eq(chmod(folder, closed[i]), 0);
        take();
        let_go();
    }
}
END_TEST

START_TEST(so_is_one_below_that_of_somebody_else)
{
    char path[100], other[100];

    snprintf(path, sizeof path, "%s/run", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(other, sizeof other, "/tmp/check-socket-link-%ld", (long)getpid());
    ck_assert_int_eq(symlink(path, other), 0); /* whatever way leads there */
    ck_assert_int_eq(chown(folder, NOBODY, (gid_t)-1), 0);
    snprintf(place, sizeof place, "%s/sock", other);
    is_refused(place, EPERM, "");
    ck_assert_ptr_nonnull(strstr(error, ", on the way there, belongs to another user"));
    ck_assert_int_eq(chown(folder, geteuid(), (gid_t)-1), 0);
    take();
    let_go();
    ck_assert_int_eq(lchown(other, NOBODY, (gid_t)-1), 0); /* who could lead it elsewhere */
    is_refused(place, EPERM, "");
    ck_assert_ptr_nonnull(strstr(error, ", on the way there, belongs to another user"));
    ck_assert_int_eq(unlink(other), 0);
}
END_TEST

START_TEST(a_folder_that_is_none_is_told_by_name)
{
    char path[200], wanted[200];

    snprintf(path, sizeof path, "%s/nowhere/sock", folder);
    is_refused(path, ENOENT, "");
    snprintf(wanted, sizeof wanted, "%s/nowhere: No such file or directory", folder);
    ck_assert_str_eq(error, wanted);
    close(unix_bound(place, SOCK_STREAM));
    snprintf(path, sizeof path, "%s/sock", place);
    is_refused(path, ENOTDIR, "");
    snprintf(wanted, sizeof wanted, "%s: Not a directory", place);
    ck_assert_str_eq(error, wanted);
}
END_TEST

/* The root has a name of its own.  Whether it is ours or not, nothing is made there. */
START_TEST(the_folder_of_a_path_may_be_the_root)
{
    struct unix_socket other;

    ck_assert(!unix_socket_take(&other, "/tmp", error, sizeof error));
    ck_assert_msg((errno == EEXIST && strcmp(error, "/tmp is there already, and is no socket") == 0) ||
                  (errno == EPERM && strncmp(error, "/ belongs to another user", 25) == 0), "%s", error);
}
END_TEST

START_TEST(a_dead_socket_is_replaced)
{
    int old;

    close(unix_bound(place, SOCK_STREAM));
    ck_assert_int_eq(unix_connected(place), -1);
    take();
    old = unix_connected(place);
    ck_assert_int_ge(old, 0);
    close(old);
    let_go();
    close(unix_bound(place, SOCK_DGRAM)); /* of whatever kind */
    take();
    let_go();
}
END_TEST

START_TEST(a_socket_that_somebody_answers_on_is_left_alone)
{
    char wanted[200];
    int client;

    take();
    snprintf(wanted, sizeof wanted, "%s answers already: another sallyport runs, or another section has it", place);
    for (int twice = 0; twice < 2; twice++) {
        is_refused(place, EADDRINUSE, "");
        ck_assert_str_eq(error, wanted);
    }
    ck_assert_uint_eq(status_of(place).st_ino, taken.inode);
    ck_assert_int_eq(accept(taken.fd, NULL, NULL), -1); /* it has not been a client */
    ck_assert_int_eq(errno, EAGAIN);
    client = unix_connected(place);
    ck_assert_int_ge(client, 0);
    close(client);
    let_go();
}
END_TEST

START_TEST(so_is_one_that_is_too_busy_to_answer)
{
    int busy = unix_bound(place, SOCK_STREAM), clients[8], count = 0;

    ck_assert_int_eq(listen(busy, 0), 0);
    while ((clients[count] = unix_connected(place)) >= 0)
        ck_assert_int_lt(++count, 8);
    ck_assert_int_eq(errno, EAGAIN);
    is_refused(place, EADDRINUSE, "");
    ck_assert_ptr_nonnull(strstr(error, " answers already: another sallyport runs"));
    ck_assert(S_ISSOCK(status_of(place).st_mode));
    while (count > 0)
        close(clients[--count]);
    close(busy);
}
END_TEST

START_TEST(what_is_no_socket_is_left_alone)
{
    char other[100];
    int file = open(place, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_eq((int)write(file, "precious", 8), 8);
    close(file);
    is_refused(place, EEXIST, " is there already, and is no socket");
    ck_assert_int_eq((int)status_of(place).st_size, 8);
    ck_assert_int_eq(unlink(place), 0);
    ck_assert_int_eq(mkdir(place, 0700), 0);
    is_refused(place, EEXIST, " is there already, and is no socket");
    ck_assert_int_eq(rmdir(place), 0);
    ck_assert_int_eq(mkfifo(place, 0600), 0);
    is_refused(place, EEXIST, " is there already, and is no socket");
    snprintf(other, sizeof other, "%s/other", folder);
    ck_assert_int_eq(unlink(place), 0);
    close(unix_bound(place, SOCK_STREAM));
    ck_assert_int_eq(rename(place, other), 0);
    ck_assert_int_eq(symlink(other, place), 0); /* even to a dead one */
    is_refused(place, EEXIST, " is there already, and is no socket");
    ck_assert(S_ISLNK(status_of(place).st_mode));
    ck_assert(S_ISSOCK(status_of(other).st_mode));
}
END_TEST

START_TEST(two_do_not_take_the_same_folder_at_once)
{
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char wanted[200];

    ck_assert_int_eq(flock(lock, LOCK_EX), 0);
    close(unix_bound(place, SOCK_STREAM));
    is_refused(place, EADDRINUSE, "");
    snprintf(wanted, sizeof wanted, "somebody holds the lock of %s", folder);
    ck_assert_str_eq(error, wanted);
    ck_assert_uint_eq(naps.ms, 100);
    ck_assert(S_ISSOCK(status_of(place).st_mode));
    naps.ms = 0;
    naps.lock = lock; /* which the other one gives back meanwhile */
    take();
    ck_assert_uint_eq(naps.ms, 50);
    let_go();
    take(); /* and nobody holds the lock for longer than that */
    ck_assert_int_eq(flock(lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), LOCK_EX | LOCK_NB), 0);
    close(lock);
    let_go();
}
END_TEST

/* For the folder, for the socket, for looking whether somebody answers. */
START_TEST(without_descriptors_nothing_is_taken_and_nothing_is_lost)
{
    struct unix_socket other;
    struct rlimit before, limit;
    int next, old = unix_bound(place, SOCK_STREAM);

    close(old);
    next = dup(0);
    close(next);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int more = 0; more < 3; more++) {
        int number;
        bool done;

        limit = before;
        limit.rlim_cur = (rlim_t)(next + more);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        done = unix_socket_take(&other, place, error, sizeof error);
        number = errno;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        ck_assert(!done);
        ck_assert_int_eq(number, EMFILE);
        ck_assert_ptr_nonnull(strstr(error, ": Too many open files"));
        ck_assert_int_eq(strncmp(error, place, strlen(more == 0 ? folder : place)), 0);
        ck_assert(S_ISSOCK(status_of(place).st_mode));
    }
    take();
    let_go();
}
END_TEST

/* --- giving it back --- */

START_TEST(what_was_taken_is_removed_and_its_descriptor_stays)
{
    take();
    unix_socket_give_back(&taken);
    ck_assert_int_eq(access(place, F_OK), -1);
    ck_assert_int_eq(errno, ENOENT);
    unix_socket_give_back(&taken); /* it is gone already */
    ck_assert_int_ge(fcntl(taken.fd, F_GETFL), 0);
    close(taken.fd);
}
END_TEST

START_TEST(what_another_has_put_there_meanwhile_stays)
{
    char aside[100];

    take();
    snprintf(aside, sizeof aside, "%s/aside", folder);
    ck_assert_int_eq(rename(place, aside), 0); /* so that its number is not given to the next file */
    close(unix_bound(place, SOCK_STREAM));
    let_go();
    ck_assert(S_ISSOCK(status_of(place).st_mode));
    ck_assert_uint_ne(status_of(place).st_ino, taken.inode);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("unix-socket");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, it_listens_without_blocking_and_is_not_inherited);
    tcase_add_test(cases, its_mode_is_600_whatever_the_mask_is);
    tcase_add_test(cases, the_longest_path_can_be_taken);
    tcase_add_test(cases, a_folder_that_others_may_write_to_is_refused);
    tcase_add_test(cases, a_folder_below_one_that_others_may_write_to_is_refused);
    tcase_add_test(cases, a_folder_that_is_none_is_told_by_name);
    tcase_add_test(cases, the_folder_of_a_path_may_be_the_root);
    tcase_add_test(cases, a_dead_socket_is_replaced);
    tcase_add_test(cases, a_socket_that_somebody_answers_on_is_left_alone);
    tcase_add_test(cases, so_is_one_that_is_too_busy_to_answer);
    tcase_add_test(cases, what_is_no_socket_is_left_alone);
    tcase_add_test(cases, two_do_not_take_the_same_folder_at_once);
    tcase_add_test(cases, without_descriptors_nothing_is_taken_and_nothing_is_lost);
    tcase_add_test(cases, what_was_taken_is_removed_and_its_descriptor_stays);
    tcase_add_test(cases, what_another_has_put_there_meanwhile_stays);
    if (geteuid() == 0) { /* who alone can play another user */
        tcase_add_test(cases, a_folder_of_somebody_else_is_refused);
        tcase_add_test(cases, so_is_one_below_that_of_somebody_else);
    }
    return unit_run();
}
