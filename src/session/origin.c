/* SPDX-License-Identifier: ISC */
#include "session/origin.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "config/networks.h"
#include "config/settings.h"
#include "net/proxy_header.h"

static bool is_known(const struct address *address)
{
    return address->any.sa_family != AF_UNSPEC;
}

/* Whether it is the address of no client of a relay: a web server before it may name itself, or nobody. */
static bool is_nobodys(const struct address *address)
{
    const struct in6_addr *six = &address->v6.sin6_addr;
    uint32_t four = address->v4.sin_addr.s_addr;

    if (address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six))
        memcpy(&four, six->s6_addr + 12, sizeof four);
    else if (address->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(six) || IN6_IS_ADDR_UNSPECIFIED(six) || IN6_IS_ADDR_MULTICAST(six);
    four = ntohl(four);
    return four >> 24 == 127 || four >> 24 == 0 || four >> 28 == 0xe;
}

bool origin_suffices(const struct origin *origin, struct failure *failure)
{
    if (origin->told == FORWARDED_NONE)
        return true;
    if (is_known(&origin->from) && !origin->trusting && is_nobodys(&origin->from)) {
        failure_set(failure, FAILURE_TEMPORARY, "the relay says that the client is on its own machine, and the server "
                    "would take every stranger for a local user");
        failure_hint(failure, "let the web server before the relay send X-Forwarded-For; or set trusted-clients = yes");
        return false;
    }
    if (is_known(&origin->from))
        return true;
    failure_set(failure, FAILURE_TEMPORARY, "the relay does not say who the client is, and the server is to be told");
    failure_hint(failure, "it must send Forwarded with the address of one client; or take `forwarded` out");
    return false;
}

/* A name that `check` knew nothing of may lead to this machine or its network. */
static bool is_of_another_network(const struct transport *server, struct failure *failure)
{
    struct address dialed, ours;

    if (!transport_ends(server, &dialed, &ours))
        return true; /* it is gone, which the session will see */
    address_set_port(&ours, address_port(&dialed));
    if (!networks_is_private(&dialed) && !address_equal(&dialed, &ours))
        return true;
    failure_set(failure, FAILURE_PERMANENT, "the target has turned out to be a mail server of this network, which "
                "would take every stranger for a part of that, and relay spam");
    failure_hint(failure, "set forwarded = proxy-v2, or proxy-v1, and let it expect that; or set "
                 "trusted-clients = yes");
    return false;
}

bool origin_introduce(const struct origin *origin, struct transport *server, struct failure *failure)
{
    struct address dialed, ours;
    char head[PROXY_HEADER_MAX];
    size_t length;

    if (origin->told == FORWARDED_NONE)
        return !origin->wary || is_of_another_network(server, failure);
    assert(is_known(&origin->from));
    if (transport_ends(server, &dialed, &ours)) {
        length = proxy_header_write(origin->told == FORWARDED_PROXY_V1 ? 1 : 2, &origin->from,
                                    is_known(&origin->on) ? &origin->on : &dialed, head);
        if (transport_send(server, head, length) == (ssize_t)length) /* a fresh connection has room for it */
            return true;
    }
    failure_set(failure, FAILURE_TEMPORARY, "the server was gone before it was told who the client is");
    return false;
}

void origin_format(const struct origin *origin, char from[ADDRESS_TEXT_MAX], char on[ADDRESS_TEXT_MAX])
{
    from[0] = on[0] = '\0';
    if (is_known(&origin->from))
        address_format(&origin->from, from);
    if (is_known(&origin->on))
        address_format(&origin->on, on);
}

uint16_t origin_port(const struct origin *origin)
{
    return is_known(&origin->on) ? address_port(&origin->on) : 0;
}

void origin_tell(struct failure *told)
{
    failure_set(told, FAILURE_TEMPORARY, "the server is not there at the moment");
}

void origin_leave(struct origin *origin)
{
    if (origin)
        origin->ended = NULL;
}
