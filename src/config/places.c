/* SPDX-License-Identifier: ISC */
#include "config/places.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/pac_place.h"
#include "config/socket_path.h"
#include "config/value_kind.h"
#include "net/address.h"

#define AUTO ":auto" /* in place of a port */
#define UNIX "unix:" /* before the path of a socket */

/* Reads one member of the list into the place at index, which is zeroed. */
typedef bool place_parser(struct value_places *places, size_t index, const char *text, size_t length, const char **why);

/* Whether two places of a list are sockets of the same path, as written. */
static bool is_same_socket(const struct value_places *places, size_t i, size_t k)
{
    return places->at[i].host[0] == '\0' && places->at[k].host[0] == '\0' && places->paths[i] && places->paths[k] &&
           strcmp(places->paths[i], places->paths[k]) == 0;
}

static bool stands_before(const struct value_places *places, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if ((places->at[i].port != 0 && endpoint_equal(&places->at[i], &places->at[index])) ||
            is_same_socket(places, i, index))
            return true;
    return false;
}

static bool parse_places(struct value_places *places, const char *value, place_parser *parse, const char **why)
{
    for (value += strspn(value, " \t"); *value; value += strspn(value, " \t")) {
        size_t length = strcspn(value, " \t"), index = places->count;

        if (index == VALUE_LIST_MAX)
            return value_fault(why, "more than 32 in one list");
        memset(&places->at[index], 0, sizeof places->at[index]);
        if (!parse(places, index, value, length, why))
            return false;
        if (stands_before(places, index)) {
            free(places->paths[index]);
            return value_fault(why, "has one place twice");
        }
        places->count++;
        value += length;
    }
    return places->count > 0 || value_fault(why, "empty");
}

