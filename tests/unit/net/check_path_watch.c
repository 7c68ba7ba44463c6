/* SPDX-License-Identifier: ISC */
#include "net/path_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

int __real_inotify_init1(int flags);
int __wrap_inotify_init1(int flags);

static int init_says; /* errno; 0: what the system says */

int __wrap_inotify_init1(int flags)
{
    errno = init_says;
    return init_says ? -1 : __real_inotify_init1(flags);
}

static struct loop *loop;
static struct path_watch *watch;
static struct loop_timer timer;
static char folder[64];
static unsigned news;
static bool stops;
static int descriptors;

static const char *at(const char *name)
{
    static char path[2][256];
    static unsigned turn;

    turn ^= 1;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void put(const char *name, const char *text, int how)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | how, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void on_news(void *arg)
{
    ck_assert_ptr_eq(arg, &news);
    news++;
    if (!stops)
        return;
    path_watch_stop(watch);
    watch = NULL;
}

static void on_over(void *arg)
{
    loop_stop(arg);
}

/* Whether something was told, after what has been told is read: inotify has it at once. */
static bool told(void)
{
    unsigned before = news;

    loop_timer_start(loop, &timer, 10, on_over, loop);
    ck_assert(loop_run(loop));
    return news > before;
}

static void set_up(void)
{
    init_says = 0;
    descriptors = unit_descriptors();
    snprintf(folder, sizeof folder, "/tmp/check_path_watch.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    loop = loop_new();
    news = 0;
    stops = false;
}

static void begin(const char *name)
{
    watch = path_watch_start(loop, at(name), on_news, &news);
    ck_assert_ptr_nonnull(watch);
    ck_assert(!told());
}

static void tear_down(void)
{
    char command[128];

    path_watch_stop(watch);
    watch = NULL;
    loop_free(loop);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(unit_descriptors(), descriptors);
}

START_TEST(a_file_that_is_written_replaced_removed_made)
{
    set_up();
    put("file", "one", 0);
    begin("file");
    put("other", "x", 0);
    ck_assert_msg(!told(), "another file of the folder");
    put("file", "two", O_TRUNC);
    ck_assert_msg(told(), "written in place");
    put("new", "three", 0);
    ck_assert_int_eq(rename(at("new"), at("file")), 0);
    ck_assert_msg(told(), "renamed over");
    put("file", "four", O_TRUNC);
    ck_assert_msg(told(), "the new one is watched, too");
    ck_assert_int_eq(unlink(at("file")), 0);
    ck_assert_msg(told(), "removed");
    put("file", "five", 0);
    ck_assert_msg(told(), "made");
    ck_assert_int_eq(rename(at("file"), at("away")), 0);
    ck_assert_msg(told(), "renamed away");
    ck_assert(!told());
    tear_down();
}
END_TEST

START_TEST(what_a_link_leads_to)
{
    set_up();
    ck_assert_int_eq(mkdir(at("a"), 0700), 0);
    ck_assert_int_eq(mkdir(at("b"), 0700), 0);
    put("a/real", "one", 0);
    put("b/real", "two", 0);
    ck_assert_int_eq(symlink("../a/real", at("b/second")), 0); /* relative to the link's folder */
    ck_assert_int_eq(symlink("b/second", at("link")), 0);
    begin("link");
    put("a/real", "three", O_TRUNC);
    ck_assert_msg(told(), "at the end of two links");
    put("b/real", "four", O_TRUNC);
    ck_assert_msg(!told(), "nothing leads there");
    ck_assert_int_eq(symlink(at("b/real"), at("new")), 0);
    ck_assert_int_eq(rename(at("new"), at("link")), 0);
    ck_assert_msg(told(), "another link");
    put("a/real", "five", O_TRUNC);
    ck_assert_msg(!told(), "nothing leads there any more");
    put("b/real", "six", O_TRUNC);
    ck_assert_msg(told(), "where it leads now");
    tear_down();
}
END_TEST

START_TEST(folders_that_are_not_there_yet)
{
    set_up();
    ck_assert_int_eq(symlink("deep/er/file", at("link")), 0);
    begin("link");
    ck_assert_int_eq(mkdir(at("deep"), 0700), 0);
    ck_assert_msg(told(), "a folder on the way");
    ck_assert_int_eq(mkdir(at("deep/er"), 0700), 0);
    ck_assert_msg(told(), "the next one");
    put("deep/er/file", "one", 0);
    ck_assert_msg(told(), "the file");
    ck_assert_int_eq(unlink(at("deep/er/file")), 0);
    ck_assert_int_eq(rmdir(at("deep/er")), 0);
    ck_assert_msg(told(), "they go");
    ck_assert_int_eq(mkdir(at("deep/er"), 0700), 0);
    ck_assert_msg(told(), "they come again");
    tear_down();
}
END_TEST

START_TEST(folders_that_go)
{
    set_up();
    ck_assert_int_eq(mkdir(at("folder"), 0700), 0);
    begin("folder/file");
    ck_assert_int_eq(rename(at("folder"), at("away")), 0);
    ck_assert_msg(told(), "a folder is renamed");
    ck_assert_int_eq(mkdir(at("folder"), 0700), 0);
    ck_assert_msg(told(), "another one");
    ck_assert_int_eq(rmdir(at("folder")), 0);
    ck_assert_msg(told(), "it is removed");
    put("folder", "a file", 0);
    ck_assert_msg(told(), "a file in its place");
    ck_assert_int_eq(unlink(at("folder")), 0);
    ck_assert_msg(told(), "that one goes");
    tear_down();
}
END_TEST

START_TEST(a_file_where_a_folder_ought_to_be)
{
    set_up();
    put("folder", "a file", 0);
    begin("folder/file");
    ck_assert_int_eq(unlink(at("folder")), 0);
    ck_assert_msg(told(), "it goes");
    tear_down();
}
END_TEST

START_TEST(one_that_stays_open)
{
    int fd;

    set_up();
    put("file", "one", 0);
    begin("file//"); /* the slashes do not count */
    fd = open(at("file"), O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "two", 3), 3);
    ck_assert(told());
    close(fd);
    tear_down();
}
END_TEST

START_TEST(paths_from_here)
{
    char before[4096];

    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    set_up();
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(symlink("file", "link"), 0);
    watch = path_watch_start(loop, "link", on_news, &news);
    ck_assert_ptr_nonnull(watch);
    ck_assert(!told());
    put("file", "one", 0);
    ck_assert_msg(told(), "where the link leads");
    ck_assert_int_eq(unlink("link"), 0);
    ck_assert_msg(told(), "the link");
    ck_assert_int_eq(chdir(before), 0);
    tear_down();
}
END_TEST

START_TEST(links_in_a_circle_are_followed_for_a_while)
{
    set_up();
    ck_assert_int_eq(symlink("two", at("one")), 0);
    ck_assert_int_eq(symlink("one", at("two")), 0);
    begin("one");
    ck_assert_int_eq(unlink(at("two")), 0);
    put("two", "file", 0);
    ck_assert(told());
    tear_down();
}
END_TEST

START_TEST(paths_that_are_none)
{
    static const char *const paths[] = {"/", "", ".", "no/such/folder/file", "name", "/no/such"};
    char *longest = calloc(1, 10001);

    set_up();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        watch = path_watch_start(loop, paths[i], on_news, &news);
        ck_assert_ptr_nonnull(watch);
        ck_assert(!told());
        path_watch_stop(watch);
    }
    memset(longest, 'a', 10000);
    watch = path_watch_start(loop, longest, on_news, &news);
    ck_assert_ptr_nonnull(watch);
    free(longest);
    ck_assert(!told());
    tear_down();
}
END_TEST

