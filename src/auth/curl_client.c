/* SPDX-License-Identifier: ISC */
#include "auth/curl_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/latin1.h"
#include "http/uri_template.h"
#include "net/address.h"

#define WITHOUT_LIMIT_MS 86400000L /* the owner has a timer, and libcurl's must not end first */
#define DUMMY_ADDRESS "192.0.2.1"  /* RFC 5737: never dialed; libcurl only needs to have an address for the name */

/* What differs between a proxy and a server for libcurl, and for us who play them. */
struct curl_client_role {
    long denial;
    const char *answer;      /* the start of ours */
    const char *asks;        /* the field with our challenge */
    const char *credentials; /* the start of the field with libcurl's credentials */
    CURLoption user, password, schemes;
    CURLINFO status;         /* of the last answer */
};

static const struct curl_client_role as_proxy = {
    407, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n", "Proxy-Authenticate",
    "\r\nProxy-Authorization: ", CURLOPT_PROXYUSERNAME, CURLOPT_PROXYPASSWORD, CURLOPT_PROXYAUTH,
    CURLINFO_HTTP_CONNECTCODE,
};
static const struct curl_client_role as_server = {
    401, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n", "WWW-Authenticate",
    "\r\nAuthorization: ",
    CURLOPT_USERNAME, CURLOPT_PASSWORD, CURLOPT_HTTPAUTH, CURLINFO_RESPONSE_CODE,
};

/* The bytes of a remark of libcurl before the words of the Kerberos library, which says why there is no token; 0: it is
 * about something else.  Which function has failed depends on the version: gss_init_sec_context, gss_acquire_cred. */
static size_t before_reason(const char *text, size_t length)
{
    static const char function[] = "gss_", failed[] = "() failed: ";
    const char *end;

    if (length < sizeof function || memcmp(text, function, sizeof function - 1) != 0)
        return 0;
    end = memmem(text, length, failed, sizeof failed - 1);
    return end ? (size_t)(end - text) + sizeof failed - 1 : 0;
}

/* libcurl's debug output: only the Kerberos library's error is kept. */
static int on_remark(CURL *easy, curl_infotype type, char *text, size_t length, void *arg)
{
    struct curl_client *curl = arg;
    size_t before = type == CURLINFO_TEXT ? before_reason(text, length) : 0;

    (void)easy;
    if (before == 0)
        return 0;
    text += before;
    length -= before;
    while (length > 0 && strchr("\n .", text[length - 1]))
        length--;
    snprintf(curl->reason, sizeof curl->reason, "%.*s", (int)length, text);
    return 0;
}

/* Makes the lists for CURLOPT_CONNECT_TO and CURLOPT_RESOLVE.  With the latter libcurl need not look up the proxy's
 * name, which Kerberos and SOCKS need; an address needs no entry.  False: out of memory. */
static bool make_names(struct curl_client *curl, const struct curl_client_params *params)
{
    char text[ENDPOINT_TEXT_MAX + 40], place[ENDPOINT_TEXT_MAX];
    struct address address;

    snprintf(text, sizeof text, "::%s", endpoint_format(params->target, place));
    curl->place = curl_slist_append(NULL, text);
    snprintf(text, sizeof text, "%s:%s", endpoint_format(params->proxy, place), DUMMY_ADDRESS);
    if (address_from_literal(&address, params->proxy->host, 0))
        return curl->place;
    curl->names = curl_slist_append(NULL, text);
    return curl->place && curl->names;
}

/* Before 8.8.0, libcurl decoded URL escapes in the two options for a proxy, although they are not part of a URL. */
static bool set_secret(struct curl_client *curl, CURLoption option, const char *text)
{
    char *escaped = NULL;
    bool good;

    if (curl->role == &as_server || curl_version_info(CURLVERSION_NOW)->version_num >= 0x080800)
        return curl_easy_setopt(curl->easy, option, text) == CURLE_OK;
    escaped = curl_easy_escape(curl->easy, text, 0);
    good = escaped && curl_easy_setopt(curl->easy, option, escaped) == CURLE_OK;
    curl_free(escaped);
    return good;
}

static void wipe(char **bytes, size_t length)
{
    if (*bytes)
        explicit_bzero(*bytes, length);
    free(*bytes);
    *bytes = NULL;
}

static void wipe_text(char **text)
{
    wipe(text, *text ? strlen(*text) : 0);
}

/* NTLM reckons with the user's name in capitals, of which libcurl makes only those of ASCII; servers know a name in
 * any case.  A domain before the name stays.  False: a capital is not in Latin-1. */
