/* SPDX-License-Identifier: ISC */
/* For LD_PRELOAD: lets allocations and system calls of sallyport fail, as they do when memory, descriptors or watches
 * are used up.
 *
 * FAULTS_SEED and FAULTS_ONE_IN (a number n: one call in n fails) decide which; the i-th call of a function fails in
 * every run with the same seed.  Nothing fails unless the first byte of the file FAULTS_PLATE is '1', which the test
 * may change at any time; the shim counts what it did in the 32 bits at offset 4.
 *
 * Allocations fail when sallyport itself or libevent asks for them, system calls when sallyport or libcurl does, and
 * epoll_ctl for libevent: what other libraries make of their own errors is theirs.  No call fails in a way that the
 * system would not have: EAGAIN, above all, would mean that readiness is going to be told. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct plate {
    volatile char armed;
    volatile uint32_t faults;
};

enum caller { OTHER, PROGRAM, LIBEVENT, LIBCURL, CALLERS };

static struct plate *plate;
static uint64_t seed;
static unsigned one_in;
static struct {
    uintptr_t from, to;
} ranges[CALLERS];

static int find_ranges(struct dl_phdr_info *info, size_t size, void *arg)
{
    enum caller who = !info->dlpi_name[0] ? PROGRAM
                      : strstr(info->dlpi_name, "libevent") ? LIBEVENT
                      : strstr(info->dlpi_name, "libcurl") ? LIBCURL : OTHER;

    (void)size, (void)arg;
    for (int i = 0; i < info->dlpi_phnum && who != OTHER; i++) {
        uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, to = from + info->dlpi_phdr[i].p_memsz;

        if (info->dlpi_phdr[i].p_type != PT_LOAD)
            continue;
        if (ranges[who].from == 0 || from < ranges[who].from)
            ranges[who].from = from;
        if (to > ranges[who].to)
            ranges[who].to = to;
    }
    return 0;
}

static __attribute__((constructor)) void set_up(void)
{
    const char *path = getenv("FAULTS_PLATE"), *given = getenv("FAULTS_SEED"), *rate = getenv("FAULTS_ONE_IN");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *mapped = fd >= 0 ? mmap(NULL, sizeof *plate, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (fd >= 0)
        close(fd);
    seed = given ? strtoull(given, NULL, 10) : 0;
    one_in = rate ? (unsigned)strtoul(rate, NULL, 10) : 0;
    dl_iterate_phdr(find_ranges, NULL);
    unsetenv("LD_PRELOAD"); /* what sallyport starts is not to fail */
    if (mapped != MAP_FAILED)
        plate = mapped;
}

static enum caller caller_of(const void *address)
{
    uintptr_t at = (uintptr_t)address;

    for (enum caller who = PROGRAM; who < CALLERS; who++)
        if (at >= ranges[who].from && at < ranges[who].to)
            return who;
    return OTHER;
}

/* A number that looks like chance (splitmix). */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Whether this call of a function fails: sets errno to one of so many errors.  count is the function's own. */
static bool fails(uint64_t *count, const char *function, bool wanted, const int *errors, size_t errors_count)
{
    uint64_t chance = seed;

    if (!plate || plate->armed != '1' || one_in == 0 || !wanted)
        return false;
    while (*function)
        chance = mix(chance + (unsigned char)*function++);
    chance = mix(chance + ++*count);
    if (chance % one_in != 0)
        return false;
    plate->faults++;
    errno = errors[mix(chance) % errors_count];
    return true;
}

