/* SPDX-License-Identifier: ISC */
#include "relay/rights.h"

const char *rights_token(const struct relay_request *request)
{
    return request->target.wish == WISH_SWITCH ? RELAY_REQUEST_TCP : RELAY_REQUEST_REVERSE;
}

static bool may(const struct relay_request *request, const struct relay_users *users, const struct relay_user *user,
                bool served)
{
    const struct endpoint *name = &request->target.name;

    if (request->target.wish == WISH_REGISTER)
        return relay_user_may_register(user, name->host, name->port);
    return relay_user_may_reach(user, name->host, name->port) && !request->foreign &&
           (served || relay_users_list(users, name->host, name->port));
}

unsigned rights_judge(const struct relay_request *request, const struct relay_users *users,
                      const struct relay_user *user, bool served)
{
    if (!may(request, users, user, served))
        return 403;
    return request->target.wish != WISH_CONNECT && !*request->token ? 426 : 0;
}
