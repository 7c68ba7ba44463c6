/* SPDX-License-Identifier: ISC */
#include "relay/relay_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "config/networks.h"
#include "net/socket_options.h"
#include "relay/login.h"
#include "relay/relay_users.h"
#include "relay/visits.h"
#include "tls/tls_server_context.h"

/* What one [relay] section has read. */
struct papers {
    struct relay_users *users;
    struct tls_server_context *tls; /* NULL: it has no certificate */
};

/* One [relay] section, for as long as there is one of that name and a session is left. */
struct office {
    struct office *next;
    char *name;
    struct visits *visits;
    bool open;              /* it is in the configuration in force */
    bool wanted;            /* it is in the one being prepared, for which it has papers */
    bool has_tls;
    struct papers papers;
};

struct relay_set {
    const struct services *services;
    struct sessions *sessions;
    relay_set_ended_fn *ended;
    void *arg;
    struct relay_logins *logins;
    struct config *config;          /* in force; NULL: none yet */
    struct office *first;
    struct deferred sweep;
    struct log_brake turned_away, in_clear;
};

static void on_ended(void *arg);

/* --- what a section reads --- */

static void give_back(struct papers *papers)
{
    relay_users_unref(papers->users);
    tls_server_context_unref(papers->tls);
    *papers = (struct papers){0};
}

/* False: report got each fault, and there is nothing to give back. */
static bool read_papers(struct papers *papers, const struct relay_config *relay, config_report *report, void *arg)
{
    char error[400];
    bool good;

    *papers = (struct papers){0};
    if (relay->cert_file)
        papers->tls = tls_server_context_load(relay->cert_file, relay->key_file, error, sizeof error);
    good = papers->tls || !relay->cert_file;
    if (!good)
        report(arg, error);
    papers->users = relay_users_load(relay->users_file, report, arg);
    if (good && papers->users)
        return true;
    give_back(papers);
    return false;
}

bool relay_set_check(const struct config *config, config_report *report, void *arg)
{
    bool good = true;

    for (size_t i = 0; i < config->relay_count; i++) {
        struct papers papers;

        if (read_papers(&papers, &config->relays[i], report, arg))
            give_back(&papers);
        else
            good = false;
    }
    return good;
}

/* --- offices --- */

static void free_office(struct office *office)
{
    visits_free(office->visits);
    give_back(&office->papers);
    free(office->name);
    free(office);
}

/* Frees those that nobody needs. */
static void sweep(struct deferred *deferred)
{
    struct relay_set *set = (struct relay_set *)((char *)deferred - offsetof(struct relay_set, sweep));

    for (struct office **at = &set->first; *at; ) {
        struct office *office = *at;

        if (office->open || office->wanted || visits_count(office->visits) > 0) {
            at = &office->next;
        } else {
            *at = office->next;
            free_office(office);
        }
    }
}

/* One that is closed is not opened again: a section that has come back gets another. */
static struct office *find(const struct relay_set *set, const char *name)
{
    for (struct office *office = set->first; office; office = office->next)
        if ((office->open || office->wanted) && strcmp(office->name, name) == 0)
            return office;
    return NULL;
}

/* NULL: out of memory. */
static struct office *make(struct relay_set *set, const char *name)
{
    const struct visits_params params = {set->services->loop, set->sessions, set->logins, on_ended, set};
    struct office *office = calloc(1, sizeof *office);

    if (!office)
        return NULL;
    office->name = strdup(name);
    office->visits = office->name ? visits_new(&params) : NULL;
    if (!office->visits) {
        free(office->name);
        free(office);
        return NULL;
    }
    office->next = set->first;
    set->first = office;
    return office;
}

struct relay_set *relay_set_new(const struct services *services, struct sessions *sessions, relay_set_ended_fn *ended,
                                void *arg)
{
    struct relay_set *set = calloc(1, sizeof *set);

    if (!set)
        return NULL;
    set->services = services;
    set->sessions = sessions;
    set->ended = ended;
    set->arg = arg;
    set->logins = relay_logins_new(services->loop);
    if (set->logins)
        return set;
    free(set);
    return NULL;
}

void relay_set_free(struct relay_set *set)
{
    if (!set)
        return;
    set->ended = NULL; /* its owner is being freed, too */
    while (set->first) {
        struct office *office = set->first;

        set->first = office->next;
        free_office(office);
    }
    loop_undefer(set->services->loop, &set->sweep);
    relay_logins_free(set->logins);
    config_unref(set->config);
    free(set);
}

/* --- a configuration --- */

bool relay_set_prepare(struct relay_set *set, const struct config *config, config_report *report, void *arg)
{
    bool good = true;

    for (size_t i = 0; i < config->relay_count; i++) {
        const struct relay_config *relay = &config->relays[i];
        struct office *office = find(set, relay->name);

        if (!office)
            office = make(set, relay->name);
        if (!office)
            report(arg, "out of memory for a relay");
        if (office)
            office->wanted = true;
        good &= office && read_papers(&office->papers, relay, report, arg);
    }
    if (!good)
        relay_set_leave(set);
    return good;
}

