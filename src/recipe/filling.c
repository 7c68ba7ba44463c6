/* SPDX-License-Identifier: ISC */
#include "recipe/filling.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "config/places.h"
#include "config/socket_path.h"

/* --- where the listener is --- */

/* Any address means this machine, too, and that is where its mail programs are. */
static void narrow(struct endpoint *place)
{
    const char *loopback = strcmp(place->host, "0.0.0.0") == 0 ? "127.0.0.1"
                           : strcmp(place->host, "::") == 0    ? "::1"
                                                               : NULL;

    if (loopback)
        snprintf(place->host, sizeof place->host, "%s", loopback);
}

bool filling_place(const struct listener_config *listener, struct endpoint *place)
{
    bool found = false;

    for (size_t i = 0; i < listener->listen.count; i++) {
        struct endpoint candidate = listener->listen.at[i];

        if (candidate.port == 0)
            continue;
        narrow(&candidate);
        if (places_is_loopback(&candidate)) {
            *place = candidate;
            return true;
        }
        if (!found)
            *place = candidate;
        found = true;
    }
    return found;
}

bool filling_socket(const struct listener_config *listener, char path[UNIX_SOCKET_PATH_MAX])
{
    char error[300];

    for (size_t i = 0; i < listener->listen.count; i++)
        if (listener->listen.paths[i] && socket_path_find(listener->listen.paths[i], path, error, sizeof error) ==
            SOCKET_PATH_HERE)
            return true;
    return false;
}

/* --- words --- */

bool filling_is_unquoted(const char *text)
{
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("./_+-", *text))
            return false;
    return true;
}

bool filling_can_connect(const struct recipe_params *params)
{
    return !params->config_path || filling_is_unquoted(params->config_path);
}

static void print_connect(const struct filling *filling, FILE *out)
{
    fputs("sallyport ", out);
    if (filling->params->config_path)
        fprintf(out, "-c %s ", filling->params->config_path);
    fprintf(out, "connect %s", filling->listener->name);
}

static void print_socket(const struct listener_config *listener, FILE *out)
{
    char path[UNIX_SOCKET_PATH_MAX];

    if (filling_socket(listener, path))
        fputs(path, out);
}

static void print_bracketed(const char *host, FILE *out)
{
    fprintf(out, strchr(host, ':') ? "[%s]" : "%s", host);
}

/* As RFC 3986 section 3.2.1 has user names; more is quoted than must be. */
static void print_url(const char *text, FILE *out)
{
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || strchr("._-~", *text))
            fputc(*text, out);
        else
            fprintf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

/* With - for the slash, so that it can be part of a file's name. */
static void print_name(const char *name, FILE *out)
{
    for (; *name; name++)
        fputc(*name == '/' ? '-' : *name, out);
}

static void print_accounts(const struct accounts *accounts, FILE *out)
{
    for (size_t i = 0; i < accounts->count; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", accounts->at[i].name);
}

enum word {
    WORD_HOST, WORD_PORT, WORD_PLACE, WORD_URLHOST, WORD_TARGET, WORD_TARGETPORT, WORD_ADDRESS, WORD_LOCAL, WORD_DOMAIN,
    WORD_LOGIN, WORD_URLLOGIN, WORD_ACCOUNTS, WORD_ACCOUNT, WORD_LISTENER, WORD_NAME, WORD_CONNECT,
    WORD_SOCKET,
    WORDS,
};

static const char *const words[] = {
    [WORD_HOST] = "host", [WORD_PORT] = "port", [WORD_PLACE] = "place", [WORD_URLHOST] = "urlhost",
    [WORD_TARGET] = "target", [WORD_TARGETPORT] = "targetport", [WORD_ADDRESS] = "address", [WORD_LOCAL] = "local",
    [WORD_DOMAIN] = "domain", [WORD_LOGIN] = "login", [WORD_URLLOGIN] = "urllogin", [WORD_ACCOUNTS] = "accounts",
    [WORD_ACCOUNT] = "account", [WORD_LISTENER] = "listener", [WORD_NAME] = "name", [WORD_CONNECT] = "connect",
    [WORD_SOCKET] = "socket",
};

/* The word that text begins with, in braces; WORDS: none. */
static enum word word_at(const char *text, size_t *length)
{
    for (unsigned i = 0; i < WORDS; i++) {
        size_t size = strlen(words[i]);

        if (strncmp(text + 1, words[i], size) == 0 && text[size + 1] == '}') {
            *length = size + 2;
            return (enum word)i;
        }
    }
    return WORDS;
}

/* Prints a word that is about the listener. */
static void print_listeners(const struct filling *filling, enum word word, FILE *out)
{
    const struct endpoint *target = &filling->listener->target.place;
    struct endpoint place = {.port = 0};
    char text[ENDPOINT_TEXT_MAX];

    (void)filling_place(filling->listener, &place);
    if (word == WORD_HOST)
        fputs(place.host, out);
    else if (word == WORD_URLHOST)
        print_bracketed(place.host, out);
    else if (word == WORD_PORT)
        fprintf(out, "%u", place.port);
    else if (word == WORD_PLACE)
        fputs(endpoint_format(&place, text), out);
    else if (word == WORD_TARGET)
        fputs(target->host, out);
    else if (word == WORD_TARGETPORT)
        fprintf(out, "%u", target->port);
    else if (word == WORD_LISTENER)
        fputs(filling->listener->name, out);
    else if (word == WORD_NAME)
        print_name(filling->listener->name, out);
    else if (word == WORD_SOCKET)
        print_socket(filling->listener, out);
    else
        print_connect(filling, out);
}

/* With the @ before it: a local part may have one, too. */
static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return at ? at : strchr(FILLING_EXAMPLE, '@');
}

static void print_word(const struct filling *filling, enum word word, FILE *out)
{
    const struct recipe_params *params = filling->params;
    const char *address = params->address ? params->address : FILLING_EXAMPLE;
    const char *login = params->login ? params->login : address;

    if (word == WORD_ADDRESS)
        fputs(address, out);
    else if (word == WORD_LOCAL)
        fprintf(out, "%.*s", (int)(strlen(address) - strlen(domain_of(address))), address);
    else if (word == WORD_DOMAIN)
        fputs(domain_of(address) + 1, out);
    else if (word == WORD_LOGIN)
        fputs(login, out);
    else if (word == WORD_URLLOGIN)
        print_url(login, out);
    else if (word == WORD_ACCOUNTS)
        print_accounts(filling->accounts, out);
    else if (word == WORD_ACCOUNT)
        fputs(filling->account, out);
    else
        print_listeners(filling, word, out);
}

void filling_print(const struct filling *filling, const char *text, FILE *out)
{
    while (*text) {
        size_t length = 1;
        enum word word = *text == '{' ? word_at(text, &length) : WORDS;

        if (word == WORDS)
            fputc(*text, out);
        else
            print_word(filling, word, out);
        text += length;
    }
}
