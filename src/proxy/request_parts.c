/* SPDX-License-Identifier: ISC */
#include "proxy/request_parts.h"

#include "http/h1_exchange.h"
#include "proxy/health.h"
#include "proxy/socks5.h"

const void *request_parts_session(const struct proxy_request_params *request)
{
    return request->session ? request->session : request;
}

bool request_parts_form(struct proxy_request_params *request, struct form_choice *choice)
{
    *choice = (struct form_choice){
        .health = request->services->health,
        .name = request->name,
        .proxy = request->proxy,
        .own = request->own,
        .request = &request->request,
        .require_switch = request->require_switch,
        .only_1_1 = !request->services->h2,
        .trace = request->trace,
    };
    return form_choice_start(choice);
}

struct authenticator *request_parts_authenticator(const struct proxy_request_params *request,
                                                  const struct form_choice *choice, task_done_fn *done, void *arg)
{
    const struct services *services = request->services;
    const struct authenticator_params params = {
        .loop = services->loop,
        .passwords = services->passwords,
        .lockout = services->lockout,
        .proxy = &choice->form.proxy,
        .own = request->own,
        .method = request->request.method,
        .user = request->user,
        .password = request->password,
        .tls_upgrade = request->request.answer_owed,
        .remembered = health_scheme(services->health, &choice->form.proxy),
        .ever_offered = health_offers(services->health, request->proxy),
        .session = request_parts_session(request),
        .wait_ms = request->settings->handshake_timeout,
        .ahead = true,
        .done = done,
        .arg = arg,
    };

    return authenticator_start(&params);
}

struct negotiate_login *request_parts_login(const struct proxy_request_params *request,
                                            const struct form_choice *choice, struct authenticator *authenticator,
                                            struct exchange *first, const struct connect_response *response,
                                            const struct http_head *head, void (*connect)(void *arg),
                                            task_done_fn *done, void *arg)
{
    const struct negotiate_login_params params = {
        .loop = request->services->loop,
        .curl_loop = request->services->curl_loop,
        .nonces = request->services->nonces,
        .first = first,
        .owner_asks = choice->form.absolute,
        .response = response,
        .head = head,
        .proxy = &choice->form.proxy,
        .request = &request->request,
        .require_switch = request->require_switch,
        .scheme = authenticator_scheme(authenticator),
        .authenticator = authenticator,
        .user = authenticator_user(authenticator),
        .password = authenticator_password(authenticator),
        .limit_ms = request->settings->handshake_timeout,
        .trace = request->trace,
        .connect = connect,
        .done = done,
        .arg = arg,
    };

    return negotiate_login_start(&params);
}

const char *request_parts_credentials(const struct authenticator *authenticator, const struct negotiate_login *login)
{
    if (login)
        return negotiate_login_credentials(login);
    return authenticator ? authenticator_credentials(authenticator) : NULL;
}

struct login_answer request_parts_answer(const struct proxy_request_params *request, const struct form_choice *choice,
                                         struct authenticator *authenticator, const struct http_head *head, bool sent,
                                         bool shared)
{
    return (struct login_answer){
        .authenticator = authenticator,
        .health = request->services->health,
        .proxy = &choice->form.proxy,
        .now_ms = loop_now(request->services->loop),
        .head = head,
        .may_log_in = !request->proxy->socks && request->own,
        .sent = sent,
        .shared = shared,
    };
}

struct exchange *request_parts_exchange(const struct proxy_request_params *request,
                                        const struct authenticator *authenticator, struct h2_share *share,
                                        struct transport *transport, void (*overtaken)(void *arg), task_done_fn *done,
                                        void *arg)
{
    const struct exchange_params params = {
        .loop = request->services->loop,
        .request = &request->request,
        .require_switch = request->require_switch,
        .limit_ms = request->settings->handshake_timeout,
        .trace = request->trace,
        .done = done,
        .arg = arg,
    };

    if (share->connection)
        return h2_share_ask(share, &params, overtaken);
    if (request->proxy->socks)
        return socks5_start(&params, request->services->curl_loop, request->proxy, authenticator_user(authenticator),
                            authenticator_password(authenticator), transport);
    return h1_exchange_start(&params, transport);
}
