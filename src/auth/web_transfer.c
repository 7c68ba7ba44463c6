/* SPDX-License-Identifier: ISC */
#include "auth/web_transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOO_LARGE (CURLcode)100 /* CURLE_TOO_LARGE, which older headers do not have */
#define FIRST_ROOM 16384 /* bytes for the text; most have less */

/* --- what comes --- */

void web_field_keep(const char *line, size_t length, const char *name, char out[WEB_FIELD_MAX])
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
        if (*c < ' ' || *c > '~') /* it is sent again, or shown */
            return;
    if ((size_t)(end - line) < WEB_FIELD_MAX)
        snprintf(out, WEB_FIELD_MAX, "%.*s", (int)(end - line), line);
}

/* Each line of an answer, the one with the status first. */
static size_t on_line(char *line, size_t one, size_t length, void *arg)
{
    struct web_transfer *web = arg;

    (void)one;
    web->head_length += length;
    if (length > 5 && memcmp(line, "HTTP/", 5) == 0)
        web->encoding[0] = '\0';
    web_field_keep(line, length, "Content-Encoding:", web->encoding);
    if (web->on_field)
        web->on_field(web->arg, line, length);
    return web->head_length <= WEB_TRANSFER_HEAD_MAX ? length : 0;
}

long web_transfer_status(const struct web_transfer *web)
{
    long status = 0;

    curl_easy_getinfo(web->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Makes room for so many bytes more.  False: out of memory. */
static bool make_room(struct web_transfer *web, size_t length)
{
    size_t room = web->room > 0 ? web->room : FIRST_ROOM;
    char *text;

    if (length <= web->room - web->length)
        return true;
    while (room < web->length + length)
        room *= 2;
    text = realloc(web->text, room);
    if (!text)
        return false;
    web->text = text;
    web->room = room;
    return true;
}

/* More of its text, or of a page about something else.  0: no more is wanted. */
static size_t on_text(char *bytes, size_t one, size_t length, void *arg)
{
    struct web_transfer *web = arg;

    (void)one;
    if (web_transfer_status(web) != 200)
        return length;
    if (length > web->max - web->length) {
        web->is_too_long = true;
        return 0;
    }
    if (!make_room(web, length)) {
        web->lacks_memory = true;
        return 0;
    }
    memcpy(web->text + web->length, bytes, length);
    web->length += length;
    return length;
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

static bool set_request(struct web_transfer *web, const char *url, const char *schemes, struct curl_slist *fields)
{
    CURL *easy = web->easy;

    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, schemes) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "sallyport/" PACKAGE_VERSION) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, web) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)web->max) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_text) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, web) == CURLE_OK;
}

/* The environment's proxy does not apply. */
static bool set_connection(struct web_transfer *web)
{
    CURL *easy = web->easy;

    return curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           set_authorities(easy, web->ca_file) &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, web->error) == CURLE_OK;
}

bool web_transfer_set(struct web_transfer *web, const char *url, const char *schemes, struct curl_slist *fields)
{
    web->error[0] = '\0';
    web->easy = curl_easy_init();
    return web->easy && set_request(web, url, schemes, fields) && set_connection(web);
}

bool web_transfer_run(struct web_transfer *web, struct curl_loop *curl_loop, curl_loop_done_fn *done, void *arg)
{
    web->arg = arg;
    return curl_loop_add(curl_loop, &web->transfer, web->easy, done, arg);
}

void web_transfer_end(struct web_transfer *web, struct curl_loop *curl_loop)
{
    curl_loop_remove(curl_loop, &web->transfer);
    curl_easy_cleanup(web->easy);
    web->easy = NULL;
}

void web_transfer_release(struct web_transfer *web)
{
    free(web->text);
    web->text = NULL;
    web->length = web->room = 0;
}

/* --- what the answer means --- */

CURLcode web_transfer_result(const struct web_transfer *web, CURLcode code)
{
    return code == CURLE_FILESIZE_EXCEEDED && web_transfer_status(web) != 200 ? CURLE_OK : code;
}

const char *web_transfer_redirect(const struct web_transfer *web)
{
    long status = web_transfer_status(web);
    char *url = NULL;

    if ((status < 301 || status > 303) && status != 307 && status != 308)
        return NULL;
    curl_easy_getinfo(web->easy, CURLINFO_REDIRECT_URL, &url);
    return url;
}

/* Whether the server has begun to answer. */
static bool has_answered(const struct web_transfer *web)
{
    curl_off_t first = 0; /* us */

    curl_easy_getinfo(web->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
    return first > 0;
}

/* Which of the authorities there is no use of. */
static void explain_authorities(const struct web_transfer *web, char *why, size_t size)
{
    const char *file = web->ca_file ? web->ca_file : getenv("SSL_CERT_FILE");

    if (file)
        snprintf(why, size, "cannot read %s %.200s", web->ca_file ? "ca-file" : "SSL_CERT_FILE", file);
    else
        snprintf(why, size, "cannot read the certificates of the system's authorities: is ca-certificates installed? "
                 "SSL_CERT_FILE can name another file");
}

/* libcurl calls two things the same that a server can do as a lack of memory, which ends more than this question: a
 * line without end in the head of its answer (CURLE_OUT_OF_MEMORY, and TOO_LARGE since 8.6), and bytes behind a text
 * that was compressed on the way (CURLE_WRITE_ERROR). */
enum outcome web_transfer_explain(const struct web_transfer *web, CURLcode code, char *why, size_t size)
{
    const char *said = web->error[0] ? web->error : curl_easy_strerror(code);

    if (web->is_too_long || code == CURLE_FILESIZE_EXCEEDED) {
        snprintf(why, size, "it is longer than %zu KiB", web->max / 1024);
    } else if (web->head_length > WEB_TRANSFER_HEAD_MAX) {
        snprintf(why, size, "the server's answer has more than %d KiB of fields", WEB_TRANSFER_HEAD_MAX / 1024);
    } else if (web->transfer.error) {
        snprintf(why, size, "cannot watch its connection: %s", strerror(web->transfer.error));
        return OUTCOME_LOCAL;
    } else if (web->lacks_memory || (code == CURLE_OUT_OF_MEMORY && !has_answered(web))) {
        snprintf(why, size, "out of memory");
        return OUTCOME_LOCAL;
    } else if (code == CURLE_OUT_OF_MEMORY || code == TOO_LARGE || code == CURLE_WRITE_ERROR) {
        snprintf(why, size, "the server's answer cannot be read");
    } else if (code == CURLE_SSL_CACERT_BADFILE) {
        explain_authorities(web, why, size);
        return OUTCOME_LOCAL;
    } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
        snprintf(why, size, "%s; %s", said, web->trust);
    } else {
        snprintf(why, size, "%s", said);
    }
    return OUTCOME_PEER;
}

/* Whether its text cannot be read as it has come.  Servers also send other words here, which mean nothing. */
static bool is_compressed(const struct web_transfer *web)
{
    static const char *const ways[] = {"gzip", "x-gzip", "deflate", "compress", "br", "zstd"};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcasecmp(web->encoding, ways[i]) == 0)
            return true;
    return false;
}

bool web_transfer_is_good(const struct web_transfer *web, char *why, size_t size)
{
    long status = web_transfer_status(web);

    if (status == 401)
        snprintf(why, size, "the server answers 401: it wants to know who asks, and is not told");
    else if (status != 200)
        snprintf(why, size, "the server answers %ld", status);
    else if (is_compressed(web))
        snprintf(why, size, "the server has compressed it, which was not asked for");
    else if (web->length == 0)
        snprintf(why, size, "it is empty");
    else
        return true;
    return false;
}
