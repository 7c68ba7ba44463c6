#include "redirect.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"

/* --- may it be followed --- */

static enum redirect_decision __attribute__((format(printf, 3, 4))) refuse(char *why, size_t size, const char *format,
                                                                           ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(why, size, format, values);
    va_end(values);
    return REDIRECT_REFUSE;
}

/* "a -> b -> a": the proxies asked and the one named. */
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

/* Takes only {this URL, once} from what was said. */
static void narrow(struct setproxy *as, const struct scope_url *url)
{
    scope_exactly(&as->scope, url);
    as->wider = false;
    as->lifetime = (struct setproxy_lifetime){.once = true};
}

static enum redirect_decision decide_wider(const struct redirect_policy *policy, const struct redirect_case *redirect,
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
        return as->action == SETPROXY_SET && domain_same(sender->host, as->proxy.host) ? REDIRECT_FOLLOW
                                                                                      : REDIRECT_ASK;
    case WIDER_ASK:
        return REDIRECT_ASK;
    case WIDER_REFUSE:
        break;
    }
    return refuse(why, size, "it wants to redirect more than this server: %s", scope_format(&as->scope, scope));
}

enum redirect_decision redirect_decide(const struct redirect_policy *policy, const struct redirect_case *redirect,
                                       struct setproxy *as, char *why, size_t size)
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

const char *redirect_forbids_address(bool sender_on_loopback, const struct address *address)
{
    const struct in6_addr *six = &address->v6.sin6_addr;
    uint32_t four = 0;

    if (sender_on_loopback)
        return NULL;
    if (address_is_loopback(address))
        return "it leads to this machine itself (loopback)";
    if (address->any.sa_family == AF_INET)
        four = ntohl(address->v4.sin_addr.s_addr);
    else if (IN6_IS_ADDR_V4MAPPED(six))
        four = (uint32_t)six->s6_addr[12] << 24 | (uint32_t)six->s6_addr[13] << 16 | (uint32_t)six->s6_addr[14] << 8 |
               six->s6_addr[15];
    if (address->any.sa_family == AF_INET6 && (IN6_IS_ADDR_LINKLOCAL(six) || IN6_IS_ADDR_UNSPECIFIED(six)))
        return "it leads to a link-local address";
    if (four >> 16 == 0xa9fe)
        return "it leads to a link-local address";
    if ((address->any.sa_family == AF_INET || IN6_IS_ADDR_V4MAPPED(six)) && four >> 24 == 0)
        return "it leads to this machine itself (0.0.0.0)";
    return NULL;
}

/* --- what was learned --- */

/* The hashes stand apart from the entries, so that a look-up that finds nothing touches few lines of memory. */
struct redirects {
    size_t count;
    unsigned serial;
    uint64_t forgotten; /* ms: when IPL was last obeyed; 0: never */
    uint32_t hashes[REDIRECT_ENTRIES_MAX];
    struct redirect_entry entries[REDIRECT_ENTRIES_MAX];
};

struct redirects *redirects_new(void)
{
    return calloc(1, sizeof(struct redirects));
}

void redirects_free(struct redirects *redirects)
{
    free(redirects);
}

/* FNV-1a over what makes two senders equal. */
static uint32_t hash(const struct endpoint *sender)
{
    uint32_t value = 2166136261u;

    for (const char *c = sender->host; *c; c++)
        value = (value ^ (uint32_t)tolower((unsigned char)*c)) * 16777619u;
    return (value ^ sender->port ^ (uint32_t)sender->tls << 16) * 16777619u;
}

static void remove_at(struct redirects *redirects, size_t i)
{
    size_t left = --redirects->count - i;

    /* the order is that of age */
    memmove(&redirects->entries[i], &redirects->entries[i + 1], left * sizeof redirects->entries[0]);
    memmove(&redirects->hashes[i], &redirects->hashes[i + 1], left * sizeof redirects->hashes[0]);
}

static bool has_ended(const struct redirect_entry *entry, uint64_t now_ms)
{
    return entry->ends_at != 0 && entry->ends_at <= now_ms;
}

