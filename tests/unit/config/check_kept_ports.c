/* SPDX-License-Identifier: ISC */
#include "config/kept_ports.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/config.h"

#include "../unit.h"

#define NOBODY 65534 /* another user, when this one is root */
#define FAULT_MAX 600
#define MANY 20 /* ports, for two processes to get in each other's way */

static char root[] = "/tmp/check_kept_ports-XXXXXX";
static char error[600];
static int descriptors;

static char *at(const char *name)
{
    static char paths[4][300];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void setup(void)
{
    descriptors = unit_descriptors();
    snprintf(root, sizeof root, "/tmp/check_kept_ports-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    setenv("XDG_STATE_HOME", at("a/state"), 1);
    setenv("XDG_CONFIG_HOME", root, 1);
    mkdir(at("sallyport"), 0700);
}

static void teardown(void)
{
    unit_remove(root);
    ck_assert_int_eq(unit_descriptors(), descriptors);
}

static void on_report(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

static void on_fault(void *arg, const char *line)
{
    snprintf(arg, FAULT_MAX, "%s", line);
}

/* A configuration in that file, with what is kept. */
static struct config *load(const char *name)
{
    struct config *config;

    put(name, "[imap]\nlisten = localhost:auto\ntarget = t\nproxy = direct\n"
              "[imap work]\nlisten = 192.0.2.7:1 127.0.0.1:auto\ntarget = t\nproxy = direct\n"
              "[nntp]\ntarget = t\nproxy = direct\n");
    config = config_load(at(name), CONFIG_TO_RUN, on_report, NULL);
    ck_assert_uint_eq(config->listeners[0].listen.at[0].port, 0);
    ck_assert(kept_ports_fill(config, on_report, NULL));
    ck_assert_uint_eq(config->listeners[1].listen.at[0].port, 1);
    ck_assert_uint_eq(config->listeners[2].listen.at[0].port, 1119);
    return config;
}

START_TEST(the_text_has_a_line_for_each)
{
    static const char text[] = "20001 imap -\n20002 imap/work -\nx\n70000 y -\n20003 imap /a b.ini\n0 z -\n9 \n"
                               "20004 q -";

    ck_assert_uint_eq(kept_ports_find(text, "imap -"), 20001);
    ck_assert_uint_eq(kept_ports_find(text, "imap/work -"), 20002);
    ck_assert_uint_eq(kept_ports_find(text, "imap /a b.ini"), 20003);
    ck_assert_uint_eq(kept_ports_find(text, "q -"), 20004);
    ck_assert_uint_eq(kept_ports_find(text, "imap"), 0);
    ck_assert_uint_eq(kept_ports_find(text, "y -"), 0);
    ck_assert_uint_eq(kept_ports_find(text, "z -"), 0);
    ck_assert_uint_eq(kept_ports_find("", "imap -"), 0);
}
END_TEST

START_TEST(a_port_takes_the_place_of_the_one_before)
{
    char *text = kept_ports_put("20001 imap -\nnonsense\n20002 nntp -\n", "imap -", 20003);

    ck_assert_str_eq(text, "20002 nntp -\n20003 imap -\n");
    free(text);
    text = kept_ports_put("", "imap -", 65535);
    ck_assert_str_eq(text, "65535 imap -\n");
    free(text);
}
END_TEST

START_TEST(the_oldest_go_when_there_are_too_many)
{
    const size_t size = 2 * KEPT_PORTS_SIZE_MAX;
    char *text = malloc(size), *after;
    size_t length = 0;

    for (unsigned i = 0; length < KEPT_PORTS_SIZE_MAX; i++)
        length += (size_t)snprintf(text + length, size - length, "%u imap/%05u -\n", 20000 + i % 1000, i);
    after = kept_ports_put(text, "nntp -", 7);
    ck_assert_uint_le(strlen(after), KEPT_PORTS_SIZE_MAX);
    ck_assert_uint_gt(strlen(after), KEPT_PORTS_SIZE_MAX - 100);
    ck_assert_uint_eq(kept_ports_find(after, "imap/00000 -"), 0);
    ck_assert_uint_eq(kept_ports_find(after, "nntp -"), 7);
    free(text);
    free(after);
}
END_TEST

START_TEST(what_is_kept_is_known_next_time)
{
    struct config *config = load("one.ini"), *other;

    ck_assert_uint_eq(config->listeners[0].listen.at[0].port, 0);
    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    ck_assert(kept_ports_keep(config, "imap/work", 23457, error, sizeof error));
    config_unref(config);
    config = load("one.ini");
    ck_assert_uint_eq(config->listeners[0].listen.at[0].port, 23456);
    ck_assert_uint_eq(config->listeners[1].listen.at[1].port, 23457);
    other = load("two.ini"); /* has ports of its own */
    ck_assert_uint_eq(other->listeners[0].listen.at[0].port, 0);
    ck_assert(kept_ports_has(23456) && !kept_ports_has(23458));
    config_unref(other);
    config_unref(config);
}
END_TEST

/* Who ran with the machine's file and gets one of their own keeps the ports. */
START_TEST(the_usual_file_is_one_wherever_it_is)
{
    struct config *config = load("sallyport/sallyport.ini");

    setenv("SALLYPORT_SYSTEM_FILE", at("system.ini"), 1);
    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    config_unref(config);
    config = load("system.ini");
    ck_assert_uint_eq(config->listeners[0].listen.at[0].port, 23456);
    config_unref(config);
    unsetenv("SALLYPORT_SYSTEM_FILE");
}
END_TEST

START_TEST(the_file_is_one_in_whatever_spelling)
{
    static const char *const paths[] = {"sallyport.ini", "./sallyport.ini", "..//sallyport/./sallyport.ini",
                                        "../link.ini"};
    struct config *config = load("sallyport/sallyport.ini");

    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    config_unref(config);
    ck_assert_int_eq(symlink("sallyport/sallyport.ini", at("link.ini")), 0);
    ck_assert_int_eq(chdir(at("sallyport")), 0);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        config = config_load(paths[i], CONFIG_TO_RUN, on_report, NULL);
        ck_assert(kept_ports_fill(config, on_report, NULL));
        ck_assert_uint_eq(config->listeners[0].listen.at[0].port, 23456);
        config_unref(config);
    }
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* Where small files are all of it, it has a path still. */
START_TEST(a_file_that_may_be_missing_has_ports)
{
    struct config *config;
    char path[300];

    ck_assert_int_eq(mkdir(at("other"), 0700) | mkdir(at("other/sallyport"), 0700), 0);
    ck_assert_int_eq(mkdir(at("other/sallyport/conf.d"), 0700), 0);
    put("other/sallyport/conf.d/a.ini", "[imap]\nlisten = localhost:auto\ntarget = t\nproxy = direct\n");
    snprintf(path, sizeof path, "%s", at("other/sallyport/sallyport.ini"));
    config = config_load(path, CONFIG_TO_RUN, on_report, NULL);
    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    ck_assert(kept_ports_fill(config, on_report, NULL));
    ck_assert_uint_eq(config->listeners[0].listen.at[0].port, 23456);
    config_unref(config);
}
END_TEST

START_TEST(the_file_is_ours_alone)
{
    struct config *config = load("one.ini");
    struct stat status;

    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    ck_assert_int_eq(stat(at("a/state/sallyport"), &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0700);
    ck_assert_int_eq(stat(at("a/state/sallyport/ports"), &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    config_unref(config);
}
END_TEST

#define FOLDER "a/state/sallyport"
#define FILE_ FOLDER "/ports"
#define LOCK FOLDER "/.ports.lock"

/* What is there and cannot be used is an error, of whoever wants to know the port and of whoever wants to keep one:
 * nobody may take another port without a word, since mail programs know the one that was kept. */
static void check_refused(struct config *config, const char *name, const char *wanted)
{
    char fault[FAULT_MAX] = "", expected[FAULT_MAX];

    snprintf(expected, sizeof expected, "%s/%s: %s", root, name, wanted);
    ck_assert(!kept_ports_fill(config, on_fault, fault));
    ck_assert_msg(strncmp(fault, expected, strlen(expected)) == 0, "%s in place of %s", fault, expected);
    ck_assert(!kept_ports_has(23456));
    ck_assert(!kept_ports_keep(config, "imap", 1, error, sizeof error));
    ck_assert_str_eq(error, fault);
}

START_TEST(what_others_can_write_is_not_trusted)
{
    static const char *const names[] = {FOLDER, FILE_};
    static const mode_t modes[] = {0777, 0770, 0702};
    struct config *config = load("one.ini");
    char wanted[FAULT_MAX];

    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(wanted, sizeof wanted, "others can write to it, so the ports kept there cannot be trusted: run `chmod "
                 "go-w %s/%s`", root, names[i]);
        for (size_t k = 0; k < sizeof modes / sizeof modes[0]; k++) {
            ck_assert_int_eq(chmod(at(names[i]), modes[k]), 0);
            check_refused(config, names[i], wanted);
        }
        ck_assert_int_eq(chmod(at(names[i]), 0700), 0); /* the remedy */
        ck_assert(kept_ports_fill(config, on_report, NULL));
        ck_assert_uint_eq(config->listeners[0].listen.at[0].port, 23456);
    }
    if (geteuid() == 0)
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            ck_assert_int_eq(chown(at(names[i]), NOBODY, (gid_t)-1), 0);
            check_refused(config, names[i], "it belongs to somebody else, so the ports kept there cannot be trusted: "
                          "move it away, and other ports are found, which mail programs have to be told");
            ck_assert_int_eq(chown(at(names[i]), 0, (gid_t)-1), 0);
        }
    config_unref(config);
}
END_TEST

START_TEST(what_is_no_file_is_told)
{
    struct config *config = load("one.ini");

    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    ck_assert_int_eq(unlink(at(FILE_)), 0);
    ck_assert(kept_ports_fill(config, on_report, NULL)); /* there is none yet */
    ck_assert_uint_eq(config->listeners[0].listen.at[0].port, 0);
    ck_assert_int_eq(mkfifo(at(FILE_), 0600), 0); /* nothing waits */
    check_refused(config, FILE_, "it is no regular file");
    ck_assert_int_eq(unlink(at(FILE_)), 0);
    ck_assert_int_eq(mkdir(at(FILE_), 0700), 0);
    check_refused(config, FILE_, "it is no regular file");
    ck_assert_int_eq(rmdir(at(FILE_)), 0);
    ck_assert_int_eq(symlink("/dev/null", at(FILE_)), 0);
    check_refused(config, FILE_, "it is no regular file");
    ck_assert_int_eq(unlink(at(FILE_)), 0);
    ck_assert_int_eq(unlink(at(LOCK)) | rmdir(at(FOLDER)), 0);
    ck_assert(kept_ports_fill(config, on_report, NULL));
    put(FOLDER, "");
    check_refused(config, FOLDER, "Not a directory, so the ports kept there are not known: ");
    config_unref(config);
}
END_TEST

static void on_faults(void *arg, const char *line)
{
    const size_t length = strlen(arg);

    snprintf((char *)arg + length, 4 * FAULT_MAX - length, "%s\n", line);
}

/* A port that is kept may be named by nobody: neither does another one take its place without a word. */
START_TEST(what_is_kept_is_named_by_nobody)
{
    static const struct {
        const char *imap, *other; /* `listen`; NULL: it has none */
        const char *fault;        /* what is said, with %s for the folder; NULL: nothing */
    } cases[] = {
        {"localhost:auto", "localhost:23456", "imap/b listens on localhost:23456"},
        {"127.0.0.1:auto", "localhost:1 localhost:23456", "imap/b listens on localhost:23456"},
        {"localhost:auto", "0.0.0.0:23456", "imap/b listens on 0.0.0.0:23456"},
        {"localhost:auto [::1]:23456", "localhost:1", "imap listens on [::1]:23456"},
        {"localhost:auto", "127.0.0.9:23456", NULL}, /* which is another place */
        {"localhost:auto", "localhost:23457", NULL}, {"localhost:auto", "unix:/a/b", NULL},
        {"localhost:7", "localhost:23456", NULL}, /* kept for nobody any more */
    };
    struct config *config = load("one.ini");
    char text[400], faults[4 * FAULT_MAX], expected[4 * FAULT_MAX];

    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    config_unref(config);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text, "[imap]\nlisten = %s\ntarget = t\nproxy = direct\n[imap b]\nlisten = %s\n"
                 "target = t\nproxy = direct\n", cases[i].imap, cases[i].other);
        put("one.ini", text);
        config = config_load(at("one.ini"), CONFIG_TO_CHECK, on_report, NULL);
        faults[0] = expected[0] = '\0';
        ck_assert_msg(kept_ports_fill(config, on_faults, faults) == !cases[i].fault, "case %zu", i);
        if (cases[i].fault)
            snprintf(expected, sizeof expected, "%s/one.ini:%d: %s, a port that is kept for imap, whose mail programs "
                     "know it: give %.*s another one, or remove the line of imap from %s/" FILE_ " and tell its mail "
                     "programs the next one\n", root, strncmp(cases[i].fault, "imap/b", 6) == 0 ? 5 : 1, cases[i].fault,
                     (int)strcspn(cases[i].fault, " "), cases[i].fault, root);
        ck_assert_str_eq(faults, expected);
        config_unref(config);
    }
}
END_TEST

/* Who has no `auto` is not bothered. */
START_TEST(nobody_else_is_bothered)
{
    struct config *config;

    put("other.ini", "[imap]\ntarget = t\nproxy = direct\n");
    config = config_load(at("other.ini"), CONFIG_TO_RUN, on_report, NULL);
    ck_assert_int_eq(mkdir(at("a"), 0700), 0);
    put("a/state", "");
    ck_assert(kept_ports_fill(config, on_report, NULL));
    config_unref(config);
}
END_TEST

/* Whoever can read our folder can hold a lock on it: for that, nobody waits. */
START_TEST(nobody_who_can_read_the_folder_stops_us)
{
    struct config *config = load("one.ini");
    struct stat status;
    int held;

    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    ck_assert_int_eq(chmod(at(FOLDER), 0755) | chmod(at(LOCK), 0644), 0);
    held = open(at(FOLDER), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(flock(held, LOCK_EX), 0);
    ck_assert(kept_ports_keep(config, "imap", 23457, error, sizeof error));
    close(held);
    ck_assert_int_eq(stat(at(LOCK), &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    ck_assert_int_eq(unlink(at(LOCK)), 0);
    ck_assert_int_eq(symlink("ports", at(LOCK)), 0);
    ck_assert(!kept_ports_keep(config, "imap", 23458, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "/sallyport: .ports.lock in it: Too many levels of symbolic links"));
    ck_assert(kept_ports_has(23457));
    config_unref(config);
}
END_TEST

/* What is read from a pipe has no path: to keep ports by what stands for one would push out those of files. */
START_TEST(a_pipe_has_no_ports)
{
    static const char text[] = "[imap]\nlisten = localhost:auto\ntarget = t\nproxy = direct\n";
    struct config *config;
    char path[64];
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    config = config_load(path, CONFIG_TO_RUN, on_report, NULL);
    ck_assert_ptr_nonnull(config);
    ck_assert(!kept_ports_keep(config, "imap", 23456, error, sizeof error));
    ck_assert_str_eq(error, "the configuration has no path by which to keep it");
    close(ends[0]);
    config_unref(config);
}
END_TEST

/* Two at once, each with many ports: none is lost. */
START_TEST(two_at_once_keep_all)
{
    struct config *config = load("one.ini");
    char name[32];
    int status;
    pid_t other;

    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    other = fork();
    ck_assert_int_ge(other, 0);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%s/%u", other ? "imap" : "nntp", i);
        if (!kept_ports_keep(config, name, (uint16_t)((other ? 20000 : 30000) + i), error, sizeof error))
            break;
        error[0] = '\0';
    }
    if (other == 0)
        _exit(error[0] != '\0');
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(error, "");
    for (uint16_t i = 0; i < MANY; i++)
        ck_assert(kept_ports_has(20000 + i) && kept_ports_has(30000 + i));
    config_unref(config);
}
END_TEST

/* A disk that is full takes a part of the file: then what was there stays, and it is told why. */
START_TEST(what_is_written_in_part_is_noticed)
{
    struct config *config = load("one.ini");
    struct rlimit before, limit;
    bool kept;

    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 20;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    kept = kept_ports_keep(config, "imap/work", 23457, error, sizeof error);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert(!kept);
    ck_assert_ptr_nonnull(strstr(error, "/a/state/sallyport/ports: File too large"));
    ck_assert(kept_ports_has(23456) && !kept_ports_has(23457));
    ck_assert_int_ne(access(at("a/state/sallyport/.ports.new"), F_OK), 0);
    config_unref(config);
}
END_TEST

/* The folder and its file become another user's, since root reads everything. */
static void become_nobody(const char *const places[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(chown(at(places[i]), NOBODY, (gid_t)-1), 0);
    ck_assert_int_eq(seteuid(NOBODY), 0);
}

START_TEST(what_cannot_be_read_is_not_written_over)
{
    static const char *const places[] = {"", "a", "a/state", FOLDER, FILE_, LOCK};
    struct config *config = load("one.ini");
    const uid_t user = geteuid();
    char fault[FAULT_MAX];
    bool kept, known;

    ck_assert(kept_ports_keep(config, "imap", 23456, error, sizeof error));
    ck_assert_int_eq(chmod(at("a/state/sallyport/ports"), 0200), 0);
    if (user == 0)
        become_nobody(places, sizeof places / sizeof places[0]);
    kept = kept_ports_keep(config, "imap/work", 23457, error, sizeof error);
    known = kept_ports_fill(config, on_fault, fault);
    ck_assert_int_eq(chmod(at("a/state/sallyport/ports"), 0600), 0);
    ck_assert(kept_ports_has(23456) && !kept_ports_has(23457));
    ck_assert(!kept);
    ck_assert_ptr_nonnull(strstr(error, "/a/state/sallyport/ports: Permission denied, so the ports kept there are not "
                                 "known: it has to be a file that you can read and write"));
    ck_assert(!known);
    ck_assert_str_eq(fault, error);
    ck_assert_int_eq(seteuid(user), 0);
    config_unref(config);
}
END_TEST

START_TEST(without_a_place_it_says_so)
{
    struct config *config = load("one.ini"), *stream = unit_config("[imap]\nlisten = localhost:auto\ntarget = t\n"
                                                                   "proxy = direct\n");

    ck_assert(!kept_ports_keep(stream, "imap", 1, error, sizeof error)); /* it has no path */
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "relative", 1);
    ck_assert(!kept_ports_keep(config, "imap", 1, error, sizeof error));
    ck_assert_str_eq(error, "neither XDG_STATE_HOME nor HOME is a full path");
    ck_assert(kept_ports_fill(config, on_report, NULL)); /* there is nothing that could be kept */
    setenv("HOME", root, 1);
    ck_assert(kept_ports_keep(config, "imap", 2, error, sizeof error));
    ck_assert_int_eq(access(at(".local/state/sallyport/ports"), F_OK), 0);
    config_unref(config);
    config_unref(stream);
}
END_TEST

START_TEST(each_user_looks_elsewhere)
{
    unsigned same = 0;

    for (uid_t user = 1000; user < 1200; user++) {
        ck_assert_uint_ge(kept_ports_start(user, "imap"), KEPT_PORTS_FIRST);
        ck_assert_uint_lt(kept_ports_start(user, "imap"), KEPT_PORTS_FIRST + KEPT_PORTS_RANGE);
        for (uid_t other = 1000; other < user; other++)
            same += kept_ports_start(user, "imap") == kept_ports_start(other, "imap");
    }
    ck_assert_uint_lt(same, 10); /* 2 would be chance */
    ck_assert_uint_ne(kept_ports_start(1000, "imap"), kept_ports_start(1000, "nntp"));
    ck_assert_uint_eq(kept_ports_start(1000, "imap"), kept_ports_start(1000, "imap"));
}
END_TEST

START_TEST(check_tells_of_them)
{
    struct config *config = load("one.ini");
    char *text, expected[600];
    size_t length;
    FILE *out = open_memstream(&text, &length);

    config->listeners[0].listen.at[0].port = 23456;
    kept_ports_print(config, out);
    fclose(out);
    snprintf(expected, sizeof expected, "# imap: its port is 23456,\n#   and kept in %s/a/state/sallyport/ports\n"
             "# imap/work: its port is found when `sallyport run` starts,\n#   and kept in %s/a/state/sallyport/"
             "ports\n",
             root, root);
    ck_assert_str_eq(text, expected);
    free(text);
    config_unref(config);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("kept_ports");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, the_text_has_a_line_for_each);
    tcase_add_test(cases, a_port_takes_the_place_of_the_one_before);
    tcase_add_test(cases, the_oldest_go_when_there_are_too_many);
    tcase_add_test(cases, what_is_kept_is_known_next_time);
    tcase_add_test(cases, the_usual_file_is_one_wherever_it_is);
    tcase_add_test(cases, the_file_is_one_in_whatever_spelling);
    tcase_add_test(cases, a_file_that_may_be_missing_has_ports);
    tcase_add_test(cases, the_file_is_ours_alone);
    tcase_add_test(cases, what_others_can_write_is_not_trusted);
    tcase_add_test(cases, what_is_no_file_is_told);
    tcase_add_test(cases, what_is_kept_is_named_by_nobody);
    tcase_add_test(cases, nobody_else_is_bothered);
    tcase_add_test(cases, nobody_who_can_read_the_folder_stops_us);
    tcase_add_test(cases, a_pipe_has_no_ports);
    tcase_add_test(cases, two_at_once_keep_all);
    tcase_add_test(cases, what_is_written_in_part_is_noticed);
    tcase_add_test(cases, what_cannot_be_read_is_not_written_over);
    tcase_add_test(cases, without_a_place_it_says_so);
    tcase_add_test(cases, each_user_looks_elsewhere);
    tcase_add_test(cases, check_tells_of_them);
    return unit_run();
}
