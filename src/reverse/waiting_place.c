/* SPDX-License-Identifier: ISC */
#include "reverse/waiting_place.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "config/places.h"
#include "http/connect_request.h"
#include "http/held_secrets.h"
#include "http/http_body.h"
#include "http/retry_after.h"
#include "net/leftover.h"
#include "proxy/tunnel.h"
#include "reverse/relay_reader.h"

#define PIECE 4096             /* bytes read at a time, from the stack */
#define AGAIN_LEAST_MS 1000u   /* a relay that answers at once with 204 and `Retry-After: 0` is not asked without end */
#define QUOTED_MAX 40          /* bytes of an answer that cannot be read, for the log */

enum state { STARTED, LOGIN, WAY, ASK, DENIED, REST };

static const char *const state_names[] = {"started", "login", "way", "ask", "denied", "rest"};

struct waiting_place {
    struct task task;
    struct waiting_place_params params;
    struct admission *admission;   /* until the relay has let us in, or NULL */
    struct tunnel *tunnel;         /* in WAY, or NULL */
    struct transport *transport;   /* to the relay, from WAY on, or NULL */
    bool used;                     /* a 204 has come over it */
    char *request;                 /* in ASK, until it is sent, or NULL; wiped, it may hold credentials */
    size_t sent, length;
    struct held_secrets secrets;   /* of the request, until the relay has let us in */
    struct relay_reader *reader;   /* of an answer of which something is here, or NULL */
    struct relay_bounds bounds;    /* of interim answers to this request */
    struct relay_answer answer;    /* the last one */
    bool answered;                 /* there is one, and no request was begun since */
    bool denied;                   /* the relay refuses the password */
    struct standing standing;
};

static void enter(struct waiting_place *place, enum state state);

static const struct endpoint *relay_of(const struct waiting_place *place)
{
    return &place->params.section->relay.urls.at[0];
}

static uint64_t now(const struct waiting_place *place)
{
    return loop_now(place->params.services->loop);
}

/* --- the ends --- */

static void wipe_request(struct waiting_place *place)
{
    if (place->request)
        explicit_bzero(place->request, place->length);
    free(place->request);
    place->request = NULL;
}

static void drop_reader(struct waiting_place *place)
{
    relay_reader_free(place->reader);
    place->reader = NULL;
}

static void drop_admission(struct waiting_place *place)
{
    admission_free(place->admission);
    place->admission = NULL;
    held_secrets_release(&place->secrets);
}

static void drop_connection(struct waiting_place *place)
{
    transport_close(place->transport);
    place->transport = NULL;
    place->used = false;
}

/* Reports the failure in task.failure, which is the relay's or about the way to it. */
static void give_up(struct waiting_place *place, enum outcome outcome)
{
    char where[ENDPOINT_TEXT_MAX];

    if (place->transport)
        transport_watch(place->transport, NULL, NULL);
    if (!place->task.failure.where[0])
        failure_at(&place->task.failure, endpoint_scheme(relay_of(place)), endpoint_format(relay_of(place), where));
    task_tell(&place->task, outcome);
}

/* Fails because of what the relay does. */
static void broken(struct waiting_place *place, const char *what)
{
    failure_set(&place->task.failure, FAILURE_TEMPORARY, "%s", what);
    give_up(place, OUTCOME_PEER);
}

static void fail_for_memory(struct waiting_place *place)
{
    failure_set(&place->task.failure, FAILURE_TEMPORARY, "out of memory");
    task_tell(&place->task, OUTCOME_LOCAL);
}

/* --- LOGIN: what to say to be let in --- */

/* Whether the connection of the last answer can be used once more: it has not ended, and nothing has come. */
static bool is_usable(const struct waiting_place *place)
{
    char byte;

    return place->transport && transport_peek(place->transport, &byte, 1) == TRANSPORT_AGAIN;
}

static void on_ready(void *arg)
{
    struct waiting_place *place = arg;

    if (is_usable(place)) {
        enter(place, ASK);
    } else {
        drop_connection(place);
        enter(place, WAY);
    }
}

static void on_admission_failed(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct waiting_place *place = arg;

    place->denied |= admission_is_refused(place->admission);
    place->task.failure = *failure;
    give_up(place, outcome);
}

static void enter_login(struct waiting_place *place)
{
    const struct admission_params params = {
        .services = place->params.services,
        .settings = &place->params.config->settings,
        .section = place->params.section,
        .lesson = place->params.lesson,
        .trace = place->params.trace,
        .ready = on_ready,
        .failed = on_admission_failed,
        .arg = place,
    };

    place->answered = false;
    drop_admission(place);
    place->admission = admission_start(&params);
    if (!place->admission)
        fail_for_memory(place);
}

