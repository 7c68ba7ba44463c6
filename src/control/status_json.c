/* SPDX-License-Identifier: ISC */
#include "control/status_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "finding/source.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/netwatch.h"
#include "net/unix_socket.h"
#include "proxy/h2_pool.h"
#include "proxy/health.h"
#include "proxy/pool.h"
#include "proxy/proxy_source.h"
#include "redirect/questions.h"
#include "redirect/redirect_table.h"
#include "redirect/scope.h"

/* A JSON string; bytes that are not UTF-8 are escaped. */
static json_t *text(const char *bytes)
{
    json_t *value = json_string(bytes);
    char escaped[1200];

    return value ? value : json_string(log_escape(escaped, sizeof escaped, bytes, strlen(bytes)));
}

static json_t *text_or_null(const char *bytes)
{
    return *bytes ? text(bytes) : json_null();
}

static json_t *number(uint64_t value)
{
    return json_integer(value <= INT64_MAX ? (json_int_t)value : INT64_MAX);
}

static json_t *yes_no(bool value)
{
    return json_boolean(value);
}

/* Milliseconds that are left, as seconds, rounded up. */
static json_t *seconds_left(uint64_t ms)
{
    return number((ms + 999) / 1000);
}

static json_t *url_of(const struct endpoint *proxy)
{
    char url[ENDPOINT_URL_MAX];

    return text(endpoint_format_url(proxy, url));
}

/* The object in an array of objects that has this value for this key; NULL: there is none. */
static json_t *find(json_t *array, const char *key, const char *value)
{
    json_t *object;
    size_t i;

    json_array_foreach(array, i, object)
        if (strcmp(json_string_value(json_object_get(object, key)), value) == 0)
            return object;
    return NULL;
}

/* --- listeners --- */

static void see_post(void *arg, const struct listener_config *config, const struct address *address, const char *path)
{
    json_t *listener = find(arg, "name", config->name);
    char where[ADDRESS_TEXT_MAX + UNIX_SOCKET_PATH_MAX];

    if (path)
        snprintf(where, sizeof where, "unix:%s", path);
    else
        address_format(address, where);
    if (listener)
        json_array_append_new(json_object_get(listener, "addresses"), text(where));
}

static json_t *listeners_of(const struct status_sources *sources)
{
    json_t *listeners = json_array();

    for (size_t i = 0; i < sources->config->listener_count; i++) {
        const struct listener_config *config = &sources->config->listeners[i];
        char place[ENDPOINT_TEXT_MAX], target[ENDPOINT_TEXT_MAX + 4];

        snprintf(target, sizeof target, "%s%s", config->target.srv ? "srv:" : "",
                 config->target.srv ? config->target.place.host : endpoint_format(&config->target.place, place));
        json_array_append_new(listeners, json_pack("{so so so so}", "name", text(config->name), "addresses",
                                                   json_array(), "target", text(target), "sessions",
                                                   number(sessions_count_of(sources->sessions, config->name))));
    }
    if (sources->posts)
        listener_set_each(sources->posts, see_post, listeners);
    return listeners;
}

/* --- reverse sections and relays --- */

static void see_reverse(void *arg, const struct reverse_facts *facts)
{
    json_array_append_new(arg, json_pack("{so so so so so so}",
                                         "name", text(facts->name),
                                         "relay", text(facts->relay),
                                         "waiting", number(facts->waiting),
                                         "sessions", number(facts->sessions),
                                         "last_error", text_or_null(facts->last_error),
                                         "since", number(facts->since_ms_ago / 1000)));
}

static json_t *reverses_of(const struct status_sources *sources)
{
    json_t *reverses = json_array();

    if (sources->reverses)
        reverse_set_each(sources->reverses, see_reverse, reverses);
    return reverses;
}

static void see_registered(void *arg, const struct relay_facts *facts)
{
    json_array_append_new(arg, json_pack("{so so so so so}",
                                         "relay", text(facts->relay),
                                         "name", text(facts->name),
                                         "user", text(facts->user),
                                         "waiting", number(facts->waiting),
                                         "sessions", number(facts->sessions)));
}

static json_t *relays_of(const struct status_sources *sources)
{
    json_t *relays = json_array();

    if (sources->relays)
        relay_set_each(sources->relays, see_registered, relays);
    return relays;
}

/* --- sessions --- */

static json_t *proxy_of(const struct session_facts *facts)
{
    if (!*facts->via)
        return json_null();
    return text(strstr(facts->via, "://") ? facts->via : "direct");
}

static void see_session(void *arg, const struct session_facts *facts)
{
    json_array_append_new(arg, json_pack("{so so so so so so so so so so}",
                                         "name", text(facts->name),
                                         "listener", text(facts->listener),
                                         "state", text(facts->state),
                                         "age", number(facts->age_ms / 1000),
                                         "in", number(facts->in),
                                         "out", number(facts->out),
                                         "from", text_or_null(facts->from),
                                         "on", text_or_null(facts->on),
                                         "proxy", proxy_of(facts),
                                         "switched", yes_no(facts->switched)));
}

