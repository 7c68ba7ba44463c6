/* SPDX-License-Identifier: ISC */
#include "relay/visit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/wiped.h"
#include "relay/incoming.h"
#include "relay/place.h"
#include "relay/reply.h"
#include "relay/rights.h"
#include "relay/who.h"
#include "session/refusal.h"
#include "tls/tls_server.h"

enum state { STARTED, TLS, HEAD, LOGIN, HELD, WAITING, LEAVING, DEAD };

static const char *const state_names[] = {"started", "tls", "head", "login", "held", "waiting", "leaving", "dead"};

struct visit {
    struct desk *desk;
    struct visit *next, **back;
    enum state state;
    bool known;                   /* somebody has logged in on this connection */
    bool told;                    /* the log has the line that it waits */
    bool lasts;                   /* as of the request that is being answered */
    bool unclean;                 /* to be reset at its end */
    struct transport *transport;  /* NULL while a place or a meeting has it */
    struct address from, local;
    struct address client;        /* who asks: from, or whom a web server says */
    uint64_t number;
    uint64_t since;               /* ms of the loop's clock: when the state began */
    struct incoming *incoming;    /* NULL: nothing has been read */
    struct relay_login *login;    /* while LOGIN */
    struct meeting *meeting;      /* while HELD */
    struct place *place;          /* while WAITING */
    uint32_t dropped;             /* bytes read while LEAVING */
    struct loop_timer limit;
    struct deferred turn;         /* what came behind a request; the death */
};

static void enter(struct visit *visit, enum state state);

#define NAME_MAX_BYTES 96

/* "relay #12" */
static const char *name_of(const struct visit *visit, char out[NAME_MAX_BYTES])
{
    snprintf(out, NAME_MAX_BYTES, "%s #%" PRIu64, visit->desk->relay->name, visit->number);
    return out;
}

static struct loop *loop_of(const struct visit *visit)
{
    return visit->desk->loop;
}

static struct registry *registry_of(const struct visit *visit)
{
    return meetings_registry(visit->desk->meetings);
}

static void set_limit(struct visit *visit, uint64_t ms, loop_timer_fn *late)
{
    loop_timer_start(loop_of(visit), &visit->limit, ms, late, visit);
}

/* --- answers --- */

static void on_leaving(void *arg, int ready)
{
    struct visit *visit = arg;

    (void)ready;
    if (!refusal_drain(visit->transport, &visit->dropped))
        enter(visit, DEAD);
}

static void on_left(void *arg)
{
    enter(arg, DEAD);
}

static void end(struct visit *visit, bool unclean)
{
    visit->unclean = unclean;
    enter(visit, DEAD);
}

/* Answers, and either reads the next request or says goodbye.  What a client has sent behind a request that would have
 * opened a tunnel was meant for that, and is no request. */
static void answer_with(struct visit *visit, struct reply *reply)
{
    char out[REPLY_BYTES_MAX];
    size_t length;

    reply->last = reply->last || !visit->lasts || visit->desk->closing;
    length = reply_write(reply, out);
    if (transport_send(visit->transport, out, length) != (ssize_t)length)
        end(visit, true); /* who does not read answers gets no more of them */
    else
        enter(visit, reply->last ? LEAVING : HEAD);
}

static void answer(struct visit *visit, unsigned status)
{
    struct reply reply = reply_of(status);

    answer_with(visit, &reply);
}

/* Who asks, for the log, which is to have an address in any case. */
static const struct address *asker(const struct visit *visit)
{
    return visit->client.any.sa_family == AF_UNSPEC ? &visit->from : &visit->client;
}

/* The log's line for who is refused: a user, or a stranger, of whom the log is to have few. */
static void log_refused(const struct visit *visit, const char *user, unsigned status)
{
    const struct endpoint *wanted = &visit->incoming->request.target.name;
    char name[NAME_MAX_BYTES], place[ENDPOINT_TEXT_MAX], who[WHO_MAX];

    log_event(user ? LEVEL_WARNING : LEVEL_DEBUG, name_of(visit, name), "refused %s%s%s status=%u",
              who_write(asker(visit), user, who), wanted->host[0] ? " name=" : "",
              wanted->host[0] ? endpoint_format(wanted, place) : "", status);
}

/* Refuses the request.  user: NULL for a stranger. */
static void refuse_with(struct visit *visit, const char *user, struct reply *reply)
{
    const struct relay_request *request = &visit->incoming->request;
    bool opens = request->proxied || request->target.wish == WISH_SWITCH;

    log_refused(visit, user, reply->status);
    reply->bodiless = request->bodiless;
    reply->last = (opens && incoming_behind(visit->incoming) > 0) || (request->proxied && reply->status != 407);
    answer_with(visit, reply);
}

