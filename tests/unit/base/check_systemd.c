/* SPDX-License-Identifier: ISC */
#include "base/systemd.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"

#ifdef LINUX_WAYS
/* A service manager's socket at a path, or at an abstract name when it begins with '@'. */
static int manager_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(strlen(name), sizeof address.sun_path);
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
    return fd;
}

START_TEST(the_manager_is_told)
{
    for (int abstract = 0; abstract < 2; abstract++) {
        char name[64], got[64];
        int fd;

        snprintf(name, sizeof name, "%s/sallyport-check-%ld", abstract ? "@" : "/tmp", (long)getpid());
        fd = manager_at(name);
        setenv("NOTIFY_SOCKET", name, 1);
        systemd_notify("READY=1");
        ck_assert_int_eq((int)recv(fd, got, sizeof got, 0), 7);
        ck_assert_int_eq(memcmp(got, "READY=1", 7), 0);
        close(fd);
        if (!abstract)
            unlink(name);
    }
    unsetenv("NOTIFY_SOCKET");
}
END_TEST
#endif

START_TEST(without_a_manager_nothing_happens)
{
    static const char *const names[] = {NULL, "", "/", "@", "relative", "/nonexistent/socket"};
    char long_name[300];
    int before = unit_descriptors();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i])
            setenv("NOTIFY_SOCKET", names[i], 1);
        systemd_notify("READY=1");
    }
    memset(long_name, '/', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    setenv("NOTIFY_SOCKET", long_name, 1);
    systemd_notify("READY=1");
    unsetenv("NOTIFY_SOCKET");
    ck_assert_int_eq(unit_descriptors(), before);
}
END_TEST

/* Runs in a process of its own, in which descriptors 3 and on can be laid out as a service manager does.  Returns its
 * exit status. */
