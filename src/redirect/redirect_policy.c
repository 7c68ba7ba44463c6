/* SPDX-License-Identifier: ISC */
#include "redirect/redirect_policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "net/public_suffix.h"

/* --- the rules --- */

bool redirect_policy_teaches_same(const struct redirect_settings *a, const struct redirect_settings *b)
{
    return a->downgrade == b->downgrade && a->wider == b->wider && a->max_lifetime == b->max_lifetime;
}

static enum redirect_decision __attribute__((format(printf, 3, 4))) refuse(char *why, size_t size, const char *format,
                                                                           ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(why, size, format, values);
    va_end(values);
    return REDIRECT_REFUSE;
}

/* "a -> b -> a": the proxies that were asked, and the one that the answer names. */
static enum redirect_decision refuse_loop(const struct redirect_case *redirect, char *why, size_t size)
{
    char chain[200] = "", place[ENDPOINT_TEXT_MAX];
    size_t at = 0;

    for (size_t i = 0; i < redirect->asked_count && at < sizeof chain - 1; i++)
        at += (size_t)snprintf(chain + at, sizeof chain - at, "%s -> ", endpoint_format(&redirect->asked[i], place));
    return refuse(why, size, "redirected in a circle: %s%s", chain, endpoint_format(&redirect->said->proxy, place));
}

static bool was_asked(const struct redirect_case *redirect)
{
    for (size_t i = 0; i < redirect->asked_count; i++)
        if (endpoint_equal(&redirect->asked[i], &redirect->said->proxy))
            return true;
    return false;
}

/* Reduces what was said to this URL, once. */
static void narrow(struct setproxy *as, const struct scope_url *url)
{
    scope_exactly(&as->scope, url);
    as->wider = false;
    as->lifetime = (struct setproxy_lifetime){.once = true};
}

static enum redirect_decision decide_wider(const struct redirect_settings *policy, const struct redirect_case *redirect,
                                           struct setproxy *as, char *why, size_t size)
{
    const struct endpoint *sender = &redirect->asked[redirect->asked_count - 1];
    char scope[SCOPE_TEXT_MAX];

    switch ((enum redirect_wider)policy->wider) {
    case WIDER_ACCEPT:
        return REDIRECT_FOLLOW;
    case WIDER_CLAMP:
        scope_exactly(&as->scope, redirect->url);
        as->wider = false;
        return REDIRECT_FOLLOW;
    case WIDER_SAME_DOMAIN:
        return as->action == SETPROXY_SET && public_suffix_same_domain(sender->host, as->proxy.host)
                   ? REDIRECT_FOLLOW : REDIRECT_ASK;
    case WIDER_ASK:
        return REDIRECT_ASK;
    case WIDER_REFUSE:
        break;
    }
    return refuse(why, size, "it wants to redirect more than this server: %s", scope_format(&as->scope, scope));
}

enum redirect_decision redirect_policy_decide(const struct redirect_settings *policy,
                                              const struct redirect_case *redirect, struct setproxy *as, char *why,
                                              size_t size)
{
    const struct endpoint *sender = &redirect->asked[redirect->asked_count - 1];
    bool set = redirect->said->action == SETPROXY_SET;

    *as = *redirect->said;
    if (!policy->follow)
        return refuse(why, size, "redirects are not followed (follow = no)");
    if (redirect->status == 306 && redirect->sender_learned)
        return refuse(why, size, "306 from a proxy that was itself named by a redirect");
    if (set && was_asked(redirect))
        return refuse_loop(redirect, why, size);
    if (redirect->hops >= policy->max_hops)
        return refuse(why, size, "redirected more than %u times (max-hops)", policy->max_hops);
    if (set && sender->tls && !as->proxy.tls && !policy->downgrade)
        return refuse(why, size, "from a proxy behind TLS to one without (downgrade = no)");
    if (as->action == SETPROXY_DIRECT && !policy->direct)
        return refuse(why, size, "to no proxy at all (direct = no)");
    if (as->action == SETPROXY_IPL && as->scope.kind != SCOPE_ALL)
        return refuse(why, size, "IPL without the scope *");
    if (redirect->via_count >= 2)
        return refuse(why, size, "the answer has come from far away (%zu members in Via)", redirect->via_count);
    if (redirect->minor == 0 || redirect->via_count == 1) {
        if (as->action == SETPROXY_IPL)
            return refuse(why, size, "IPL in an answer that may have been forwarded");
        narrow(as, redirect->url);
    }
    if (as->action != SETPROXY_IPL && as->wider)
        return decide_wider(policy, redirect, as, why, size);
    return REDIRECT_FOLLOW;
}

