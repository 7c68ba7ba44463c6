/* SPDX-License-Identifier: ISC */
#include "relay/registry.h"

#include <stdlib.h>
#include <string.h>

/* One of the users file who waits, has a name or is in a session.  It is known by its name alone: the users file may
 * be read anew meanwhile. */
struct registry_user {
    struct registry_user *next;
    size_t waiting, sessions; /* sessions: as the owner of a name; as a client, from the moment when it is held */
    size_t names;
    char name[];
};

struct registry_name {
    struct registry_name *next;
    struct registry_user *owner;
    struct endpoint endpoint;
    struct registry_place *places, **last_place;
    struct registry_client *clients, **last_client;
    size_t waiting, held, sessions;
    uint64_t waited; /* ms of the loop's clock: when a place waited last */
};

struct registry {
    struct loop *loop;
    struct registry_name *names;
    struct registry_user *users;
    size_t count; /* places, clients and sessions */
    size_t strangers; /* clients that are held, and that nobody knows */
    struct deferred match;
};

struct registry *registry_new(struct loop *loop)
{
    struct registry *registry = calloc(1, sizeof *registry);

    if (registry)
        registry->loop = loop;
    return registry;
}

/* --- users --- */

static struct registry_user *find_user(const struct registry *registry, const char *name)
{
    struct registry_user *user = registry->users;

    while (user && strcmp(user->name, name) != 0)
        user = user->next;
    return user;
}

/* That user, made if need be.  NULL: out of memory. */
static struct registry_user *need_user(struct registry *registry, const char *name)
{
    struct registry_user *user = find_user(registry, name);
    size_t size = strlen(name) + 1;

    if (user || !(user = calloc(1, sizeof *user + size)))
        return user;
    memcpy(user->name, name, size);
    user->next = registry->users;
    registry->users = user;
    return user;
}

static void forget_users(struct registry *registry)
{
    struct registry_user **at = &registry->users, *user;

    while ((user = *at))
        if (user->waiting + user->sessions + user->names == 0) {
            *at = user->next;
            free(user);
        } else {
            at = &user->next;
        }
}

/* --- names --- */

static bool is_fresh(const struct registry *registry, const struct registry_name *name)
{
    return name->waiting > 0 || loop_now(registry->loop) - name->waited < REGISTRY_MEMORY_MS;
}

static void free_name(struct registry_name *name)
{
    name->owner->names--;
    free(name);
}

/* Forgets the names that nobody uses, and then the users. */
static void forget(struct registry *registry)
{
    struct registry_name **at = &registry->names, *name;

    while ((name = *at))
        if (name->held + name->sessions == 0 && !is_fresh(registry, name)) {
            *at = name->next;
            free_name(name);
        } else {
            at = &name->next;
        }
    forget_users(registry);
}

static struct registry_name *find_name(const struct registry *registry, const struct endpoint *endpoint)
{
    struct registry_name *name = registry->names;

    while (name && (name->endpoint.port != endpoint->port || strcmp(name->endpoint.host, endpoint->host) != 0))
        name = name->next;
    return name;
}

/* Makes a name for its first place. */
static enum registry_answer add_name(struct registry *registry, struct registry_user *owner,
                                     const struct endpoint *endpoint, struct registry_name **made)
{
    struct registry_name *name;

    if (owner->names >= REGISTRY_NAMES_MAX)
        return REGISTRY_FULL;
    name = calloc(1, sizeof *name);
    if (!name)
        return REGISTRY_NO_MEMORY;
    name->endpoint = *endpoint;
    name->owner = owner;
    owner->names++;
    name->last_place = &name->places;
    name->last_client = &name->clients;
    name->next = registry->names;
    registry->names = name;
    *made = name;
    return REGISTRY_YES;
}

bool registry_knows(struct registry *registry, const struct endpoint *name)
{
    const struct registry_name *known = find_name(registry, name);

    return known && is_fresh(registry, known);
}

/* --- those who wait --- */

static void match(struct deferred *deferred);

static void match_soon(struct registry *registry)
{
    loop_defer(registry->loop, &registry->match, match);
}

enum registry_answer registry_wait(struct registry *registry, struct registry_place *place, const char *user,
                                   const struct endpoint *endpoint)
{
    enum registry_answer answer = REGISTRY_YES;
    struct registry_name *name;
    struct registry_user *owner;

    forget(registry);
    name = find_name(registry, endpoint);
    if (name && strcmp(name->owner->name, user) != 0)
        return REGISTRY_TAKEN;
    owner = need_user(registry, user);
    if (!owner)
        return REGISTRY_NO_MEMORY;
    if (registry->count >= REGISTRY_MOST || owner->waiting >= REGISTRY_WAITING_MAX)
        answer = REGISTRY_FULL;
    else if (!name)
        answer = add_name(registry, owner, endpoint, &name);
    if (answer != REGISTRY_YES) {
        forget_users(registry);
        return answer;
    }
    place->name = name;
    place->next = NULL;
    place->back = name->last_place;
    *name->last_place = place;
    name->last_place = &place->next;
    name->waiting++;
    owner->waiting++;
    registry->count++;
    if (name->clients)
        match_soon(registry);
    return REGISTRY_YES;
}

void registry_leave(struct registry *registry, struct registry_place *place)
{
    struct registry_name *name = place->name;

    if (!name)
        return;
    *place->back = place->next;
    if (place->next)
        place->next->back = place->back;
    else
        name->last_place = place->back;
    place->name = NULL;
    name->waiting--;
    name->owner->waiting--;
    name->waited = loop_now(registry->loop);
    registry->count--;
}