static bool raise_user(char *user)
{
    char *name = user + strcspn(user, "\\");

    if (!*name)
        name = user + strcspn(user, "/");
    return latin1_raise(*name ? name + 1 : user);
}

/* For NTLM, libcurl makes UTF-16 of each byte by adding a zero: it takes Latin-1. */
static enum curl_client_result set_latin1(struct curl_client *curl, const char *user, const char *password)
{
    enum curl_client_result result = CURL_CLIENT_STARTED;
    char *name = NULL, *word = NULL;

    if (!latin1_from_utf8(user, &name) || !latin1_from_utf8(password, &word) || (name && !raise_user(name)))
        result = CURL_CLIENT_NOT_SAYABLE;
    else if (!name || !word || !set_secret(curl, curl->role->user, name) ||
             !set_secret(curl, curl->role->password, word))
        result = CURL_CLIENT_NO_MEMORY;
    wipe_text(&name);
    wipe_text(&word);
    return result;
}

static enum curl_client_result set_credentials(struct curl_client *curl, const struct curl_client_params *params)
{
    /* Negotiate needs a user, even an empty one */
    const char *user = params->user ? params->user : "", *password = params->password ? params->password : "";

    if (!params->user && params->scheme == CHALLENGE_NONE)
        return CURL_CLIENT_STARTED;
    if (params->scheme == CHALLENGE_NTLM)
        return set_latin1(curl, user, password);
    return set_secret(curl, curl->role->user, user) && set_secret(curl, curl->role->password, password)
               ? CURL_CLIENT_STARTED : CURL_CLIENT_NO_MEMORY;
}

/* Allows exactly one scheme.  False: this libcurl does not support it. */
static bool set_scheme(struct curl_client *curl, enum challenge_scheme scheme)
{
    const CURLoption schemes = curl->role->schemes;

    switch (scheme) {
    case CHALLENGE_NONE: /* otherwise libcurl would also offer Kerberos to a SOCKS proxy */
        return curl_easy_setopt(curl->easy, CURLOPT_SOCKS5_AUTH, CURLAUTH_BASIC) == CURLE_OK;
    case CHALLENGE_BASIC:
        return curl_easy_setopt(curl->easy, schemes, CURLAUTH_BASIC) == CURLE_OK;
    case CHALLENGE_NTLM:
        return curl_easy_setopt(curl->easy, schemes, CURLAUTH_NTLM) == CURLE_OK;
    case CHALLENGE_DIGEST:
        return curl_easy_setopt(curl->easy, schemes, CURLAUTH_DIGEST) == CURLE_OK;
    case CHALLENGE_NEGOTIATE:
        return curl_easy_setopt(curl->easy, schemes, CURLAUTH_NEGOTIATE) == CURLE_OK;
    }
    return false;
}

/* For a proxy: libcurl connects through it, and does no more. */
static bool set_proxy(struct curl_client *curl, const struct curl_client_params *params)
{
    CURL *easy = curl->easy;
    char url[ENDPOINT_TEXT_MAX + 16], place[ENDPOINT_TEXT_MAX];

    snprintf(url, sizeof url, "%s://%s", params->scheme == CHALLENGE_NONE ? "socks5h" : "http",
             endpoint_format(params->proxy, place));
    return curl_easy_setopt(easy, CURLOPT_URL, "http://target.invalid/") == CURLE_OK && /* unused; see CONNECT_TO */
           curl_easy_setopt(easy, CURLOPT_CONNECT_TO, curl->place) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, params->scheme == CHALLENGE_NONE ? 0L : 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK;
}

/* For a server: its resource is asked for, as it is written.  Each request has a connection of its own: libcurl would
 * keep one for later, and yet not use it again for lack of an IP address at its end. */
static bool set_resource(struct curl_client *curl, const struct curl_client_params *params)
{
    CURL *easy = curl->easy;
    unsigned method = params->resource->http2 ? METHOD_CONNECT : params->resource->method; /* RFC 8441 */
    char url[ENDPOINT_TEXT_MAX + 16 + URI_TEMPLATE_MAX], place[ENDPOINT_TEXT_MAX];
    int length = snprintf(url, sizeof url, "http://%s%s", endpoint_format(params->proxy, place),
                          params->resource->path);

    return length > 0 && (size_t)length < sizeof url && curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, connect_request_verb(method)) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK; /* or the environment's would be used */
}