static void refuse(struct visit *visit, const char *user, unsigned status)
{
    struct reply reply = reply_of(status);

    refuse_with(visit, user, &reply);
}

/* --- a place that waits --- */

static void on_place(void *arg, enum place_news news, struct transport *transport)
{
    struct visit *visit = arg;

    (void)place_free(visit->place);
    visit->place = NULL;
    visit->transport = transport;
    if (!transport) {
        enter(visit, DEAD);
        return;
    }
    if (news != PLACE_WAITED)
        visit->lasts = false;
    answer(visit, news == PLACE_SPOKE ? 400 : news == PLACE_DISMISSED ? 403 : 204);
}

static void log_waiting(struct visit *visit, const char *user)
{
    char name[NAME_MAX_BYTES], place[ENDPOINT_TEXT_MAX], who[WHO_MAX];

    if (visit->told)
        return;
    visit->told = true;
    log_event(LEVEL_INFO, name_of(visit, name), "waiting name=%s %s",
              endpoint_format(&visit->incoming->request.target.name, place), who_write(asker(visit), user, who));
}

static unsigned status_of(enum registry_answer answer)
{
    return answer == REGISTRY_TAKEN ? 409 : answer == REGISTRY_FULL ? 429 : 503;
}

static void wait_for_client(struct visit *visit, const char *user)
{
    const struct relay_request *request = &visit->incoming->request;
    const struct place_params params = {
        .registry = registry_of(visit),
        .loop = loop_of(visit),
        .transport = visit->transport,
        .user = user,
        .name = request->target.name,
        .token = request->token,
        .alpn = request->alpn,
        .told = on_place,
        .arg = visit,
    };
    enum registry_answer answered;

    visit->place = place_start(&params, &answered);
    if (!visit->place) {
        refuse(visit, user, status_of(answered));
        return;
    }
    visit->transport = NULL;
    log_waiting(visit, user);
    enter(visit, WAITING);
}

/* --- a client --- */

static void on_told(void *arg, enum meeting_news news, struct transport *client)
{
    struct visit *visit = arg;

    visit->meeting = NULL;
    visit->transport = client;
    if (!client)
        enter(visit, DEAD);
    else
        refuse(visit, NULL, news == MEETING_FULL ? 429 : 503);
}

static void lead_client(struct visit *visit, const char *user)
{
    const struct relay_request *request = &visit->incoming->request;
    struct desk *desk = visit->desk;
    char open[REPLY_BYTES_MAX];
    struct meeting_params params = {
        .meetings = desk->meetings,
        .settings = &desk->config->settings,
        .client = visit->transport,
        .section = desk->relay->name,
        .number = visit->number,
        .user = user,
        .name = request->target.name,
        .from = visit->client,
        .by = visit->local,
        .answer = open,
        .protocol = protocol_find("forward", strlen("forward")),
        .told = on_told,
        .arg = visit,
    };

    params.early = incoming_copy_behind(visit->incoming, &params.early_length);
    if (params.early_length > 0 && !params.early) {
        refuse(visit, user, 503);
        return;
    }
    if (request->proxied)
        reply_write_open(open);
    else
        reply_write_switched(&request->origin, open);
    visit->transport = NULL;
    visit->meeting = meeting_start(&params);
    enter(visit, visit->meeting ? HELD : DEAD);
}

/* --- LOGIN --- */

/* Gives the user what the request asks for. */
static void serve(struct visit *visit, const struct relay_user *user)
{
    const struct relay_request *request = &visit->incoming->request;
    bool served = registry_knows(registry_of(visit), &request->target.name);
    bool place = request->target.wish == WISH_REGISTER;
    struct reply reply = reply_of(rights_judge(request, visit->desk->users, user, served));
    const char *name = relay_user_name(user);

    visit->known = true;
    if (reply.status == 426)
        reply.upgrade = rights_token(request);
    if (place && incoming_behind(visit->incoming) > 0) { /* it speaks before there is anybody to speak to */
        visit->lasts = false;
        reply.status = 400;
    }
    if (reply.status > 0)
        refuse_with(visit, name, &reply);
    else if (place)
        wait_for_client(visit, name);
    else
        lead_client(visit, name);
}

static void ask_for_login(struct visit *visit)
{
    refuse(visit, NULL, visit->incoming->request.proxied ? 407 : 401);
}

