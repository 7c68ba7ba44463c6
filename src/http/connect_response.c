/* SPDX-License-Identifier: ISC */
#include "http/connect_response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "http/access_control.h"
#include "http/error_page.h"
#include "http/retry_after.h"

#define STATUS_MAX 100 /* bytes of Proxy-Status that go to the log */

/* Whether a member of Upgrade is our token (RFC 9110 section 7.8): the name in any case, the version exactly. */
static bool is_token(const struct http_head_slice *member, const char *token)
{
    size_t length = strlen(token);
    const char *slash = strchr(token, '/');
    size_t name = slash ? (size_t)(slash - token) : length;

    return member->length == length && strncasecmp(member->bytes, token, name) == 0 &&
           memcmp(member->bytes + name, token + name, length - name) == 0;
}

static bool names_token(const struct http_head *head, const char *token)
{
    struct http_head_slice member;
    size_t field = 0, offset = 0;

    while (http_head_next_member(head, "Upgrade", &field, &offset, &member))
        if (is_token(&member, token))
            return true;
    return false;
}

/* What else the proxy said, for the log only. */
static void describe(struct failure *failure, const struct http_head *head, const char *body, size_t body_length)
{
    const struct http_head_slice *status = http_head_field(head, "Proxy-Status");
    char cause[ERROR_PAGE_CAUSE_MAX];

    if (status)
        failure_note(failure, "proxy-status", status->bytes, status->length < STATUS_MAX ? status->length : STATUS_MAX);
    if (error_page_cause(head, body, body_length, cause) > 0)
        failure_note(failure, "body", cause, strlen(cause));
}

static bool is_html(const struct http_head *head)
{
    const struct http_head_slice *type = http_head_field(head, "Content-Type");

    return type && type->length >= 9 && strncasecmp(type->bytes, "text/html", 9) == 0;
}

/* Whether a web server or login page answers in the proxy's place: an HTML page with a 4xx status, without a field
 * that only a proxy sends. */
static bool is_foreign_page(const struct connect_request *request, const struct http_head *head)
{
    return is_html(head) && head->status >= 400 && head->status < 500 && head->status != 403 && head->status != 407 &&
           head->status != connect_request_denial(request->method) && head->status != 408 && head->status != 429 &&
           !http_head_field(head, "X-Squid-Error") &&
           !http_head_field(head, "Proxy-Status") && !http_head_field(head, "Via");
}

/* What the client is told: mail programs show no more than that.  reason: with a blank before it, or "". */
static void tell_briefly(struct failure *failure, const struct connect_request *request, const struct http_head *head,
                         const char *reason)
{
    const char *own = connect_request_token(request->method);
    const int status = head->status;
    const char *peer = connect_request_peer(request->method, status);

    if (status == 407 || status == connect_request_denial(request->method) ||
        (status == 401 && request->method == METHOD_TCPCONNECTION_ABSOLUTE))
        failure_brief(failure, (unsigned)status, "%s wants a login", peer);
    else if (status == 511 || (status < 400 && status != 305 && status != 306))
        failure_brief(failure, (unsigned)status, "captive portal: log in with a web browser");
    else if (status == 305 || status == 306)
        failure_brief(failure, (unsigned)status, "redirect refused");
    else if (status < 500 && is_foreign_page(request, head) && own)
        failure_brief(failure, (unsigned)status, "a web server that knows no %s at this URL", own);
    else if (status < 500 && is_foreign_page(request, head))
        failure_brief(failure, (unsigned)status, "captive portal or web page, and not a proxy");
    else
        failure_brief(failure, 0, "%s answered %d%.51s", peer, status, reason);
}

/* What kind of failure an answer is. */
static enum failure_cause cause_of(const struct connect_request *request, const struct http_head *head)
{
    const int status = head->status;

    if (status == 305 || status == 306)
        return CAUSE_REDIRECT;
    if (status < 400 || status == 511)
        return CAUSE_PORTAL;
    if (status == 407 || status == connect_request_denial(request->method) ||
        (status == 401 && request->method == METHOD_TCPCONNECTION_ABSOLUTE))
        return CAUSE_LOGIN_WANTED;
    return is_foreign_page(request, head) ? CAUSE_WEB_PAGE : CAUSE_ANSWER;
}

