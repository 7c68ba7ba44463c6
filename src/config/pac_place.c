/* SPDX-License-Identifier: ISC */
#include "config/pac_place.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "config/value_kind.h"
#include "http/uri_template.h"
#include "net/endpoint.h"

static enum pac_place none(const char **why, const char *text)
{
    *why = text;
    return PAC_PLACE_NONE;
}

static enum pac_place read_path(const char *text, size_t length, const char **why)
{
    if (length >= PATH_MAX)
        return none(why, "a path is longer than the system takes");
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return none(why, "a path has a control byte");
    return PAC_PLACE_PATH;
}

/* What stands behind the scheme: host[:port], and a path with a query or not. */
static bool check_rest(struct endpoint *host, const char *text, size_t length, const char **why)
{
    const size_t authority = uri_path_begin(text, length);

    if (memchr(text, '@', authority))
        return value_fault(why, "a PAC file is fetched without user and password: leave them out of its URL");
    return endpoint_parse(host, text, authority, endpoint_default_port(host), why) &&
           (authority == length || uri_path_check(text + authority, length - authority, why));
}

enum pac_place pac_place_read(const char *text, size_t length, const char **why)
{
    static const char file[] = "file:", neither[] = "a PAC file is known by https://HOST/PATH or by its full path";
    struct endpoint host = {.port = 0};
    size_t scheme;
    bool tls;

    if (length > 0 && text[0] == '/')
        return read_path(text, length, why);
    if (length >= sizeof file - 1 && strncasecmp(text, file, sizeof file - 1) == 0)
        return none(why, "a PAC file of this machine is known by its full path alone: leave file:// out");
    if (length > PAC_PLACE_URL_MAX)
        return none(why, "a PAC file's URL is longer than 2048 bytes");
    scheme = endpoint_parse_scheme(&host, text, length, why);
    if (scheme == 0)
        return none(why, neither);
    tls = host.tls;
    if (!check_rest(&host, text + scheme, length - scheme, why))
        return PAC_PLACE_NONE;
    return tls ? PAC_PLACE_HTTPS : PAC_PLACE_HTTP;
}