void relay_set_leave(struct relay_set *set)
{
    for (struct office *office = set->first; office; office = office->next) {
        office->wanted = false;
        give_back(&office->papers);
    }
    loop_defer(set->services->loop, &set->sweep, sweep);
}

static const struct relay_config *section_of(const struct config *config, const struct office *office)
{
    for (size_t i = 0; i < config->relay_count; i++)
        if (strcmp(config->relays[i].name, office->name) == 0)
            return &config->relays[i];
    return NULL;
}

void relay_set_take(struct relay_set *set, struct config *config)
{
    for (struct office *office = set->first; office; office = office->next) {
        const struct relay_config *relay = office->wanted ? section_of(config, office) : NULL;

        if (relay) {
            office->has_tls = office->papers.tls != NULL;
            visits_keep(office->visits, config, relay, office->papers.users, office->papers.tls);
        } else if (office->open) {
            visits_close(office->visits);
        }
        office->open = relay != NULL;
        office->wanted = false;
        give_back(&office->papers);
    }
    config_ref(config);
    config_unref(set->config);
    set->config = config;
    loop_defer(set->services->loop, &set->sweep, sweep);
}

/* --- clients --- */

static void on_ended(void *arg)
{
    struct relay_set *set = arg;

    loop_defer(set->services->loop, &set->sweep, sweep);
    if (set->ended)
        set->ended(set->arg);
}

/* The socket of somebody who is welcome.  NULL: out of memory, it was closed. */
static struct transport *take_in(struct relay_set *set, int fd, const struct address *from)
{
    socket_options_set_upstream(fd, from, set->config->settings.keepalive);
    return transport_from_socket(set->services->loop, fd);
}

/* A reset leaves nothing behind in the system.  Strangers must not fill the log. */
static void turn_away(struct relay_set *set, struct log_brake *brake, const char *name, int fd,
                      const struct address *from, const char *reason)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    char where[ADDRESS_TEXT_MAX], more[60] = "";
    unsigned suppressed;

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    if (!log_brake_open(brake, loop_now(set->services->loop), &suppressed))
        return;
    if (suppressed > 0)
        snprintf(more, sizeof more, " others=%u", suppressed);
    log_event(LEVEL_WARNING, name, "refused from=%s class=permanent reason=\"%s\"%s", address_format(from, where),
              reason, more);
}

void relay_set_accept(struct relay_set *set, const struct relay_config *relay, int fd, const struct address *from,
                      const struct address *local)
{
    struct office *office = find(set, relay->name);
    struct transport *transport;

    if (!office->has_tls && !address_is_loopback(local)) {
        turn_away(set, &set->in_clear, relay->name, fd, from, "without TLS, a relay serves loopback alone; set "
                  "cert-file");
        return;
    }
    transport = take_in(set, fd, from);
    if (transport)
        visits_receive(office->visits, transport, from, local);
}

void relay_set_accept_public(struct relay_set *set, const struct public_config *section, int fd,
                             const struct address *from, const struct address *local)
{
    struct transport *transport;

    if (!networks_allow(&section->allow, from)) {
        turn_away(set, &set->turned_away, section->name, fd, from, "the address is not in allow");
        return;
    }
    transport = take_in(set, fd, from);
    if (transport)
        visits_lead(find(set, section->relay->name)->visits, &set->config->settings, section, transport, from, local);
}

/* --- the end --- */

size_t relay_set_count(const struct relay_set *set)
{
    size_t count = 0;

    for (const struct office *office = set ? set->first : NULL; office; office = office->next)
        count += visits_count(office->visits);
    return count;
}

void relay_set_close(struct relay_set *set)
{
    for (struct office *office = set ? set->first : NULL; office; office = office->next)
        visits_close(office->visits);
}

void relay_set_wind_down(struct relay_set *set)
{
    for (struct office *office = set ? set->first : NULL; office; office = office->next)
        visits_wind_down(office->visits);
}

/* --- status --- */

struct telling {
    const char *relay;
    void (*see)(void *arg, const struct relay_facts *facts);
    void *arg;
};

static void tell(void *arg, const struct registry_facts *facts)
{
    const struct telling *telling = arg;
    const struct relay_facts said = {
        .relay = telling->relay,
        .name = facts->name,
        .user = facts->user,
        .waiting = facts->waiting,
        .sessions = facts->sessions,
    };

    telling->see(telling->arg, &said);
}

void relay_set_each(const struct relay_set *set, void (*see)(void *arg, const struct relay_facts *facts), void *arg)
{
    for (const struct office *office = set->first; office; office = office->next) {
        struct telling telling = {office->name, see, arg};

        visits_each(office->visits, tell, &telling);
    }
}
