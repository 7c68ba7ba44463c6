/* SPDX-License-Identifier: ISC */
/* Who waits under which name, and who has come for it: the exchange of one relay.  It knows no sockets: places and
 * clients are members of their owners' structs, and an owner is called when the two meet.
 *
 * A name belongs to the user who waits there, until nobody has waited for REGISTRY_MEMORY_MS and no session is left.
 * The place that has waited for the longest time is served first, and so is the client. */
#ifndef SALLYPORT_REGISTRY_H
#define SALLYPORT_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/transport.h"

#define REGISTRY_WAITING_MAX 16    /* places of one user that wait: what a section of sallyport may ask for */
#define REGISTRY_SESSIONS_MAX 100  /* sessions of one user, be it as the owner of the name or as the client */
#define REGISTRY_NAMES_MAX 256     /* names of one user that are remembered: as many as the users file can list */
#define REGISTRY_MOST 4096         /* places that wait, clients that are held, and sessions: what a relay's memory is
                                    * planned for */
#define REGISTRY_STRANGERS_MAX 1024 /* clients of public ports that are held: the rest of REGISTRY_MOST is for users */
#define REGISTRY_MEMORY_MS 60000   /* a name where nobody has waited for so long has nobody who serves it */

struct registry;
struct registry_name;
struct registry_user;

enum registry_answer {
    REGISTRY_YES,       /* it waits, or is held */
    REGISTRY_TAKEN,     /* the name belongs to another user */
    REGISTRY_FULL,      /* a limit is reached */
    REGISTRY_NOBODY,    /* nobody has waited there for REGISTRY_MEMORY_MS, or ever */
    REGISTRY_NO_MEMORY,
};

/* A place that waits; zeroed memory is one that does not.  Its owner sets give and dismiss, and reads nothing. */
struct registry_place {
    struct registry_place *next, **back;
    struct registry_name *name; /* NULL: it does not wait */
    /* Hands over to a client, which is at for_ and came to by: says so to the place and lets go of its transport, which
     * is the caller's then.  The place does not wait any more.  NULL: the place turns out to have ended. */
    struct transport *(*give)(struct registry_place *place, const struct address *for_, const struct address *by);
    /* Its user may not wait there any more: it stops waiting (registry_leave). */
    void (*dismiss)(struct registry_place *place);
};

/* A client that has come; zeroed memory is none.  Its owner sets met and full, and reads nothing. */
struct registry_client {
    struct registry_client *next, **back; /* back is NULL unless it is held */
    struct registry_name *name;           /* NULL: it is none */
    struct registry_user *user;           /* NULL: nobody knows it */
    bool in_session;
    bool again;                           /* its first place was gone */
    /* Both are called from the end of a turn.  met: there is a place, whose give is to be called now; the session
     * lasts until registry_hang_up.  full: there is one, but its user has no more sessions; the client has been hung
     * up. */
    void (*met)(struct registry_client *client, struct registry_place *place);
    void (*full)(struct registry_client *client);
};

/* NULL: out of memory. */
struct registry *registry_new(struct loop *loop);

/* No place and no client may be left.  NULL is fine. */
void registry_free(struct registry *registry);

/* The place of this user waits for clients of this name (request_target_canonical).  With another answer than YES,
 * nothing has changed. */
enum registry_answer registry_wait(struct registry *registry, struct registry_place *place, const char *user,
                                   const struct endpoint *name);

/* It does not wait any more.  One that does not is fine. */
void registry_leave(struct registry *registry, struct registry_place *place);

/* Those who may register have changed.  may says whether a user still may, and is asked for each name that is
 * remembered.  Where one may not, the places are dismissed, and the name is free, but for sessions, which go on. */
void registry_review(struct registry *registry,
                     bool (*may)(void *arg, const char *user, const struct endpoint *name), void *arg);

/* A client has come for this name, user being who it is, or NULL.  YES: it is held until it has met a place, perhaps
 * in this turn; for how long is its owner's affair.  With another answer, nothing has changed. */
enum registry_answer registry_call(struct registry *registry, struct registry_client *client, const char *user,
                                   const struct endpoint *name);

/* A client in a session, whose place has turned out to be gone, is held again, before all others, for the place that
 * has come last: those that are as old as the first one may be gone with it, and a web server before the relay may not
 * have told. */
void registry_call_again(struct registry *registry, struct registry_client *client);

/* The client goes, or its session is over.  One that is none is fine. */
void registry_hang_up(struct registry *registry, struct registry_client *client);

/* Whether the name is one that the registry remembers. */
bool registry_knows(struct registry *registry, const struct endpoint *name);

/* What is known of one name; texts are borrowed for the call. */
struct registry_facts {
    const char *name; /* "home:993" */
    const char *user; /* whose it is */
    size_t waiting, sessions;
};

/* Calls see for each name where somebody waits, or that has sessions. */
void registry_each(const struct registry *registry, void (*see)(void *arg, const struct registry_facts *facts),
                   void *arg);

#endif