static bool set_options(struct curl_client *curl, const struct curl_client_params *params)
{
    CURL *easy = curl->easy;

    return (params->resource ? set_resource(curl, params) : set_proxy(curl, params)) &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK && /* or the environment's no_proxy would apply */
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_RESOLVE, curl->names) == CURLE_OK &&
           curl_share_setopt(curl->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK &&
           curl_easy_setopt(easy, CURLOPT_SHARE, curl->share) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, WITHOUT_LIMIT_MS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, curl->error) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_remark) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DEBUGDATA, curl) == CURLE_OK &&
           curl_socket_set(&curl->socket, easy, params->opened, params->arg);
}

/* --- HTTP: libcurl's requests, and the answers to libcurl --- */

bool curl_client_enter(struct curl_client *curl, struct loop *loop)
{
    return curl_socket_enter(&curl->socket, loop);
}

/* The value of the field that starts so, malloc'd, or NULL. */
static char *find_credentials(const char *request, const char *start)
{
    const char *field = strcasestr(request, start), *value = field ? field + strlen(start) : NULL;

    return value ? strndup(value, strcspn(value, "\r\n")) : NULL;
}

/* Sends libcurl more of the answer. */
static void tell(struct curl_client *curl)
{
    while (curl->told_at < curl->told_end) {
        ssize_t sent = transport_send(curl->socket.outer, curl->told + curl->told_at,
                                      curl->told_end - curl->told_at);

        if (sent <= 0)
            return; /* the socket is full, or libcurl has closed its end and is about to call done */
        curl->told_at += (size_t)sent;
    }
}

/* A complete request has come: only its credentials matter. */
static void take_request(struct curl_client *curl)
{
    wipe_text(&curl->credentials);
    curl->credentials = find_credentials(curl->asked, curl->role->credentials);
    wipe(&curl->asked, curl->asked_length);
    curl->asked_length = 0;
}

enum curl_client_says curl_client_hear(struct curl_client *curl)
{
    tell(curl);
    for (;;) {
        ssize_t got;

        if (!curl->asked)
            curl->asked = malloc(CURL_CLIENT_REQUEST_MAX);
        if (!curl->asked || curl->asked_length == CURL_CLIENT_REQUEST_MAX - 1)
            return CURL_CLIENT_RAMBLES;
        got = transport_recv(curl->socket.outer, curl->asked + curl->asked_length,
                             CURL_CLIENT_REQUEST_MAX - 1 - curl->asked_length);
        if (got <= 0)
            return CURL_CLIENT_SILENT; /* no more for now, or end of stream: then libcurl will call done */
        curl->asked_length += (size_t)got;
        curl->asked[curl->asked_length] = '\0';
        if (strstr(curl->asked, "\r\n\r\n")) {
            take_request(curl);
            return CURL_CLIENT_ASKS;
        }
    }
}

bool curl_client_shows_secret(const struct curl_client *curl)
{
    static const char first[] = "NTLM TlRMTVNTUAAB"; /* "NTLMSSP", NUL, 1 */

    return curl->credentials && strncmp(curl->credentials, first, sizeof first - 1) != 0;
}

bool curl_client_challenge(struct curl_client *curl, const char *challenge)
{
    FILE *text;
    size_t size;

    free(curl->told);
    curl->told = NULL;
    curl->told_at = curl->told_end = 0;
    text = open_memstream(&curl->told, &size);
    if (!text)
        return false;
    fputs(curl->role->answer, text);
    if (challenge) /* without "stale", libcurl answers one Digest challenge only */
        fprintf(text, "%s: %s%s\r\n", curl->role->asks, challenge, strncmp(challenge, "Digest ", 7) == 0
                                                                   ? ", stale=true" : "");
    fputs("\r\n", text);
    if (fclose(text) != 0)
        return false;
    curl->told_end = size;
    tell(curl);
    return true;
}

/* --- from start to end --- */

const char *curl_client_refusal(enum curl_client_result result)
{
    switch (result) {
    case CURL_CLIENT_STARTED: case CURL_CLIENT_NO_MEMORY:
        break;
    case CURL_CLIENT_NOT_BUILT_IN:
        return "is not built into this libcurl";
    case CURL_CLIENT_NOT_SAYABLE:
        return "can be used here with names and passwords in letters of Western Europe (Latin-1) only, and user or "
               "password has another character";
    case CURL_CLIENT_NOT_PROVABLE:
        return "cannot be used here with a url that has a quotation mark or a backslash, or ends with a question mark";
    case CURL_CLIENT_NOT_KEPT:
        return "cannot be used here with a url that has a percent-encoding in small letters: this libcurl proves it in "
               "capitals; write %3A for %3a";
    }
    return NULL;
}

/* libcurl does not escape what it quotes in its proof, and drops an empty query. */
static bool is_provable(const char *path)
{
    const char *query = strchr(path, '?');

    return !strpbrk(path, "\"\\") && (!query || query[1]);
}

