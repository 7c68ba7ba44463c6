/* SPDX-License-Identifier: ISC */
#include "setup/whole_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

static char folder[] = "/tmp/check_whole_file.XXXXXX", error[WHOLE_FILE_ERROR_MAX];
static struct whole_file file;

static const char *in_folder(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/check_whole_file.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void tear_down(void)
{
    char command[sizeof folder + 16];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void put(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

static void expect_file(const char *path, const char *text, mode_t mode)
{
    char read_text[100] = "";
    struct stat status;
    FILE *in = fopen(path, "r");

    ck_assert_msg(in, "%s: %s", path, strerror(errno));
    read_text[fread(read_text, 1, sizeof read_text - 1, in)] = '\0';
    fclose(in);
    ck_assert_str_eq(read_text, text);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, mode);
}

/* How many names a folder has. */
static int names(const char *path)
{
    DIR *stream = opendir(path);
    int count = 0;

    ck_assert_ptr_nonnull(stream);
    while (readdir(stream))
        count++;
    closedir(stream);
    return count - 2; /* without . and .. */
}

static bool begin(const char *path, const char *text)
{
    return whole_file_begin(&file, path, text, strlen(text), error);
}

START_TEST(a_new_one_in_new_folders)
{
    struct stat status;

    umask(0);
    ck_assert(begin(in_folder("a/b/c.ini"), "text\n"));
    ck_assert(!file.replaces);
    expect_file(file.temporary, "text\n", 0600);
    ck_assert(!whole_file_is_there(in_folder("a/b/c.ini")));
    ck_assert(whole_file_end(&file, error));
    expect_file(in_folder("a/b/c.ini"), "text\n", 0600);
    ck_assert_str_eq(file.path, in_folder("a/b/c.ini"));
    ck_assert_int_eq(names(in_folder("a/b")), 1);
    ck_assert_int_eq(stat(in_folder("a"), &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0700);
    ck_assert_int_eq(stat(in_folder("a/b"), &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0700);
}
END_TEST

START_TEST(one_that_is_dropped_leaves_nothing)
{
    ck_assert(begin(in_folder("a/b/c.ini"), "text\n"));
    whole_file_drop(&file);
    ck_assert_int_eq(names(folder), 0);
    whole_file_drop(&file);
    mkdir(in_folder("a"), 0755);
    ck_assert(begin(in_folder("a/b/c.ini"), "text\n"));
    whole_file_drop(&file);
    ck_assert_int_eq(names(folder), 1);
    ck_assert_int_eq(names(in_folder("a")), 0);
}
END_TEST

START_TEST(one_that_was_there_is_kept)
{
    put(in_folder("c.ini"), "old\n");
    put(in_folder("c.ini.bak"), "older\n");
    chmod(in_folder("c.ini"), 0640);
    ck_assert(begin(in_folder("c.ini"), "new\n"));
    ck_assert(file.replaces);
    expect_file(in_folder("c.ini"), "old\n", 0640);
    ck_assert(whole_file_end(&file, error));
    expect_file(in_folder("c.ini"), "new\n", 0600);
    expect_file(in_folder("c.ini.bak"), "old\n", 0640);
    ck_assert_str_eq(file.backup, in_folder("c.ini.bak"));
    ck_assert_int_eq(names(folder), 2);
    ck_assert(begin(in_folder("c.ini"), "newer\n"));
    ck_assert(whole_file_end(&file, error));
    expect_file(in_folder("c.ini.bak"), "new\n", 0600);
    ck_assert_int_eq(names(folder), 2);
}
END_TEST

/* As after a run that was interrupted between the two: the copy is the same file. */
START_TEST(a_copy_that_is_the_file_itself)
{
    put(in_folder("c.ini"), "old\n");
    ck_assert_int_eq(link(in_folder("c.ini"), in_folder("c.ini.bak")), 0);
    ck_assert(begin(in_folder("c.ini"), "new\n"));
    ck_assert(whole_file_end(&file, error));
    expect_file(in_folder("c.ini"), "new\n", 0600);
    ck_assert_int_eq(names(folder), 2);
}
END_TEST

START_TEST(what_was_done_is_undone)
{
    ck_assert(begin(in_folder("a/c.ini"), "new\n"));
    ck_assert(whole_file_end(&file, error));
    whole_file_undo(&file);
    ck_assert_int_eq(names(folder), 0);
    put(in_folder("c.ini"), "old\n");
    ck_assert(begin(in_folder("c.ini"), "new\n"));
    ck_assert(whole_file_end(&file, error));
    whole_file_undo(&file);
    expect_file(in_folder("c.ini"), "old\n", 0666 & ~umask(0));
    ck_assert_int_eq(names(folder), 1);
}
END_TEST

START_TEST(a_link_stays_one)
{
    struct stat status;

    umask(022);
    mkdir(in_folder("real"), 0755);
    put(in_folder("real/c.ini"), "old\n");
    ck_assert_int_eq(symlink("real/c.ini", in_folder("c.ini")), 0);
    ck_assert(begin(in_folder("c.ini"), "new\n"));
    ck_assert(whole_file_end(&file, error));
    ck_assert_int_eq(lstat(in_folder("c.ini"), &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
    expect_file(in_folder("real/c.ini"), "new\n", 0600);
    expect_file(in_folder("real/c.ini.bak"), "old\n", 0644);
    ck_assert_int_eq(names(folder), 2);
}
END_TEST

static void expect_refused(const char *path, const char *why)
{
    int before = names(folder);

    ck_assert(!begin(path, "new\n"));
    ck_assert_msg(strstr(error, why), "%s", error);
    ck_assert_int_eq(names(folder), before);
}

START_TEST(what_is_no_file_is_refused)
{
    ck_assert_int_eq(symlink("nowhere", in_folder("dangling")), 0);
    ck_assert_int_eq(mkdir(in_folder("folder"), 0755), 0);
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
    put(in_folder("file"), "");
    expect_refused(in_folder("dangling"), "is a link that leads nowhere");
    expect_refused(in_folder("folder"), "it is a folder; name a file with --output");
    expect_refused(in_folder("fifo"), "it is no ordinary file");
    expect_refused(in_folder("file/c.ini"), "Not a directory");
    expect_refused("/proc/sallyport/c.ini", "cannot make the folder /proc/sallyport: ");
    ck_assert(!whole_file_is_there(in_folder("nowhere")));
}
END_TEST

START_TEST(a_relative_path)
{
    char here[PATH_MAX];

    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert(begin("c.ini", "new\n"));
    ck_assert_str_eq(file.path, in_folder("c.ini"));
    ck_assert(whole_file_end(&file, error));
    ck_assert_int_eq(chdir(here), 0);
    expect_file(in_folder("c.ini"), "new\n", 0600);
}
END_TEST

START_TEST(a_path_without_end)
{
    char path[PATH_MAX + 100];

    memset(path, 'x', sizeof path);
    memcpy(path, "/tmp/", 5);
    path[sizeof path - 1] = '\0';
    expect_refused(path, "File name too long");
    path[PATH_MAX - 3] = '\0'; /* without the ending of the copy */
    expect_refused(path, "File name too long");
}
END_TEST

/* As a full disk is: the first bytes are written, the rest is not. */
START_TEST(a_disk_without_room)
{
    struct whole_file_hold hold;
    struct rlimit before, small;
    bool begun;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4;
    put(in_folder("c.ini"), "old\n");
    whole_file_hold(&hold);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    begun = begin(in_folder("c.ini"), "new text\n");
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    whole_file_let_go(&hold);
    ck_assert(!begun);
    ck_assert_msg(strstr(error, "c.ini: File too large; make room, or name another place with --output"), "%s", error);
    ck_assert_int_eq(names(folder), 1);
    expect_file(in_folder("c.ini"), "old\n", 0666 & ~umask(022));
}
END_TEST

/* The copy cannot be made: a folder has its name. */
START_TEST(a_copy_that_cannot_be_made)
{
    put(in_folder("c.ini"), "old\n");
    mkdir(in_folder("c.ini.bak"), 0755);
    ck_assert(begin(in_folder("c.ini"), "new\n"));
    ck_assert(!whole_file_end(&file, error));
    ck_assert_msg(strstr(error, "cannot keep a copy as "), "%s", error);
    ck_assert_int_eq(names(folder), 2);
    expect_file(in_folder("c.ini"), "old\n", 0666 & ~umask(022));
}
END_TEST

static int seen;

static void see(int number)
{
    seen = number;
}

START_TEST(signals_wait)
{
    const struct sigaction action = {.sa_handler = see};
    struct sigaction before, size;
    struct whole_file_hold hold;

    ck_assert_int_eq(sigaction(SIGINT, &action, &before), 0);
    seen = 0;
    whole_file_hold(&hold);
    raise(SIGINT);
    ck_assert_int_eq(seen, 0);
    whole_file_let_go(&hold);
    ck_assert_int_eq(seen, SIGINT);
    sigaction(SIGINT, &before, NULL);
    sigaction(SIGXFSZ, NULL, &size);
    ck_assert(size.sa_handler == SIG_DFL);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("whole_file");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_new_one_in_new_folders);
    tcase_add_test(cases, one_that_is_dropped_leaves_nothing);
    tcase_add_test(cases, one_that_was_there_is_kept);
    tcase_add_test(cases, a_copy_that_is_the_file_itself);
    tcase_add_test(cases, what_was_done_is_undone);
    tcase_add_test(cases, a_link_stays_one);
    tcase_add_test(cases, what_is_no_file_is_refused);
    tcase_add_test(cases, a_relative_path);
    tcase_add_test(cases, a_path_without_end);
    tcase_add_test(cases, a_disk_without_room);
    tcase_add_test(cases, a_copy_that_cannot_be_made);
    tcase_add_test(cases, signals_wait);
    return unit_run();
}
