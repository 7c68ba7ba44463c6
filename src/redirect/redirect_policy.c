#include "redirect/redirect_policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "config/inifile.h"
#include "config/settings.h"
#include "net/endpoint.h"
#include "redirect/redirect_table.h"
#include "redirect/scope.h"

/* A comment of one line, cut where a file would refuse it. */
static void __attribute__((format(printf, 2, 3))) comment(FILE *out, const char *format, ...)
{
    char line[INIFILE_LINE_MAX - 2];
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

/* What becomes of wider scopes; stands behind the one that needs no question. */
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
    if (strlen(listener->name) + strlen(text) + strlen(wider(policy)) < INIFILE_LINE_MAX - 40) {
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
