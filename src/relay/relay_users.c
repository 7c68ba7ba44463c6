/* SPDX-License-Identifier: ISC */
#include "relay/relay_users.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/diagnostics.h"
#include "net/endpoint.h"

#define BLANKS " \t"

/* yescrypt at its default cost, for a file without a hash. */
#define DECOY "$y$j9T$9m7cQVzYDyVUP0kEKhGiL1$"

struct place {
    char *name;
    uint16_t port;
};

/* What follows `register=` or `reach=`. */
struct right {
    bool said, all;
    size_t count;
    struct place *at;
};

struct relay_user {
    char *name, *hash;
    bool locked;
    struct right registers, reaches;
};

struct relay_users {
    unsigned references;
    size_t count, room;
    struct relay_user *at;
    char *decoy; /* NULL: there is no hash */
};

/* A file while it is read. */
struct reading {
    struct relay_users *users;
    struct diagnostics faults;
    int line;
};

static void complain(struct reading *reading, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct reading *reading, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    diagnostics_add(&reading->faults, reading->line, format, values);
    va_end(values);
}

/* --- memory --- */

static void free_right(struct right *right)
{
    for (size_t i = 0; i < right->count; i++)
        free(right->at[i].name);
    free(right->at);
}

static void free_user(struct relay_user *user)
{
    if (user->hash)
        explicit_bzero(user->hash, strlen(user->hash));
    free(user->hash);
    free(user->name);
    free_right(&user->registers);
    free_right(&user->reaches);
}

struct relay_users *relay_users_ref(struct relay_users *users)
{
    if (users)
        users->references++;
    return users;
}

void relay_users_unref(struct relay_users *users)
{
    if (!users || --users->references > 0)
        return;
    for (size_t i = 0; i < users->count; i++)
        free_user(&users->at[i]);
    free(users->at);
    free(users->decoy);
    free(users);
}

/* --- one line --- */

const char *relay_user_name_fault(const char *name)
{
    size_t length = strlen(name);

    if (length == 0)
        return "it is empty";
    if (length > RELAY_USER_NAME_MAX)
        return "it is too long";
    if (name[0] == '#')
        return "it begins with '#'";
    if (strchr(BLANKS, name[0]) || strchr(BLANKS, name[length - 1]))
        return "it has a blank at an end";
    for (const unsigned char *at = (const unsigned char *)name; *at; at++)
        if (*at == ':' || *at < ' ' || *at == 0x7f)
            return *at == ':' ? "it has a colon in it" : "it has a control character in it";
    return NULL;
}

/* Why no password can be compared with this hash, or none should be; NULL: one can. */
static const char *hash_fault(const char *hash)
{
    int kind = crypt_checksalt(hash);

    if (hash[0] == '\0')
        return "it has no hash of a password; `sallyport relay-user NAME` makes one, and '!' locks the user out";
    if (hash[0] == '!' || hash[0] == '*')
        return NULL;
    if (hash[0] != '$') /* DES looks at 8 bytes of a password, and takes nearly every word for a hash */
        return "the second part is no hash of a password that is good enough; `sallyport relay-user NAME` makes one";
    if (kind == CRYPT_SALT_INVALID || kind == CRYPT_SALT_METHOD_DISABLED)
        return "crypt(3) of this system does not know this kind of hash; `sallyport relay-user NAME` makes one";
    return NULL;
}

static bool add_place(struct reading *reading, struct right *right, const char *text, size_t length)
{
    struct endpoint place;
    const char *why;
    struct place *at;

    if (length == 1 && *text == '*') {
        right->all = true;
        return true;
    }
    if (!endpoint_parse(&place, text, length, 0, &why)) {
        complain(reading, "\"%.*s\" is no NAME:PORT and not `*`: %s", (int)length, text, why);
        return false;
    }
    if (right->count == RELAY_USER_PLACES_MAX) {
        complain(reading, "more than %d names; `*` stands for all", RELAY_USER_PLACES_MAX);
        return false;
    }
    at = realloc(right->at, (right->count + 1) * sizeof *at);
    if (at)
        right->at = at;
    if (!at || !(at[right->count].name = strdup(place.host))) {
        complain(reading, "out of memory");
        return false;
    }
    at[right->count++].port = place.port;
    return true;
}

