#include "finding/pac_fetch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/address.h"
#include "net/endpoint.h"

#define FIRST_ROOM 16384 /* bytes for the text; most PAC files have less */

enum { STARTED, LOOKING_UP, FETCHING };

static const char *const state_names[] = {"started", "looking-up", "fetching"};

struct pac_fetch {
    struct task task; /* the first member */
    struct curl_loop *curl_loop;
    struct resolver *resolver;
    char *ca_file;
    bool insecure;
    struct pac_version known;
    size_t max;
    uint32_t limit_ms;
    struct loop_timer limit; /* of all of it */
    char *url;               /* that is asked now */
    struct endpoint server;  /* its host and port */
    unsigned redirects;      /* that led there */
    struct lookup *lookup;
    CURL *easy;              /* NULL: no transfer */
    CURLSH *share;           /* a name cache of its own */
    struct curl_slist *names, *fields;
    struct curl_loop_transfer transfer;
    char error[CURL_ERROR_SIZE];
    size_t head_length;      /* of all answers */
    char encoding[PAC_VERSION_MAX]; /* Content-Encoding of the last answer */
    struct pac_version version;
    char *text;
    size_t length, room;
    bool is_too_long, is_unchanged;
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
                  endpoint_format_url(&fetch->server, url), why);
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
    curl_loop_remove(fetch->curl_loop, &fetch->transfer);
    curl_easy_cleanup(fetch->easy);
    fetch->easy = NULL;
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
        fail(fetch, OUTCOME_PEER, "cannot look up %s within %u s", fetch->server.host, fetch->limit_ms / 1000);
    else
        fail(fetch, OUTCOME_PEER, "it has not come within %u s", fetch->limit_ms / 1000);
}

/* --- where it is --- */

/* Copies a part of the URL as text.  False: it has none. */
static bool copy_part(CURLU *parts, CURLUPart what, char *out, size_t size)
{
    char *part = NULL;
    bool fits = curl_url_get(parts, what, &part, CURLU_DEFAULT_PORT) == CURLUE_OK && strlen(part) < size;

    if (fits)
        snprintf(out, size, "%s", part);
    curl_free(part);
    return fits;
}

static bool has_part(CURLU *parts, CURLUPart what)
{
    char *part = NULL;
    bool has = curl_url_get(parts, what, &part, 0) == CURLUE_OK;

    curl_free(part);
    return has;
}

/* Reads host and port.  False: the URL cannot be asked, and *why says why. */
static bool read_server(struct pac_fetch *fetch, CURLU *parts, const char **why)
{
    char scheme[16], host[ENDPOINT_TEXT_MAX], port[8], text[ENDPOINT_TEXT_MAX + sizeof port];
    bool is_https;

    *why = "its URL cannot be read";
    if (!copy_part(parts, CURLUPART_SCHEME, scheme, sizeof scheme) ||
        !copy_part(parts, CURLUPART_HOST, host, sizeof host) || !copy_part(parts, CURLUPART_PORT, port, sizeof port))
        return false;
    is_https = strcasecmp(scheme, "https") == 0;
    snprintf(text, sizeof text, "%s:%s", host, port);
    if (!endpoint_parse(&fetch->server, text, strlen(text), 0, why))
        return false;
    fetch->server.tls = is_https;
    if (!is_https && strcasecmp(scheme, "http") != 0)
        *why = "its URL begins with neither https:// nor http://";
    else if (!is_https && !fetch->insecure)
        *why = "http is not secure: anybody on the way can say where the mail goes; insecure = yes allows it";
    else if (has_part(parts, CURLUPART_USER) || has_part(parts, CURLUPART_PASSWORD))
        *why = "its URL has a user or a password, which is not sent";
    else
        return true;
    return false;
}

/* Takes another URL, which is written anew so that libcurl and we agree on its host.  False: the fetch has failed. */
static bool take_url(struct pac_fetch *fetch, const char *url)
{
    CURLU *parts = curl_url();
    char *whole = NULL;
    const char *why = "its URL cannot be read";
    bool good;

    good = parts && curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
           read_server(fetch, parts, &why) && curl_url_get(parts, CURLUPART_URL, &whole, 0) == CURLUE_OK;
    free(fetch->url);
    fetch->url = good ? strdup(whole) : NULL;
    curl_free(whole);
    curl_url_cleanup(parts);
    if (good && !fetch->url)
        fail_for_memory(fetch);
    else if (!good)
        fail(fetch, OUTCOME_PEER, "%s", why);
    return fetch->url != NULL;
}

/* --- what comes --- */

