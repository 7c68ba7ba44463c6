/* SPDX-License-Identifier: ISC */
#include "config/config_check.h"

#include <stdarg.h>
#include <string.h>

#include "base/log.h"
#include "config/listening.h"
#include "config/no_proxy.h"
#include "config/proxy_environment.h"
#include "config/socket_check.h"
#include "config/stranger.h"
#include "http/connect_request.h"
#include "protocol/starttls.h"

#define EXPLANATION_MAX 900 /* bytes of why the environment names no proxy, and for which schemes */
#define WARNINGS_MAX 8 /* of one kind, told at one time: the rest will be like them */

static void __attribute__((format(printf, 3, 4))) complain(struct diagnostics *complaints, int line, const char *format,
                                                           ...)
{
    va_list values;

    va_start(values, format);
    diagnostics_add(complaints, line, format, values);
    va_end(values);
}

static const struct proxy_config *find_proxy(const struct config *config, const char *label)
{
    for (size_t i = 0; i < config->proxy_count; i++)
        if (strcmp(config->proxies[i].label, label) == 0)
            return &config->proxies[i];
    return NULL;
}

/* Who asks proxies for tunnels, from 0: the listeners, then the ways of [reverse] sections to their relays.  NULL after
 * the last. */
static const struct listener_config *asker_at(const struct config *config, size_t i)
{
    if (i < config->listener_count)
        return &config->listeners[i];
    i -= config->listener_count;
    return i < config->reverse_count ? &config->reverses[i].way : NULL;
}

/* Points each listener at its proxy. */
static void link_listeners(struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        struct listener_config *listener = &config->listeners[i];
        const char *label = listener->proxy_name ? listener->proxy_name : "";

        if (strcmp(label, "direct") == 0)
            continue;
        listener->proxy = find_proxy(config, label);
        if (!listener->proxy && *label)
            complain(complaints, listener->proxy_line, "there is no section [proxy %s]", label);
        else if (!listener->proxy)
            complain(complaints, listener->line, "there is no section [proxy] (for no proxy, write proxy = direct)");
    }
}

/* Points each [reverse] at the proxy before its relay. */
static void link_reverses(struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->reverse_count; i++) {
        struct reverse_config *reverse = &config->reverses[i];

        if (!reverse->proxy_name || strcmp(reverse->proxy_name, "direct") == 0)
            continue;
        reverse->way.proxy = find_proxy(config, reverse->proxy_name);
        if (!reverse->way.proxy)
            complain(complaints, reverse->proxy_line, "there is no section [proxy %s]", reverse->proxy_name);
    }
}

/* The relay with that label; without one, the unlabelled relay, or the only one. */
static const struct relay_config *find_relay(const struct config *config, const char *label)
{
    if (!label && config->relay_count == 1)
        return &config->relays[0];
    for (size_t i = 0; i < config->relay_count; i++) {
        const char *slash = strchr(config->relays[i].name, '/');

        if (strcmp(slash ? slash + 1 : "", label ? label : "") == 0)
            return &config->relays[i];
    }
    return NULL;
}

/* Points each [public] at its relay. */
static void link_publics(struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->public_count; i++) {
        struct public_config *port = &config->publics[i];

        port->relay = find_relay(config, port->relay_name);
        if (port->relay)
            continue;
        if (port->relay_name)
            complain(complaints, port->line, "%s: there is no section [relay %s]", port->name, port->relay_name);
        else if (config->relay_count == 0)
            complain(complaints, port->line, "%s leads to what is registered at a [relay], and there is none",
                     port->name);
        else
            complain(complaints, port->line, "%s has a choice of relays: name one by the key `relay`", port->name);
    }
}

/* Points each proxy at the one that it is reached through. */
static void link_proxies(struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        struct proxy_config *proxy = &config->proxies[i];

        if (!proxy->via_name)
            continue;
        proxy->via = find_proxy(config, proxy->via_name);
        if (!proxy->via)
            complain(complaints, proxy->via_line, "via: there is no section [proxy %s]", proxy->via_name);
        else if (places_whose(&proxy->via->urls))
            complain(complaints, proxy->via_line, "via: [proxy %s] needs a `url` of its own, not %s", proxy->via_name,
                     places_whose(&proxy->via->urls));
    }
}

