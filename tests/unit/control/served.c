/* SPDX-License-Identifier: ISC */
#include "served.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

#include "../stage.h"
#include "../unit.h"

struct served served;

static int own_stderr, log_file;

/* --- the master --- */

static void see(void *arg, struct status_sources *sources)
{
    (void)arg, (void)sources;
    ck_abort_msg("nobody asked for that");
}

static bool reload(void *arg, FILE *faults, char *error, size_t size)
{
    ck_assert_ptr_eq(arg, &served.reloads);
    served.reloads++;
    for (size_t i = 0; i < served.much / 64; i++)
        fprintf(faults, "%064d", 0);
    if (served.moves)
        control_server_set(served.server, served.moves);
    snprintf(error, size, "the configuration has errors");
    return served.much == 0;
}

static void stop(void *arg)
{
    ck_assert_ptr_eq(arg, &served.reloads);
    served.stops++;
}

/* --- the house --- */

void served_set_up(void)
{
    static const struct requests_master master = {see, reload, stop, &served.reloads};

    memset(&served, 0, sizeof served);
    unsetenv("SALLYPORT_ASKPASS");
    unsetenv("SSH_ASKPASS");
    snprintf(served.folder, sizeof served.folder, "/tmp/check-control-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(served.folder));
    snprintf(served.place, sizeof served.place, "%s/sock", served.folder);
    snprintf(served.other, sizeof served.other, "%s/other", served.folder);
    log_file = memfd_create("log", MFD_CLOEXEC);
    own_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    ck_assert_int_eq(dup2(log_file, STDERR_FILENO), STDERR_FILENO);
    log_setup(LEVEL_INFO, false, false);
    served.services = stage_set_up();
    served.server = control_server_new(stage_loop(), served.services->questions, &master);
    ck_assert_ptr_nonnull(served.server);
}

void served_tear_down(void)
{
    control_server_free(served.server);
    stage_tear_down();
    dup2(own_stderr, STDERR_FILENO);
    close(own_stderr);
    close(log_file);
    ck_assert_int_eq(rmdir(served.folder), 0);
}

void served_start(void)
{
    control_server_set(served.server, served.place);
}

void served_logged(const char *wanted)
{
    char text[1000];
    ssize_t length = pread(log_file, text, sizeof text - 1, 0);

    ck_assert_int_ge((int)length, 0);
    text[length] = '\0';
    ck_assert_str_eq(text, wanted);
    ck_assert_int_eq(ftruncate(log_file, 0), 0);
    ck_assert_int_eq((int)lseek(log_file, 0, SEEK_SET), 0);
}

void served_opened(const char *path)
{
    char wanted[200];

    snprintf(wanted, sizeof wanted, "sallyport: control on=\"%s\"\n", path);
    served_logged(wanted);
}

bool served_exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

/* --- visitors --- */

int visitor_knocks(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", served.place);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

int visitor_comes(void)
{
    int fd = visitor_knocks();

    stage_settle();
    return fd;
}

void visitor_says_bytes(int fd, const char *bytes, size_t length)
{
    ck_assert_int_eq((int)send(fd, bytes, length, MSG_NOSIGNAL), (int)length);
    stage_settle();
}

void visitor_says(int fd, const char *text)
{
    visitor_says_bytes(fd, text, strlen(text));
}

size_t visitor_hears(int fd)
{
    size_t length = 0;
    ssize_t got;

    do {
        stage_settle();
        got = recv(fd, served.heard + length, sizeof served.heard - 1 - length, 0);
        length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    served.heard[length] = '\0';
    served.ended = got == 0 || errno == ECONNRESET; /* a reset when it was not read to its end */
    ck_assert(served.ended || errno == EAGAIN);
    return length;
}

void visitor_is_waiting(int fd)
{
    ck_assert_uint_eq(visitor_hears(fd), 0);
    ck_assert(!served.ended);
}

void visitor_is_answered(int fd, const char *text)
{
    visitor_hears(fd);
    ck_assert_str_eq(served.heard, text);
    ck_assert(served.ended);
    close(fd);
}

int visitor_never_reads(void)
{
    int fd = visitor_comes();

    served.much = MUCH;
    visitor_says(fd, "reload\n");
    served.much = 0;
    return fd;
}

void served_works(void)
{
    int fd = visitor_comes();

    served.stops = 0;
    visitor_says(fd, "stop\n");
    visitor_is_answered(fd, "ok\n");
    ck_assert_uint_eq(served.stops, 1);
}