START_TEST(who_is_told_may_stop_it)
{
    set_up();
    stops = true;
    begin("file");
    put("file", "one", 0);
    ck_assert(told());
    put("file", "two", O_TRUNC);
    ck_assert(!told());
    tear_down();
}
END_TEST

START_TEST(a_system_that_does_not_tell)
{
    set_up();
    init_says = EMFILE;
    errno = 0;
    watch = path_watch_start(loop, at("file"), on_news, &news);
    ck_assert_ptr_null(watch);
    ck_assert_int_eq(errno, EMFILE);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("path watch");

    tcase_add_test(cases, a_file_that_is_written_replaced_removed_made);
    tcase_add_test(cases, what_a_link_leads_to);
    tcase_add_test(cases, folders_that_are_not_there_yet);
    tcase_add_test(cases, folders_that_go);
    tcase_add_test(cases, a_file_where_a_folder_ought_to_be);
    tcase_add_test(cases, one_that_stays_open);
    tcase_add_test(cases, paths_from_here);
    tcase_add_test(cases, links_in_a_circle_are_followed_for_a_while);
    tcase_add_test(cases, paths_that_are_none);
    tcase_add_test(cases, who_is_told_may_stop_it);
    tcase_add_test(cases, a_system_that_does_not_tell);
    return unit_run();
}