/* "home:993,home:143" */
static void read_right(struct reading *reading, struct right *right, const char *word, const char *list, size_t length)
{
    const char *end = list + length;

    if (right->said) {
        complain(reading, "a second `%s`; names are put behind the first, with commas between", word);
        return;
    }
    right->said = true;
    for (const char *at = list; at <= end; ) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;

        if (!add_place(reading, right, at, (size_t)(stop - at)))
            return;
        at = stop + 1;
    }
}

/* "register=... reach=..." */
static void read_rights(struct reading *reading, struct relay_user *user, const char *text)
{
    static const char registers[] = "register=", reaches[] = "reach=";

    for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
        size_t length = strcspn(text, BLANKS);

        if (strncmp(text, registers, sizeof registers - 1) == 0)
            read_right(reading, &user->registers, "register", text + sizeof registers - 1,
                       length - (sizeof registers - 1));
        else if (strncmp(text, reaches, sizeof reaches - 1) == 0)
            read_right(reading, &user->reaches, "reach", text + sizeof reaches - 1, length - (sizeof reaches - 1));
        else
            complain(reading, "\"%.*s\" is neither register=NAME:PORT,... nor reach=NAME:PORT,...", (int)length, text);
        text += length;
    }
}

/* The next free user, zeroed.  NULL: there is none, which was reported. */
static struct relay_user *make_room(struct reading *reading)
{
    struct relay_users *users = reading->users;

    if (users->count == RELAY_USERS_MAX) {
        complain(reading, "more than %d users", RELAY_USERS_MAX);
        return NULL;
    }
    if (users->count == users->room) {
        size_t room = users->room ? 2 * users->room : 16;
        struct relay_user *at = realloc(users->at, room * sizeof *at);

        if (!at) {
            complain(reading, "out of memory");
            return NULL;
        }
        users->at = at;
        users->room = room;
    }
    memset(&users->at[users->count], 0, sizeof users->at[0]);
    return &users->at[users->count];
}

/* name and hash are NUL-terminated.  False: no more lines can be read. */
static bool add_user(struct reading *reading, const char *name, const char *hash, const char *rights)
{
    const char *name_fault = relay_user_name_fault(name), *fault = hash_fault(hash);
    struct relay_user *user;

    if (name_fault)
        complain(reading, "this cannot be a user's name: %s", name_fault);
    if (fault)
        complain(reading, "%s", fault);
    if (!name_fault && relay_users_find(reading->users, name))
        complain(reading, "a second line for the user %s", name);
    user = make_room(reading);
    if (!user)
        return false;
    reading->users->count++;
    user->name = strdup(name);
    user->hash = strdup(hash);
    if (!user->name || !user->hash) {
        complain(reading, "out of memory");
        return false;
    }
    user->locked = hash[0] == '!' || hash[0] == '*';
    read_rights(reading, user, rights);
    return true;
}

static bool read_line(struct reading *reading, char *line)
{
    char *hash, *rights;

    if (line[0] == '#' || line[strspn(line, BLANKS)] == '\0')
        return true;
    hash = strchr(line, ':');
    rights = hash ? strchr(hash + 1, ':') : NULL;
    if (!rights) {
        complain(reading, "this is not NAME:HASH:register=NAME:PORT,... reach=NAME:PORT,...");
        return true;
    }
    *hash++ = '\0';
    *rights++ = '\0';
    return add_user(reading, line, hash, rights);
}

/* --- the file --- */

/* The first hash with another last letter.  False: out of memory. */
static bool make_decoy(struct relay_users *users)
{
    size_t i = 0;
    char *last;

    while (i < users->count && (users->at[i].locked || !users->at[i].hash || !users->at[i].hash[0]))
        i++;
    if (i == users->count)
        return true;
    users->decoy = strdup(users->at[i].hash);
    if (!users->decoy)
        return false;
    last = users->decoy + strlen(users->decoy) - 1;
    *last = *last == '.' ? '/' : '.';
    return true;
}