#define REAL(function) \
    static __typeof__(&function) real; \
    static uint64_t count; \
    enum caller who = caller_of(__builtin_return_address(0)); \
    if (!real) \
        real = dlsym(RTLD_NEXT, #function)
#define FAIL(function, wanted, with, ...) \
    do { \
        static const int errors[] = {__VA_ARGS__}; \
        if (fails(&count, #function, wanted, errors, sizeof errors / sizeof errors[0])) \
            return with; \
    } while (0)
#define ASKS (who == PROGRAM || who == LIBEVENT) /* for memory */
#define CALLS (who == PROGRAM || who == LIBCURL)  /* the system */

/* --- allocations --- */

void *malloc(size_t size)
{
    REAL(malloc);
    FAIL(malloc, ASKS, NULL, ENOMEM);
    return real(size);
}

void *calloc(size_t items, size_t size)
{
    REAL(calloc);
    FAIL(calloc, ASKS, NULL, ENOMEM);
    return real(items, size);
}

void *realloc(void *block, size_t size)
{
    REAL(realloc);
    FAIL(realloc, ASKS, NULL, ENOMEM);
    return real(block, size);
}

char *strdup(const char *text)
{
    REAL(strdup);
    FAIL(strdup, ASKS, NULL, ENOMEM);
    return real(text);
}

char *strndup(const char *text, size_t length)
{
    REAL(strndup);
    FAIL(strndup, ASKS, NULL, ENOMEM);
    return real(text, length);
}

FILE *open_memstream(char **text, size_t *size)
{
    REAL(open_memstream);
    FAIL(open_memstream, ASKS, NULL, ENOMEM);
    return real(text, size);
}

/* --- system calls --- */

int socket(int family, int type, int protocol)
{
    REAL(socket);
    FAIL(socket, CALLS, -1, EMFILE, ENFILE, ENOBUFS, ENOMEM);
    return real(family, type, protocol);
}

int accept4(int fd, struct sockaddr *from, socklen_t *length, int flags)
{
    REAL(accept4);
    FAIL(accept4, CALLS, -1, EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EPERM);
    return real(fd, from, length, flags);
}

int connect(int fd, const struct sockaddr *to, socklen_t length)
{
    REAL(connect);
    FAIL(connect, CALLS, -1, ENOBUFS, EADDRNOTAVAIL, ENETUNREACH, EACCES);
    return real(fd, to, length);
}

int bind(int fd, const struct sockaddr *at, socklen_t length)
{
    REAL(bind);
    FAIL(bind, CALLS, -1, EADDRINUSE, ENOMEM);
    return real(fd, at, length);
}

int listen(int fd, int queue)
{
    REAL(listen);
    FAIL(listen, CALLS, -1, EADDRINUSE);
    return real(fd, queue);
}

int getsockname(int fd, struct sockaddr *at, socklen_t *length)
{
    REAL(getsockname);
    FAIL(getsockname, CALLS, -1, ENOBUFS);
    return real(fd, at, length);
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
    REAL(getsockopt);
    FAIL(getsockopt, CALLS, -1, ENOBUFS);
    return real(fd, level, option, value, length);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    REAL(setsockopt);
    FAIL(setsockopt, CALLS, -1, ENOBUFS);
    return real(fd, level, option, value, length);
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    REAL(recv);
    FAIL(recv, CALLS, -1, ENOMEM, ECONNRESET);
    return real(fd, bytes, size, flags);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    REAL(send);
    FAIL(send, CALLS, -1, ENOBUFS, EPIPE, ECONNRESET);
    return real(fd, bytes, size, flags);
}

int shutdown(int fd, int how)
{
    REAL(shutdown);
    FAIL(shutdown, CALLS, -1, ENOTCONN, ENOBUFS);
    return real(fd, how);
}

ssize_t splice(int from, off64_t *at, int to, off64_t *where, size_t size, unsigned flags)
{
    REAL(splice);
    FAIL(splice, CALLS, -1, ENOMEM, ECONNRESET);
    return real(from, at, to, where, size, flags);
}

int pipe2(int ends[2], int flags)
{
    REAL(pipe2);
    FAIL(pipe2, CALLS, -1, EMFILE, ENFILE);
    return real(ends, flags);
}

int open(const char *path, int flags, ...)
{
    REAL(open);
    va_list values;
    mode_t mode;

    FAIL(open, who == PROGRAM, -1, EMFILE, ENFILE, ENOMEM);
    va_start(values, flags);
    mode = flags & O_CREAT ? va_arg(values, mode_t) : 0;
    va_end(values);
    return real(path, flags, mode);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    REAL(epoll_ctl);
    FAIL(epoll_ctl, who == LIBEVENT && operation != EPOLL_CTL_DEL, -1, ENOMEM, ENOSPC);
    return real(epoll, operation, fd, event);
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
    REAL(posix_spawnp);
    static const int errors[] = {EAGAIN, ENOMEM};

    if (fails(&count, "posix_spawnp", CALLS, errors, 2))
        return errno;
    return real(pid, file, actions, attributes, arguments, environment);
}
