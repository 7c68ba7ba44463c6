/* SPDX-License-Identifier: ISC */
#include "config/reverse_check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/proxy_check.h"
#include "net/address.h"

/* --- completing it --- */

const struct protocol *reverse_check_protocol_at(uint16_t port)
{
    static const char any[] = "forward";

    for (size_t i = 0; port != 0 && protocol_row(i); i++)
        if (protocol_row(i)->target_port == port)
            return protocol_row(i);
    return protocol_find(any, sizeof any - 1);
}

/* False: out of memory. */
static bool complete(struct reverse_config *reverse)
{
    static const char any[] = "forward";
    const struct endpoint *place = &reverse->relay.urls.at[0];
    struct listener_config *way = &reverse->way, *home = &reverse->home;

    reverse->relay.label = strdup(reverse->name); /* no [proxy] can have it: a password typed for one is not for both */
    reverse->relay.line = reverse->line;
    way->name = home->name = reverse->name;
    way->line = home->line = reverse->line;
    way->protocol = protocol_find(any, sizeof any - 1);
    way->target.place = *place;
    way->target.place.tls = false; /* that is of proxies: here it is the way's own */
    way->target.place.resource = 0;
    way->tls = place->tls ? TLS_YES : TLS_NO;
    way->tls_ca_file = reverse->relay.ca_file;
    way->tls_cert_file = reverse->relay.cert_file;
    way->tls_key_file = reverse->relay.key_file;
    way->tls_verify = reverse->relay.verify;
    way->scheme = strdup(endpoint_scheme(place));
    way->unannounced = true;
    if (!home->protocol)
        home->protocol = reverse_check_protocol_at(home->target.place.port);
    home->scheme = strdup(home->protocol->section);
    return reverse->relay.label && way->scheme && home->scheme;
}

/* --- the way to the relay --- */

static void check_url(const struct section *section, const struct reverse_config *reverse)
{
    const struct endpoint *place = &reverse->relay.urls.at[0];

    if (!place->tls && !reverse->insecure && !places_is_loopback(place))
        section_complain(section, section_line_of(section, "relay"), "relay: without TLS anybody on the way reads the "
                         "password and all mail: write https://, or set insecure = yes where the way is safe");
}

/* --- the open relay --- */

/* Whether mail is handed in at the target: a mail server trusts its own network, and passes on to all the world what
 * comes from there. */
static bool takes_mail(const struct reverse_config *reverse)
{
    const struct protocol *smtp = protocol_find("smtp", strlen("smtp")), *row;
    uint16_t port = reverse->home.target.place.port;

    if (reverse->home.protocol->token && strcmp(reverse->home.protocol->token, smtp->token) == 0)
        return true;
    for (size_t i = 0; (row = protocol_row(i)) != NULL; i++)
        if (row->token && strcmp(row->token, smtp->token) == 0 && (port == row->target_port || port == row->tls_port))
            return true;
    return false;
}

/* Whether that is what this machine calls itself. */
static bool is_own_name(const char *host)
{
    char own[ENDPOINT_HOST_MAX + 1] = "";

    return gethostname(own, sizeof own - 1) == 0 && own[0] && endpoint_host_within(host, own, strlen(own)) &&
           endpoint_host_within(own, host, strlen(host)); /* but for a last dot */
}

/* Whether its last label begins with a digit, as no domain's does: then it is an address in a form of inet_aton(3),
 * such as 127.1, or nothing. */
static bool ends_in_number(const char *host)
{
    size_t at = strlen(host);

    while (at > 0 && host[at - 1] == '.')
        at--;
    while (at > 0 && host[at - 1] != '.')
        at--;
    return host[at] >= '0' && host[at] <= '9';
}

/* Whether the target is this machine or one of its network, as far as can be told without looking a name up: what
 * `check` says must not hang on the network.  A name without a dot is of a local domain, and so is one below a name
 * that the public DNS has not (RFC 6761, RFC 6762, RFC 8375, and ICANN's `internal`; the others are what routers call
 * theirs). */
static bool is_private_host(const char *host)
{
    static const char *const domains[] = {"localhost", "localdomain", "local", "internal", "home.arpa", "lan", "home",
                                          "intranet", "private", "corp"};
    struct address address;
    size_t length = strlen(host);

    if (address_from_literal(&address, host, 1))
        return networks_is_private(&address);
    if (strcspn(host, ".") + 1 >= length || ends_in_number(host)) /* a last dot is none between labels */
        return true;
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
        if (endpoint_host_within(host, domains[i], strlen(domains[i])))
            return true;
    return is_own_name(host);
}

static void check_open_relay(const struct section *section, const struct reverse_config *reverse)
{
    if (reverse->takes_mail && is_private_host(reverse->home.target.place.host) &&
        reverse->forwarded == FORWARDED_NONE && !reverse->trusted_clients)
        section_complain(section, reverse->target_line, "target: this mail server would take every stranger for one of "
                         "its own network, and relay spam: set forwarded = proxy-v2, or proxy-v1, and let it expect "
                         "that; or set trusted-clients = yes if it trusts nobody by his address");
}

void reverse_check(const struct section *section, struct reverse_config *reverse)
{
    reverse->proxy_line = reverse->way.proxy_line = section_line_of(section, "proxy");
    reverse->target_line = section_line_of(section, "target");
    if (!complete(reverse))
        section_complain(section, section->line, "out of memory");
    reverse->takes_mail = takes_mail(reverse);
    proxy_check_login(section, &reverse->relay);
    if (reverse->relay.urls.count > 0)
        check_url(section, reverse);
    if (reverse->home.target.place.host[0])
        check_open_relay(section, reverse);
}