/* --- WAY: a connection to the relay --- */

static void on_tunnel(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct waiting_place *place = arg;
    char *leftover;
    size_t length;

    if (outcome != OUTCOME_DONE) {
        place->task.failure = *failure;
        give_up(place, outcome);
        return;
    }
    place->transport = tunnel_take(place->tunnel, &leftover, &length);
    tunnel_free(place->tunnel); /* it is large */
    place->tunnel = NULL;
    if (length > 0) /* nobody has asked for that */
        place->transport = leftover_transport(place->transport, leftover, length);
    if (place->transport)
        enter(place, ASK);
    else
        fail_for_memory(place);
}

static void enter_way(struct waiting_place *place)
{
    const struct tunnel_params params = {
        .services = place->params.services,
        .config = place->params.config,
        .listener = &place->params.section->way,
        .name = place->params.section->name,
        .trace = place->params.trace,
        .done = on_tunnel,
        .arg = place,
    };

    place->answered = false;
    place->tunnel = tunnel_open(&params);
    if (!place->tunnel)
        fail_for_memory(place);
}

/* --- ASK: time --- */

/* The relay has let us in: what was needed for that goes. */
static void settle_admission(struct waiting_place *place)
{
    if (place->admission)
        admission_accepted(place->admission);
    drop_admission(place);
}

static void on_time(void *arg);

/* Waits until the next thing is to be told.  A login of several requests is settled like that of the first one, a while
 * after it was sent. */
static void wait_on(struct waiting_place *place)
{
    const uint64_t settles = place->standing.asked + STANDING_STANDS_MS, at = now(place);
    uint64_t next = standing_next(&place->standing, place->params.lesson->beats, at);

    if (admission_has_spoken(place->admission) && (settles <= at || settles - at < next))
        next = settles > at ? settles - at : 0;
    if (next != STANDING_NEVER)
        task_limit(&place->task, next, on_time);
}

static void on_time(void *arg)
{
    struct waiting_place *place = arg;
    enum standing_event event;

    if (now(place) - place->standing.asked >= STANDING_STANDS_MS && admission_has_spoken(place->admission))
        settle_admission(place);
    while (standing_due(&place->standing, place->params.lesson->beats, now(place), &event)) {
        place->params.on_event(place->params.arg, event);
        if (task_is_freed(&place->task) || task_has_ended(&place->task))
            return;
    }
    wait_on(place);
}

/* All of the request is sent. */
static void begin_to_wait(struct waiting_place *place)
{
    wipe_request(place);
    standing_begin(&place->standing, now(place));
    if (place->standing.stands && admission_has_spoken(place->admission) && !admission_takes_rounds(place->admission))
        settle_admission(place); /* with the same words the relay has let us in before: no time is needed to see that */
    wait_on(place);
}

/* --- ASK: the answer --- */

/* Begins once more with a new connection. */
static void begin_anew(struct waiting_place *place)
{
    wipe_request(place);
    drop_reader(place);
    drop_connection(place);
    enter(place, LOGIN);
}

/* The connection has ended (why is NULL) or broken (why).  One that brought a 204 may have ended while we asked; one
 * that ends instead of judging a login (DENIED) has failed: it would be so again, without end. */
static void on_end(struct waiting_place *place, const char *why)
{
    bool fresh = place->request || !standing_beats(&place->standing, now(place));

    if (place->used && !place->reader && fresh) {
        begin_anew(place);
    } else if (why) {
        failure_set(&place->task.failure, place->transport->denied ? FAILURE_PERMANENT : FAILURE_TEMPORARY,
                    place->transport->denied ? FAILURE_THEY "%s" : "%s while a request waited", why);
        give_up(place, OUTCOME_PEER);
    } else {
        broken(place, place->reader ? FAILURE_THEY "closed the connection in the middle of its answer"
                                    : FAILURE_THEY "closed the connection without an answer");
    }
}

/* Keeps the connection for the next request if the answer has ended on it, and closes it otherwise. */
static void keep_connection(struct waiting_place *place)
{
    const struct relay_reader *reader = place->reader;
    size_t behind = reader->filled - reader->head_length, used = 0;
    struct http_body body;

    transport_watch(place->transport, NULL, NULL);
    if (place->sent < place->length || !http_body_lasts(&reader->head) || !http_body_start(&body, &reader->head) ||
        http_body_read(&body, reader->bytes + reader->head_length, behind, &used) != HTTP_BODY_DONE || used != behind)
        drop_connection(place);
}