static int inherit_in_child(const char *fds, const char *names, bool ours, size_t expected,
                            const char *const *expected_names)
{
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        static struct systemd_inherited inherited[SYSTEMD_INHERITED_MAX];
        char pid[32];
        size_t count;

        for (int fd = 3; fd < 6; fd++)
            if (dup2(STDOUT_FILENO, fd) < 0)
                _exit(2);
        snprintf(pid, sizeof pid, "%ld", (long)getpid() + !ours);
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", fds, 1);
        if (names)
            setenv("LISTEN_FDNAMES", names, 1);
        count = systemd_inherit(inherited);
        if (count != expected || getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
            _exit(3);
        for (size_t i = 0; i < count; i++)
            if (inherited[i].fd != 3 + (int)i || !(fcntl(inherited[i].fd, F_GETFD) & FD_CLOEXEC) ||
                strcmp(inherited[i].name, expected_names ? expected_names[i] : "") != 0)
                _exit(4);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(sockets_of_the_manager_are_taken)
{
    static const char *const named[] = {"imap", "", "smtp"}, *const one[] = {"imap", "", ""};

    ck_assert_int_eq(inherit_in_child("3", NULL, true, 3, NULL), 0);
    ck_assert_int_eq(inherit_in_child("3", "imap::smtp", true, 3, named), 0);
    ck_assert_int_eq(inherit_in_child("3", "imap", true, 3, one), 0);
    ck_assert_int_eq(inherit_in_child("1", "imap:smtp:too:many", true, 1, one), 0);
    ck_assert_int_eq(inherit_in_child("0", NULL, true, 0, NULL), 0);
}
END_TEST

START_TEST(what_is_meant_for_another_or_is_no_number_is_left)
{
    static const char *const numbers[] = {"", "x", "3x", "-1", "99999999999999999999"};

    ck_assert_int_eq(inherit_in_child("3", "imap", false, 0, NULL), 0);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        ck_assert_msg(inherit_in_child(numbers[i], NULL, true, 0, NULL) == 0, "LISTEN_FDS=%s", numbers[i]);
}
END_TEST

START_TEST(the_name_of_a_credential_stands_behind_the_prefix)
{
    ck_assert_str_eq(systemd_credential_name("credential:proxy"), "proxy");
    ck_assert_str_eq(systemd_credential_name("credential:"), "");
    ck_assert_str_eq(systemd_credential_name("credential:a:b"), "a:b");
    ck_assert_ptr_null(systemd_credential_name("/run/credential:proxy"));
    ck_assert_ptr_null(systemd_credential_name("Credential:proxy"));
    ck_assert_ptr_null(systemd_credential_name("credential"));
    ck_assert_ptr_null(systemd_credential_name(""));
}
END_TEST

START_TEST(the_name_of_a_credential_is_one_component)
{
    static const char *const good[] = {"proxy", "a", "...", ".a", "..a", "proxy password", "gr\303\274n"};
    static const char *const bad[] = {"", ".", "..", "/", "/etc/passwd", "../x", "a/b", "a/"};
    const char *why;
    char name[257];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(systemd_is_credential_name(good[i], &why) && !why, "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!systemd_is_credential_name(bad[i], &why) && why && *why, "%s", bad[i]);
    memset(name, 'x', sizeof name);
    name[256] = '\0';
    ck_assert(!systemd_is_credential_name(name, &why));
    name[255] = '\0';
    ck_assert(systemd_is_credential_name(name, &why));
}
END_TEST

START_TEST(the_directory_of_credentials_comes_from_the_environment)
{
    const char *why;
    char path[64];

    setenv("CREDENTIALS_DIRECTORY", "/run/user/1000/credentials/sallyport.service", 1);
    ck_assert(systemd_credential_path("proxy", path, sizeof path, &why));
    ck_assert_str_eq(path, "/run/user/1000/credentials/sallyport.service/proxy");
    ck_assert(!systemd_credential_path("..", path, sizeof path, &why));
    ck_assert(systemd_credential_path("eighteen-character", path, sizeof path, &why)); /* 44 + 1 + 18 + NUL */
    ck_assert(!systemd_credential_path("eighteen-character+", path, sizeof path, &why));
    ck_assert_str_eq(why, "the path of the credential is too long");
    setenv("CREDENTIALS_DIRECTORY", "credentials", 1);
    ck_assert(!systemd_credential_path("proxy", path, sizeof path, &why));
    unsetenv("CREDENTIALS_DIRECTORY");
    ck_assert(!systemd_credential_path("proxy", path, sizeof path, &why));
    ck_assert_ptr_nonnull(strstr(why, "CREDENTIALS_DIRECTORY"));
}
END_TEST

/* --- the journal --- */

START_TEST(the_journal_is_known_by_device_and_inode)
{
    struct stat status;
    char stream[64];
    FILE *file = tmpfile();

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fstat(fileno(file), &status), 0);
    unsetenv("JOURNAL_STREAM");
    ck_assert(!systemd_journal_reads(fileno(file)));
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    ck_assert(systemd_journal_reads(fileno(file)));
    ck_assert(!systemd_journal_reads(-1));
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino + 1);
    setenv("JOURNAL_STREAM", stream, 1);
    ck_assert(!systemd_journal_reads(fileno(file)));
    setenv("JOURNAL_STREAM", "", 1);
    ck_assert(!systemd_journal_reads(fileno(file)));
    unsetenv("JOURNAL_STREAM");
    fclose(file);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("systemd");

#ifdef LINUX_WAYS
    tcase_add_test(cases, the_manager_is_told);
#endif
    tcase_add_test(cases, without_a_manager_nothing_happens);
    tcase_add_test(cases, sockets_of_the_manager_are_taken);
    tcase_add_test(cases, what_is_meant_for_another_or_is_no_number_is_left);
    tcase_add_test(cases, the_name_of_a_credential_stands_behind_the_prefix);
    tcase_add_test(cases, the_name_of_a_credential_is_one_component);
    tcase_add_test(cases, the_directory_of_credentials_comes_from_the_environment);
    tcase_add_test(cases, the_journal_is_known_by_device_and_inode);
    return unit_run();
}
