#include "auth/socks_reply.h"

#include <curl/curl.h>
#include <stddef.h>
#include <string.h>

struct reply {
    CURLproxycode code;
    enum failure_class class;
    enum { ELSE, DENIED, TARGET_TROUBLE, SERVER_ERROR } kind;
    const char *what;
};

static const struct reply replies[] = {
    {CURLPX_NO_AUTH, FAILURE_PERMANENT, DENIED, "SOCKS5: none of our ways to log in is accepted; does it want a user?"},
    {CURLPX_USER_REJECTED, FAILURE_PERMANENT, DENIED, "SOCKS5: user and password were refused"},
    {CURLPX_REPLY_NOT_ALLOWED, FAILURE_PERMANENT, ELSE, "SOCKS5: not allowed by its rules"},
    {CURLPX_REPLY_COMMAND_NOT_SUPPORTED, FAILURE_PERMANENT, ELSE, "SOCKS5: it does not make connections"},
    {CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED, FAILURE_PERMANENT, ELSE,
     "SOCKS5: it does not take this kind of name or address"},
    {CURLPX_REPLY_GENERAL_SERVER_FAILURE, FAILURE_TEMPORARY, SERVER_ERROR, "SOCKS5: general failure"},
    {CURLPX_REPLY_NETWORK_UNREACHABLE, FAILURE_TEMPORARY, TARGET_TROUBLE,
     "SOCKS5: the target's network is unreachable"},
    {CURLPX_REPLY_HOST_UNREACHABLE, FAILURE_TEMPORARY, TARGET_TROUBLE, "SOCKS5: the target is unreachable"},
    {CURLPX_REPLY_CONNECTION_REFUSED, FAILURE_TEMPORARY, TARGET_TROUBLE, "SOCKS5: the target refused the connection"},
    {CURLPX_REPLY_TTL_EXPIRED, FAILURE_TEMPORARY, TARGET_TROUBLE, "SOCKS5: the target did not answer in time"},
    {CURLPX_REPLY_UNASSIGNED, FAILURE_TEMPORARY, SERVER_ERROR, "SOCKS5: a refusal of unknown meaning"},
};

bool socks_reply_judge(long code, struct connect_response *response)
{
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        const struct reply *reply = &replies[i];

        if (code != (long)reply->code)
            continue;
        memset(response, 0, sizeof *response);
        response->verdict = CONNECT_FAILED;
        response->retry_after = CONNECT_RETRY_AFTER_NONE;
        response->denied = reply->kind == DENIED;
        response->target_trouble = reply->kind == TARGET_TROUBLE;
        response->server_error = reply->kind == SERVER_ERROR;
        failure_set(&response->failure, reply->class, "%s", reply->what);
        return true;
    }
    return false;
}
