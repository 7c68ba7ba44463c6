/* SPDX-License-Identifier: ISC */
#include "session/listener_set.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/log.h"
#include "base/systemd.h"
#include "config/kept_ports.h"
#include "config/socket_path.h"
#include "net/free_port.h"
#include "net/listener.h"
#include "net/machine.h"
#include "net/unix_socket.h"

/* One listening socket: one address of one section. */
struct member {
    struct member *next;
    struct listener_set *owner;
    struct listener *listener;
    struct listening section;             /* in the configuration in force */
    struct listening claim;               /* in the configuration being set; zeroed: that does not want the socket */
    struct address wanted;                /* as configured: the port may be 0 */
    struct unix_socket *file;             /* of one in the file system; owned.  NULL: it is at a port */
    bool fresh;                           /* opened for the configuration being set */
    bool inherited;                       /* passed by a service manager */
    bool automatic;                       /* its port was found, for `auto` */
};

struct listener_set {
    struct loop *loop;
    listener_set_accept_fn *accepted;
    void *arg;
    enum listener_set_pause pause;
    struct member *first, **end;
    size_t inherited_count;
    struct systemd_inherited inherited[SYSTEMD_INHERITED_MAX];
};

static const struct listening nobody;

struct listener_set *listener_set_new(struct loop *loop, listener_set_accept_fn *accepted, void *arg)
{
    struct listener_set *set = calloc(1, sizeof *set);

    if (!set)
        return NULL;
    set->loop = loop;
    set->accepted = accepted;
    set->arg = arg;
    set->end = &set->first;
    set->inherited_count = systemd_inherit(set->inherited);
    return set;
}

static void close_inherited(struct listener_set *set)
{
    for (size_t i = 0; i < set->inherited_count; i++)
        if (set->inherited[i].fd >= 0) {
            log_message(LEVEL_WARNING, NULL, "socket \"%s\" of the service manager fits no section: it must be a "
                        "listening socket of TCP or in the file system, with a section's name or address",
                        set->inherited[i].name);
            close(set->inherited[i].fd);
        }
    set->inherited_count = 0;
}

/* The file of a socket that was passed belongs to whom has passed it. */
static void drop(struct member *member)
{
    if (member->file && !member->inherited)
        unix_socket_give_back(member->file);
    listener_free(member->listener);
    free(member->file);
    free(member);
}

/* Closes the sockets without a claim; for the others, the claim comes into force. */
static void sweep(struct listener_set *set)
{
    struct member **at = &set->first;

    while (*at) {
        struct member *member = *at;

        if (member->claim.name) {
            member->section = member->claim;
            member->claim = nobody;
            member->fresh = false;
            at = &member->next;
        } else {
            *at = member->next;
            drop(member);
        }
    }
    set->end = at;
}

void listener_set_free(struct listener_set *set)
{
    if (!set)
        return;
    close_inherited(set);
    for (struct member *member = set->first; member; member = member->next)
        member->claim = nobody;
    sweep(set);
    free(set);
}

static void on_client(void *arg, int fd, const struct address *from, const struct address *local)
{
    struct member *member = arg;

    member->owner->accepted(member->owner->arg, &member->section, fd, from, local);
}

/* Accepts or does not, as it is to be with a socket of this section. */
static void apply_pause(struct member *member, const struct listening *section)
{
    enum listener_set_pause pause = member->owner->pause;

    listener_pause(member->listener, pause == PAUSE_ALL || (pause == PAUSE_RELAYS && !section->listener));
}

/* Adds a listening socket, claimed by a section.  NULL: out of memory; fd was closed and error is set. */
static struct member *add(struct listener_set *set, int fd, const struct listening *section, char *error,
                        size_t size)
{
    struct member *member = calloc(1, sizeof *member);

    snprintf(error, size, "cannot listen: out of memory");
    if (!member) {
        close(fd);
        return NULL;
    }
    member->owner = set;
    member->section = member->claim = *section;
    member->fresh = true;
    member->listener = listener_start(set->loop, fd, section->name, on_client, member);
    if (!member->listener) {
        free(member);
        return NULL;
    }
    apply_pause(member, section);
    member->wanted = *listener_address(member->listener);
    *set->end = member;
    set->end = &member->next;
    return member;
}

/* Claims a socket that is already open at this address.  True: there was one.  One that was opened with port 0 is
 * claimed only by a section of the same name. */
