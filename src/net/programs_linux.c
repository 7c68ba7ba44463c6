/* SPDX-License-Identifier: ISC */
/* Linux: in /proc (proc(5)). */
#include "net/programs.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/address.h"

#define ENDS_MAX (2 * ADDRESS_TEXT_MAX)

struct socket_row {
    unsigned long inode;
    char ends[ENDS_MAX]; /* "own other" */
    struct program program; /* pid 0: not known */
};

struct programs {
    struct socket_row *rows;
    size_t count, room;
};

/* --- the sockets --- */

/* Reads "0100007F:1F90": 32-bit words in the machine's order, and the port.  What is mapped into IPv6 becomes an
 * address of IPv4, as the other end of the connection sees it. */
static bool read_address(const char *text, struct address *address)
{
    size_t digits = strcspn(text, ":");
    unsigned words[4] = {0}, port;

    memset(address, 0, sizeof *address);
    for (size_t i = 0; i < digits / 8 && i < 4; i++)
        if (sscanf(text + 8 * i, "%8x", &words[i]) != 1)
            return false;
    if ((digits != 8 && digits != 32) || sscanf(text + digits, ":%4x", &port) != 1)
        return false;
    if (digits == 8) {
        address->v4.sin_family = AF_INET;
        memcpy(&address->v4.sin_addr, words, 4);
    } else {
        address->v6.sin6_family = AF_INET6;
        memcpy(&address->v6.sin6_addr, words, 16);
    }
    if (digits == 32 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
        memset(address, 0, sizeof *address);
        address->v4.sin_family = AF_INET;
        memcpy(&address->v4.sin_addr, &words[3], 4);
    }
    address_set_port(address, (uint16_t)port);
    return true;
}

static void set_ends(char ends[ENDS_MAX], const char *own, const char *other)
{
    snprintf(ends, ENDS_MAX, "%s %s", own, other);
}

/* False: out of memory, or there are too many. */
static bool add(struct programs *programs, const struct address *own, const struct address *other, unsigned long inode)
{
    char own_text[ADDRESS_TEXT_MAX], other_text[ADDRESS_TEXT_MAX];
    struct socket_row *row;

    if (programs->count == programs->room) {
        size_t room = programs->room ? 2 * programs->room : 256;
        struct socket_row *more = room <= PROGRAMS_SOCKETS_MAX ? realloc(programs->rows, room * sizeof *more) : NULL;

        if (!more)
            return false;
        programs->rows = more;
        programs->room = room;
    }
    row = &programs->rows[programs->count++];
    memset(row, 0, sizeof *row);
    row->inode = inode;
    set_ends(row->ends, address_format(own, own_text), address_format(other, other_text));
    return true;
}

static void read_sockets(struct programs *programs, const char *path)
{
    FILE *table = fopen(path, "re");
    char line[512];
    bool room = true;

    while (table && room && fgets(line, sizeof line, table)) {
        char own_text[48], other_text[48];
        struct address own, other;
        unsigned long inode;

        if (sscanf(line, " %*u: %47s %47s %*x %*x:%*x %*x:%*x %*x %*u %*u %lu", own_text, other_text, &inode) == 3 &&
            inode && read_address(own_text, &own) && read_address(other_text, &other) && address_port(&other) != 0)
            room = add(programs, &own, &other, inode);
    }
    if (table)
        fclose(table);
}

/* --- who has them --- */

static int by_inode(const void *a, const void *b)
{
    const struct socket_row *one = a, *other = b;

    return (one->inode > other->inode) - (one->inode < other->inode);
}

/* Drops what the kernel has listed twice, because others came or went between two reads of its table. */
static void drop_doubles(struct programs *programs)
{
    size_t kept = 1;

    for (size_t i = 1; i < programs->count; i++)
        if (programs->rows[i].inode != programs->rows[kept - 1].inode)
            programs->rows[kept++] = programs->rows[i];
    programs->count = kept;
}

static int by_ends(const void *a, const void *b)
{
    return strcmp(((const struct socket_row *)a)->ends, ((const struct socket_row *)b)->ends);
}

static void read_name(struct program *program)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/comm", (int)program->pid);
    file = fopen(path, "re");
    if (!file || !fgets(program->name, sizeof program->name, file))
        snprintf(program->name, sizeof program->name, "?");
    if (file)
        fclose(file);
    program->name[strcspn(program->name, "\n")] = '\0';
}

/* Finds the sockets of one process.  Of another user's, its descriptors cannot be read. */
static void read_process(struct programs *programs, pid_t pid)
{
    struct program program = {.pid = pid};
    char path[64], target[64];
    const struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    while (folder && (entry = readdir(folder))) {
        ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        struct socket_row wanted, *found;

        target[length > 0 ? length : 0] = '\0';
        if (sscanf(target, "socket:[%lu]", &wanted.inode) != 1)
            continue;
        found = bsearch(&wanted, programs->rows, programs->count, sizeof wanted, by_inode);
        if (!found || found->program.pid) /* the first that is found, of several that share it */
            continue;
        if (!program.name[0])
            read_name(&program);
        found->program = program;
    }
    if (folder)
        closedir(folder);
}

static void read_processes(struct programs *programs)
{
    DIR *folder = opendir("/proc");
    const struct dirent *entry;

    while (folder && (entry = readdir(folder)))
        if (isdigit((unsigned char)entry->d_name[0]))
            read_process(programs, (pid_t)strtol(entry->d_name, NULL, 10));
    if (folder)
        closedir(folder);
}

/* --- public functions --- */

struct programs *programs_read(void)
{
    struct programs *programs = calloc(1, sizeof *programs);

    if (!programs)
        return NULL;
    read_sockets(programs, "/proc/net/tcp");
    read_sockets(programs, "/proc/net/tcp6");
    if (programs->count == 0)
        return programs;
    qsort(programs->rows, programs->count, sizeof programs->rows[0], by_inode);
    drop_doubles(programs);
    read_processes(programs);
    qsort(programs->rows, programs->count, sizeof programs->rows[0], by_ends);
    return programs;
}

void programs_free(struct programs *programs)
{
    if (programs)
        free(programs->rows);
    free(programs);
}

const struct program *programs_find(const struct programs *programs, const char *own, const char *other)
{
    const struct socket_row *found = NULL;
    struct socket_row wanted;

    set_ends(wanted.ends, own, other);
    if (programs->count > 0)
        found = bsearch(&wanted, programs->rows, programs->count, sizeof wanted, by_ends);
    return found && found->program.pid ? &found->program : NULL;
}
