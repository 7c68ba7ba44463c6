/* SPDX-License-Identifier: ISC */
#include "reverse/admission.h"

#include <stdlib.h>

#include "auth/authenticator.h"
#include "auth/negotiate_login.h"
#include "config/places.h"
#include "http/connect_request.h"
#include "http/connect_response.h"
#include "proxy/notices.h"

struct admission {
    struct admission_params params;
    struct authenticator *authenticator;
    struct negotiate_login *login;       /* for Digest, or NULL */
    struct connect_response response;    /* the last 401, for the login */
    const struct http_head *head;        /* the same, or NULL */
    bool refused;
    struct deferred death;
};

static const struct endpoint *relay_of(const struct admission *admission)
{
    return &admission->params.section->relay.urls.at[0];
}

static void fail(struct admission *admission, enum outcome outcome, const struct failure *failure)
{
    admission->params.failed(admission->params.arg, outcome, failure);
}

static void fail_for_memory(struct admission *admission)
{
    struct failure failure;

    failure_set(&failure, FAILURE_TEMPORARY, "out of memory");
    fail(admission, OUTCOME_LOCAL, &failure);
}

/* The relay refuses the password that it got: it rests, and is fetched anew after that. */
static void refuse(struct admission *admission)
{
    struct failure *failure = &admission->response.failure;

    admission->refused = true;
    admission->params.lesson->scheme = CHALLENGE_NONE;
    authenticator_note(admission->authenticator, true);
    passwords_forget(admission->params.services->passwords, &admission->params.section->relay);
    failure_add(failure, "user and password were refused");
    failure_brief(failure, failure->status, "relay refused the password");
    notices_refused(admission->params.services->notices, &admission->params.section->relay.urls.at[0], failure);
    fail(admission, OUTCOME_PEER, failure);
}

/* --- Digest --- */

static void on_credentials(void *arg)
{
    struct admission *admission = arg;

    admission->params.ready(admission->params.arg);
}

static void on_login(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct admission *admission = arg;

    if (outcome == OUTCOME_DONE && !negotiate_login_response(admission->login)->denied)
        return; /* admission_accepted is at work */
    if (outcome == OUTCOME_DONE && negotiate_login_credentials_were_sent(admission->login)) {
        refuse(admission);
    } else if (outcome == OUTCOME_DONE) {
        fail(admission, OUTCOME_PEER, &admission->response.failure);
    } else if (negotiate_login_is_unable(admission->login) && authenticator_unable(admission->authenticator)) {
        negotiate_login_free(admission->login);
        admission->login = NULL;
    } else {
        fail(admission, outcome, failure);
    }
}

static void begin_login(struct admission *admission)
{
    const struct proxy_config *own = &admission->params.section->relay;
    const struct connect_request request = {
        .method = METHOD_REVERSE,
        .target = relay_of(admission),
        .proxy = relay_of(admission),
        .path = own->urls.paths[0],
        .headers = own->headers.at,
        .header_count = own->headers.count,
    };
    const struct negotiate_login_params params = {
        .loop = admission->params.services->loop,
        .curl_loop = admission->params.services->curl_loop,
        .nonces = admission->params.services->nonces,
        .owner_asks = true,
        .response = admission->head ? &admission->response : NULL,
        .head = admission->head,
        .proxy = relay_of(admission),
        .request = &request,
        .require_switch = true,
        .scheme = authenticator_scheme(admission->authenticator),
        .user = authenticator_user(admission->authenticator),
        .password = authenticator_password(admission->authenticator),
        .limit_ms = admission->params.settings->handshake_timeout,
        .trace = admission->params.trace,
        .connect = on_credentials,
        .done = on_login,
        .arg = admission,
    };

    admission->login = negotiate_login_start(&params);
    if (!admission->login)
        fail_for_memory(admission);
}

/* --- the password --- */

static void on_authenticator(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct admission *admission = arg;

    if (outcome != OUTCOME_DONE) {
        admission->refused = failure->class == FAILURE_PERMANENT; /* what it says of a password that rests */
        fail(admission, outcome, failure);
    } else if (authenticator_wants_login(admission->authenticator)) {
        begin_login(admission);
    } else {
        admission->params.ready(admission->params.arg);
    }
}