/* Finds chains of `via` that are circular or too long. */
static void check_ways(const struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        const struct proxy_config *proxy = &config->proxies[i];
        size_t steps = 0;

        while (proxy->via && ++steps <= CONFIG_CHECK_VIA_MAX)
            proxy = proxy->via;
        if (steps > CONFIG_CHECK_VIA_MAX)
            complain(complaints, config->proxies[i].via_line, "via leads in a circle, or through more than %d proxies",
                     CONFIG_CHECK_VIA_MAX);
    }
}

/* A SOCKS proxy knows no CONNECT, Upgrade or redirect: it can only be the `via` of a proxy that does. */
static void check_socks(const struct config *config, struct diagnostics *complaints)
{
    const struct listener_config *asker;

    for (size_t i = 0; (asker = asker_at(config, i)) != NULL; i++)
        for (size_t k = 0; asker->proxy && k < asker->proxy->urls.count; k++)
            if (asker->proxy->urls.at[k].socks) {
                complain(complaints, asker->line, "%s has a socks5h:// proxy: such a one can only stand before "
                         "another, as its `via`", asker->name);
                break;
            }
}

/* Whether the section has the URL of one server: TCPConnection without variables in a path. */
static bool leads_to_one_server(const struct proxy_config *proxy)
{
    for (size_t i = 0; i < proxy->urls.count; i++)
        if (proxy->method == METHOD_TCPCONNECTION && !places_is_template(&proxy->urls, i))
            return true;
    return false;
}

/* Whether both lead to one server.  A domain with SRV records has port 0, and so is another than a server; and for each
 * kind of section, with TLS and without, it has records of its own. */
static bool same_target(const struct listener_config *a, const struct listener_config *b)
{
    return endpoint_equal(&a->target.place, &b->target.place) &&
           (!a->target.srv || (a->protocol == b->protocol && (a->tls == TLS_YES) == (b->tls == TLS_YES)));
}

/* Finds two servers that one such URL cannot both lead to. */
static void check_one_server(const struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 1; i < config->listener_count; i++) {
        const struct listener_config *listener = &config->listeners[i], *other = config->listeners;

        if (!listener->proxy || !leads_to_one_server(listener->proxy))
            continue;
        while (other < listener && (other->proxy != listener->proxy || same_target(other, listener)))
            other++;
        if (other < listener)
            complain(complaints, listener->line, "%s has another target than %s, and a url of their proxy leads to one "
                     "server only: write {target_host} and {target_port} into its path, or give each a [proxy] of its "
                     "own", listener->name, other->name);
    }
}

/* Whether what goes to the proxy stays on this machine, as far as the file says. */
static bool is_here(const struct proxy_config *proxy)
{
    for (size_t i = 0; i < proxy->urls.count; i++)
        if (!places_is_loopback(&proxy->urls.at[i]))
            return false;
    return proxy->urls.source == PLACES_LISTED && !proxy->via;
}

/* Finds a proxy that cannot lead to the relay of a [reverse], for which it is asked by a plain CONNECT, or that a
 * password must not be sent through. */
static void check_before_relays(const struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->reverse_count; i++) {
        const struct reverse_config *reverse = &config->reverses[i];
        const struct proxy_config *proxy = reverse->way.proxy;

        if (proxy && leads_to_one_server(proxy))
            complain(complaints, reverse->proxy_line, "proxy: a url of [proxy %s] leads to one server only: write "
                     "{target_host} and {target_port} into its path", reverse->proxy_name);
        if (proxy && !is_here(proxy) && reverse->way.tls == TLS_NO && !reverse->insecure &&
            places_is_loopback(&reverse->way.target.place))
            complain(complaints, reverse->proxy_line, "proxy: [proxy %s] %s another machine, so that `relay` leaves "
                     "this one without TLS: write https://, or set insecure = yes where the way is safe",
                     reverse->proxy_name, places_whose(&proxy->urls) ? "may be" : "is");
        if (proxy && proxy->require_switch)
            complain(complaints, reverse->proxy_line, "proxy: [proxy %s] has require-switch, and nothing in the "
                     "request for a tunnel to a relay can be answered by a switch", reverse->proxy_name);
    }
}

/* Whether each place of the section can be asked as HTTP proxies are: by a URL that it is to fetch. */
static bool takes_absolute(const struct proxy_config *proxy)
{
    for (size_t i = 0; i < proxy->urls.count; i++)
        if (proxy->urls.at[i].socks || proxy->urls.paths[i])
            return false;
    return true;
}