static void on_login(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct visit *visit = arg;
    struct relay_login *login = visit->login;
    enum login_verdict verdict = relay_login_verdict(login);
    struct reply later = reply_of(verdict == LOGIN_RESTS ? 429 : 503);

    (void)outcome, (void)failure;
    visit->login = NULL;
    switch (verdict) {
    case LOGIN_USER:
        serve(visit, relay_login_user(login));
        break;
    case LOGIN_NONE:
    case LOGIN_WRONG:
        ask_for_login(visit);
        break;
    case LOGIN_RESTS:
    case LOGIN_CROWDED:
        later.retry_after = relay_login_retry_after(login);
        refuse_with(visit, NULL, &later);
        break;
    }
    relay_login_free(login);
}

/* A client may say more before it is answered; one that is gone needs no answer. */
static void on_client_while_login(void *arg, int ready)
{
    struct visit *visit = arg;
    char byte;

    if (ready & LOOP_READ && (transport_broken(visit->transport) ||
                              transport_peek(visit->transport, &byte, 1) == TRANSPORT_EOF))
        end(visit, false);
}

static void start_login(struct visit *visit)
{
    const struct http_head_slice *value = &visit->incoming->request.credentials;
    char name[NAME_MAX_BYTES], *credentials = wiped_copy_part(value->bytes, value->length);
    const struct relay_login_params params = {
        .logins = visit->desk->logins,
        .users = visit->desk->users,
        .credentials = credentials,
        .address = *asker(visit),
        .name = name_of(visit, name),
        .done = on_login,
        .arg = visit,
    };

    visit->login = credentials ? relay_login_start(&params) : NULL;
    wiped_free(credentials);
    if (visit->login)
        enter(visit, LOGIN);
    else
        refuse(visit, NULL, 503);
}

/* --- HEAD --- */

static void begin_request(struct visit *visit, const struct request_head *head)
{
    struct relay_request *request = &visit->incoming->request;
    struct reply wrong;

    relay_request_read(request, head, visit->desk->relay, &visit->from);
    visit->client = request->client;
    visit->lasts = request->lasts;
    wrong = reply_of(request->fault);
    wrong.allow = request->target.allow;
    if (request->fault)
        refuse_with(visit, NULL, &wrong);
    else if (!request->credentials.bytes)
        ask_for_login(visit);
    else
        start_login(visit);
}

static void refuse_head(struct visit *visit, const struct request_head_fault *fault)
{
    char name[NAME_MAX_BYTES], who[WHO_MAX];

    log_event(LEVEL_DEBUG, name_of(visit, name), "refused %s status=%u reason=\"client %s\"",
              who_write(&visit->from, NULL, who), fault->status, fault->why);
    visit->lasts = false;
    answer(visit, fault->status);
}

static void on_head(void *arg, int ready)
{
    struct visit *visit = arg;
    struct request_head head;
    struct request_head_fault fault;

    (void)ready;
    switch (incoming_read(&visit->incoming, visit->transport, &head, &fault)) {
    case INCOMING_MORE:
        break;
    case INCOMING_DONE:
        begin_request(visit, &head);
        break;
    case INCOMING_BAD:
        refuse_head(visit, &fault);
        break;
    case INCOMING_ENDED:
        end(visit, false);
        break;
    case INCOMING_BROKEN:
        end(visit, true);
        break;
    }
}

/* Bytes that are there already, perhaps read with the request before, cause no event. */
static void on_head_turn(struct deferred *turn)
{
    on_head((char *)turn - offsetof(struct visit, turn), LOOP_READ);
}

static void on_head_late(void *arg)
{
    struct visit *visit = arg;

    visit->lasts = false;
    if (incoming_has_begun(visit->incoming))
        answer(visit, 408);
    else
        end(visit, false); /* there was no request */
}

/* --- TLS --- */

static void on_tls(void *arg, int ready)
{
    struct visit *visit = arg;
    struct failure failure;
    char name[NAME_MAX_BYTES], who[WHO_MAX];

    (void)ready;
    switch (tls_server_handshake(visit->transport, &failure)) {
    case TLS_HANDSHAKE_WAIT:
        break;
    case TLS_HANDSHAKE_DONE:
        enter(visit, HEAD);
        break;
    case TLS_HANDSHAKE_FAILED:
        log_event(LEVEL_DEBUG, name_of(visit, name), "failed %s reason=\"%s\"",
                  who_write(&visit->from, NULL, who), failure.what);
        end(visit, true);
        break;
    }
}

static void on_tls_turn(struct deferred *turn)
{
    on_tls((char *)turn - offsetof(struct visit, turn), LOOP_READ);
}