/* --- what the relay says --- */

void admission_accepted(struct admission *admission)
{
    const struct connect_response welcome = {.verdict = CONNECT_OPEN};
    enum challenge_scheme scheme = authenticator_scheme(admission->authenticator);

    if (admission->login)
        negotiate_login_hear(admission->login, &welcome, NULL); /* what it knows of the nonce is kept */
    negotiate_login_free(admission->login);
    admission->login = NULL;
    if (scheme != CHALLENGE_NONE)
        admission->params.lesson->scheme = scheme;
    authenticator_note(admission->authenticator, false);
    notices_accepted(admission->params.services->notices, &admission->params.section->relay.urls.at[0]);
}

void admission_denied(struct admission *admission, const struct http_head *head, const struct failure *failure)
{
    bool sent = authenticator_credentials(admission->authenticator) != NULL;
    unsigned offered = challenge_offered(head);
    struct failure *told = &admission->response.failure;
    char why[160];

    admission->response.verdict = CONNECT_FAILED;
    admission->response.denied = true;
    *told = *failure;
    admission->head = head;
    admission->params.lesson->offered |= offered;
    if (admission->login) {
        negotiate_login_hear(admission->login, &admission->response, head);
    } else if (sent && (offered == 0 || offered & 1u << CHALLENGE_BASIC)) {
        refuse(admission);
    } else if (!authenticator_challenge(admission->authenticator, offered, false, why, sizeof why)) {
        failure_add(told, why);
        failure_brief(told, told->status, "relay wants a login: %s", why);
        fail(admission, OUTCOME_PEER, told);
    }
}

/* --- its life --- */

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct admission, death));
}

struct admission *admission_start(const struct admission_params *params)
{
    struct admission *admission = calloc(1, sizeof *admission);
    const struct authenticator_params prepared = {
        .loop = params->services->loop,
        .passwords = params->services->passwords,
        .lockout = params->services->lockout,
        .proxy = &params->section->relay.urls.at[0],
        .own = &params->section->relay,
        .method = METHOD_REVERSE,
        .remembered = params->lesson->scheme != CHALLENGE_NONE ? params->lesson->scheme : CHALLENGE_BASIC,
        .ever_offered = params->lesson->offered,
        .wait_ms = params->settings->handshake_timeout,
        .done = on_authenticator,
        .arg = admission,
    };

    if (!admission)
        return NULL;
    admission->params = *params;
    admission->authenticator = authenticator_start(&prepared);
    if (!admission->authenticator) {
        free(admission);
        return NULL;
    }
    return admission;
}

const char *admission_credentials(const struct admission *admission)
{
    return admission->login ? negotiate_login_credentials(admission->login)
                            : authenticator_credentials(admission->authenticator);
}

bool admission_takes_rounds(const struct admission *admission)
{
    return admission->login;
}

bool admission_has_spoken(const struct admission *admission)
{
    return admission && (!admission->params.section->relay.user || admission_credentials(admission));
}

bool admission_is_refused(const struct admission *admission)
{
    return admission->refused;
}

void admission_free(struct admission *admission)
{
    if (!admission)
        return;
    negotiate_login_free(admission->login);
    authenticator_free(admission->authenticator);
    admission->login = NULL;
    admission->authenticator = NULL;
    loop_defer(admission->params.services->loop, &admission->death, die);
}

bool admission_learns(struct relay_lesson *lesson, const struct http_head *head)
{
    unsigned offered = challenge_offered(head);

    if (lesson->scheme != CHALLENGE_BASIC || offered & 1u << CHALLENGE_BASIC || !(offered & 1u << CHALLENGE_DIGEST))
        return false;
    lesson->offered |= offered;
    lesson->scheme = CHALLENGE_DIGEST;
    return true;
}

void admission_note_refusal(const struct services *services, const struct reverse_config *section)
{
    const char *password = passwords_known(services->passwords, &section->relay);

    if (section->relay.user && password)
        lockout_note(services->lockout, section->relay.user, password, loop_now(services->loop));
    passwords_forget(services->passwords, &section->relay);
}