/* 204: nobody yet.  After a while that is a heartbeat. */
static void on_nobody(struct waiting_place *place)
{
    place->used = true;
    keep_connection(place);
    if (standing_beats(&place->standing, now(place))) {
        place->params.lesson->beats = standing_is_in_time(&place->standing, now(place));
        enter(place, LOGIN);
    } else {
        standing_break(&place->standing);
        enter(place, REST);
    }
}

static void on_answer(struct waiting_place *place)
{
    struct relay_reader *reader = place->reader;
    char line[200];

    if (trace_wants(&place->params.trace)) /* of a whole head */
        trace_step(&place->params.trace, "reply", "%s",
                   log_escape(line, sizeof line, reader->bytes, strcspn(reader->bytes, "\r\n")));
    relay_answer_judge(&reader->head, reader->bytes + reader->head_length, reader->filled - reader->head_length,
                       time(NULL), &place->answer, &place->task.failure);
    place->answered = true;
    wipe_request(place); /* perhaps it was not all sent */
    switch (place->answer.verdict) {
    case RELAY_INTERIM: /* the reader has passed over it */
        break;
    case RELAY_DENIED:
        keep_connection(place);
        standing_break(&place->standing);
        enter(place, DENIED);
        break;
    case RELAY_SESSION:
        settle_admission(place);
        transport_watch(place->transport, NULL, NULL);
        task_tell(&place->task, OUTCOME_DONE);
        break;
    case RELAY_NONE_YET:
        settle_admission(place);
        on_nobody(place);
        break;
    case RELAY_FOREIGN: case RELAY_PERMANENT: case RELAY_BACK_OFF:
        give_up(place, OUTCOME_PEER);
        break;
    }
}

/* The answer cannot be read: fails, and quotes its first bytes for the log. */
static void on_bad_answer(struct waiting_place *place, const char *why)
{
    const struct relay_reader *reader = place->reader;

    failure_set(&place->task.failure, FAILURE_TEMPORARY, FAILURE_THEY "%s", why);
    failure_note(&place->task.failure, "answer", reader->bytes,
                 reader->filled < QUOTED_MAX ? reader->filled : QUOTED_MAX);
    give_up(place, OUTCOME_PEER);
}

/* False: nothing more is to be read. */
static bool take_piece(struct waiting_place *place, const char *bytes, size_t length)
{
    enum relay_reader_step step = RELAY_READER_BAD;
    const char *why = NULL;

    if (!place->reader)
        place->reader = relay_reader_new();
    if (place->reader)
        step = relay_reader_take(place->reader, &place->bounds, bytes, length, now(place), &why);
    switch (step) {
    case RELAY_READER_MORE:
        if (place->reader->filled == 0)
            drop_reader(place);
        return true;
    case RELAY_READER_FINAL:
        on_answer(place);
        return false;
    case RELAY_READER_BAD:
        break;
    }
    if (why)
        on_bad_answer(place, why);
    else
        fail_for_memory(place);
    return false;
}

static void receive(struct waiting_place *place)
{
    char bytes[PIECE];
    ssize_t got;

    do {
        got = transport_recv(place->transport, bytes, sizeof bytes);
        if (got == TRANSPORT_AGAIN)
            return;
        if (got == TRANSPORT_ERROR || got == TRANSPORT_EOF) {
            on_end(place, got == TRANSPORT_ERROR ? transport_error(place->transport) : NULL);
            return;
        }
    } while (take_piece(place, bytes, (size_t)got));
}

/* --- ASK: the request --- */

static void on_relay(void *arg, int events)
{
    struct waiting_place *place = arg;

    while (place->request && place->sent < place->length) {
        ssize_t sent = transport_send(place->transport, place->request + place->sent, place->length - place->sent);

        if (sent == TRANSPORT_AGAIN)
            break;
        if (sent == TRANSPORT_ERROR) {
            on_end(place, transport_error(place->transport));
            return;
        }
        place->sent += (size_t)sent;
    }
    if (place->request && place->sent == place->length)
        begin_to_wait(place);
    if (events & LOOP_READ)
        receive(place);
}

static void on_late(void *arg)
{
    broken(arg, FAILURE_THEY "takes no request");
}

/* Writes the request.  False: out of memory, or it is too long; failure says so. */
static bool write_request(struct waiting_place *place, struct failure *failure)
{
    const struct proxy_config *relay = &place->params.section->relay;
    const struct connect_request request = {
        .method = METHOD_REVERSE,
        .target = relay_of(place),
        .proxy = relay_of(place),
        .path = relay->urls.paths[0],
        .credentials = admission_credentials(place->admission),
        .headers = relay->headers.at,
        .header_count = relay->headers.count,
    };
    char line[200];

    place->request = connect_request_text(&request, &place->length);
    if (place->request && trace_wants(&place->params.trace))
        trace_step(&place->params.trace, "request", "%s",
                   log_escape(line, sizeof line, place->request, strcspn(place->request, "\r\n")));
    held_secrets_release(&place->secrets);
    failure_set(failure, FAILURE_PERMANENT, "the request does not fit into %d bytes", CONNECT_REQUEST_MAX);
    if (place->length > 0)
        failure_set(failure, FAILURE_TEMPORARY, "out of memory");
    return held_secrets_take(&place->secrets, &request) && place->request && place->length > 0;
}