/* Keeps the value of a field, if that is its name. */
static void keep_field(const char *line, size_t length, const char *name, char out[PAC_VERSION_MAX])
{
    const char *end = line + length;

    if (length <= strlen(name) || strncasecmp(line, name, strlen(name)) != 0)
        return;
    line += strlen(name);
    while (line < end && strchr(" \t", *line))
        line++;
    while (line < end && strchr(" \t\r\n", end[-1]))
        end--;
    out[0] = '\0';
    for (const char *c = line; c < end; c++)
        if (*c < ' ' || *c > '~') /* it is sent again */
            return;
    if ((size_t)(end - line) < PAC_VERSION_MAX)
        snprintf(out, PAC_VERSION_MAX, "%.*s", (int)(end - line), line);
}

/* Each line of an answer, the one with the status first. */
static size_t on_field(char *line, size_t one, size_t length, void *arg)
{
    struct pac_fetch *fetch = arg;

    (void)one;
    fetch->head_length += length;
    if (length > 5 && memcmp(line, "HTTP/", 5) == 0) {
        memset(&fetch->version, 0, sizeof fetch->version);
        fetch->encoding[0] = '\0';
    }
    keep_field(line, length, "Content-Encoding:", fetch->encoding);
    keep_field(line, length, "ETag:", fetch->version.etag);
    keep_field(line, length, "Last-Modified:", fetch->version.modified);
    return fetch->head_length <= PAC_FETCH_HEAD_MAX ? length : 0;
}

static long status_of(struct pac_fetch *fetch)
{
    long status = 0;

    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* More of its text, or of a page about something else.  0: no more is wanted. */
static size_t on_text(char *bytes, size_t one, size_t length, void *arg)
{
    struct pac_fetch *fetch = arg;

    (void)one;
    if (status_of(fetch) != 200)
        return length;
    if (length > fetch->max - fetch->length) {
        fetch->is_too_long = true;
        return 0;
    }
    if (length > fetch->room - fetch->length) {
        size_t room = fetch->room > 0 ? fetch->room : FIRST_ROOM;
        char *text;

        while (room < fetch->length + length)
            room *= 2;
        text = realloc(fetch->text, room);
        if (!text)
            return 0;
        fetch->text = text;
        fetch->room = room;
    }
    memcpy(fetch->text + fetch->length, bytes, length);
    fetch->length += length;
    return length;
}

/* Why libcurl has not brought an answer. */
static void explain(struct pac_fetch *fetch, CURLcode code)
{
    const char *why = fetch->error[0] ? fetch->error : curl_easy_strerror(code);

    if (fetch->is_too_long || code == CURLE_FILESIZE_EXCEEDED)
        fail(fetch, OUTCOME_PEER, "it is longer than %zu KiB", fetch->max / 1024);
    else if (fetch->head_length > PAC_FETCH_HEAD_MAX)
        fail(fetch, OUTCOME_PEER, "the server's answer has more than %d KiB of fields", PAC_FETCH_HEAD_MAX / 1024);
    else if (fetch->transfer.error)
        fail(fetch, OUTCOME_LOCAL, "cannot watch its connection: %s", strerror(fetch->transfer.error));
    else if (code == CURLE_OUT_OF_MEMORY || code == CURLE_WRITE_ERROR)
        fail_for_memory(fetch);
    else if (code == CURLE_SSL_CACERT_BADFILE)
        fail(fetch, OUTCOME_LOCAL, "cannot read ca-file %s", fetch->ca_file ? fetch->ca_file : "of the system");
    else if (code == CURLE_PEER_FAILED_VERIFICATION)
        fail(fetch, OUTCOME_PEER, "%s; ca-file says whom to trust", why);
    else
        fail(fetch, OUTCOME_PEER, "%s", why);
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

/* Whether its text cannot be read as it has come.  Servers also send other words here, which mean nothing. */
static bool is_compressed(const struct pac_fetch *fetch)
{
    static const char *const ways[] = {"gzip", "x-gzip", "deflate", "compress", "br", "zstd"};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcasecmp(fetch->encoding, ways[i]) == 0)
            return true;
    return false;
}

static bool is_redirect(long status)
{
    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

/* What the server has answered. */
static void judge(struct pac_fetch *fetch)
{
    long status = status_of(fetch);

    if (status == 304 && (fetch->known.etag[0] || fetch->known.modified[0])) {
        fetch->is_unchanged = true;
        task_tell(&fetch->task, OUTCOME_DONE);
    } else if (status == 401) {
        fail(fetch, OUTCOME_PEER, "the server answers 401: it wants to know who asks, and is not told");
    } else if (status != 200) {
        fail(fetch, OUTCOME_PEER, "the server answers %ld", status);
    } else if (is_compressed(fetch)) {
        fail(fetch, OUTCOME_PEER, "the server has compressed it, which was not asked for");
    } else if (fetch->length == 0) {
        fail(fetch, OUTCOME_PEER, "it is empty");
    } else {
        task_tell(&fetch->task, OUTCOME_DONE);
    }
}

static void on_done(void *arg, CURLcode code)
{
    struct pac_fetch *fetch = arg;
    char *redirect = NULL;

    if (code == CURLE_FILESIZE_EXCEEDED && status_of(fetch) != 200)
        code = CURLE_OK; /* that is not the file */
    if (code != CURLE_OK) {
        explain(fetch, code);
        return;
    }
    curl_easy_getinfo(fetch->easy, CURLINFO_REDIRECT_URL, &redirect); /* the handle's */
    if (is_redirect(status_of(fetch)) && redirect && (redirect = strdup(redirect))) {
        end_hop(fetch);
        follow(fetch, redirect);
        free(redirect);
    } else {
        judge(fetch);
    }
}

/* --- what is asked --- */

/* Whom to trust.  libcurl has authorities of its own beside a file that it is given, unless it is told not to. */
static bool set_authorities(CURL *easy, const char *ca_file)
{
    const char *file = ca_file ? ca_file : getenv("SSL_CERT_FILE"), *folder = getenv("SSL_CERT_DIR");

    if (file && curl_easy_setopt(easy, CURLOPT_CAINFO, file) != CURLE_OK)
        return false;
    return (!ca_file && !folder) || curl_easy_setopt(easy, CURLOPT_CAPATH, ca_file ? NULL : folder) == CURLE_OK;
}

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
    CURL *easy = fetch->easy;

    return curl_easy_setopt(easy, CURLOPT_URL, fetch->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, fetch->insecure ? "https,http" : "https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "sallyport/" PACKAGE_VERSION) == CURLE_OK &&
           add_field(fetch, "If-None-Match", fetch->known.etag) &&
           add_field(fetch, "If-Modified-Since", fetch->known.modified) &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fetch->fields) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_field) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)fetch->max) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_text) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch) == CURLE_OK;
}