static bool claim(struct listener_set *set, const struct listening *section, const struct address *wanted)
{
    for (struct member *member = set->first; member; member = member->next)
        if (!member->claim.name && address_equal(&member->wanted, wanted) &&
            (address_port(wanted) != 0 || strcmp(member->section.name, section->name) == 0)) {
            member->claim = *section;
            return true;
        }
    return false;
}

/* Whether a socket of the configuration in force has this port. */
static bool holds_port(const struct listener_set *set, const struct address *wanted)
{
    for (const struct member *member = set->first; member; member = member->next)
        if (!member->fresh && address_port(listener_address(member->listener)) == address_port(wanted))
            return true;
    return false;
}

static bool open_place(struct listener_set *set, const struct listening *section, const struct address *wanted,
                       char *error, size_t size)
{
    char text[ADDRESS_TEXT_MAX];
    struct member *member;
    int fd;

    if (claim(set, section, wanted))
        return true;
    fd = listener_bind(wanted, error, size);
    if (fd < 0 && errno == EADDRINUSE && holds_port(set, wanted))
        snprintf(error, size, "cannot listen on %s while our own listener holds that port: restart to move it",
                 address_format(wanted, text));
    member = fd >= 0 ? add(set, fd, section, error, size) : NULL;
    if (member)
        member->wanted = *wanted;
    return member != NULL;
}

/* Opens 127.0.0.1 and, where there is IPv6, ::1.  With port 0, both get the same port if it is free for ::1. */
static bool open_localhost(struct listener_set *set, const struct listening *section, uint16_t port, char *error,
                           size_t size)
{
    struct address four, six, same;
    struct member *member = NULL;
    int fd;

    address_from_literal(&four, "127.0.0.1", port);
    address_from_literal(&six, "::1", port);
    if (!open_place(set, section, &four, error, size))
        return false;
    if (claim(set, section, &six))
        return true;
    for (struct member *at = set->first; at; at = at->next)
        if (at->claim.places == section->places && address_equal(&at->wanted, &four))
            member = at;
    same = six;
    address_set_port(&same, address_port(listener_address(member->listener)));
    fd = listener_bind(&same, error, size);
    if (fd < 0 && port == 0 && errno == EADDRINUSE)
        fd = listener_bind(&six, error, size);
    if (fd < 0)
        return errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT;
    member = add(set, fd, section, error, size);
    if (member)
        member->wanted = six;
    return member != NULL;
}

/* A valid configuration has only localhost and address literals here. */
static bool open_known(struct listener_set *set, const struct listening *section, const struct endpoint *place,
                       char *error, size_t size)
{
    struct address address;

    return address_from_literal(&address, place->host, place->port)
               ? open_place(set, section, &address, error, size)
               : open_localhost(set, section, place->port, error, size);
}

/* --- sockets in the file system --- */

/* Claims the socket that is already open at this path.  One whose file somebody has removed is none that clients could
 * find; of one that was passed the file is the service manager's to keep, and maybe out of our sight. */
static bool claim_path(struct listener_set *set, const struct listening *section, const char *path)
{
    for (struct member *member = set->first; member; member = member->next)
        if (member->file && !member->claim.name && strcmp(member->file->path, path) == 0 &&
            (member->inherited || unix_socket_stands(member->file))) {
            member->claim = *section;
            return true;
        }
    return false;
}

/* Opens the socket at a path as it stands in the configuration. */
static bool open_path(struct listener_set *set, const struct listening *section, const char *text, char *error,
                      size_t size)
{
    char path[UNIX_SOCKET_PATH_MAX], why[400];
    struct unix_socket *file;
    struct member *member;

    if (socket_path_find(text, path, why, sizeof why) != SOCKET_PATH_HERE) {
        snprintf(error, size, "cannot listen: %s", why);
        return false;
    }
    if (claim_path(set, section, path))
        return true;
    snprintf(error, size, "cannot listen: out of memory");
    file = calloc(1, sizeof *file);
    if (!file)
        return false;
    if (!unix_socket_take(file, path, why, sizeof why)) {
        snprintf(error, size, "cannot listen: %s", why);
        free(file);
        return false;
    }
    member = add(set, file->fd, section, error, size);
    if (member) {
        member->file = file;
        return true;
    }
    unix_socket_give_back(file);
    free(file);
    return false;
}

/* --- sockets of a service manager --- */