static void judge_failure(const struct connect_request *request, const struct http_head *head,
                          struct connect_response *response)
{
    const int status = head->status, denial = connect_request_denial(request->method);
    const char *own = connect_request_token(request->method);
    struct failure *failure = &response->failure;
    char reason[81] = "";

    if (head->reason.length > 0) { /* HTTP/2 has none */
        reason[0] = ' ';
        log_escape(reason + 1, sizeof reason - 1, head->reason.bytes, head->reason.length);
    }
    response->verdict = CONNECT_FAILED;
    if (status == 305 || status == 306)
        failure_set(failure, FAILURE_PERMANENT, "%d%s", status, reason);
    else if (status < 400)
        failure_set(failure, FAILURE_TEMPORARY, "%d%s: most likely a captive portal or login page; log in with a "
                    "web browser", status, reason);
    else if (status == 511)
        failure_set(failure, FAILURE_TEMPORARY, "%d%s: a captive portal; log in with a web browser", status, reason);
    else if (status == 407 && denial == 401)
        failure_set(failure, FAILURE_PERMANENT, "407%s: a proxy before this one wants a login; name that one in `via`",
                    reason);
    else if (status == 407 || status == denial)
        failure_set(failure, FAILURE_PERMANENT, "%d%s", status, reason);
    else if (is_foreign_page(request, head) && own)
        failure_set(failure, FAILURE_PERMANENT, "%d%s: a web page; most likely the server knows no %s here, or "
                    "another path for it", status, reason, own);
    else if (is_foreign_page(request, head))
        failure_set(failure, FAILURE_PERMANENT, "%d%s: a web page, most likely a captive portal, login page or web "
                    "server and not a proxy", status, reason);
    else
        failure_set(failure, status >= 500 || status == 429 || status == 408 ? FAILURE_TEMPORARY : FAILURE_PERMANENT,
                    "%d%s", status, reason);
    tell_briefly(failure, request, head, reason);
    failure->cause = cause_of(request, head);
    response->server_error = status >= 500;
    response->busy = status == 429 || status == 503;
    response->target_trouble = status == 502 || status == 504;
    response->denied = status == denial;
    response->origin_denied = status == 401 && request->method == METHOD_TCPCONNECTION_ABSOLUTE;
}

/* Whether the request names the listener's protocol in Upgrade, which HTTP/2 does not have. */
static bool asks_upgrade(const struct connect_request *request)
{
    return request->announce & ANNOUNCE_UPGRADE && !request->http2 && !connect_request_token(request->method);
}

/* Whether only a switch can answer the request.  In HTTP/2 nothing is switched to: connect-tcp is open by any 2xx (RFC
 * 8441 section 4), and has done what require-switch wants; CONNECT never does. */
static bool needs_switch(const struct connect_request *request, bool require_switch)
{
    if (request->http2)
        return require_switch && request->method != METHOD_CONNECT_TCP;
    return require_switch || connect_request_token(request->method);
}

/* Whether the proxy may know connect-tcp instead of CONNECT. */
static bool wants_template(const struct connect_request *request, const struct http_head *head)
{
    if (request->method != METHOD_CONNECT)
        return false;
    return head->status == 426 ? names_token(head, connect_request_token(METHOD_CONNECT_TCP))
                               : head->status == 501 && !asks_upgrade(request);
}

/* Whether Upgrade names what the request asked for, for TLS any version. */
static bool names_asked(const struct connect_request *request, const struct http_head *head, const char *token)
{
    struct http_head_slice member;
    size_t field = 0, offset = 0;

    if (request->method != METHOD_TLS_UPGRADE)
        return names_token(head, token);
    return http_head_next_member(head, "Upgrade", &field, &offset, &member) && member.length >= 4 &&
           strncasecmp(member.bytes, "TLS/", 4) == 0;
}

