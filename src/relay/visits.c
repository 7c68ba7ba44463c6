/* SPDX-License-Identifier: ISC */
#include "relay/visits.h"

#include <stdlib.h>

#include "base/log.h"
#include "relay/desk.h"
#include "relay/meeting.h"
#include "relay/request_target.h"
#include "relay/visit.h"

struct visits {
    struct desk desk;
};

struct visits *visits_new(const struct visits_params *params)
{
    struct visits *visits = calloc(1, sizeof *visits);

    if (!visits)
        return NULL;
    visits->desk.loop = params->loop;
    visits->desk.sessions = params->sessions;
    visits->desk.logins = params->logins;
    visits->desk.ended = params->ended;
    visits->desk.arg = params->arg;
    visits->desk.meetings = meetings_new(params->loop, params->ended, params->arg);
    if (!visits->desk.meetings) {
        free(visits);
        return NULL;
    }
    return visits;
}

static void let_go(struct desk *desk)
{
    config_unref(desk->config);
    relay_users_unref(desk->users);
    tls_server_context_unref(desk->tls);
}

void visits_free(struct visits *visits)
{
    if (!visits)
        return;
    while (visits->desk.first)
        visit_reset(visits->desk.first);
    meetings_free(visits->desk.meetings);
    let_go(&visits->desk);
    free(visits);
}

/* Whether a user may wait at a name, as the users file has it now. */
static bool may_wait(void *arg, const char *user, const struct endpoint *name)
{
    const struct desk *desk = arg;
    const struct relay_user *known = relay_users_find(desk->users, user);
    char place[ENDPOINT_TEXT_MAX], quoted[RELAY_USER_NAME_MAX + 1];

    if (known && relay_user_hash(known) && relay_user_may_register(known, name->host, name->port))
        return true;
    log_message(LEVEL_INFO, desk->relay->name, "user \"%s\" may not register %s any more",
                log_quote(quoted, sizeof quoted, user), endpoint_format(name, place));
    return false;
}

void visits_keep(struct visits *visits, struct config *config, const struct relay_config *relay,
                 struct relay_users *users, struct tls_server_context *tls)
{
    struct desk before = visits->desk;

    visits->desk.config = config_ref(config);
    visits->desk.relay = relay;
    visits->desk.users = relay_users_ref(users);
    visits->desk.tls = tls ? tls_server_context_ref(tls) : NULL;
    if (before.config)
        let_go(&before);
    registry_review(meetings_registry(visits->desk.meetings), may_wait, &visits->desk);
}

/* Ends the oldest stranger if there are too many: who sends heads slowly keeps nobody else out.  And the connection
 * that has been idle for the longest time, if there are too many of these: who has a password, too, keeps nobody out.
 * Those who log in, wait or are served are bounded elsewhere. */
static void make_room(struct desk *desk)
{
    struct visit *oldest = NULL, *idlest = NULL;
    size_t strangers = 0, idle = 0;
    uint64_t since, first = 0;

    if (desk->count < VISITS_STRANGERS_MAX && desk->count < VISITS_IDLE_MAX)
        return;
    for (struct visit *visit = desk->first; visit; visit = visit_next(visit))
        if (visit_is_stranger(visit)) {
            oldest = visit;
            strangers++;
        } else if (visit_is_idle(visit, &since)) {
            if (!idlest || since < first) {
                idlest = visit;
                first = since;
            }
            idle++;
        }
    if (strangers >= VISITS_STRANGERS_MAX)
        visit_reset(oldest);
    if (idle >= VISITS_IDLE_MAX)
        visit_reset(idlest);
}

void visits_receive(struct visits *visits, struct transport *transport, const struct address *from,
                    const struct address *local)
{
    make_room(&visits->desk);
    visit_start(&visits->desk, transport, from, local);
}

void visits_lead(struct visits *visits, const struct settings *settings, const struct public_config *section,
                 struct transport *transport, const struct address *from, const struct address *local)
{
    struct meeting_params params = {
        .meetings = visits->desk.meetings,
        .settings = settings,
        .client = transport,
        .section = section->name,
        .number = sessions_take_number(visits->desk.sessions),
        .name = section->registered,
        .from = *from,
        .by = *local,
        .protocol = section->protocol,
    };

    request_target_canonical(&params.name);
    (void)meeting_start(&params);
}

size_t visits_count(const struct visits *visits)
{
    return visits->desk.count + meetings_count(visits->desk.meetings);
}

void visits_close(struct visits *visits)
{
    struct visit *next;

    visits->desk.closing = true;
    meetings_close(visits->desk.meetings);
    for (struct visit *visit = visits->desk.first; visit; visit = next) {
        next = visit_next(visit);
        visit_close(visit);
    }
}

void visits_wind_down(struct visits *visits)
{
    meetings_wind_down(visits->desk.meetings);
}

void visits_each(const struct visits *visits, void (*see)(void *arg, const struct registry_facts *facts), void *arg)
{
    registry_each(meetings_registry(visits->desk.meetings), see, arg);
}
