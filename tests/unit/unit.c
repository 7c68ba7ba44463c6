/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/curl_features.h"

#define CASE_SECONDS 120     /* of one test: sanitizers and valgrind are slow, and so may be the machine */
#define WALK_TICKS 20000     /* milliseconds, about */
#define COLUMNS_MAX 16

bool unit_marks;
static Suite *suite;

TCase *unit_case(const char *name)
{
    static const char *const variables[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "socks_proxy",
                                            "SOCKS_PROXY", "ftp_proxy", "FTP_PROXY"};
    static const int ignored[] = {SIGINT, SIGQUIT, SIGHUP};
    TCase *cases = tcase_create(name);

    umask(022); /* with another one, groups may write to what is made here, and some of that is refused */
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal(ignored[i], SIG_DFL); /* a shell's `&`, or nohup, may have had them ignored */
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]); /* what the machine has is named in messages */
    suite = suite_create(name);
    suite_add_tcase(suite, cases);
    tcase_set_timeout(cases, CASE_SECONDS);
    return cases;
}

int unit_run(void)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    unit_marks = srunner_fork_status(runner) == CK_FORK;
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

char *unit_exact(const void *bytes, size_t length)
{
    char *copy = malloc(length ? length : 1);

    ck_assert_ptr_nonnull(copy);
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

static void on_report(void *arg, const char *line)
{
    (void)arg;
    ck_abort_msg("%s", line);
}

struct config *unit_config(const char *text)
{
    char *copy = unit_exact(text, strlen(text));
    FILE *stream = fmemopen(copy, strlen(text), "r");
    struct config *config;

    ck_assert_ptr_nonnull(stream);
    config = config_parse(stream, "f", CONFIG_TO_RUN, on_report, NULL);
    ck_assert_ptr_nonnull(config);
    fclose(stream);
    free(copy);
    return config;
}

void unit_note_outcome(unsigned *told, enum outcome *kept, struct failure *why, enum outcome outcome,
                       const struct failure *failure)
{
    ++*told;
    *kept = outcome;
    ck_assert((outcome == OUTCOME_DONE) == (failure == NULL));
    if (failure)
        *why = *failure;
}

/* --- tables --- */

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Undoes the escapes in place. */
static void unescape(struct unit_cell *cell, const char *where)
{
    const char *from = cell->bytes;
    char *to = cell->bytes;

    while (*from) {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        switch (from[1]) {
        case 'r': *to++ = '\r'; from += 2; break;
        case 'n': *to++ = '\n'; from += 2; break;
        case 't': *to++ = '\t'; from += 2; break;
        case '\\': *to++ = '\\'; from += 2; break;
        case 'x':
            ck_assert_msg(hex(from[2]) >= 0 && hex(from[3]) >= 0, "%s: bad escape", where);
            *to++ = (char)(hex(from[2]) * 16 + hex(from[3]));
            from += 4;
            break;
        default:
            ck_abort_msg("%s: bad escape", where);
        }
    }
    *to = '\0';
    cell->length = (size_t)(to - cell->bytes);
}

void unit_table(const char *file, size_t columns, unit_row_fn *row)
{
    char path[1024], where[64], *line = NULL;
    size_t size = 0;
    ssize_t length;
    int number = 0, rows = 0;
    FILE *stream;

    ck_assert(columns <= COLUMNS_MAX);
    snprintf(path, sizeof path, "%s/%s", DATA, file);
    stream = fopen(path, "re");
    ck_assert_msg(stream != NULL, "cannot open %s", path);
    while ((length = getline(&line, &size, stream)) > 0) {
        struct unit_cell cells[COLUMNS_MAX];
        size_t count = 0;
        char *rest = line;

        snprintf(where, sizeof where, "%s:%d", file, ++number);
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        if (!*line || *line == '#')
            continue;
        while (rest) {
            ck_assert_msg(count < columns, "%s: more than %zu cells", where, columns);
            cells[count++].bytes = strsep(&rest, "\t");
        }
        ck_assert_msg(count == columns, "%s: %zu cells, not %zu", where, count, columns);
        for (size_t i = 0; i < count; i++)
            unescape(&cells[i], where);
        row(cells, where);
        rows++;
    }
    free(line);
    fclose(stream);
    ck_assert_msg(rows > 0, "%s has no row", path);
}

bool unit_cell_is(const struct unit_cell *cell, const char *text)
{
    return cell->length == strlen(text) && memcmp(cell->bytes, text, cell->length) == 0;
}

/* --- walking a loop --- */

struct walk {
    struct loop *loop;
    unit_step_fn *const *step;
    void *arg;
    struct loop_timer tick;
    unsigned ticks, at;
};

static void on_tick(void *arg)
{
    struct walk *walk = arg;

    while (*walk->step && (*walk->step)(walk->arg)) {
        walk->step++;
        walk->at++;
    }
    if (!*walk->step || ++walk->ticks > WALK_TICKS)
        loop_stop(walk->loop);
    else
        loop_timer_start(walk->loop, &walk->tick, 1, on_tick, walk);
}

void unit_walk(struct loop *loop, unit_step_fn *const *steps, void *arg)
{
    struct walk walk = {.loop = loop, .step = steps, .arg = arg};

    loop_timer_start(loop, &walk.tick, 0, on_tick, &walk);
    ck_assert(loop_run(loop));
    loop_timer_stop(&walk.tick);
    ck_assert_msg(!*walk.step, "step %u of the walk did not come true", walk.at);
}

void unit_wait(struct loop *loop, unit_step_fn *step, void *arg)
{
    unit_step_fn *const steps[] = {step, NULL};

    unit_walk(loop, steps, arg);
}

void unit_no_child_left(void)
{
    pid_t left = waitpid(-1, NULL, WNOHANG);
    int status;

    while (left == 0) {
        ck_assert_int_gt(waitpid(-1, &status, 0), 0);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        left = waitpid(-1, NULL, WNOHANG);
    }
    ck_assert(left == -1 && errno == ECHILD);
}

bool unit_has_ntlm(void)
{
    if (curl_features_ntlm())
        return true;
    printf("# left out: this libcurl is built without NTLM\n");
    return false;
}

/* --- descriptors --- */

void unit_tcp_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(listening, 0);
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listening, 1), 0);
    ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&address, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(ends[0], 0);
    ck_assert_int_eq(connect(ends[0], (struct sockaddr *)&address, sizeof address), 0);
    ends[1] = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(ends[1], 0);
    close(listening);
}

void unit_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    ck_assert_int_ge(flags, 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

void unit_remove(const char *folder)
{
    ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int unit_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    ck_assert_ptr_nonnull(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

unsigned long unit_kernel_descriptors(void)
{
    static const char key[] = "Max open files";
    FILE *file = fopen("/proc/self/limits", "re");
    char line[200];
    unsigned long limit = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, key, sizeof key - 1) == 0)
            limit = strtoul(line + sizeof key - 1, NULL, 10);
    fclose(file);
    ck_assert_uint_gt(limit, 0);
    return limit;
}

bool unit_limits_hold(void)
{
    struct rlimit before, lower;
    bool hold;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    lower = before;
    lower.rlim_cur--;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &lower), 0);
    hold = unit_kernel_descriptors() == lower.rlim_cur;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    return hold;
}
