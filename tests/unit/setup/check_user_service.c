/* SPDX-License-Identifier: ISC */
#include "setup/user_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../unit.h"

static char folder[64];
static struct loop *loop;

/* A systemctl that writes down what it is told, and ends with 0 if `yes` is there. */
static void set_up(void)
{
    char path[128];
    FILE *out;

    snprintf(folder, sizeof folder, "/tmp/check_user_service.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/systemctl", folder);
    out = fopen(path, "w");
    fprintf(out, "#!/bin/sh\necho \"$*\" >>%s/told\ntest -e %s/yes\n", folder, folder);
    fclose(out);
    chmod(path, 0700);
    snprintf(path, sizeof path, "%s:/bin:/usr/bin", folder);
    setenv("PATH", path, 1);
    setenv("XDG_RUNTIME_DIR", folder, 1);
    loop = loop_new();
}

static void tear_down(void)
{
    char command[128];

    loop_free(loop);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void make(const char *name)
{
    char path[128];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fclose(out);
}

/* The socket of a manager. */
static int manage(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char path[128];

    snprintf(path, sizeof path, "%s/systemd", folder);
    mkdir(path, 0700);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/systemd/private", folder);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void expect_told(const char *wanted)
{
    char path[128], text[256] = "";
    FILE *in;

    snprintf(path, sizeof path, "%s/told", folder);
    in = fopen(path, "r");
    if (in) {
        text[fread(text, 1, sizeof text - 1, in)] = '\0';
        fclose(in);
    }
    ck_assert_str_eq(text, wanted);
}

START_TEST(without_a_manager_systemctl_is_not_asked)
{
    make("yes");
    ck_assert(!user_service_is_there(loop));
    expect_told("");
}
END_TEST

START_TEST(a_manager_that_knows_the_unit)
{
    int fd = manage();

    ck_assert(!user_service_is_there(loop));
    make("yes");
    ck_assert(user_service_is_there(loop));
    expect_told("--user cat sallyport.service\n--user cat sallyport.service\n");
    close(fd);
}
END_TEST

START_TEST(it_is_started)
{
    ck_assert(!user_service_start(loop));
    make("yes");
    ck_assert(user_service_start(loop));
    expect_told("--user enable --now sallyport\n--user enable --now sallyport\n");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("user_service");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, without_a_manager_systemctl_is_not_asked);
    tcase_add_test(cases, a_manager_that_knows_the_unit);
    tcase_add_test(cases, it_is_started);
    return unit_run();
}
