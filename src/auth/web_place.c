/* SPDX-License-Identifier: ISC */
#include "auth/web_place.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
static bool read_server(struct endpoint *server, CURLU *parts, const char **why)
{
    char scheme[16], host[ENDPOINT_TEXT_MAX], port[8], text[ENDPOINT_TEXT_MAX + sizeof port];
    bool is_https;

    *why = "its URL cannot be read";
    if (!copy_part(parts, CURLUPART_SCHEME, scheme, sizeof scheme) ||
        !copy_part(parts, CURLUPART_HOST, host, sizeof host) || !copy_part(parts, CURLUPART_PORT, port, sizeof port))
        return false;
    is_https = strcasecmp(scheme, "https") == 0;
    snprintf(text, sizeof text, "%s:%s", host, port);
    if (!endpoint_parse(server, text, strlen(text), 0, why))
        return false;
    server->tls = is_https;
    if (!is_https && strcasecmp(scheme, "http") != 0)
        *why = "its URL begins with neither https:// nor http://";
    else if (has_part(parts, CURLUPART_USER) || has_part(parts, CURLUPART_PASSWORD))
        *why = "its URL has a user or a password, which is not sent";
    else
        return true;
    return false;
}

bool web_place_read(struct web_place *place, const char *url, const char **why)
{
    CURLU *parts = curl_url();
    char *whole = NULL;
    bool good;

    *why = "its URL cannot be read";
    good = parts && curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
           read_server(&place->server, parts, why) && curl_url_get(parts, CURLUPART_URL, &whole, 0) == CURLUE_OK;
    free(place->url);
    place->url = good ? strdup(whole) : NULL;
    if (!parts || (good && !place->url))
        *why = NULL;
    curl_free(whole);
    curl_url_cleanup(parts);
    return place->url != NULL;
}

void web_place_release(struct web_place *place)
{
    free(place->url);
    place->url = NULL;
}