void registry_review(struct registry *registry,
                     bool (*may)(void *arg, const char *user, const struct endpoint *name), void *arg)
{
    for (struct registry_name *name = registry->names; name; name = name->next) {
        if (may(arg, name->owner->name, &name->endpoint))
            continue;
        while (name->places)
            name->places->dismiss(name->places);
        name->waited = loop_now(registry->loop) - REGISTRY_MEMORY_MS;
    }
}

/* --- those who come --- */

/* Whether it counts against its owner's sessions, besides its own user's. */
static bool counts_twice(const struct registry_client *client)
{
    return client->user != client->name->owner;
}

static void queue_client(struct registry *registry, struct registry_client *client, bool first)
{
    struct registry_name *name = client->name;

    client->back = first ? &name->clients : name->last_client;
    client->next = *client->back;
    *client->back = client;
    if (client->next)
        client->next->back = &client->next;
    else
        name->last_client = &client->next;
    name->held++;
    registry->strangers += !client->user;
    if (name->places)
        match_soon(registry);
}

static void unqueue_client(struct registry *registry, struct registry_client *client)
{
    struct registry_name *name = client->name;

    *client->back = client->next;
    if (client->next)
        client->next->back = client->back;
    else
        name->last_client = client->back;
    client->back = NULL;
    name->held--;
    registry->strangers -= !client->user;
}

static void begin_session(struct registry_client *client)
{
    client->in_session = true;
    client->name->sessions++;
    if (counts_twice(client))
        client->name->owner->sessions++;
}

static void end_session(struct registry_client *client)
{
    client->in_session = false;
    client->name->sessions--;
    if (counts_twice(client))
        client->name->owner->sessions--;
}

enum registry_answer registry_call(struct registry *registry, struct registry_client *client, const char *user,
                                   const struct endpoint *endpoint)
{
    struct registry_name *name;
    struct registry_user *caller = NULL;

    forget(registry);
    name = find_name(registry, endpoint);
    if (!name || !is_fresh(registry, name))
        return REGISTRY_NOBODY;
    if (registry->count >= REGISTRY_MOST || name->owner->sessions >= REGISTRY_SESSIONS_MAX)
        return REGISTRY_FULL;
    if (!user && registry->strangers >= REGISTRY_STRANGERS_MAX)
        return REGISTRY_FULL;
    if (user) {
        caller = need_user(registry, user);
        if (!caller)
            return REGISTRY_NO_MEMORY;
        if (caller->sessions >= REGISTRY_SESSIONS_MAX)
            return REGISTRY_FULL;
        caller->sessions++;
    }
    client->name = name;
    client->user = caller;
    client->in_session = false;
    client->again = false;
    registry->count++;
    queue_client(registry, client, false);
    return REGISTRY_YES;
}

void registry_call_again(struct registry *registry, struct registry_client *client)
{
    if (client->in_session)
        end_session(client);
    client->again = true;
    queue_client(registry, client, true);
}

void registry_hang_up(struct registry *registry, struct registry_client *client)
{
    if (!client->name)
        return;
    if (client->in_session)
        end_session(client);
    else if (client->back)
        unqueue_client(registry, client);
    if (client->user)
        client->user->sessions--;
    client->name = NULL;
    client->user = NULL;
    registry->count--;
}

/* --- where both meet --- */

/* A name where a place waits and a client is held. */
static struct registry_name *find_match(const struct registry *registry)
{
    struct registry_name *name = registry->names;

    while (name && !(name->places && name->clients))
        name = name->next;
    return name;
}

/* The place for the client that is the first of those held: the oldest, or the newest for one whose first was gone. */
static struct registry_place *choose_place(const struct registry_name *name)
{
    if (!name->clients->again)
        return name->places;
    return (struct registry_place *)((char *)name->last_place - offsetof(struct registry_place, next));
}

/* The oldest client and a place meet.  The owners may do with either what they want, and call any function of the
 * registry. */
static void match(struct deferred *deferred)
{
    struct registry *registry = (struct registry *)((char *)deferred - offsetof(struct registry, match));
    struct registry_name *name;

    while ((name = find_match(registry))) {
        struct registry_place *place = choose_place(name);
        struct registry_client *client = name->clients;

        unqueue_client(registry, client);
        if (counts_twice(client) && name->owner->sessions >= REGISTRY_SESSIONS_MAX) {
            registry_hang_up(registry, client);
            client->full(client);
            continue;
        }
        registry_leave(registry, place);
        begin_session(client);
        client->met(client, place);
    }
}

/* --- the rest --- */

void registry_each(const struct registry *registry, void (*see)(void *arg, const struct registry_facts *facts),
                   void *arg)
{
    char text[ENDPOINT_TEXT_MAX];

    for (const struct registry_name *name = registry->names; name; name = name->next)
        if (name->waiting + name->sessions > 0) {
            struct registry_facts facts = {
                .name = endpoint_format(&name->endpoint, text),
                .user = name->owner->name,
                .waiting = name->waiting,
                .sessions = name->sessions,
            };

            see(arg, &facts);
        }
}

void registry_free(struct registry *registry)
{
    struct registry_name *name, *next;

    if (!registry)
        return;
    loop_undefer(registry->loop, &registry->match);
    for (name = registry->names; name; name = next) {
        next = name->next;
        free_name(name);
    }
    registry->names = NULL;
    forget_users(registry);
    free(registry);
}
