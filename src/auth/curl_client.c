#include "auth/curl_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"

#define WITHOUT_LIMIT_MS 86400000L /* the owner has a timer; libcurl must not have a shorter one */
#define DUMMY_ADDRESS "192.0.2.1"  /* RFC 5737: never dialed, libcurl only has to believe that it knows one */

/* What libcurl remarks: only the Kerberos library's words are of use.  Nothing else that passes here is kept. */
static int on_remark(CURL *easy, curl_infotype type, char *text, size_t length, void *arg)
{
    static const char prefix[] = "gss_init_sec_context() failed: ";
    struct speaker *speaker = arg;

    (void)easy;
    if (type != CURLINFO_TEXT || length < sizeof prefix - 1 || memcmp(text, prefix, sizeof prefix - 1) != 0)
        return 0;
    text += sizeof prefix - 1;
    length -= sizeof prefix - 1;
    while (length > 0 && strchr("\n .", text[length - 1]))
        length--;
    snprintf(speaker->reason, sizeof speaker->reason, "%.*s", (int)length, text);
    return 0;
}

/* libcurl shall not look for the proxy.  Only Kerberos and SOCKS with a name ask for more than an address. */
static bool make_names(struct speaker *speaker, const struct speaker_job *job)
{
    char text[ENDPOINT_TEXT_MAX + 40], place[ENDPOINT_TEXT_MAX];
    struct address address;

    snprintf(text, sizeof text, "::%s", endpoint_format(job->target, place));
    speaker->place = curl_slist_append(NULL, text);
    snprintf(text, sizeof text, "%s:%s", endpoint_format(job->proxy, place), DUMMY_ADDRESS);
    if (address_from_literal(&address, job->proxy->host, 0))
        return speaker->place;
    speaker->names = curl_slist_append(NULL, text);
    return speaker->place && speaker->names;
}

/* Before 8.8.0, libcurl undid URL escapes in these two, although no URL is near. */
static bool set_secret(CURL *easy, CURLoption option, const char *text)
{
    char *escaped = NULL;
    bool good;

    if (curl_version_info(CURLVERSION_NOW)->version_num >= 0x080800)
        return curl_easy_setopt(easy, option, text) == CURLE_OK;
    escaped = curl_easy_escape(easy, text, 0);
    good = escaped && curl_easy_setopt(easy, option, escaped) == CURLE_OK;
    curl_free(escaped);
    return good;
}

static bool set_credentials(struct speaker *speaker, const struct speaker_job *job)
{
    if (!job->user && job->scheme == CHALLENGE_NONE)
        return true;
    /* Negotiate wants a user, even if it is nobody */
    return set_secret(speaker->easy, CURLOPT_PROXYUSERNAME, job->user ? job->user : "") &&
           set_secret(speaker->easy, CURLOPT_PROXYPASSWORD, job->password ? job->password : "");
}

/* Exactly one scheme.  False: libcurl does not know it. */
static bool set_scheme(struct speaker *speaker, enum challenge_scheme scheme)
{
    switch (scheme) {
    case CHALLENGE_NONE: /* not Kerberos, which libcurl would offer to a SOCKS proxy by itself */
        return curl_easy_setopt(speaker->easy, CURLOPT_SOCKS5_AUTH, CURLAUTH_BASIC) == CURLE_OK;
    case CHALLENGE_BASIC:
        return curl_easy_setopt(speaker->easy, CURLOPT_PROXYAUTH, CURLAUTH_BASIC) == CURLE_OK;
    case CHALLENGE_NTLM:
        return curl_easy_setopt(speaker->easy, CURLOPT_PROXYAUTH, CURLAUTH_NTLM) == CURLE_OK;
    case CHALLENGE_DIGEST:
        return curl_easy_setopt(speaker->easy, CURLOPT_PROXYAUTH, CURLAUTH_DIGEST) == CURLE_OK;
    case CHALLENGE_NEGOTIATE:
        return curl_easy_setopt(speaker->easy, CURLOPT_PROXYAUTH, CURLAUTH_NEGOTIATE) == CURLE_OK;
    }
    return false;
}

static bool set_options(struct speaker *speaker, const struct speaker_job *job)
{
    CURL *easy = speaker->easy;
    char url[ENDPOINT_TEXT_MAX + 16], place[ENDPOINT_TEXT_MAX];

    snprintf(url, sizeof url, "%s://%s", job->scheme == CHALLENGE_NONE ? "socks5h" : "http",
             endpoint_format(job->proxy, place));
    return curl_easy_setopt(easy, CURLOPT_URL, "http://target.invalid/") == CURLE_OK && /* CONNECT_TO is what counts */
           curl_easy_setopt(easy, CURLOPT_CONNECT_TO, speaker->place) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK && /* the environment would leak in otherwise */
           curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, job->scheme == CHALLENGE_NONE ? 0L : 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_RESOLVE, speaker->names) == CURLE_OK &&
           curl_share_setopt(speaker->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK &&
           curl_easy_setopt(easy, CURLOPT_SHARE, speaker->share) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, WITHOUT_LIMIT_MS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, speaker->error) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_remark) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DEBUGDATA, speaker) == CURLE_OK &&
           lane_set(&speaker->lane, easy, job->opened, job->arg);
}