json_t *status_json_sessions(const struct status_sources *sources, uint64_t *below, size_t most)
{
    json_t *sessions = json_array();

    *below = sessions_some(sources->sessions, *below, most, see_session, sessions);
    return sessions;
}

static json_t *totals_of(const struct status_sources *sources)
{
    struct session_sums sums = sessions_sums(sources->sessions);
    struct pool_sums pool = sources->services->pool ? pool_sums(sources->services->pool) : (struct pool_sums){0};

    return json_pack("{so so so so so so}", "open", number(sessions_count(sources->sessions)), "sessions",
                     number(sums.sessions), "in", number(sums.in), "out", number(sums.out),
                     "preconnected", number(pool.taken), "stale", number(pool.stale));
}

/* --- proxies --- */

/* The proxies that are told of. */
struct proxies {
    const struct status_sources *sources;
    json_t *list;
};

/* A word for where a proxy comes from, or null. */
static json_t *origin_of(const struct status_sources *sources, const struct endpoint *endpoint)
{
    const char *word = proxy_source_word(sources->config, sources->services->finder, endpoint);

    return word ? text(word) : json_null();
}

/* The proxy with this URL; if there is none, one is added, with the state "up". */
static json_t *take_proxy(const struct proxies *proxies, const struct endpoint *endpoint)
{
    char url[ENDPOINT_URL_MAX];
    json_t *proxy = find(proxies->list, "url", endpoint_format_url(endpoint, url));

    if (proxy)
        return proxy;
    json_array_append_new(proxies->list, json_pack("{so so so so so so so so so}", "url", text(url),
                                                   "source", origin_of(proxies->sources, endpoint),
                                                   "state", text("up"), "seconds", number(0), "ready", json_null(),
                                                   "next_try", json_null(), "last_error", json_null(),
                                                   "last_error_age", json_null(), "connections", json_array()));
    return find(proxies->list, "url", url);
}

/* A proxy that is asked in two forms has two entries of one URL: the longer rest and the later error are told. */
static void see_health(void *arg, const struct endpoint *endpoint, enum health_state state, uint64_t left_ms,
                       const char *why, uint64_t age_ms)
{
    static const char *const words[] = {[HEALTH_UP] = "up", [HEALTH_DOUBTFUL] = "doubtful",
                                        [HEALTH_RESTING] = "resting", [HEALTH_AWAY] = "away"};
    json_t *proxy = take_proxy(arg, endpoint), *error_age = json_object_get(proxy, "last_error_age");
    json_int_t age = (json_int_t)(age_ms / 1000), told = json_integer_value(json_object_get(proxy, "seconds"));
    json_t *left = seconds_left(left_ms);

    if (state != HEALTH_UP && told <= json_integer_value(left)) {
        json_object_set_new(proxy, "state", text(words[state]));
        json_object_set(proxy, "seconds", left);
    }
    json_decref(left);
    if (*why && (json_is_null(error_age) || json_integer_value(error_age) >= age)) {
        json_object_set_new(proxy, "last_error", text(why));
        json_object_set_new(proxy, "last_error_age", json_integer(age));
    }
}

/* Only connections that are shared have anything to tell: one of HTTP/1.1 is its session's. */
static void see_connection(void *arg, const struct endpoint *endpoint, const struct h2_connection *connection,
                           bool draining)
{
    json_array_append_new(json_object_get(take_proxy(arg, endpoint), "connections"),
                          json_pack("{so so so so}", "http", text("2"),
                                    "tunnels", number(h2_connection_tunnels(connection)),
                                    "most", number(h2_connection_most(connection)),
                                    "draining", yes_no(draining)));
}

/* Adds a proxy of the configuration. */
static void see_configured(const struct proxies *proxies, const struct proxy_config *section,
                           const struct endpoint *endpoint)
{
    const struct pool *pool = proxies->sources->services->pool;
    uint64_t next = pool ? pool_next_try(pool, endpoint) : 0, now = loop_now(proxies->sources->services->loop);
    json_t *proxy = take_proxy(proxies, endpoint);

    if (section->preconnect > 0 && pool)
        json_object_set_new(proxy, "ready", number(pool_ready(pool, endpoint, NULL)));
    if (next > 0)
        json_object_set_new(proxy, "next_try", seconds_left(next > now ? next - now : 0));
}

/* The proxies of the configuration in its order, then the others that are remembered or connected: of the environment,
 * found, or learned. */
static json_t *proxies_of(const struct status_sources *sources)
{
    struct proxies proxies = {sources, json_array()};

    for (size_t i = 0; i < sources->config->proxy_count; i++)
        for (size_t k = 0; k < sources->config->proxies[i].urls.count; k++)
            see_configured(&proxies, &sources->config->proxies[i], &sources->config->proxies[i].urls.at[k]);
    health_each(sources->services->health, loop_now(sources->services->loop), see_health, &proxies);
    if (sources->services->h2)
        h2_pool_each(sources->services->h2, see_connection, &proxies);
    return proxies.list;
}