/* Finds a `via` that cannot lead to the proxy behind it. */
static void check_via_urls(const struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        const struct proxy_config *proxy = &config->proxies[i];

        if (proxy->via && leads_to_one_server(proxy->via))
            complain(complaints, proxy->via_line, "via: a url of [proxy %s] leads to one server only: write "
                     "{target_host} and {target_port} into its path", proxy->via_name);
        else if (proxy->via && proxy->form == FORM_ABSOLUTE && !takes_absolute(proxy->via))
            complain(complaints, proxy->via_line, "via: form = absolute asks an HTTP proxy, by http:// or https:// and "
                     "without a path, which not all of [proxy %s] are", proxy->via_name);
        else if (proxy->via && proxy->form == FORM_ABSOLUTE && proxy->via->auth > AUTH_DIGEST)
            complain(complaints, proxy->via_line, "via: form = absolute goes with auth = basic or digest, or any, "
                     "which [proxy %s] has not", proxy->via_name);
    }
}

/* The section, an earlier one or this one itself, that already listens on this place.  False: none does. */
static bool taken_by(const struct config *config, size_t at, size_t place, struct listening *other)
{
    struct listening wanted;

    if (!listening_at(config, at, &wanted))
        return false;
    for (size_t i = 0; i <= at && listening_at(config, i, other); i++)
        for (size_t k = 0; k < (i < at ? other->places->count : place); k++)
            if (places_overlap(&other->places->at[k], &wanted.places->at[place]))
                return true;
    return false;
}

static void check_places(const struct config *config, struct diagnostics *complaints)
{
    struct listening wanted, other;
    char place[ENDPOINT_TEXT_MAX];

    for (size_t i = 0; listening_at(config, i, &wanted); i++)
        for (size_t k = 0; k < wanted.places->count; k++)
            if (taken_by(config, i, k, &other))
                complain(complaints, wanted.line, "%s listens on %s, which %s does already: give it a `listen` of its "
                         "own", wanted.name, endpoint_format(&wanted.places->at[k], place),
                         other.places == wanted.places ? "it" : other.name);
}

/* Finds what is published and is a public port of ours: the session of a client would open the next one. */
static void check_published(const struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->reverse_count; i++)
        for (size_t k = 0; k < config->public_count; k++)
            for (size_t place = 0; place < config->publics[k].listen.count; place++)
                if (places_lead_to(&config->reverses[i].home.target.place, &config->publics[k].listen.at[place]))
                    complain(complaints, config->reverses[i].target_line, "target: that is %s itself, which leads to "
                             "what is published: the target is a server", config->publics[k].name);
}

/* Finds listeners whose proxy is the listener itself: each session would open the next one, until max-sessions. */
static void check_circles(const struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener_config *listener = &config->listeners[i];

        for (size_t k = 0; listener->proxy && k < listener->proxy->urls.count; k++)
            for (size_t place = 0; place < listener->listen.count; place++)
                if (places_lead_to(&listener->proxy->urls.at[k], &listener->listen.at[place]))
                    complain(complaints, listener->line, "the url of its proxy is where %s listens itself: a proxy is "
                             "another program", listener->name);
    }
}

/* Finds names that could not be said in EHLO, and where none is said. */
static void check_ehlo_names(const struct config *config, struct diagnostics *complaints)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:[]";

    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener_config *listener = &config->listeners[i];
        const char *name = listener->ehlo_name;

        if (name && (listener->tls != TLS_STARTTLS || !listener->protocol->token ||
                     strcmp(listener->protocol->token, "SMTP") != 0))
            complain(complaints, listener->line, "ehlo-name goes with tls = starttls in [smtp] and [submission]");
        else if (name && (strspn(name, allowed) != strlen(name) || strlen(name) > STARTTLS_NAME_MAX))
            complain(complaints, listener->line, "ehlo-name is a name such as host.example.net, of at most %d bytes",
                     STARTTLS_NAME_MAX);
    }
}

/* Warns of what no_proxy has and can match nothing. */
static void warn_of_exceptions(void)
{
    const char *list = proxy_environment_no_proxy(), *member;
    char text[100];
    size_t length;

    for (int i = 0; list && i < WARNINGS_MAX && (member = no_proxy_next_useless(&list, &length)) != NULL; i++)
        log_message(LEVEL_WARNING, NULL, "no_proxy: \"%s\" can match no server; domains, addresses, networks like "
                    "10.0.0.0/8 or 10.*, and * can", log_escape(text, sizeof text, member, length));
}