static void read_lines(struct reading *reading, FILE *stream, char *line, size_t size)
{
    bool goes_on = true;

    while (goes_on && fgets(line, (int)size, stream)) {
        size_t length = strlen(line);

        reading->line++;
        if (length == 0 || (line[length - 1] != '\n' && !feof(stream))) {
            complain(reading, "the line is longer than %d bytes, or has a NUL in it", RELAY_USERS_LINE_MAX);
            break;
        }
        while (length > 0 && strchr(" \t\r\n", line[length - 1]))
            line[--length] = '\0';
        goes_on = read_line(reading, line);
    }
    reading->line = 0;
    if (!make_decoy(reading->users))
        complain(reading, "out of memory");
    if (ferror(stream))
        complain(reading, "cannot be read: %s", strerror(errno));
}

struct relay_users *relay_users_parse(FILE *stream, const char *name, config_report *report, void *arg)
{
    struct reading *reading = calloc(1, sizeof *reading);
    struct relay_users *users = calloc(1, sizeof *users);
    const size_t size = RELAY_USERS_LINE_MAX + 2; /* with its newline and a NUL */
    char *line = malloc(size);

    if (!reading || !users || !line) {
        report(arg, "out of memory for the users of a relay");
        free(reading);
        free(users);
        free(line);
        return NULL;
    }
    users->references = 1;
    reading->users = users;
    read_lines(reading, stream, line, size);
    if (reading->faults.count > 0) {
        relay_users_unref(users);
        users = NULL;
    }
    diagnostics_tell(&reading->faults, name, report, arg);
    explicit_bzero(line, size);
    free(line);
    free(reading);
    return users;
}

/* Why a file that is open here may not be used; "": it may. */
static void find_fault(int fd, const char *path, char *fault, size_t size)
{
    struct stat status;

    *fault = '\0';
    if (fstat(fd, &status) != 0)
        snprintf(fault, size, "%s: cannot be read: %s", path, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        snprintf(fault, size, "%s: is no file", path);
    else if (status.st_mode & (S_IRWXG | S_IRWXO))
        snprintf(fault, size, "%s: others can read or change it, and it has hashes of passwords: run `chmod 600 %s`",
                 path, path);
}

struct relay_users *relay_users_load(const char *path, config_report *report, void *arg)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe would let us wait for ever */
    FILE *stream = NULL;
    struct relay_users *users = NULL;
    char fault[1024];

    if (fd < 0)
        snprintf(fault, sizeof fault, "%s: cannot be opened: %s", path, strerror(errno));
    else
        find_fault(fd, path, fault, sizeof fault);
    if (fault[0] == '\0' && !(stream = fdopen(fd, "r")))
        snprintf(fault, sizeof fault, "%s: cannot be read: out of memory", path);
    if (stream)
        users = relay_users_parse(stream, path, report, arg);
    else
        report(arg, fault);
    if (stream)
        fclose(stream);
    else if (fd >= 0)
        close(fd);
    return users;
}

/* --- questions --- */

const struct relay_user *relay_users_find(const struct relay_users *users, const char *name)
{
    for (size_t i = 0; i < users->count; i++)
        if (strcmp(users->at[i].name, name) == 0)
            return &users->at[i];
    return NULL;
}

const char *relay_users_decoy(const struct relay_users *users)
{
    return users->decoy ? users->decoy : DECOY;
}

const char *relay_user_name(const struct relay_user *user)
{
    return user->name;
}

const char *relay_user_hash(const struct relay_user *user)
{
    return user->locked ? NULL : user->hash;
}

static bool names(const struct right *right, const char *name, uint16_t port)
{
    bool found = false;

    for (size_t i = 0; i < right->count && !found; i++)
        found = right->at[i].port == port && strcasecmp(right->at[i].name, name) == 0;
    return found;
}

static bool covers(const struct right *right, const char *name, uint16_t port)
{
    return right->all || names(right, name, port);
}

bool relay_users_list(const struct relay_users *users, const char *name, uint16_t port)
{
    bool found = false;

    for (size_t i = 0; i < users->count && !found; i++)
        found = names(&users->at[i].registers, name, port);
    return found;
}

bool relay_user_may_register(const struct relay_user *user, const char *name, uint16_t port)
{
    return covers(&user->registers, name, port);
}

bool relay_user_may_reach(const struct relay_user *user, const char *name, uint16_t port)
{
    return covers(&user->reaches, name, port);
}