/* Whether a percent-encoding is written in small letters. */
static bool has_small(const char *path)
{
    while ((path = strchr(path, '%'))) {
        path++;
        if (strspn(path, "0123456789ABCDEF") < 2 && strspn(path, "0123456789ABCDEFabcdef") >= 2)
            return true;
    }
    return false;
}

/* Whether libcurl proves the path as it is written.  Some versions write percent-encodings in capitals, which is the
 * same resource (RFC 3986 section 6.2.2.1), but not the same text in the proof as in our request. */
static bool is_kept(const char *path)
{
    CURLU *url = has_small(path) ? curl_url() : NULL;
    char *got = NULL;
    bool kept = !url || (curl_url_set(url, CURLUPART_URL, "http://a/%3a", 0) == CURLUE_OK &&
                         curl_url_get(url, CURLUPART_PATH, &got, CURLU_URLENCODE) == CURLUE_OK &&
                         strcmp(got, "/%3a") == 0);

    curl_free(got);
    curl_url_cleanup(url);
    return kept;
}

enum curl_client_result curl_client_start(struct curl_client *curl, const struct curl_client_params *params)
{
    enum curl_client_result result;

    memset(curl, 0, sizeof *curl);
    curl_socket_init(&curl->socket);
    curl->role = params->resource ? &as_server : &as_proxy;
    curl->socket.again = params->resource;
    curl->curl_loop = params->curl_loop;
    curl->easy = params->easy ? params->easy : curl_easy_init();
    curl->share = curl_share_init();
    if (!curl->easy || !curl->share || !make_names(curl, params) || !set_options(curl, params))
        return CURL_CLIENT_NO_MEMORY;
    if (!set_scheme(curl, params->scheme))
        return CURL_CLIENT_NOT_BUILT_IN;
    if (params->scheme == CHALLENGE_DIGEST && params->resource && !is_provable(params->resource->path))
        return CURL_CLIENT_NOT_PROVABLE;
    if (params->scheme == CHALLENGE_DIGEST && params->resource && !is_kept(params->resource->path))
        return CURL_CLIENT_NOT_KEPT;
    result = set_credentials(curl, params);
    if (result == CURL_CLIENT_STARTED &&
        !curl_loop_add(params->curl_loop, &curl->transfer, curl->easy, params->done, params->arg))
        result = CURL_CLIENT_NO_MEMORY;
    return result;
}

const char *curl_client_error(const struct curl_client *curl, CURLcode code)
{
    int error = curl->socket.error ? curl->socket.error : curl->transfer.error;

    return error ? strerror(error)
           : curl->error[0] ? curl->error
                               : curl_easy_strerror(code);
}

CURL *curl_client_part(struct curl_client *curl)
{
    CURL *easy = curl->easy;

    if (!easy)
        return NULL;
    curl_loop_remove(curl->curl_loop, &curl->transfer);
    curl->easy = NULL;
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 0L); /* from here to the end: nothing of ours is left in it */
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, NULL);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(easy, CURLOPT_SHARE, NULL);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, NULL);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, NULL);
    curl_easy_setopt(easy, curl->role->user, NULL);
    curl_easy_setopt(easy, curl->role->password, NULL);
    curl_client_stop(curl);
    return easy;
}

bool curl_client_has_no_answer(const struct curl_client *curl, CURLcode code)
{
    long last = 0;

    if (curl->role == &as_server && code != CURLE_OK) /* to a client of a server, any answer is a good end */
        return false;
    return code != CURLE_SEND_ERROR && !curl_client_failed_here(curl, code) &&
           curl_easy_getinfo(curl->easy, curl->role->status, &last) == CURLE_OK && last == curl->role->denial;
}

bool curl_client_failed_here(const struct curl_client *curl, CURLcode code)
{
    return curl->socket.error || curl->transfer.error || code == CURLE_OUT_OF_MEMORY || code == CURLE_FAILED_INIT;
}

void curl_client_stop(struct curl_client *curl)
{
    if (curl->easy)
        curl_loop_remove(curl->curl_loop, &curl->transfer);
    curl_easy_cleanup(curl->easy);
    curl_share_cleanup(curl->share);
    curl_slist_free_all(curl->names);
    curl_slist_free_all(curl->place);
    curl->easy = NULL;
    curl->share = NULL;
    curl->names = curl->place = NULL;
    curl_socket_close(&curl->socket);
    wipe(&curl->asked, curl->asked_length);
    wipe_text(&curl->credentials);
    free(curl->told);
    curl->told = NULL;
}
