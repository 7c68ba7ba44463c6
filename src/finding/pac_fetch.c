/* SPDX-License-Identifier: ISC */
#include "finding/pac_fetch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/web_place.h"
#include "auth/web_transfer.h"
#include "net/address.h"
#include "net/endpoint.h"

enum { STARTED, LOOKING_UP, FETCHING };

static const char *const state_names[] = {"started", "looking-up", "fetching"};

struct pac_fetch {
    struct task task; /* the first member */
    struct curl_loop *curl_loop;
    struct resolver *resolver;
    char *ca_file;
    bool insecure;
    struct pac_version known;
    uint32_t limit_ms;
    struct loop_timer limit; /* of all of it */
    struct web_place place;  /* that is asked now */
    unsigned redirects;      /* that led there */
    struct lookup *lookup;
    CURLSH *share;           /* a name cache of its own */
    struct curl_slist *names, *fields;
    struct web_transfer web;
    struct pac_version version;
    bool is_unchanged;
};

/* --- its end --- */

/* Says of which server that is said, if it is not the one of the configuration. */
static void fail(struct pac_fetch *fetch, enum outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fail(struct pac_fetch *fetch, enum outcome outcome, const char *format, ...)
{
    char why[256], url[ENDPOINT_URL_MAX];
    va_list values;

    va_start(values, format);
    vsnprintf(why, sizeof why, format, values);
    va_end(values);
    if (fetch->redirects > 0)
        task_fail(&fetch->task, outcome, FAILURE_TEMPORARY, "redirected to %s: %s",
                  endpoint_format_url(&fetch->place.server, url), why);
    else
        task_fail(&fetch->task, outcome, FAILURE_TEMPORARY, "%s", why);
}

static void fail_for_memory(struct pac_fetch *fetch)
{
    fail(fetch, OUTCOME_LOCAL, "out of memory");
}

/* Ends the look-up and the transfer, not the fetch. */
static void end_hop(struct pac_fetch *fetch)
{
    lookup_cancel(fetch->lookup);
    fetch->lookup = NULL;
    web_transfer_end(&fetch->web, fetch->curl_loop);
    curl_share_cleanup(fetch->share);
    fetch->share = NULL;
    curl_slist_free_all(fetch->names);
    curl_slist_free_all(fetch->fields);
    fetch->names = fetch->fields = NULL;
}

static void on_late(void *arg)
{
    struct pac_fetch *fetch = arg;

    if (fetch->task.state == LOOKING_UP)
        fail(fetch, OUTCOME_PEER, "cannot look up %s within %u s", fetch->place.server.host, fetch->limit_ms / 1000);
    else
        fail(fetch, OUTCOME_PEER, "it has not come within %u s", fetch->limit_ms / 1000);
}

/* --- where it is --- */

/* Takes another URL.  False: the fetch has failed. */
static bool take_url(struct pac_fetch *fetch, const char *url)
{
    const char *why;

    if (!web_place_read(&fetch->place, url, &why)) {
        if (why)
            fail(fetch, OUTCOME_PEER, "%s", why);
        else
            fail_for_memory(fetch);
        return false;
    }
    if (!fetch->place.server.tls && !fetch->insecure) {
        fail(fetch, OUTCOME_PEER,
             "http is not secure: anybody on the way can say where the mail goes; insecure = yes allows it");
        return false;
    }
    return true;
}

/* --- what comes --- */

static void on_field(void *arg, const char *line, size_t length)
{
    struct pac_fetch *fetch = arg;

    if (length > 5 && memcmp(line, "HTTP/", 5) == 0)
        memset(&fetch->version, 0, sizeof fetch->version);
    web_field_keep(line, length, "ETag:", fetch->version.etag);
    web_field_keep(line, length, "Last-Modified:", fetch->version.modified);
}

static void look_up(struct pac_fetch *fetch);

static void follow(struct pac_fetch *fetch, const char *url)
{
    if (fetch->redirects == PAC_FETCH_REDIRECTS_MAX) {
        fail(fetch, OUTCOME_PEER, "it was redirected more than %d times", PAC_FETCH_REDIRECTS_MAX);
        return;
    }
    fetch->redirects++;
    if (take_url(fetch, url))
        look_up(fetch);
}

/* What the server has answered. */
static void judge(struct pac_fetch *fetch)
{
    bool is_known = fetch->known.etag[0] || fetch->known.modified[0];
    char why[128];

    fetch->is_unchanged = is_known && web_transfer_status(&fetch->web) == 304;
    if (fetch->is_unchanged || web_transfer_is_good(&fetch->web, why, sizeof why))
        task_tell(&fetch->task, OUTCOME_DONE);
    else
        fail(fetch, OUTCOME_PEER, "%s", why);
}

static void on_done(void *arg, CURLcode code)
{
    struct pac_fetch *fetch = arg;
    const char *redirect;
    char *url, why[256];
    enum outcome fault;

    code = web_transfer_result(&fetch->web, code);
    if (code != CURLE_OK) {
        fault = web_transfer_explain(&fetch->web, code, why, sizeof why);
        fail(fetch, fault, "%s", why);
        return;
    }
    redirect = web_transfer_redirect(&fetch->web);
    if (redirect && (url = strdup(redirect))) {
        end_hop(fetch);
        follow(fetch, url);
        free(url);
    } else {
        judge(fetch);
    }
}

/* --- what is asked --- */

/* Adds "name: value", if there is a value.  False: out of memory. */
static bool add_field(struct pac_fetch *fetch, const char *name, const char *value)
{
    char line[PAC_VERSION_MAX + 32];
    struct curl_slist *fields;

    if (!*value)
        return true;
    snprintf(line, sizeof line, "%s: %s", name, value);
    fields = curl_slist_append(fetch->fields, line);
    fetch->fields = fields ? fields : fetch->fields;
    return fields;
}

static bool set_request(struct pac_fetch *fetch)
{
    return add_field(fetch, "If-None-Match", fetch->known.etag) &&
           add_field(fetch, "If-Modified-Since", fetch->known.modified) &&
           web_transfer_set(&fetch->web, fetch->place.url, fetch->insecure ? "https,http" : "https", fetch->fields);
}

/* A silent address leaves the others half of the time. */
static bool set_names(struct pac_fetch *fetch)
{
    CURL *easy = fetch->web.easy;

    return curl_easy_setopt(easy, CURLOPT_RESOLVE, fetch->names) == CURLE_OK &&
           curl_share_setopt(fetch->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK &&
           curl_easy_setopt(easy, CURLOPT_SHARE, fetch->share) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L) == CURLE_OK;
}

/* Makes the entry for CURLOPT_RESOLVE; an address needs none.  False: out of memory. */
static bool make_names(struct pac_fetch *fetch, const struct address_list *addresses)
{
    char entry[ENDPOINT_TEXT_MAX + ADDRESS_LIST_MAX * ADDRESS_TEXT_MAX], text[ADDRESS_TEXT_MAX];
    struct address literal;
    size_t at;

    if (address_from_literal(&literal, fetch->place.server.host, 0))
        return true;
    at = (size_t)snprintf(entry, sizeof entry, "%s:%u:", fetch->place.server.host, (unsigned)fetch->place.server.port);
    for (size_t i = 0; i < addresses->count; i++) {
        address_format_host(&addresses->at[i], text);
        at += (size_t)snprintf(entry + at, sizeof entry - at, strchr(text, ':') ? "%s[%s]" : "%s%s", i > 0 ? "," : "",
                               text);
    }
    return (fetch->names = curl_slist_append(NULL, entry));
}

static void on_addresses(void *arg, const struct address_list *addresses, const char *error)
{
    struct pac_fetch *fetch = arg;

    fetch->lookup = NULL;
    if (!addresses) {
        fail(fetch, OUTCOME_PEER, "cannot look up %s: %s", fetch->place.server.host, error);
        return;
    }
    task_enter(&fetch->task, NULL, FETCHING);
    fetch->share = curl_share_init();
    if (!fetch->share || !make_names(fetch, addresses) || !set_request(fetch) || !set_names(fetch) ||
        !web_transfer_run(&fetch->web, fetch->curl_loop, on_done, fetch))
        fail_for_memory(fetch);
}

static void look_up(struct pac_fetch *fetch)
{
    task_enter(&fetch->task, NULL, LOOKING_UP);
    fetch->lookup = resolver_find_addresses(fetch->resolver, fetch->place.server.host, RESOLVER_SOON, on_addresses,
                                            fetch);
    if (!fetch->lookup)
        fail(fetch, OUTCOME_LOCAL, "out of memory, or too many names are being looked up");
}

/* --- from start to end --- */

static void begin(struct task *task)
{
    struct pac_fetch *fetch = (struct pac_fetch *)task;

    loop_timer_start(task->loop, &fetch->limit, fetch->limit_ms, on_late, fetch);
    look_up(fetch);
}

static void drop(struct task *task)
{
    struct pac_fetch *fetch = (struct pac_fetch *)task;

    loop_timer_stop(&fetch->limit);
    end_hop(fetch);
}

static void release(struct task *task)
{
    struct pac_fetch *fetch = (struct pac_fetch *)task;

    web_transfer_release(&fetch->web);
    web_place_release(&fetch->place);
    free(fetch->ca_file);
}

static const struct task_kind kind = {"pac_fetch", state_names, begin, drop, release};

struct pac_fetch *pac_fetch_start(const struct pac_fetch_params *params)
{
    struct pac_fetch *fetch = calloc(1, sizeof *fetch);

    if (!fetch || (params->ca_file && !(fetch->ca_file = strdup(params->ca_file)))) {
        free(fetch);
        return NULL;
    }
    fetch->curl_loop = params->curl_loop;
    fetch->resolver = params->resolver;
    fetch->insecure = params->insecure;
    if (params->known)
        fetch->known = *params->known;
    fetch->web.max = params->max;
    fetch->web.ca_file = fetch->ca_file;
    fetch->web.trust = "ca-file says whom to trust";
    fetch->web.on_field = on_field;
    fetch->limit_ms = params->limit_ms;
    task_start(&fetch->task, &kind, params->loop, params->done, params->arg);
    take_url(fetch, params->url); /* a URL at fault is told when it begins */
    return fetch;
}

void pac_fetch_free(struct pac_fetch *fetch)
{
    task_free(fetch ? &fetch->task : NULL);
}

bool pac_fetch_is_unchanged(const struct pac_fetch *fetch)
{
    return fetch->is_unchanged;
}

char *pac_fetch_take(struct pac_fetch *fetch, size_t *length)
{
    char *text = fetch->web.text;

    *length = fetch->web.length;
    fetch->web.text = NULL;
    return text;
}

const struct pac_version *pac_fetch_version(const struct pac_fetch *fetch)
{
    return &fetch->version;
}