static void make_room(struct redirects *redirects)
{
    size_t oldest = 0;

    if (redirects->count < REDIRECT_ENTRIES_MAX)
        return;
    for (size_t i = 1; i < redirects->count; i++)
        if (redirects->entries[i].used < redirects->entries[oldest].used)
            oldest = i;
    remove_at(redirects, oldest);
}

unsigned redirects_learn(struct redirects *redirects, const struct endpoint *sender, bool sender_on_loopback,
                         const struct setproxy *said, uint64_t now_ms)
{
    uint32_t mark = hash(sender);
    struct redirect_entry *entry;

    if (said->lifetime.once || said->action == SETPROXY_IPL)
        return 0;
    for (size_t i = 0; i < redirects->count; i++)
        if (redirects->hashes[i] == mark && endpoint_equal(&redirects->entries[i].sender, sender) &&
            scope_equal(&redirects->entries[i].scope, &said->scope)) {
            remove_at(redirects, i);
            break;
        }
    if (said->lifetime.hits == 1)
        return 0; /* the retry uses it up */
    make_room(redirects);
    redirects->hashes[redirects->count] = mark;
    entry = &redirects->entries[redirects->count++];
    memset(entry, 0, sizeof *entry);
    entry->id = ++redirects->serial;
    entry->sender = *sender;
    entry->sender_on_loopback = sender_on_loopback;
    entry->proxy = said->proxy;
    entry->direct = said->action == SETPROXY_DIRECT;
    entry->scope = said->scope;
    entry->ends_at = said->lifetime.seconds ? now_ms + (uint64_t)said->lifetime.seconds * 1000 : 0;
    entry->hits_left = said->lifetime.hits ? said->lifetime.hits - 1 : 0;
    entry->hits = 1;
    entry->used = now_ms;
    return entry->id;
}

bool redirects_use(struct redirects *redirects, const struct endpoint *sender, const struct scope_url *url,
                   uint64_t now_ms, struct redirect_entry *used)
{
    uint32_t mark;
    size_t best = SIZE_MAX;

    if (redirects->count == 0)
        return false;
    mark = hash(sender);
    for (size_t i = 0; i < redirects->count; i++) {
        struct redirect_entry *entry = &redirects->entries[i];

        if (redirects->hashes[i] != mark || has_ended(entry, now_ms) || !endpoint_equal(&entry->sender, sender) ||
            !scope_covers(&entry->scope, url))
            continue;
        if (best == SIZE_MAX || scope_compare(&entry->scope, &redirects->entries[best].scope) >= 0)
            best = i;
    }
    if (best == SIZE_MAX)
        return false;
    redirects->entries[best].hits++;
    redirects->entries[best].used = now_ms;
    *used = redirects->entries[best];
    if (used->hits_left == 1)
        remove_at(redirects, best);
    else if (used->hits_left > 1)
        redirects->entries[best].hits_left--;
    return true;
}

void redirects_drop(struct redirects *redirects, unsigned id)
{
    for (size_t i = 0; i < redirects->count; i++)
        if (redirects->entries[i].id == id) {
            remove_at(redirects, i);
            return;
        }
}

void redirects_clear(struct redirects *redirects)
{
    redirects->count = 0;
}

void redirects_keep(struct redirects *redirects, bool (*kept)(void *arg, const struct endpoint *sender), void *arg)
{
    for (size_t i = redirects->count; i > 0; i--)
        if (!kept(arg, &redirects->entries[i - 1].sender))
            remove_at(redirects, i - 1);
}

bool redirects_forget(struct redirects *redirects, uint64_t now_ms)
{
    if (redirects->forgotten != 0 && now_ms - redirects->forgotten < REDIRECT_FORGET_PAUSE_MS)
        return false;
    redirects->forgotten = now_ms;
    redirects_clear(redirects);
    return true;
}

size_t redirects_count(const struct redirects *redirects)
{
    return redirects->count;
}

const struct redirect_entry *redirects_at(struct redirects *redirects, size_t i, uint64_t now_ms)
{
    for (size_t k = redirects->count; k > 0; k--)
        if (has_ended(&redirects->entries[k - 1], now_ms))
            remove_at(redirects, k - 1);
    return i < redirects->count ? &redirects->entries[i] : NULL;
}
