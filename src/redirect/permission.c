#include "redirect/permission.h"

#include <stdlib.h>

struct permission {
    const struct services *services;
    const struct config *config;
    struct endpoint sender;
    bool sender_on_loopback;
    struct setproxy said;
    permission_answered_fn *answered;
    void *arg;
    struct lookup *lookup;          /* under way, as the next one is, or NULL */
    struct question_wait *question;
    struct loop_timer limit;        /* of the look-up */
    struct deferred start, death;
};

static void tell(struct permission *permission, enum permission_answer answer, const char *why)
{
    loop_timer_stop(&permission->limit);
    permission->answered(permission->arg, answer, why);
}

static void on_answer(void *arg, bool yes, const char *why)
{
    struct permission *permission = arg;

    permission->question = NULL;
    tell(permission, yes ? PERMISSION_GIVEN : PERMISSION_DENIED, why);
}

static void put_question(struct permission *permission)
{
    loop_timer_stop(&permission->limit);
    permission->question = questions_ask(permission->services->questions, &permission->config->redirects,
                                         &permission->sender, &permission->said, on_answer, permission);
    if (!permission->question)
        tell(permission, PERMISSION_BUSY, "too many questions to the user are open");
}

/* A proxy that is not found now may be when it is dialed, and is looked at again then. */
static void on_screened(void *arg, const struct address_list *addresses, const char *error)
{
    struct permission *permission = arg;
    const char *why = NULL;

    (void)error;
    permission->lookup = NULL;
    for (size_t i = 0; addresses && i < addresses->count && !why; i++) {
        struct address address = addresses->at[i];

        address_set_port(&address, permission->said.proxy.port);
        why = services_forbid(permission->services, permission->sender_on_loopback, &address);
    }
    if (why)
        tell(permission, PERMISSION_DENIED, why);
    else
        put_question(permission);
}

static void on_screening_late(void *arg)
{
    struct permission *permission = arg;

    lookup_cancel(permission->lookup);
    on_screened(permission, NULL, NULL);
}

static void start(struct deferred *deferred)
{
    struct permission *permission = (struct permission *)((char *)deferred - offsetof(struct permission, start));

    if (permission->said.action == SETPROXY_SET)
        permission->lookup = resolver_find_addresses(permission->services->resolver, permission->said.proxy.host, true,
                                                     on_screened, permission);
    if (permission->lookup)
        loop_timer_start(permission->services->loop, &permission->limit, permission->config->settings.resolve_timeout,
                         on_screening_late, permission);
    else
        put_question(permission);
}

struct permission *permission_ask(const struct services *services, const struct config *config,
                                  const struct endpoint *sender, bool sender_on_loopback, const struct setproxy *said,
                                  permission_answered_fn *answered, void *arg)
{
    struct permission *permission = calloc(1, sizeof *permission);

    if (!permission)
        return NULL;
    permission->services = services;
    permission->config = config;
    permission->sender = *sender;
    permission->sender_on_loopback = sender_on_loopback;
    permission->said = *said;
    permission->answered = answered;
    permission->arg = arg;
    loop_defer(services->loop, &permission->start, start);
    return permission;
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct permission, death));
}

void permission_cancel(struct permission *permission)
{
    if (!permission || permission->death.back)
        return;
    loop_undefer(permission->services->loop, &permission->start);
    loop_timer_stop(&permission->limit);
    lookup_cancel(permission->lookup);
    question_cancel(permission->question);
    permission->lookup = NULL;
    permission->question = NULL;
    loop_defer(permission->services->loop, &permission->death, die);
}