/* --- what libcurl says and is told, in HTTP --- */

bool speaker_enter(struct speaker *speaker, struct loop *loop)
{
    return lane_enter(&speaker->lane, loop);
}

static void wipe(char **bytes, size_t length)
{
    if (*bytes)
        explicit_bzero(*bytes, length);
    free(*bytes);
    *bytes = NULL;
}

/* The value of Proxy-Authorization, malloc'd, or NULL. */
static char *find_credentials(const char *request)
{
    static const char name[] = "\r\nProxy-Authorization: ";
    const char *field = strcasestr(request, name);

    return field ? strndup(field + sizeof name - 1, strcspn(field + sizeof name - 1, "\r\n")) : NULL;
}

/* Tells libcurl more of the answer. */
static void tell(struct speaker *speaker)
{
    while (speaker->told_at < speaker->told_end) {
        ssize_t sent = transport_send(speaker->lane.outer, speaker->told + speaker->told_at,
                                      speaker->told_end - speaker->told_at);

        if (sent <= 0)
            return; /* it is full, or libcurl is about to say that it has ended */
        speaker->told_at += (size_t)sent;
    }
}

/* A whole request has come: all that matters is what it says to log in. */
static void take_request(struct speaker *speaker)
{
    wipe(&speaker->credentials, speaker->credentials ? strlen(speaker->credentials) : 0);
    speaker->credentials = find_credentials(speaker->asked);
    wipe(&speaker->asked, speaker->asked_length);
    speaker->asked_length = 0;
}

enum speaker_says speaker_hear(struct speaker *speaker)
{
    tell(speaker);
    for (;;) {
        ssize_t got;

        if (!speaker->asked)
            speaker->asked = malloc(SPEAKER_REQUEST_MAX);
        if (!speaker->asked || speaker->asked_length == SPEAKER_REQUEST_MAX - 1)
            return SPEAKER_RAMBLES;
        got = transport_recv(speaker->lane.outer, speaker->asked + speaker->asked_length,
                             SPEAKER_REQUEST_MAX - 1 - speaker->asked_length);
        if (got <= 0)
            return SPEAKER_SILENT; /* when it has ended, it says so in another way */
        speaker->asked_length += (size_t)got;
        speaker->asked[speaker->asked_length] = '\0';
        if (strstr(speaker->asked, "\r\n\r\n")) {
            take_request(speaker);
            return SPEAKER_ASKS;
        }
    }
}

bool speaker_challenge(struct speaker *speaker, const struct httphead *head)
{
    static const char start[] = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n";
    FILE *text;
    size_t size;

    free(speaker->told);
    speaker->told = NULL;
    speaker->told_at = speaker->told_end = 0;
    text = open_memstream(&speaker->told, &size);
    if (!text)
        return false;
    fputs(start, text);
    for (size_t i = 0; i < head->field_count; i++) {
        const struct httphead_slice *value = &head->fields[i].value;

        if (httphead_slice_is(&head->fields[i].name, "Proxy-Authenticate"))
            fprintf(text, "Proxy-Authenticate: %.*s\r\n", (int)value->length, value->bytes);
    }
    fputs("\r\n", text);
    if (fclose(text) != 0)
        return false;
    speaker->told_end = size;
    tell(speaker);
    return true;
}

/* --- from start to end --- */

enum speaker_result speaker_start(struct speaker *speaker, const struct speaker_job *job)
{
    memset(speaker, 0, sizeof *speaker);
    lane_init(&speaker->lane);
    speaker->multi = job->multi;
    speaker->easy = curl_easy_init();
    speaker->share = curl_share_init();
    if (!speaker->easy || !speaker->share || !make_names(speaker, job) || !set_options(speaker, job))
        return SPEAKER_NO_MEMORY;
    if (!set_scheme(speaker, job->scheme))
        return SPEAKER_NOT_BUILT_IN;
    return set_credentials(speaker, job) &&
                   multi_add(job->multi, &speaker->transfer, speaker->easy, job->done, job->arg)
               ? SPEAKER_STARTED
               : SPEAKER_NO_MEMORY;
}

const char *speaker_error(const struct speaker *speaker, CURLcode code)
{
    return speaker->lane.error ? strerror(speaker->lane.error)
           : speaker->error[0] ? speaker->error
                               : curl_easy_strerror(code);
}

void speaker_stop(struct speaker *speaker)
{
    if (speaker->easy)
        multi_remove(speaker->multi, &speaker->transfer);
    curl_easy_cleanup(speaker->easy);
    curl_share_cleanup(speaker->share);
    curl_slist_free_all(speaker->names);
    curl_slist_free_all(speaker->place);
    speaker->easy = NULL;
    speaker->share = NULL;
    speaker->names = speaker->place = NULL;
    lane_close(&speaker->lane);
    wipe(&speaker->asked, speaker->asked_length);
    wipe(&speaker->credentials, speaker->credentials ? strlen(speaker->credentials) : 0);
    free(speaker->told);
    speaker->told = NULL;
}