/* Whether the environment says who the listener's proxy is.  Before the desktop it is asked, too, but counts only if it
 * says something. */
static bool asks_environment(const struct listener_config *listener)
{
    const enum places_source source = listener->proxy ? listener->proxy->urls.source : PLACES_LISTED;

    return listener->scheme && (source == PLACES_ENVIRONMENT ||
                                (source == PLACES_SYSTEM && proxy_environment_find(listener->scheme)));
}

/* Whether two listeners of one section ask the environment and get the same: one variable, or none. */
static bool asks_the_same(const struct listener_config *a, const struct listener_config *b)
{
    return a->proxy == b->proxy && asks_environment(a) && asks_environment(b) &&
           proxy_environment_find(a->scheme) == proxy_environment_find(b->scheme);
}

/* Whether a listener before this one asks the same (scheme: and for the same scheme). */
static bool asked_before(const struct config *config, size_t place, bool scheme)
{
    const struct listener_config *asker = asker_at(config, place), *other;

    for (size_t i = 0; i < place; i++) {
        other = asker_at(config, i);
        if (asks_the_same(asker, other) && (!scheme || strcmp(asker->scheme, other->scheme) == 0))
            return true;
    }
    return false;
}

/* Whether the environment has no proxy for a listener that asks it for one, and why, in out.  What is said once for the
 * first listener of a section is not said again for the others; the first one's names their schemes. */
static bool lacks_proxy(const struct config *config, size_t place, char *out, size_t size)
{
    const struct listener_config *asker = asker_at(config, place), *other;
    const char *word = "; it is the same for ";

    if (!asks_environment(asker) || asked_before(config, place, false) ||
        !proxy_environment_explain(asker->scheme, out, size))
        return false;
    for (size_t i = place + 1; (other = asker_at(config, i)) != NULL; i++)
        if (asks_the_same(asker, other) && !asked_before(config, i, true)) {
            snprintf(out + strlen(out), size - strlen(out), "%s%.40s", word, other->scheme);
            word = ", ";
        }
    return true;
}

void config_check_print_environment(const struct config *config, FILE *out)
{
    const struct listener_config *asker;
    char text[EXPLANATION_MAX];

    for (size_t i = 0; (asker = asker_at(config, i)) != NULL; i++)
        if (lacks_proxy(config, i, text, sizeof text))
            fprintf(out, "# %s: in this environment, %s\n", asker->name, text);
}

/* Finds url = environment without a usable variable, and url = system with one that is set and no use: the daemon would
 * refuse every session. */
static void check_environment(const struct config *config, struct diagnostics *complaints)
{
    const struct listener_config *asker;
    bool asked = false;

    for (size_t i = 0; (asker = asker_at(config, i)) != NULL; i++) {
        char text[EXPLANATION_MAX];

        asked |= asks_environment(asker);
        if (lacks_proxy(config, i, text, sizeof text))
            complain(complaints, asker->line, "url = %s, but %s",
                     asker->proxy->urls.source == PLACES_SYSTEM ? "system" : "environment", text);
    }
    if (asked)
        warn_of_exceptions();
}

/* Makes what is said to found proxies that are not trusted. */
static void make_strangers(struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->proxy_count; i++) {
        struct proxy_config *proxy = &config->proxies[i];

        if (!places_are_found(&proxy->urls))
            continue;
        proxy->stranger = stranger_new(proxy);
        if (!proxy->stranger)
            complain(complaints, proxy->line, "out of memory");
    }
}

void config_check(struct config *config, enum config_use use, struct diagnostics *complaints)
{
    link_listeners(config, complaints);
    link_proxies(config, complaints);
    link_reverses(config, complaints);
    link_publics(config, complaints);
    check_ways(config, complaints);
    check_socks(config, complaints);
    check_one_server(config, complaints);
    check_before_relays(config, complaints);
    check_via_urls(config, complaints);
    check_places(config, complaints);
    socket_check(config, use, complaints);
    check_circles(config, complaints);
    check_published(config, complaints);
    check_ehlo_names(config, complaints);
    make_strangers(config, complaints);
    if (use != CONFIG_TO_CHECK)
        check_environment(config, complaints);
}