static void enter_ask(struct waiting_place *place)
{
    drop_reader(place);
    place->bounds = (struct relay_bounds){0};
    place->answered = false;
    place->sent = 0;
    standing_begin(&place->standing, now(place)); /* an answer may come before all is sent */
    if (!write_request(place, &place->task.failure)) {
        task_tell(&place->task, OUTCOME_LOCAL);
        return;
    }
    task_limit(&place->task, place->params.config->settings.handshake_timeout, on_late);
    transport_watch(place->transport, on_relay, place);
    on_relay(place, LOOP_READ);
}

/* --- DENIED: 401 --- */

/* Without an admission the relay had let us in with this password, or so it seemed. */
static void enter_denied(struct waiting_place *place)
{
    if (place->admission) {
        admission_denied(place->admission, &place->reader->head, &place->task.failure);
    } else if (admission_learns(place->params.lesson, &place->reader->head)) {
        enter(place, LOGIN);
    } else {
        place->denied = place->params.section->relay.user;
        admission_note_refusal(place->params.services, place->params.section);
        failure_add(&place->task.failure, "it has let us in before");
        give_up(place, OUTCOME_PEER);
    }
}

/* --- REST: nobody came, and the relay said so too soon --- */

static void on_rested(void *arg)
{
    enter(arg, LOGIN);
}

static void enter_rest(struct waiting_place *place)
{
    const int after = place->answer.retry_after;
    const uint64_t ms = after == RETRY_AFTER_NONE ? STANDING_BEAT_MS : (uint64_t)after * 1000;

    drop_reader(place);
    task_limit(&place->task, ms > AGAIN_LEAST_MS ? ms : AGAIN_LEAST_MS, on_rested);
}

/* --- the state machine --- */

static void enter(struct waiting_place *place, enum state state)
{
    task_enter(&place->task, place->params.section->name, state);
    switch (state) {
    case STARTED: break;
    case LOGIN: enter_login(place); break;
    case WAY: enter_way(place); break;
    case ASK: enter_ask(place); break;
    case DENIED: enter_denied(place); break;
    case REST: enter_rest(place); break;
    }
}

static void begin(struct task *task)
{
    enter((struct waiting_place *)task, LOGIN);
}

static void drop(struct task *task)
{
    struct waiting_place *place = (struct waiting_place *)task;

    tunnel_free(place->tunnel);
    drop_connection(place);
    drop_admission(place);
    wipe_request(place);
    place->tunnel = NULL;
}

static void release(struct task *task)
{
    struct waiting_place *place = (struct waiting_place *)task;

    relay_reader_free(place->reader);
    config_unref(place->params.config);
}

static const struct task_kind kind = {"place", state_names, begin, drop, release};

/* --- public functions --- */

struct waiting_place *waiting_place_start(const struct waiting_place_params *params)
{
    struct waiting_place *place = calloc(1, sizeof *place);

    if (!place)
        return NULL;
    place->params = *params;
    config_ref(params->config);
    task_start(&place->task, &kind, params->services->loop, params->done, params->arg);
    return place;
}

bool waiting_place_stands(const struct waiting_place *place)
{
    return place->task.state == ASK && place->standing.stands && !task_has_ended(&place->task);
}

const struct relay_answer *waiting_place_answer(const struct waiting_place *place)
{
    return place->answered ? &place->answer : NULL;
}

bool waiting_place_is_denied(const struct waiting_place *place)
{
    return place->denied;
}

struct transport *waiting_place_take(struct waiting_place *place, struct address *from, struct address *on)
{
    struct relay_reader *reader = place->reader;
    size_t length = reader->filled - reader->head_length;
    struct transport *transport = place->transport;
    char *bytes;

    *from = place->answer.from;
    *on = place->answer.on;
    place->transport = NULL;
    if (length == 0)
        return transport;
    bytes = malloc(length);
    if (!bytes) {
        transport_close(transport);
        return NULL;
    }
    memcpy(bytes, reader->bytes + reader->head_length, length);
    return leftover_transport(transport, bytes, length);
}

void waiting_place_free(struct waiting_place *place)
{
    task_free(place ? &place->task : NULL);
}
