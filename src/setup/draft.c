/* SPDX-License-Identifier: ISC */
#include "setup/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/option.h"

#define NAME "setup" /* of the text in errors */
#define PROBE_LABEL "probe-of-setup" /* which no section of the machine's file has */

/* While setup runs a person waits, and what has not answered by then is told as such.  Nothing is announced: the steps
 * are to tell of the way, and not of a proxy that refuses it at first. */
#define TRIAL_LIMITS "[sallyport]\nresolve-timeout = 10s\nconnect-timeout = 10s\nhandshake-timeout = 20s\n"

enum purpose { TO_KEEP, TO_TRY };

/* Kinds of sections that the probe may be of: the machine's file may say that one of them is final in it. */
static const char *const probe_kinds[] = {"forward", "imap", "submission", "pop3", "nntp", "smtp", "managesieve"};
#define PROBE_KINDS (sizeof probe_kinds / sizeof probe_kinds[0])

/* The word of an enum's value as the file has it. */
static const char *word_of(const char *key, unsigned value)
{
    return option_find(OPTION_LISTENER, key)->rule.words[value];
}

static void write_head(const struct draft *draft, FILE *out)
{
    fprintf(out, "# sallyport's configuration%s%s, begun by `sallyport setup`.\n", draft->address[0] ? " for " : "",
            draft->address);
    fprintf(out, "# sallyport.ini(5) tells of every key, `sallyport check` what is wrong with the file,\n"
            "# and `sallyport try` whether the way to the servers is open.\n");
}

/* What is not said here is said in the machine's file. */
static void write_include(const struct draft *draft, enum purpose purpose, FILE *out)
{
    if (purpose == TO_KEEP && draft->extends)
        fprintf(out, "\n[sallyport]\n# The proxy is named in the configuration of this machine.\n");
    else if (purpose == TO_TRY)
        fputs(TRIAL_LIMITS, out);
    if (draft->extends)
        fputs("include = system\n", out);
}

/* Whether there is something to say of the proxy. */
static bool needs_section(const struct draft *draft, enum purpose purpose)
{
    return draft->extends ? draft->user[0] || purpose == TO_TRY : draft->url[0] != '\0';
}

static void write_proxy(const struct draft *draft, enum purpose purpose, FILE *out)
{
    fprintf(out, "\n[proxy]\n");
    if (!draft->extends)
        fprintf(out, "url = %s\n", draft->url);
    if (purpose == TO_TRY)
        fprintf(out, "announce = none\n");
}

/* Writes a key in whose value `$` would begin a variable. */
static void write_expanding(const char *key, const char *value, FILE *out)
{
    fprintf(out, "%s = ", key);
    for (; *value; value++)
        fprintf(out, *value == '$' ? "$$" : "%c", *value);
    fputc('\n', out);
}

static void write_login(const struct draft *draft, FILE *out)
{
    if (!draft->user[0])
        return;
    write_expanding("user", draft->user, out);
    if (draft->trusted[0])
        fprintf(out, "# Only this one of the proxies that are found gets user and password.\ntrusted = %s\n",
                draft->trusted);
    switch (draft->keeping) {
    case DRAFT_KEEPS_NONE: break;
    case DRAFT_KEEPS_FILE:
        fprintf(out, "# The first line of this file is the password.\n");
        write_expanding("password-file", draft->kept, out);
        break;
    case DRAFT_KEEPS_COMMAND:
        fprintf(out, "# The first line that this command prints is the password.\npassword-command = %s\n",
                draft->kept);
        break;
    case DRAFT_KEEPS_ASKING:
        fprintf(out, "# `try` and `connect` ask for the password.  `run` cannot: it needs\n"
                "# password-file or password-command.\n");
        break;
    }
}

/* The same while it is tried. */
static void write_login_to_try(const struct draft *draft, const char *password, FILE *out)
{
    if (draft->user[0])
        write_expanding("user", draft->user, out);
    if (draft->user[0] && draft->trusted[0])
        fprintf(out, "trusted = %s\n", draft->trusted);
    if (draft->user[0] && draft->keeping == DRAFT_KEEPS_COMMAND)
        fprintf(out, "password-command = %s\n", draft->kept);
    else if (draft->user[0] && password)
        fprintf(out, "password = %s\n", password);
}