static int socket_option(int fd, int option)
{
    int value = -1;
    socklen_t length = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

/* The family of a socket that listens; AF_UNSPEC for all else that may be passed: a datagram socket, a connection of
 * Accept=yes, a file. */
static sa_family_t listening_family(int fd)
{
    struct address at = {0};
    socklen_t length = sizeof at.v6;

    return socket_option(fd, SO_TYPE) == SOCK_STREAM && socket_option(fd, SO_ACCEPTCONN) == 1 &&
           getsockname(fd, &at.any, &length) == 0 ? at.any.sa_family : AF_UNSPEC;
}

/* The same for one in the file system, with its path; only listeners have such.  NULL: it is none, or out of memory. */
static struct unix_socket *passed_file(int fd, const struct listening *section)
{
    struct sockaddr_un at = {.sun_family = AF_UNSPEC};
    socklen_t length = sizeof at - 1; /* a NUL stays behind the longest path */
    struct unix_socket *file;

    if (!section->listener || listening_family(fd) != AF_UNIX ||
        getsockname(fd, (struct sockaddr *)&at, &length) != 0 || at.sun_path[0] != '/')
        return NULL;
    file = calloc(1, sizeof *file);
    if (!file)
        return NULL;
    snprintf(file->path, sizeof file->path, "%s", at.sun_path);
    socket_path_tidy(file->path);
    return file;
}

static bool has_path(const struct listening *section, const char *path)
{
    char own[UNIX_SOCKET_PATH_MAX], error[300];

    for (size_t i = 0; i < section->places->count; i++)
        if (section->places->paths[i] &&
            socket_path_find(section->places->paths[i], own, error, sizeof error) == SOCKET_PATH_HERE &&
            strcmp(own, path) == 0)
            return true;
    return false;
}

/* Whether a socket of the service manager is meant for this section: it has its name or one of its addresses.  file: of
 * one in the file system, else NULL. */
static bool is_for(const struct systemd_inherited *inherited, const struct unix_socket *file,
                   const struct listening *section)
{
    const sa_family_t family = listening_family(inherited->fd);
    struct address at = {0}, place;
    socklen_t length = sizeof at.v6;

    if (!file && family != AF_INET && family != AF_INET6)
        return false;
    if (strcmp(inherited->name, section->name) == 0)
        return true;
    if (file)
        return has_path(section, file->path);
    if (getsockname(inherited->fd, &at.any, &length) != 0)
        return false;
    for (size_t i = 0; i < section->places->count; i++) {
        const struct endpoint *listen = &section->places->at[i];

        if (strcasecmp(listen->host, "localhost") == 0
                ? address_is_loopback(&at) && address_port(&at) == listen->port
                : address_from_literal(&place, listen->host, listen->port) && address_equal(&place, &at))
            return true;
    }
    return false;
}

/* If the service manager passed sockets for this section, uses those instead of its addresses; *found says whether
 * it did.  False: out of memory; error is set. */
static bool use_inherited(struct listener_set *set, const struct listening *section, bool *found, char *error,
                          size_t size)
{
    *found = false;
    for (struct member *member = set->first; member; member = member->next)
        if (member->inherited && !member->claim.name && strcmp(member->section.name, section->name) == 0) {
            member->claim = *section;
            *found = true;
        }
    for (size_t i = 0; i < set->inherited_count; i++) {
        struct systemd_inherited *inherited = &set->inherited[i];
        struct unix_socket *file = inherited->fd < 0 ? NULL : passed_file(inherited->fd, section);
        struct member *member;

        if (inherited->fd < 0 || !is_for(inherited, file, section)) {
            free(file);
            continue;
        }
        member = add(set, inherited->fd, section, error, size);
        inherited->fd = -1;
        if (!member) {
            free(file);
            return false;
        }
        member->file = file;
        member->inherited = *found = true;
    }
    return true;
}

/* What may not be the next `auto`: a port that is kept for another one, which may not be open just now, or that the
 * configuration names. */
static free_port_word judge_port(void *arg, uint16_t port)
{
    const struct config *const *config = arg;

    return listening_names_port(*config, port) || kept_ports_has(port) ? FREE_PORT_SKIP : FREE_PORT_LOOK;
}

/* The port that the section's `auto` has in the configuration in force, although it was not kept; 0: none. */
static uint16_t held_port(const struct listener_set *set, const struct listening *section)
{
    for (const struct member *member = set->first; member; member = member->next)
        if (member->automatic && !member->claim.name && strcmp(member->section.name, section->name) == 0)
            return address_port(listener_address(member->listener));
    return 0;
}

/* Remembers which sockets are the section's `auto`. */
static void mark_automatic(struct listener_set *set, const struct listening *section, uint16_t port)
{
    for (struct member *member = set->first; member; member = member->next)
        if (member->claim.places == section->places)
            member->automatic = address_port(listener_address(member->listener)) == port;
}

/* Opens a place whose port is `auto` and not known yet, and keeps the port.  One that could not be kept stays as long
 * as we run, and that is said once. */
static bool open_automatic(struct listener_set *set, const struct config *config, const struct listening *section,
                           const struct endpoint *place, char *error, size_t size)
{
    const uint16_t held = held_port(set, section);
    struct endpoint found = *place;
    char why[PATH_MAX];

    found.port = held ? held : free_port_find(place->host, kept_ports_start(geteuid(), section->name),
                                               judge_port, &config);
    if (!found.port) {
        snprintf(error, size, "cannot listen: of the ports that %s looks at, none is free", section->name);
        return false;
    }
    if (!open_known(set, section, &found, error, size))
        return false;
    mark_automatic(set, section, found.port);
    if (!kept_ports_keep(config, section->name, found.port, why, sizeof why) && !held)
        log_message(LEVEL_WARNING, section->name, "its port, %u, cannot be kept, and may be another one next time: %s",
                    found.port, why);
    return true;
}

/* Opens a place of a section; the configuration has it. */
static bool open_configured(struct listener_set *set, const struct config *config, const struct listening *section,
                            size_t i, char *error, size_t size)
{
    const struct endpoint *place = &section->places->at[i];
    const bool automatic = section->places->automatic == i + 1;
    size_t length;

    if (section->places->paths[i])
        return open_path(set, section, section->places->paths[i], error, size);
    if (automatic && !place->port)
        return open_automatic(set, config, section, place, error, size);
    if (open_known(set, section, place, error, size)) {
        if (automatic)
            mark_automatic(set, section, place->port);
        return true;
    }
    length = strlen(error);
    if (automatic)
        snprintf(error + length, size - length, "; it was kept for %s, whose mail programs know it: see "
                 "sallyport.ini(5) on auto", section->name);
    return false;
}

static bool open_section(struct listener_set *set, const struct config *config, const struct listening *section,
                         char *error, size_t size)
{
    bool found;

    if (!use_inherited(set, section, &found, error, size))
        return false;
    for (size_t i = 0; i < section->places->count && !found; i++)
        if (!open_configured(set, config, section, i, error, size))
            return false;
    return true;
}

/* Hands a socket to the section that claims it; logs where it listens, if it is new or its section has changed.  Only
 * listeners are meant for this machine alone. */
static void announce(struct member *member)
{
    char where[ADDRESS_TEXT_MAX], shown[2 * UNIX_SOCKET_PATH_MAX];

    listener_hand_to(member->listener, member->claim.name, on_client, member);
    apply_pause(member, &member->claim);
    if (!member->fresh && strcmp(member->section.name, member->claim.name) == 0)
        return;
    if (member->file) {
        log_event(LEVEL_INFO, member->claim.name, "listening on=\"unix:%s\"",
                  log_escape(shown, sizeof shown, member->file->path, strlen(member->file->path)));
        return;
    }
    address_format(listener_address(member->listener), where);
    log_event(LEVEL_INFO, member->claim.name, "listening on=%s", where);
    if (member->claim.listener && !address_is_loopback(listener_address(member->listener)))
        log_message(LEVEL_WARNING, member->claim.name, "%s is not loopback: others can use your proxy, and its "
                    "password, through it", where);
}

void listener_set_pause(struct listener_set *set, enum listener_set_pause pause)
{
    set->pause = pause;
    for (struct member *member = set->first; member; member = member->next)
        apply_pause(member, &member->section);
}

void listener_set_each(const struct listener_set *set, listener_set_see_fn *see, void *arg)
{
    for (const struct member *member = set->first; member; member = member->next)
        if (member->section.listener)
            see(arg, member->section.listener, listener_address(member->listener),
                member->file ? member->file->path : NULL);
}

bool listener_set_listen_on(const struct listener_set *set, const struct address *address)
{
    for (const struct member *member = set->first; member; member = member->next)
        if (machine_gets(listener_address(member->listener), address))
            return true;
    return false;
}

bool listener_set_set(struct listener_set *set, const struct config *config, char *error, size_t size)
{
    struct listening section;
    bool opened = true;

    for (size_t i = 0; opened && listening_at(config, i, &section); i++)
        opened = open_section(set, config, &section, error, size);
    for (struct member *member = set->first; member; member = member->next) {
        if (!opened)
            member->claim = member->fresh ? nobody : member->section;
        else if (member->claim.name)
            announce(member);
    }
    if (opened)
        close_inherited(set);
    sweep(set);
    return opened;
}