const char *redirect_policy_forbids_address(bool sender_on_loopback, const struct address *address)
{
    const struct in6_addr *six = &address->v6.sin6_addr;
    bool is_six = address->any.sa_family == AF_INET6;
    uint32_t four = is_six ? 0 : ntohl(address->v4.sin_addr.s_addr);

    /* no proxy has such an address, but a connection to it ends at this machine */
    if (is_six ? IN6_IS_ADDR_UNSPECIFIED(six) || IN6_IS_ADDR_V4MAPPED(six) : four >> 24 == 0)
        return "it leads to this machine by way of an address that is none";
    if (sender_on_loopback)
        return NULL;
    if (address_is_loopback(address))
        return "it leads to this machine itself (loopback)";
    if (is_six ? IN6_IS_ADDR_LINKLOCAL(six) : four >> 16 == 0xa9fe)
        return "it leads to a link-local address";
    return NULL;
}

/* --- the rules in words --- */

#define COMMENT_MAX 198 /* bytes of a comment with its mark: what is longer is hard to read */

/* Prints a comment of one line, cut to COMMENT_MAX. */
static void __attribute__((format(printf, 2, 3))) comment(FILE *out, const char *format, ...)
{
    char line[COMMENT_MAX - 2];
    va_list values;

    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    fprintf(out, "; %s\n", line);
}

static const char *duration(uint32_t ms, char out[16])
{
    static const struct {
        uint32_t ms;
        char unit;
    } units[] = {{86400000, 'd'}, {3600000, 'h'}, {60000, 'm'}, {1000, 's'}};
    size_t i = 0;

    while (i < 3 && ms % units[i].ms != 0)
        i++;
    snprintf(out, 16, "%" PRIu32 "%c", ms / units[i].ms, units[i].unit);
    return out;
}

/* What happens to wider scopes, in words; printed after the scope that needs no question. */
static const char *wider(const struct redirect_settings *policy)
{
    switch ((enum redirect_wider)policy->wider) {
    case WIDER_ASK: return "and nothing wider; wider scopes are asked about";
    case WIDER_REFUSE: return "and nothing wider; wider scopes are refused";
    case WIDER_SAME_DOMAIN: return "and more, to a proxy of its own domain; wider scopes to others are asked about";
    case WIDER_CLAMP: return "and nothing wider; wider scopes are cut down to this";
    case WIDER_ACCEPT: return "and whatever else it names";
    }
    return "";
}

static void print_listener(const struct listener_config *listener, const struct redirect_settings *policy, FILE *out)
{
    struct scope_url url;
    struct scope scope;
    char text[SCOPE_TEXT_MAX];

    if (!listener->proxy) {
        comment(out, "%s: goes without a proxy, so none may move it", listener->name);
        return;
    }
    if (listener->target.srv) {
        snprintf(text, sizeof text, "the server of srv:%s", listener->target.place.host);
    } else {
        scope_url_set(&url, listener->scheme, &listener->target.place);
        scope_exactly(&scope, &url);
        scope_format(&scope, text);
    }
    if (strlen(listener->name) + strlen(text) + strlen(wider(policy)) < COMMENT_MAX - 40) {
        comment(out, "%s: a proxy may move %s %s", listener->name, text, wider(policy));
    } else {
        comment(out, "%s: a proxy may move %s", listener->name, text);
        comment(out, "  %s", wider(policy));
    }
}

void redirect_policy_print(const struct config *config, FILE *out)
{
    const struct redirect_settings *policy = &config->redirects;
    char time[16];

    comment(out, "--- what proxies may do with 305 Use Proxy, in words ---");
    if (!policy->follow) {
        comment(out, "no proxy may move anything: redirects are not followed");
        return;
    }
    for (size_t i = 0; i < config->listener_count; i++)
        print_listener(&config->listeners[i], policy, out);
    comment(out, "for %s at most where it names a time; over %" PRIu32 " redirect%s at most for one session",
            duration(policy->max_lifetime, time), policy->max_hops, policy->max_hops == 1 ? "" : "s");
    comment(out, "%s", policy->direct ? "it may send us to the server directly, without a proxy (DIRECT)"
                                      : "not to the server directly, without a proxy (DIRECT)");
    comment(out, "%s", policy->downgrade ? "from a proxy behind TLS also to one without"
                                         : "not from a proxy behind TLS to one without");
    if (policy->wider == WIDER_ASK || policy->wider == WIDER_SAME_DOMAIN)
        comment(out, "a question that nobody answers within %s counts as refused", duration(policy->ask_timeout, time));
}