static bool is_number(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

/* The length of the end of a place that stands for a port that is not told: ":0" or ":auto"; 0: it has none such. */
static size_t open_end(const char *value, size_t length)
{
    static const char *const ends[] = {":0", AUTO};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (length > strlen(ends[i]) && memcmp(value + length - strlen(ends[i]), ends[i], strlen(ends[i])) == 0)
            return strlen(ends[i]);
    return 0;
}

/* The path of a socket, which stays as it is written; its place has neither host nor port. */
static bool parse_socket(struct value_places *places, size_t index, const char *path, size_t length, const char **why)
{
    char *text;

    if (length == 0)
        return value_fault(why, "the path is missing, as in " UNIX "$XDG_RUNTIME_DIR/imap.sock");
    text = strndup(path, length);
    if (text && socket_path_check(text, why)) {
        places->paths[index] = text;
        return true;
    }
    if (!text)
        *why = "does not fit into memory";
    free(text);
    return false;
}

/* localhost, an IPv4 address or [IPv6], with a port, which may be 0 or auto; or a socket in the file system. */
static bool parse_listen_place(struct value_places *places, size_t index, const char *value, size_t length,
                               const char **why)
{
    struct endpoint *place = &places->at[index];
    const size_t end = open_end(value, length);
    const bool any_port = end > 0;
    struct address ignored;

    if (length >= strlen(UNIX) && memcmp(value, UNIX, strlen(UNIX)) == 0)
        return parse_socket(places, index, value + strlen(UNIX), length - strlen(UNIX), why);
    if (is_number(value, length))
        return value_fault(why, "a port alone is no place; write localhost: before it");
    /* endpoint_parse does not accept port 0: leave it out and parse the rest with a default port */
    if (!endpoint_parse(place, value, length - end, any_port ? 1 : 0, why))
        return false;
    if (any_port)
        place->port = 0;
    if (strcasecmp(place->host, "localhost") != 0 && !address_from_literal(&ignored, place->host, 1))
        return value_fault(why, "listens on a name; write localhost or a numeric address");
    if (end == strlen(AUTO) && places->automatic)
        return value_fault(why, "has auto twice: a listener has one such port");
    if (end == strlen(AUTO))
        places->automatic = index + 1;
    return true;
}

static bool parse_listen(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                         const char **why)
{
    struct value_places *places = field;

    (void)rule;
    if (!parse_places(places, value, parse_listen_place, why))
        return false;
    if (places->automatic && !protocol)
        return value_fault(why, "auto is for listeners: others are known by their port");
    for (size_t i = 0; i < places->count && !protocol; i++)
        if (places->paths[i])
            return value_fault(why, "unix: is for listeners: others are there for other machines");
    return true;
}

/* Writes the place as it was configured. */
static void print_listen_place(const struct value_places *places, size_t index, FILE *out)
{
    char place[ENDPOINT_TEXT_MAX];

    endpoint_format(&places->at[index], place);
    if (places->automatic == index + 1)
        snprintf(strrchr(place, ':'), sizeof AUTO, AUTO);
    fprintf(out, "%s%s\n", places->paths[index] ? UNIX : "", places->paths[index] ? places->paths[index] : place);
}

static void print_listen(const struct value_rule *rule, const void *field, FILE *out)
{
    const struct value_places *places = field;

    fprintf(out, "%s =", rule->key);
    for (size_t i = 0; i < places->count; i++) {
        fputs(i == 0 ? " " : "    ", out);
        print_listen_place(places, i, out);
    }
}

static void release_places(void *field)
{
    struct value_places *places = field;

    for (size_t i = 0; i < places->count; i++)
        free(places->paths[i]);
    free(places->asked);
    memset(places, 0, sizeof *places);
}

const struct value_kind value_listen = {parse_listen, print_listen, release_places, parse_listen};

/* Takes the path and query of a URL. */
static bool take_path(struct value_places *places, size_t index, const char *path, size_t length, const char **why)
{
    if (!(uri_path_is_template(path, length) ? uri_template_check : uri_path_check)(path, length, why))
        return false;
    if (places->at[index].socks)
        return value_fault(why, "a socks5h:// URL ends behind the port");
    places->paths[index] = strndup(path, length);
    if (!places->paths[index])
        return value_fault(why, "does not fit into memory");
    places->at[index].resource = endpoint_resource(places->paths[index]);
    return true;
}

/* Where the path of a URL begins; length when it has none. */
static size_t find_authority_end(const char *url, size_t length)
{
    const char *scheme = memmem(url, length, "://", 3);
    size_t skip = scheme ? (size_t)(scheme - url) + 3 : 0;

    return skip + uri_path_begin(url + skip, length - skip);
}

/* The same; length also when it has none but "/", which says nothing. */
static size_t find_path(const char *url, size_t length)
{
    size_t at = find_authority_end(url, length);

    return at + 1 == length && url[at] == '/' ? length : at;
}

static bool parse_proxy_place(struct value_places *places, size_t index, const char *value, size_t length,
                              const char **why)
{
    size_t path = find_path(value, length);

    if (memchr(value, '@', path))
        return value_fault(why, "user and password go to the keys `user` and `password`, not into the URL");
    if (path < length && value[path] == '{') /* in the authority */
        return uri_template_check(value + path, length - path, why);
    return endpoint_parse_any_url(&places->at[index], value, path, why) &&
           (path == length || take_path(places, index, value + path, length - path, why));
}

/* --- where a section's proxies are said, if not in a list --- */

/* By enum places_source.  A word that ends in a colon has behind it who is asked. */
static const struct {
    const char *word, *whose, *alone;
} sources[] = {
    [PLACES_ENVIRONMENT] = {"environment", "the environment's", "environment stands alone"},
    [PLACES_PAC] = {"pac:", "a PAC file's", "pac: stands alone: a PAC file names the proxies itself"},
    [PLACES_SYSTEM] = {"system", "the desktop's", "system stands alone"},
    [PLACES_COMMAND] = {"command:", "a program's", "command: stands alone: the program names the proxies itself"},
};

/* The source that a member of a list stands for. */
static enum places_source source_of(const char *value, size_t length)
{
    for (size_t i = PLACES_ENVIRONMENT; i < sizeof sources / sizeof sources[0]; i++) {
        const size_t word = strlen(sources[i].word);

        if (length >= word && memcmp(value, sources[i].word, word) == 0 &&
            (length == word || sources[i].word[word - 1] == ':'))
            return (enum places_source)i;
    }
    return PLACES_LISTED;
}

/* Whether a value goes on, behind a blank, with something that stands in a list of proxies. */
static bool goes_on(const char *value)
{
    for (value += strcspn(value, " \t"); *value; value += strcspn(value, " \t")) {
        size_t length;

        value += strspn(value, " \t");
        length = strcspn(value, " \t");
        if (memmem(value, length, "://", 3) || source_of(value, length) != PLACES_LISTED)
            return true;
    }
    return false;
}

/* Takes who is asked, which may have blanks. */
static bool take_asked(struct value_places *places, enum places_source source, const char *asked, const char **why)
{
    if (source == PLACES_PAC && pac_place_read(asked, strlen(asked), why) == PAC_PLACE_NONE)
        return false;
    if (source == PLACES_COMMAND && asked[0] != '/')
        return value_fault(why, "a program is known by its full path, as in command:/usr/local/bin/which-proxy");
    places->asked = strdup(asked);
    if (!places->asked)
        return value_fault(why, "does not fit into memory");
    places->source = source;
    return true;
}

static bool parse_listed_proxy(struct value_places *places, size_t index, const char *value, size_t length,
                               const char **why)
{
    const enum places_source source = source_of(value, length);

    return source == PLACES_LISTED ? parse_proxy_place(places, index, value, length, why)
                                   : value_fault(why, sources[source].alone);
}

static bool parse_urls(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    struct value_places *places = field;
    const enum places_source source = source_of(value, strcspn(value, " \t"));

    (void)rule, (void)protocol;
    if (places->source != PLACES_LISTED)
        return value_fault(why, sources[places->source].alone);
    if (source == PLACES_LISTED)
        return parse_places(places, value, parse_listed_proxy, why);
    if (places->count > 0 || goes_on(value))
        return value_fault(why, sources[source].alone);
    if (source == PLACES_PAC || source == PLACES_COMMAND)
        return take_asked(places, source, value + strlen(sources[source].word), why);
    if (value[strlen(sources[source].word)])
        return value_fault(why, sources[source].alone);
    places->source = source;
    return true;
}

static void print_urls(const struct value_rule *rule, const void *field, FILE *out)
{
    const struct value_places *places = field;
    char url[PLACES_URL_MAX];

    if (places->source != PLACES_LISTED)
        fprintf(out, "%s = %s%s\n", rule->key, sources[places->source].word, places->asked ? places->asked : "");
    for (size_t i = 0; i < places->count; i++) {
        places_format_url(places, i, url);
        if (i == 0)
            fprintf(out, "%s = %s\n", rule->key, url);
        else
            fprintf(out, " %s\n", url);
    }
}

const struct value_kind value_urls = {parse_urls, print_urls, release_places, parse_urls};

/* --- the URL of a relay --- */

static bool parse_relay(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                        const char **why)
{
    struct value_places *places = field;
    size_t length = strlen(value), path = find_authority_end(value, length);
    struct endpoint *place = &places->at[0];

    (void)rule, (void)protocol;
    if (strcspn(value, " \t") < length)
        return value_fault(why, "more than one URL");
    if (memchr(value, '@', path))
        return value_fault(why, "user and password go to the keys `user` and `password`, not into the URL");
    if (endpoint_parse_scheme(place, value, path, why) == 0 || place->socks)
        return value_fault(why, "a relay's URL starts with https:// or http://");
    if (!endpoint_parse_url(place, value, path, why))
        return false;
    if (path == length)
        return value_fault(why, "has no path; it ends as the relay says, as in /.well-known/reverse/tcp/home/993/");
    if (!uri_path_check(value + path, length - path, why))
        return false;
    places->paths[0] = strndup(value + path, length - path);
    if (!places->paths[0])
        return value_fault(why, "does not fit into memory");
    place->resource = endpoint_resource(places->paths[0]);
    places->count = 1;
    return true;
}

const struct value_kind value_relay = {parse_relay, print_urls, release_places, NULL};

/* --- which of them meet --- */

static bool is_loopback_host(const char *host)
{
    return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;
}

/* Whether two places overlap; localhost stands for both 127.0.0.1 and ::1. */
static bool same_place(const struct endpoint *a, const struct endpoint *b)
{
    bool a_local = strcasecmp(a->host, "localhost") == 0, b_local = strcasecmp(b->host, "localhost") == 0;

    return a->port != 0 && a->port == b->port &&
           (strcasecmp(a->host, b->host) == 0 || (a_local && is_loopback_host(b->host)) ||
            (b_local && is_loopback_host(a->host)));
}

static bool is_any_host(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* Whether a place is among the addresses that the other stands for, which is every one of its family. */
static bool is_among(const struct endpoint *place, const struct endpoint *any)
{
    bool six = strchr(any->host, ':') != NULL;

    return any->port != 0 && any->port == place->port && is_any_host(any->host) &&
           (strcasecmp(place->host, "localhost") == 0 || (strchr(place->host, ':') != NULL) == six);
}

/* --- public functions --- */

bool places_is_loopback(const struct endpoint *place)
{
    static const char local[] = "localhost";
    struct address address;

    return endpoint_host_within(place->host, local, sizeof local - 1) ||
           (address_from_literal(&address, place->host, 1) && address_is_loopback(&address));
}

bool places_overlap(const struct endpoint *a, const struct endpoint *b)
{
    return same_place(a, b) || is_among(a, b) || is_among(b, a);
}

bool places_lead_to(const struct endpoint *place, const struct endpoint *listen)
{
    return same_place(place, listen) || (place->port == listen->port && is_any_host(listen->host) &&
                                         (is_loopback_host(place->host) || strcasecmp(place->host, "localhost") == 0));
}

const char *places_path(const struct value_places *places, const struct endpoint *place)
{
    for (size_t i = 0; i < places->count; i++)
        if (endpoint_equal(&places->at[i], place))
            return places->paths[i];
    return NULL;
}

size_t places_with_path(const struct value_places *places)
{
    size_t count = 0;

    for (size_t i = 0; i < places->count; i++)
        count += places->paths[i] != NULL;
    return count;
}

bool places_are_found(const struct value_places *places)
{
    return places->source > PLACES_ENVIRONMENT;
}

const char *places_whose(const struct value_places *places)
{
    return sources[places->source].whose;
}

bool places_is_template(const struct value_places *places, size_t index)
{
    const char *path = places->paths[index];

    return path && uri_path_is_template(path, strlen(path));
}

bool places_complete_paths(struct value_places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        if (places->paths[i])
            continue;
        places->paths[i] = strdup("/");
        if (!places->paths[i])
            return false;
        places->at[i].resource = endpoint_resource("/");
    }
    return true;
}

const char *places_format_url(const struct value_places *places, size_t index, char out[PLACES_URL_MAX])
{
    char url[ENDPOINT_URL_MAX];

    snprintf(out, PLACES_URL_MAX, "%s%s", endpoint_format_url(&places->at[index], url),
             places->paths[index] ? places->paths[index] : "");
    return out;
}