/* Whether Upgrade names more than one protocol, where only one will do. */
static bool names_too_much(const struct connect_request *request, const struct http_head *head)
{
    struct http_head_slice member;
    size_t field = 0, offset = 0, members = 0;

    while (http_head_next_member(head, "Upgrade", &field, &offset, &member))
        members++;
    return (request->method == METHOD_CONNECT_TCP || request->method == METHOD_REVERSE) && members > 1;
}

/* A line that is no field may be the rule that denies. */
static enum access_control_result judge_origin(const struct connect_request *request, const struct http_head *head)
{
    if (!request->origin)
        return ACCESS_CONTROL_ALLOWED;
    return head->unreadable > 0 ? ACCESS_CONTROL_UNREADABLE : access_control_judge(head, request->origin);
}

/* Whether TCPConnection's server lets our origin in; if not, failure says why. */
static bool lets_in(const struct connect_request *request, const struct http_head *head, struct failure *failure)
{
    switch (judge_origin(request, head)) {
    case ACCESS_CONTROL_ALLOWED:
        return true;
    case ACCESS_CONTROL_REFUSED:
        failure_set(failure, FAILURE_PERMANENT, "101 with an Access-Control field that does not allow the origin %s",
                    request->origin);
        break;
    case ACCESS_CONTROL_ABSENT:
        failure_set(failure, FAILURE_PERMANENT, "101 without an Access-Control field, which has to allow the origin %s",
                    request->origin);
        break;
    case ACCESS_CONTROL_UNREADABLE:
        failure_set(failure, FAILURE_PERMANENT, "101 with an Access-Control field that cannot be read");
        break;
    }
    failure_brief(failure, 101, "server does not allow the origin %s", request->origin);
    return false;
}

static void judge_switch(const struct connect_request *request, const struct http_head *head,
                         struct connect_response *response)
{
    const struct http_head_slice *upgrade = http_head_field(head, "Upgrade");
    const char *own = connect_request_token(request->method), *peer = connect_request_peer(request->method, 101);
    const char *token = own ? own : request->announce & ANNOUNCE_UPGRADE ? request->token : NULL;
    bool says_so = request->method == METHOD_TLS_UPGRADE || http_head_has_member(head, "Connection", "upgrade");
    char named[40];

    if (!token) {
        failure_set(&response->failure, FAILURE_TEMPORARY, "101 to a request that offered no protocol");
        failure_brief(&response->failure, 101, "proxy switched protocols without being asked");
    } else if (!upgrade || !says_so) {
        failure_set(&response->failure, FAILURE_TEMPORARY, "101 that names no protocol");
        failure_brief(&response->failure, 101, "%s switched, but names no protocol", peer);
    } else if (!names_asked(request, head, token)) {
        failure_set(&response->failure, FAILURE_TEMPORARY, "101 that names %s where %s was asked for",
                    log_escape(named, sizeof named, upgrade->bytes, upgrade->length), token);
        failure_brief(&response->failure, 101, "%s switched to %s, and not to %s", peer, named, token);
    } else if (names_too_much(request, head)) {
        failure_set(&response->failure, FAILURE_TEMPORARY, "101 that names another protocol beside %s", token);
        failure_brief(&response->failure, 101, "%s switched to more than %s", peer, token);
    } else if (lets_in(request, head, &response->failure)) {
        response->verdict = CONNECT_OPEN;
        response->switched = !own;
    }
}

/* Any answer but a 101 to a request that begins TLS: of what it may be otherwise, nothing matters here. */
static void judge_no_tls(const struct http_head *head, struct connect_response *response)
{
    const int status = head->status;
    const char *hint = "";

    if (status == 401)
        hint = ": it wants a login before TLS, but credentials go out only inside";
    else if (status == 407)
        hint = ": a proxy before this one wants a login; name that one in `via`";
    else if (status < 300 || (status >= 400 && status < 500 && status != 408 && status != 429))
        hint = ": it does not know it";
    failure_set(&response->failure, status >= 500 || status == 429 || status == 408 ? FAILURE_TEMPORARY
                : FAILURE_PERMANENT, FAILURE_THEY "answers %d to the TLS upgrade%s", status, hint);
    response->denied = false;
    response->busy |= response->target_trouble; /* of a server behind it: there is no target yet */
    response->target_trouble = false;
}

