/* SPDX-License-Identifier: ISC */
#include "finding/pac_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

#define MAX 4096

static struct {
    char directory[64], path[128], error[256];
    struct pac_stamp stamp;
    char *text;
    size_t length;
} scene;

static void set_up(void)
{
    memset(&scene, 0, sizeof scene);
    snprintf(scene.directory, sizeof scene.directory, "/tmp/check_pac_disk.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scene.directory));
    snprintf(scene.path, sizeof scene.path, "%s/proxy.pac", scene.directory);
}

static void tear_down(void)
{
    free(scene.text);
    unlink(scene.path);
    rmdir(scene.path);
    ck_assert_int_eq(rmdir(scene.directory), 0);
}

static void write_bytes(const char *bytes, size_t length)
{
    FILE *file = fopen(scene.path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* Waits until the clock that files are dated by shows another time than the one that was read last. */
static void let_the_clock_go_on(void)
{
    struct timespec now;

    do
        ck_assert_int_eq(clock_gettime(CLOCK_REALTIME_COARSE, &now), 0);
    while (now.tv_sec == scene.stamp.changed.tv_sec && now.tv_nsec <= scene.stamp.changed.tv_nsec);
}

static enum pac_disk_result read_it(void)
{
    free(scene.text);
    scene.text = NULL;
    return pac_disk_read(scene.path, MAX, &scene.stamp, &scene.text, &scene.length, scene.error, sizeof scene.error);
}

static void check_text(const char *text)
{
    ck_assert_int_eq(read_it(), PAC_DISK_READ);
    ck_assert_uint_eq(scene.length, strlen(text));
    ck_assert_int_eq(memcmp(scene.text, text, scene.length), 0);
    ck_assert_int_eq(read_it(), PAC_DISK_SAME);
}

START_TEST(it_is_read_when_it_has_changed)
{
    char other[128];

    write_bytes("one", 3);
    check_text("one");
    write_bytes("three", 5);
    check_text("three");
    let_the_clock_go_on();
    write_bytes("seven", 5); /* the same size */
    check_text("seven");
    snprintf(other, sizeof other, "%s", scene.path); /* another file under its name */
    snprintf(scene.path, sizeof scene.path, "%s/new", scene.directory);
    write_bytes("eight", 5);
    ck_assert_int_eq(rename(scene.path, other), 0);
    snprintf(scene.path, sizeof scene.path, "%s", other);
    check_text("eight");
}
END_TEST

/* Where the clock of the file system stands still, the rest of the stamp tells two files apart. */
START_TEST(all_of_the_stamp_counts)
{
    struct pac_stamp stamp;

    write_bytes("one", 3);
    check_text("one");
    stamp = scene.stamp;
    scene.stamp.size++;
    check_text("one");
    scene.stamp.inode++;
    check_text("one");
    scene.stamp.device++;
    check_text("one");
    scene.stamp.changed.tv_sec--;
    check_text("one");
    scene.stamp.changed.tv_nsec ^= 1;
    check_text("one");
    ck_assert_int_eq(memcmp(&stamp, &scene.stamp, sizeof stamp), 0);
}
END_TEST

START_TEST(a_link_leads_to_it)
{
    char target[128];

    snprintf(target, sizeof target, "%s/target", scene.directory);
    write_bytes("one", 3);
    ck_assert_int_eq(rename(scene.path, target), 0);
    ck_assert_int_eq(symlink(target, scene.path), 0);
    check_text("one");
    unlink(target);
}
END_TEST

static void check_failure(const char *error)
{
    const struct pac_stamp before = scene.stamp;

    ck_assert_int_eq(read_it(), PAC_DISK_FAILED);
    ck_assert_str_eq(scene.error, error);
    ck_assert_int_eq(memcmp(&before, &scene.stamp, sizeof before), 0);
}

START_TEST(what_is_no_file_is_not_waited_for)
{
    check_failure("cannot open it: No such file or directory");
    ck_assert_int_eq(mkfifo(scene.path, 0600), 0);
    check_failure("it is not a regular file");
    unlink(scene.path);
    ck_assert_int_eq(mkdir(scene.path, 0700), 0);
    check_failure("it is not a regular file");
    rmdir(scene.path);
    ck_assert_int_eq(symlink("/dev/zero", scene.path), 0);
    check_failure("it is not a regular file");
    unlink(scene.path);
    ck_assert_int_eq(symlink(scene.path, scene.path), 0);
    check_failure("cannot open it: Too many levels of symbolic links");
}
END_TEST

START_TEST(its_size_is_bounded)
{
    char bytes[MAX + 1];

    memset(bytes, 'x', sizeof bytes);
    write_bytes(bytes, 0);
    check_failure("it is empty");
    write_bytes(bytes, MAX + 1);
    check_failure("it is longer than 4 KiB");
    write_bytes(bytes, MAX);
    ck_assert_int_eq(read_it(), PAC_DISK_READ);
    ck_assert_uint_eq(scene.length, MAX);
    check_failure((write_bytes(bytes, 0), "it is empty")); /* what was read before does not count */
}
END_TEST

START_TEST(a_file_whose_size_is_not_told_is_read)
{
    ck_assert_int_eq(symlink("/proc/self/status", scene.path), 0);
    ck_assert_int_eq(read_it(), PAC_DISK_READ);
    ck_assert_int_eq(memcmp(scene.text, "Name:", 5), 0);
}
END_TEST

START_TEST(nothing_stays_open)
{
    int before = unit_descriptors();

    for (int i = 0; i < 3; i++) {
        read_it();
        write_bytes("one", (size_t)i);
        read_it();
    }
    ck_assert_int_eq(unit_descriptors(), before);
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("pac_disk");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, it_is_read_when_it_has_changed);
    tcase_add_test(tcase, all_of_the_stamp_counts);
    tcase_add_test(tcase, a_link_leads_to_it);
    tcase_add_test(tcase, what_is_no_file_is_not_waited_for);
    tcase_add_test(tcase, its_size_is_bounded);
    tcase_add_test(tcase, a_file_whose_size_is_not_told_is_read);
    tcase_add_test(tcase, nothing_stays_open);
    return unit_run();
}