static void on_tls_late(void *arg)
{
    end(arg, true);
}

/* --- the state machine --- */

static void die(struct deferred *turn)
{
    struct visit *visit = (struct visit *)(void *)((char *)turn - offsetof(struct visit, turn));

    incoming_drop(&visit->incoming);
    free(visit);
}

static void enter_dead(struct visit *visit)
{
    struct desk *desk = visit->desk;

    meeting_abandon(visit->meeting);
    if (visit->place)
        visit->transport = place_free(visit->place);
    visit->meeting = NULL;
    visit->place = NULL;
    (visit->unclean ? transport_reset : transport_close)(visit->transport);
    visit->transport = NULL;
    *visit->back = visit->next;
    if (visit->next)
        visit->next->back = visit->back;
    loop_defer(desk->loop, &visit->turn, die);
    if (desk->ended)
        desk->ended(desk->arg);
}

static void enter_leaving(struct visit *visit)
{
    incoming_drop(&visit->incoming);
    (void)transport_shutdown_send(visit->transport);
    transport_watch(visit->transport, on_leaving, visit);
    set_limit(visit, REFUSAL_READING_MS, on_left);
    on_leaving(visit, LOOP_READ);
}

/* Whether the connection is the visit's. */
static bool has_connection(enum state state)
{
    return state != STARTED && state != HELD && state != DEAD;
}

/* Sets the state, which nothing else writes, and does what has to be done in it. */
static void enter(struct visit *visit, enum state state)
{
    enum state before = visit->state;
    char name[NAME_MAX_BYTES];

    if (log_wants(LEVEL_DEBUG))
        log_message(LEVEL_DEBUG, name_of(visit, name), "visit %s -> %s", state_names[before], state_names[state]);
    visit->state = state;
    visit->since = loop_now(loop_of(visit));
    visit->desk->count += (size_t)has_connection(state) - (size_t)has_connection(before);
    loop_timer_stop(&visit->limit);
    loop_undefer(loop_of(visit), &visit->turn);
    if (before == LOGIN) {
        relay_login_free(visit->login);
        visit->login = NULL;
    }
    switch (state) {
    case STARTED:
        break;
    case TLS:
        transport_watch(visit->transport, on_tls, visit);
        set_limit(visit, VISIT_HEAD_MS, on_tls_late);
        loop_defer(loop_of(visit), &visit->turn, on_tls_turn);
        break;
    case HEAD:
        incoming_next(&visit->incoming);
        transport_watch(visit->transport, on_head, visit);
        set_limit(visit, VISIT_HEAD_MS, on_head_late);
        loop_defer(loop_of(visit), &visit->turn, on_head_turn);
        break;
    case LOGIN:
        transport_watch(visit->transport, on_client_while_login, visit);
        break;
    case HELD:
        break;
    case WAITING:
        incoming_drop(&visit->incoming);
        break;
    case LEAVING:
        enter_leaving(visit);
        break;
    case DEAD:
        enter_dead(visit);
        break;
    }
}

/* --- from outside --- */

void visit_start(struct desk *desk, struct transport *transport, const struct address *from,
                 const struct address *local)
{
    struct visit *visit = calloc(1, sizeof *visit);

    if (visit && desk->tls)
        transport = tls_server_new(desk->loop, transport, desk->tls);
    if (!visit || !transport) {
        transport_reset(transport);
        free(visit);
        return;
    }
    visit->desk = desk;
    visit->transport = transport;
    visit->from = visit->client = *from;
    visit->local = *local;
    visit->number = sessions_take_number(desk->sessions);
    visit->next = desk->first;
    visit->back = &desk->first;
    if (visit->next)
        visit->next->back = &visit->next;
    desk->first = visit;
    enter(visit, desk->tls ? TLS : HEAD);
}

struct visit *visit_next(const struct visit *visit)
{
    return visit->next;
}

bool visit_is_stranger(const struct visit *visit)
{
    return !visit->known && visit->state != LOGIN;
}

bool visit_is_idle(const struct visit *visit, uint64_t *since)
{
    *since = visit->since;
    return visit->known && (visit->state == HEAD || visit->state == LEAVING);
}

void visit_close(struct visit *visit)
{
    if (visit->state == LOGIN || (visit->state == HEAD && incoming_has_begun(visit->incoming)))
        answer(visit, 503);
    else if (visit->state != LEAVING)
        end(visit, visit->state == TLS);
}

void visit_reset(struct visit *visit)
{
    end(visit, true);
}