/* 2xx to a request that only a switch can answer. */
static void judge_no_switch(const struct connect_request *request, const struct http_head *head,
                            struct connect_response *response)
{
    const char *own = connect_request_token(request->method);

    if (own) {
        failure_set(&response->failure, FAILURE_PERMANENT, "%d: it answers as a web server does, and knows no %s here",
                    head->status, own);
        failure_brief(&response->failure, (unsigned)head->status, "a web server that knows no %s at this URL", own);
        response->failure.cause = CAUSE_WEB_PAGE;
    } else {
        failure_set(&response->failure, FAILURE_PERMANENT, "%d: the proxy did not switch to %s, and require-switch "
                    "is set", head->status, request->token);
        failure_brief(&response->failure, (unsigned)head->status, "proxy did not switch to %s, and require-switch is "
                      "set", request->token);
    }
}

/* Whether a redirect by 305 or 306 is one to be followed.  TCPConnection asks for one resource, and for no other. */
static bool may_redirect(const struct connect_request *request)
{
    return request->method != METHOD_TCPCONNECTION && request->method != METHOD_TCPCONNECTION_ABSOLUTE &&
           request->method != METHOD_TLS_UPGRADE && request->method != METHOD_REVERSE;
}

/* Whether Upgrade may be the cause of this failure.  It is not where the answer is about something else: another place
 * (3xx), who asks (407, 511), how often (429) or when (503 with Retry-After), or time that ran out (408, 504). */
static bool doubts_upgrade(const struct http_head *head)
{
    switch (head->status) {
    case 407: case 408: case 425: case 429: case 504: case 511: return false;
    case 503: return !http_head_field(head, "Retry-After");
    default: return head->status == 101 || head->status >= 400;
    }
}

/* Whether HTTP/2 may be the cause of this failure: there are proxies that know CONNECT in HTTP/1.1 alone. */
static bool doubts_version(const struct connect_request *request, const struct connect_response *response, int status)
{
    return request->http2 && response->verdict == CONNECT_FAILED && !response->denied &&
           (status == 501 || (status >= 400 && status < 500 && status != 407 && status != 429));
}

void connect_response_judge(const struct connect_request *request, const struct http_head *head, const char *body,
                            size_t body_length, bool require_switch, time_t wall, struct connect_response *response)
{
    bool asked = asks_upgrade(request);
    int status = head->status;

    memset(response, 0, sizeof *response);
    response->verdict = CONNECT_FAILED;
    response->retry_after = RETRY_AFTER_NONE;
    if (status == 101 && request->http2) {
        failure_set(&response->failure, FAILURE_TEMPORARY, "101, which HTTP/2 does not have");
        failure_brief(&response->failure, 101, "proxy switched protocols, which HTTP/2 does not have");
    } else if (status == 101) {
        judge_switch(request, head, response);
    } else if (status < 200) {
        response->verdict = CONNECT_SKIP;
    } else if (status < 300 && !needs_switch(request, require_switch)) {
        response->verdict = CONNECT_OPEN;
    } else if (status < 300) {
        judge_no_switch(request, head, response);
    } else {
        judge_failure(request, head, response);
        if (status == 429 || status == 503)
            response->retry_after = retry_after_read(head, wall);
        if ((status == 305 || status == 306) && may_redirect(request))
            response->verdict = CONNECT_REDIRECT;
        if (asked && !require_switch && (status == 400 || status == 405 || status == 426 || status == 501))
            response->verdict = CONNECT_RETRY_PLAIN;
        response->wants_template = wants_template(request, head);
        response->names_template = response->wants_template && status == 426;
    }
    if (request->method == METHOD_TLS_UPGRADE && status >= 200)
        judge_no_tls(head, response);
    if (status >= 300)
        describe(&response->failure, head, body, body_length);
    response->failure.answer = (unsigned)status;
    response->upgrade_in_doubt = response->verdict == CONNECT_FAILED && asked && !require_switch &&
                                 doubts_upgrade(head);
    response->version_in_doubt = doubts_version(request, response, status);
}
