#include "config/config_check.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "config/no_proxy.h"
#include "config/proxy_environment.h"
#include "http/connect_request.h"
#include "protocol/starttls.h"

#define EXPLANATION_MAX 560 /* bytes of why the environment names no proxy */
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
        else if (proxy->via->urls.environment)
            complain(complaints, proxy->via_line, "via: [proxy %s] needs a `url` of its own, not the environment's",
                     proxy->via_name);
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
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct proxy_config *proxy = config->listeners[i].proxy;

        for (size_t k = 0; proxy && k < proxy->urls.count; k++)
            if (proxy->urls.at[k].socks) {
                complain(complaints, config->listeners[i].line, "%s has a socks5h:// proxy: such a one can only stand "
                         "before another, as its `via`", config->listeners[i].name);
                break;
            }
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

static bool is_loopback_host(const char *host)
{
    return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;
}

/* Whether two places overlap; localhost stands for both 127.0.0.1 and ::1. */
static bool same_place(const struct endpoint *a, const struct endpoint *b)
{
    bool a_local = strcasecmp(a->host, "localhost") == 0, b_local = strcasecmp(b->host, "localhost") == 0;

    return a->port != 0 && a->port == b->port &&
           (strcasecmp(a->host, b->host) == 0 || (a_local && is_loopback_host(b->host)) ||
            (b_local && is_loopback_host(a->host)));
}

/* The listener, an earlier one or this one itself, that already listens on this place; NULL: none does. */
static const struct listener_config *taken_by(const struct config *config, size_t at, size_t place)
{
    const struct endpoint *wanted = &config->listeners[at].listen.at[place];

    for (size_t i = 0; i <= at; i++)
        for (size_t k = 0; k < (i < at ? config->listeners[i].listen.count : place); k++)
            if (same_place(&config->listeners[i].listen.at[k], wanted))
                return &config->listeners[i];
    return NULL;
}

static void check_places(const struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->listener_count; i++)
        for (size_t k = 0; k < config->listeners[i].listen.count; k++) {
            const struct listener_config *other = taken_by(config, i, k);
            char place[ENDPOINT_TEXT_MAX];

            if (other)
                complain(complaints, config->listeners[i].line, "%s listens on %s, which %s does already: give it a "
                         "`listen` of its own", config->listeners[i].name,
                         endpoint_format(&config->listeners[i].listen.at[k], place),
                         other == &config->listeners[i] ? "it" : other->name);
        }
}

static bool is_any_host(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* Whether a connection to `place` would reach a listener at `listen`. */
static bool leads_to(const struct endpoint *place, const struct endpoint *listen)
{
    return same_place(place, listen) || (place->port == listen->port && is_any_host(listen->host) &&
                                         (is_loopback_host(place->host) || strcasecmp(place->host, "localhost") == 0));
}

/* Finds listeners whose proxy is the listener itself: each session would open the next one, until max-sessions. */
static void check_circles(const struct config *config, struct diagnostics *complaints)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener_config *listener = &config->listeners[i];

        for (size_t k = 0; listener->proxy && k < listener->proxy->urls.count; k++)
            for (size_t place = 0; place < listener->listen.count; place++)
                if (leads_to(&listener->proxy->urls.at[k], &listener->listen.at[place]))
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

/* Whether the environment has no proxy for a listener that asks it for one, and why, in out. */
static bool lacks_proxy(const struct listener_config *listener, char *out, size_t size)
{
    return listener->proxy && listener->proxy->urls.environment && listener->scheme &&
           proxy_environment_explain(listener->scheme, out, size);
}

void config_check_print_environment(const struct config *config, FILE *out)
{
    char text[EXPLANATION_MAX];

    for (size_t i = 0; i < config->listener_count; i++)
        if (lacks_proxy(&config->listeners[i], text, sizeof text))
            fprintf(out, "# %s: in this environment, %s\n", config->listeners[i].name, text);
}

/* Finds url = environment without a usable variable: the daemon would refuse every session. */
static void check_environment(const struct config *config, struct diagnostics *complaints)
{
    bool asked = false;

    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener_config *listener = &config->listeners[i];
        char text[EXPLANATION_MAX];

        asked |= listener->proxy && listener->proxy->urls.environment && listener->scheme;
        if (lacks_proxy(listener, text, sizeof text))
            complain(complaints, listener->line, "url = environment, but %s", text);
    }
    if (asked)
        warn_of_exceptions();
}

void config_check(struct config *config, enum config_use use, struct diagnostics *complaints)
{
    link_listeners(config, complaints);
    link_proxies(config, complaints);
    check_ways(config, complaints);
    check_socks(config, complaints);
    check_one_server(config, complaints);
    check_via_urls(config, complaints);
    check_places(config, complaints);
    check_circles(config, complaints);
    check_ehlo_names(config, complaints);
    if (use != CONFIG_TO_CHECK)
        check_environment(config, complaints);
}