/* The environment's proxy does not apply.  A silent address leaves the others half of the time. */
static bool set_connection(struct pac_fetch *fetch)
{
    CURL *easy = fetch->easy;

    return curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_RESOLVE, fetch->names) == CURLE_OK &&
           curl_share_setopt(fetch->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK &&
           curl_easy_setopt(easy, CURLOPT_SHARE, fetch->share) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           set_authorities(easy, fetch->ca_file) &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->error) == CURLE_OK;
}

/* Makes the entry for CURLOPT_RESOLVE; an address needs none.  False: out of memory. */
static bool make_names(struct pac_fetch *fetch, const struct address_list *addresses)
{
    char entry[ENDPOINT_TEXT_MAX + ADDRESS_LIST_MAX * ADDRESS_TEXT_MAX], text[ADDRESS_TEXT_MAX];
    struct address literal;
    size_t at;

    if (address_from_literal(&literal, fetch->server.host, 0))
        return true;
    at = (size_t)snprintf(entry, sizeof entry, "%s:%u:", fetch->server.host, (unsigned)fetch->server.port);
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
        fail(fetch, OUTCOME_PEER, "cannot look up %s: %s", fetch->server.host, error);
        return;
    }
    task_enter(&fetch->task, NULL, FETCHING);
    fetch->error[0] = '\0';
    fetch->easy = curl_easy_init();
    fetch->share = curl_share_init();
    if (!fetch->easy || !fetch->share || !make_names(fetch, addresses) || !set_request(fetch) ||
        !set_connection(fetch) ||
        !curl_loop_add(fetch->curl_loop, &fetch->transfer, fetch->easy, on_done, fetch))
        fail_for_memory(fetch);
}

static void look_up(struct pac_fetch *fetch)
{
    task_enter(&fetch->task, NULL, LOOKING_UP);
    fetch->lookup = resolver_find_addresses(fetch->resolver, fetch->server.host, RESOLVER_SOON, on_addresses, fetch);
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

    free(fetch->text);
    free(fetch->url);
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
    fetch->max = params->max;
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
    char *text = fetch->text;

    *length = fetch->length;
    fetch->text = NULL;
    return text;
}

const struct pac_version *pac_fetch_version(const struct pac_fetch *fetch)
{
    return &fetch->version;
}