/* --- sections whose proxies are found --- */

static void see_finding(void *arg, const struct finder_facts *facts)
{
    char asks[1024];

    json_array_append_new(arg, json_pack(
        "{so so so so so so so}",
        "section", text(facts->section->label),
        "asks", text(source_name(facts->section, asks, sizeof asks)),
        "place", text_or_null(facts->place),
        "age", facts->age_ms < 0 ? json_null() : number((uint64_t)facts->age_ms / 1000),
        "answers", number(facts->kept),
        "helper", yes_no(facts->helper_runs),
        "last_error", text_or_null(facts->error)));
}

static json_t *findings_of(const struct status_sources *sources)
{
    json_t *findings = json_array();

    if (sources->services->finder)
        finder_each(sources->services->finder, see_finding, findings);
    return findings;
}

/* --- redirects and questions --- */

static json_t *redirect_table_of(const struct status_sources *sources)
{
    uint64_t now = loop_now(sources->services->loop);
    const struct redirect_entry *entry;
    json_t *redirects = json_array();
    char scope[SCOPE_TEXT_MAX];

    for (size_t i = 0; (entry = redirect_table_at(sources->services->redirects, i, now)); i++)
        json_array_append_new(redirects, json_pack(
            "{so so so so so so so}",
            "id", number(entry->id),
            "sender", url_of(&entry->sender),
            "proxy", entry->direct ? text("direct") : url_of(&entry->proxy),
            "scope", text(scope_format(&entry->scope, scope)),
            "seconds_left", entry->ends_at ? seconds_left(entry->ends_at - now) : json_null(),
            "hits_left", entry->hits_left ? number(entry->hits_left) : json_null(),
            "hits", number(entry->hits)));
    return redirects;
}

static json_t *questions_of(const struct status_sources *sources)
{
    json_t *questions = json_array();
    struct question_facts facts;

    for (size_t i = 0; questions_at(sources->services->questions, i, &facts); i++)
        json_array_append_new(questions, json_pack("{so so so}", "id", number(facts.id), "text", text(facts.text),
                                                   "seconds_left", seconds_left(facts.left_ms)));
    return questions;
}

/* --- all --- */

static json_t *network_of(const struct status_sources *sources)
{
    if (!sources->network)
        return json_null();
    return json_pack("{so so}", "epoch", number(netwatch_epochs(sources->network)->number), "since",
                     number((loop_now(sources->services->loop) - netwatch_epochs(sources->network)->since) / 1000));
}

json_t *status_json_redirects(const struct status_sources *sources)
{
    return json_pack("{so so}", "redirects", redirect_table_of(sources), "questions", questions_of(sources));
}

json_t *status_json_frame(const struct status_sources *sources)
{
    uint64_t up = loop_now(sources->services->loop) - sources->started;

    return json_pack("{so so so so so so so so so so so so so so}",
                     "version", text(PACKAGE_VERSION),
                     "pid", number((uint64_t)getpid()),
                     "configuration", text(sources->config->path),
                     "uptime", number(up / 1000),
                     "stopping", yes_no(!sources->posts),
                     "network", network_of(sources),
                     "totals", totals_of(sources),
                     "listeners", listeners_of(sources),
                     "reverse", reverses_of(sources),
                     "relay", relays_of(sources),
                     "proxies", proxies_of(sources),
                     "found", findings_of(sources),
                     "redirects", redirect_table_of(sources),
                     "questions", questions_of(sources));
}

/* --- as text --- */

bool status_json_write_frame(const struct status_sources *sources, FILE *out)
{
    json_t *frame = status_json_frame(sources);
    char *text = frame ? json_dumps(frame, JSON_INDENT(2)) : NULL;
    size_t length = text ? strlen(text) : 0;

    json_decref(frame);
    if (length > 2) /* the object is left open: "\n}" follows after the sessions */
        fprintf(out, "%.*s,\n  \"sessions\": [", (int)(length - 2), text);
    free(text);
    return length > 2;
}

bool status_json_write_sessions(const struct status_sources *sources, uint64_t *below, size_t most, FILE *out)
{
    const char *between = *below == SESSIONS_NEWEST ? "\n    " : ",\n    ";
    json_t *sessions = status_json_sessions(sources, below, most), *session;
    bool written = sessions != NULL;
    size_t i;

    json_array_foreach(sessions, i, session) {
        fputs(between, out);
        written = json_dumpf(session, out, 0) == 0 && written; /* a line each */
        between = ",\n    ";
    }
    json_decref(sessions);
    if (*below == 0)
        fputs("\n  ]\n}\n", out);
    return written;
}