static void write_listener(const struct draft *draft, const struct draft_listener *listener, FILE *out)
{
    char place[ENDPOINT_TEXT_MAX];

    if (listener->automatic)
        fprintf(out, "\n[%s]\n# Other users of this machine have ports, too.  `auto` is one of your own, which\n"
                "# `sallyport recipe` and `status` tell.  The mail program uses no encryption%s.\n",
                listener->protocol->section, listener->tls == TLS_NO ? "" : ":\n# sallyport does TLS with the server");
    else
        fprintf(out, "\n[%s]\n# The mail program connects to localhost, port %u, without encryption%s.\n",
                listener->protocol->section, listener->port,
                listener->tls == TLS_NO ? "" : ":\n# sallyport does TLS with the server");
    if (listener->source)
        fprintf(out, "# The server is known from %s.\n", listener->source);
    if (listener->automatic)
        fputs("listen = localhost:auto\n", out);
    else
        fprintf(out, "listen = localhost:%u\n", listener->port);
    fprintf(out, "target = %s\n", endpoint_format(&listener->target, place));
    if (listener->tls != TLS_NO)
        fprintf(out, "tls = %s\n", word_of("tls", listener->tls));
    if (!draft->url[0])
        fprintf(out, "proxy = direct\n");
}

static void write_probe(const struct draft *draft, const char *kind, const char *probe, FILE *out)
{
    fprintf(out, "[%s " PROBE_LABEL "]\nlisten = localhost:0\ntarget = %s:%u\nprotocol = HTTPS\n%s", kind, probe,
            DRAFT_PROBE_PORT, draft->url[0] ? "" : "proxy = direct\n");
}

/* Returns the text, malloc'd; NULL: out of memory.  kind: of the probe (NULL: none). */
static char *compose(const struct draft *draft, enum purpose purpose, const char *password, const char *kind,
                     const char *probe, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);

    if (!out)
        return NULL;
    if (purpose == TO_KEEP)
        write_head(draft, out);
    write_include(draft, purpose, out);
    if (needs_section(draft, purpose))
        write_proxy(draft, purpose, out);
    if (draft->url[0] && purpose == TO_KEEP)
        write_login(draft, out);
    else if (draft->url[0])
        write_login_to_try(draft, password, out);
    for (size_t i = 0; i < draft->count; i++)
        write_listener(draft, &draft->at[i], out);
    if (draft->count == 0 && probe)
        write_probe(draft, kind, probe, out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* Whether a value has what would end its line: the rest would be read as lines of the file. */
static bool has_line_end(const struct draft *draft, const char *password)
{
    const char *const values[] = {draft->address, draft->url, draft->user, draft->kept, draft->trusted,
                                  password ? password : ""};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (strpbrk(values[i], "\r\n"))
            return true;
    return false;
}

char *draft_text(const struct draft *draft, size_t *length)
{
    return has_line_end(draft, NULL) ? NULL : compose(draft, TO_KEEP, NULL, NULL, NULL, length);
}

/* Keeps the first error, without the name of the text and the line. */
static void keep_error(void *arg, const char *line)
{
    char *error = arg;
    const char *text = strstr(line, ": ");

    if (!*error)
        snprintf(error, DRAFT_ERROR_MAX, "%s", text ? text + 2 : line);
}

/* The same as draft_config, with a probe of that kind. */
static struct config *config_with(const struct draft *draft, const char *password, const char *kind, const char *probe,
                                  char *error)
{
    const bool is_safe = !has_line_end(draft, password);
    size_t length;
    char *text = is_safe ? compose(draft, TO_TRY, password, kind, probe, &length) : NULL;
    FILE *stream = text ? fmemopen(text, length, "r") : NULL;
    struct config *config = NULL;

    error[0] = '\0';
    if (stream)
        config = config_parse(stream, NAME, CONFIG_TO_ASK, keep_error, error);
    else
        snprintf(error, DRAFT_ERROR_MAX, is_safe ? "out of memory" : "there is the end of a line in it");
    if (stream)
        fclose(stream);
    if (text)
        explicit_bzero(text, length);
    free(text);
    return config;
}

struct config *draft_config(const struct draft *draft, const char *password, const char *probe, char *error)
{
    struct config *config = config_with(draft, password, probe_kinds[0], probe, error);
    char ignored[DRAFT_ERROR_MAX];

    for (size_t i = 1; i < PROBE_KINDS && probe && draft->extends && draft->count == 0; i++) {
        struct config *other = config && draft_probe(config)
                                   ? NULL : config_with(draft, password, probe_kinds[i], probe, ignored);

        if (!other)
            continue;
        config_unref(config);
        config = other;
    }
    return config;
}

const struct listener_config *draft_probe(const struct config *config)
{
    const struct listener_config *probe = NULL;
    char name[64];

    for (size_t i = 0; i < PROBE_KINDS && !probe; i++) {
        snprintf(name, sizeof name, "%s/" PROBE_LABEL, probe_kinds[i]);
        probe = config_listener(config, name);
    }
    return probe;
}

const struct proxy_config *draft_proxy(const struct config *config)
{
    const struct listener_config *probe = draft_probe(config);

    if (probe)
        return probe->proxy;
    for (size_t i = 0; i < config->proxy_count; i++)
        if (!config->proxies[i].label[0])
            return &config->proxies[i];
    return NULL;
}
