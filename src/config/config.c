#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/systemd.h"
#include "config/config_check.h"
#include "config/config_secrets.h"
#include "config/diagnostics.h"
#include "config/inifile.h"
#include "config/option.h"
#include "config/spelling.h"
#include "http/connect_request.h"
#include "protocol/starttls.h"

#define OPTIONS_MAX 64 /* rows of the option table at most */

/* A file being read: the config so far, the present section and line, the errors found. */
struct reading {
    const char *name;
    enum config_use use;
    struct diagnostics complaints;
    struct config *config;
    int line;            /* number of the line being read */
    bool continues;      /* the line continues the value before it */
    bool in_section;     /* the section header above is valid */
    bool skip_section;   /* it is not, which was reported: its keys are skipped */
    enum option_section section;
    void *base;          /* the struct that the section fills, see option.h */
    char title[64];      /* for messages: "[imap work]" */
    int section_line;
    int set_at[OPTIONS_MAX]; /* line that sets each option in this section; 0: not set */
    bool has_settings, has_redirects; /* there was a [sallyport], a [redirects] */
    int secret_line;     /* line of the first secret in the file; 0: there is none */
};

static void __attribute__((format(printf, 3, 4))) complain(struct reading *reading, int line, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    diagnostics_add(&reading->complaints, line, format, values);
    va_end(values);
}

/* --- sections --- */

/* Returns a copy; NULL: out of memory, which was reported. */
static char *copy_text(struct reading *reading, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        complain(reading, reading->line, "out of memory");
    return copy;
}

static const struct protocol *base_protocol(const struct reading *reading)
{
    return reading->section == OPTION_LISTENER ? ((struct listener_config *)reading->base)->protocol : NULL;
}

static void set_option(struct reading *reading, const struct option_row *option, const char *value, int line)
{
    const char *why;

    if (!value_parse(&option->rule, base_protocol(reading), option_field(option, reading->base), value, &why))
        complain(reading, line, "%s: %s", option->rule.key, why);
}

/* An indented line says more of a list. */
static void continue_option(struct reading *reading, const struct option_row *option, const char *value)
{
    const char *why;

    if (!value_continue(&option->rule, base_protocol(reading), option_field(option, reading->base), value, &why))
        complain(reading, reading->line, "%s: %s", option->rule.key, why);
}

static void set_defaults(struct reading *reading)
{
    for (size_t i = 0; option_row(i); i++) {
        const struct option_row *option = option_row(i);

        if (option->section == reading->section && option->initial)
            set_option(reading, option, option->initial, reading->line);
    }
}

/* The line that sets a key in this section; 0: none does. */
static int line_of(const struct reading *reading, const char *key)
{
    return reading->set_at[option_index(option_find(reading->section, key))];
}

/* Checks that the file named by a key exists.  If it is secret, others must not be able to read it. */
static void check_file(struct reading *reading, const char *key, const char *path, bool secret)
{
    int line = line_of(reading, key);
    struct stat status;

    if (path[0] != '/')
        complain(reading, line, "%s: not an absolute path", key);
    else if (stat(path, &status) != 0)
        complain(reading, line, "%s: %s: %s", key, path, strerror(errno));
    else if (secret && S_ISREG(status.st_mode) && status.st_mode & 077)
        complain(reading, line, "%s: others can read %s: run `chmod 600` on it", key, path);
}

/* TLS inside the tunnel changes the default port of the target and the token that is announced. */
static void complete_tls(struct reading *reading, struct listener_config *listener)
{
    const struct protocol *protocol = listener->protocol;
    const char *token = listener->token ? protocol_tls_token(protocol, listener->token) : NULL;

    if (listener->tls == TLS_NO && listener->tls_ca_file)
        complain(reading, line_of(reading, "tls-ca-file"), "tls-ca-file without tls: nothing would be verified; set "
                 "tls = yes or tls = starttls");
    if (listener->tls_ca_file)
        check_file(reading, "tls-ca-file", listener->tls_ca_file, false);
    if (listener->tls == TLS_STARTTLS && !starttls_knows(protocol))
        complain(reading, line_of(reading, "tls"), "tls: %s knows no STARTTLS", reading->title);
    if (listener->tls != TLS_YES)
        return;
    if (listener->target.srv && !protocol->tls_port)
        complain(reading, line_of(reading, "target"), "target: no SRV service with TLS is known for %s",
                 reading->title);
    if (listener->target.default_port && protocol->tls_port)
        listener->target.place.port = protocol->tls_port;
    else if (listener->target.default_port && !listener->target.srv)
        complain(reading, line_of(reading, "target"), "target: with tls = yes it needs a port");
    if (token) {
        free(listener->token);
        listener->token = copy_text(reading, token);
    }
}

/* Sets the defaults that depend on the protocol and so are not in the option table. */
static void complete_listener(struct reading *reading, struct listener_config *listener)
{
    static const char key_listen[] = "listen", key_protocol[] = "protocol";
    const struct protocol *protocol = listener->protocol;
    char place[24];
    int line = reading->section_line;

    if (listener->listen.count == 0 && !line_of(reading, key_listen)) {
        snprintf(place, sizeof place, "localhost:%u", protocol->listen_port);
        if (protocol->listen_port)
            set_option(reading, option_find(OPTION_LISTENER, key_listen), place, line);
        else
            complain(reading, line, "%s needs the key `%s`", reading->title, key_listen);
    }
    if (!listener->token && !line_of(reading, key_protocol)) {
        if (protocol->token)
            set_option(reading, option_find(OPTION_LISTENER, key_protocol), protocol->token, line);
        else
            complain(reading, line, "%s needs the key `%s`", reading->title, key_protocol);
    }
    complete_tls(reading, listener);
    listener->proxy_line = line_of(reading, "proxy");
    if (listener->token) {
        listener->scheme = copy_text(reading, listener->token);
        for (char *c = listener->scheme; c && *c; c++)
            *c = *c == '/' ? '\0' : (char)tolower((unsigned char)*c);
    }
}

/* The file of a credential is not looked at here: for `check` by hand it need not exist. */
static void check_password_file(struct reading *reading, const char *path)
{
    const char *credential = systemd_credential_name(path), *why;
    char place[PATH_MAX];

    if (!credential)
        check_file(reading, "password-file", path, true);
    else if (reading->use == CONFIG_TO_CHECK ? !systemd_is_credential_name(credential, &why)
                                             : !systemd_credential_path(credential, place, sizeof place, &why))
        complain(reading, line_of(reading, "password-file"), "password-file: %s", why);
}

static void check_auth(struct reading *reading, const struct proxy_config *proxy)
{
    const char *word = option_find(OPTION_PROXY, "auth")->rule.words[proxy->auth];
    int line = line_of(reading, "auth");

    if (proxy->auth != AUTH_ANY && proxy->auth != AUTH_NEGOTIATE && !proxy->user && !proxy->urls.environment)
        complain(reading, line, "auth = %s needs a user", word);
    if (proxy->auth != AUTH_ANY && proxy->auth != AUTH_BASIC && proxy->method != METHOD_CONNECT &&
        proxy->method != METHOD_TCPCONNECTION)
        complain(reading, line, "auth = %s needs method = connect", word);
    if ((proxy->auth == AUTH_NTLM || proxy->auth == AUTH_NEGOTIATE) && proxy->urls.count > 0 &&
        (proxy->method == METHOD_TCPCONNECTION || places_with_path(&proxy->urls) == proxy->urls.count))
        complain(reading, line, "auth = %s: not with connect-tcp and TCPConnection", word);
}

/* preconnect makes connections ahead of need: only possible where any connection serves any session. */
static void check_preconnect(struct reading *reading, const struct proxy_config *proxy)
{
    int line = line_of(reading, "preconnect");

    if (proxy->preconnect == 0)
        return;
    if (proxy->auth == AUTH_NTLM || proxy->auth == AUTH_NEGOTIATE)
        complain(reading, line, "preconnect: NTLM and Negotiate prove who you are to one connection at a time");
    if (proxy->via_name)
        complain(reading, line, "preconnect: not for a proxy that is reached via another");
    for (size_t i = 0; i < proxy->urls.count; i++)
        if (proxy->urls.at[i].socks) {
            complain(reading, line, "preconnect: not for a socks5h:// proxy");
            break;
        }
    if (proxy->urls.environment)
        complain(reading, line, "preconnect: needs a `url` of its own, not the environment's");
}

static void check_proxy_tls(struct reading *reading, const struct proxy_config *proxy)
{
    if (proxy->key_file && !proxy->cert_file)
        complain(reading, line_of(reading, "key-file"), "key-file without a cert-file");
    if (proxy->ca_file)
        check_file(reading, "ca-file", proxy->ca_file, false);
    if (proxy->cert_file) /* if it also has the key, it must be secret */
        check_file(reading, "cert-file", proxy->cert_file, !proxy->key_file);
    if (proxy->key_file)
        check_file(reading, "key-file", proxy->key_file, true);
}

static void check_proxy(struct reading *reading, struct proxy_config *proxy)
{
    int given = !!proxy->password + !!proxy->password_file + !!proxy->password_command;
    int line = reading->section_line;

    proxy->via_line = line_of(reading, "via");
    if (given > 1)
        complain(reading, line, "%s has more than one of password, password-file and password-command", reading->title);
    if (given > 0 && !proxy->user)
        complain(reading, line, "%s has a password but no user", reading->title);
    if (proxy->user && given == 0 && reading->use != CONFIG_TO_ASK)
        complain(reading, line, "%s has a user but no password, password-file or password-command", reading->title);
    for (size_t i = 0; proxy->user && i < proxy->headers.count; i++)
        if (value_header_is_login(proxy->headers.at[i], places_with_path(&proxy->urls) > 0))
            complain(reading, line, "%s has both a user and %s %.*s header", reading->title,
                     strchr("Aa", proxy->headers.at[i][0]) ? "an" : "a", (int)strcspn(proxy->headers.at[i], ":"),
                     proxy->headers.at[i]);
    if (proxy->password_file)
        check_password_file(reading, proxy->password_file);
    check_auth(reading, proxy);
    check_preconnect(reading, proxy);
    check_proxy_tls(reading, proxy);
    if (proxy->require_switch && !(proxy->announce & ANNOUNCE_UPGRADE))
        complain(reading, line, "%s: require-switch needs upgrade in announce: nothing else can be answered by a "
                 "switch", reading->title);
}

static void close_section(struct reading *reading)
{
    if (!reading->in_section)
        return;
    for (size_t i = 0; option_row(i); i++) {
        const struct option_row *option = option_row(i);

        if (option->section == reading->section && option->rule.flags & VALUE_REQUIRED && !reading->set_at[i])
            complain(reading, reading->section_line, "%s needs the key `%s`", reading->title, option->rule.key);
    }
    if (reading->section == OPTION_LISTENER)
        complete_listener(reading, reading->base);
    else if (reading->section == OPTION_PROXY)
        check_proxy(reading, reading->base);
    reading->in_section = false;
}

static bool is_label(const char *label, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)label[i]) && !strchr("._-", label[i]))
            return false;
    return length > 0 && length <= CONFIG_LABEL_MAX;
}

/* Adds a zeroed element to an array; NULL: it cannot, which was reported. */
static void *grow(struct reading *reading, void **array, size_t *count, size_t size)
{
    char *grown = *count < CONFIG_SECTIONS_MAX ? realloc(*array, (*count + 1) * size) : NULL;

    if (!grown) {
        complain(reading, reading->line, "more sections than fit");
        return NULL;
    }
    *array = grown;
    memset(grown + *count * size, 0, size);
    return grown + (*count)++ * size;
}

static bool open_proxy(struct reading *reading, const char *label)
{
    struct config *config = reading->config;
    struct proxy_config *proxy;
    char *copy;

    if (strcmp(label, "direct") == 0) {
        complain(reading, reading->line, "a proxy cannot be called direct");
        return false;
    }
    for (size_t i = 0; i < config->proxy_count; i++)
        if (strcmp(config->proxies[i].label, label) == 0) {
            complain(reading, reading->line, "%s stands a second time", reading->title);
            return false;
        }
    copy = copy_text(reading, label);
    proxy = copy ? grow(reading, (void **)&config->proxies, &config->proxy_count, sizeof *proxy) : NULL;
    if (!proxy) {
        free(copy);
        return false;
    }
    proxy->label = copy;
    proxy->line = reading->line;
    reading->base = proxy;
    return true;
}

static bool open_listener(struct reading *reading, const struct protocol *protocol, const char *label)
{
    struct config *config = reading->config;
    struct listener_config *listener;
    char name[CONFIG_LABEL_MAX + 16], *copy;

    snprintf(name, sizeof name, "%s%s%s", protocol->section, *label ? "/" : "", label);
    if (config_listener(config, name)) {
        complain(reading, reading->line, "%s stands a second time", reading->title);
        return false;
    }
    copy = copy_text(reading, name);
    listener = copy ? grow(reading, (void **)&config->listeners, &config->listener_count, sizeof *listener) : NULL;
    if (!listener) {
        free(copy);
        return false;
    }
    listener->protocol = protocol;
    listener->line = reading->line;
    listener->name = copy;
    reading->base = listener;
    return true;
}

/* Opens a section that may occur once and takes no label. */
static bool open_only(struct reading *reading, const char *label, bool *stands, void *base)
{
    if (*label)
        complain(reading, reading->line, "%s takes no label", reading->title);
    if (*stands)
        complain(reading, reading->line, "%s stands a second time", reading->title);
    if (*label || *stands)
        return false;
    *stands = true;
    reading->base = base;
    return true;
}

/* "[word]" or "[word label]". */
static void open_section(void *arg, int line, const char *header)
{
    struct reading *reading = arg;
    size_t length = strcspn(header + 1, "]"), word;
    char label[CONFIG_LABEL_MAX + 1] = "";
    const struct protocol *protocol;
    const char *start = header + 1, *rest;
    char hint[SPELLING_HINT_MAX];

    close_section(reading);
    reading->line = reading->section_line = line;
    reading->skip_section = true;
    memset(reading->set_at, 0, sizeof reading->set_at);
    if (start[length] != ']' || start[length + 1 + strspn(start + length + 1, " \t")]) {
        complain(reading, reading->line, "a section header ends with ] and nothing behind it");
        return;
    }
    word = strcspn(start, " \t]");
    rest = start + word + strspn(start + word, " \t");
    if (*rest != ']') {
        size_t label_length = strcspn(rest, " \t]");

        if (!is_label(rest, label_length) || rest[label_length + strspn(rest + label_length, " \t")] != ']') {
            complain(reading, reading->line, "a label is one word of at most %d letters, digits, '.', '_' and '-'",
                     CONFIG_LABEL_MAX);
            return;
        }
        memcpy(label, rest, label_length);
        label[label_length] = '\0';
    }
    snprintf(reading->title, sizeof reading->title, "[%.*s%s%s]", (int)(word < 20 ? word : 20), start,
             *label ? " " : "", label);
    protocol = protocol_find(start, word);
    if (protocol) {
        reading->section = OPTION_LISTENER;
        reading->in_section = open_listener(reading, protocol, label);
    } else if (word == 5 && memcmp(start, "proxy", 5) == 0) {
        reading->section = OPTION_PROXY;
        reading->in_section = open_proxy(reading, label);
    } else if (word == 9 && memcmp(start, "sallyport", 9) == 0) {
        reading->section = OPTION_GLOBAL;
        reading->in_section = open_only(reading, label, &reading->has_settings, &reading->config->settings);
    } else if (word == 9 && memcmp(start, "redirects", 9) == 0) {
        reading->section = OPTION_REDIRECTS;
        reading->in_section = open_only(reading, label, &reading->has_redirects, &reading->config->redirects);
    } else {
        complain(reading, reading->line, "unknown section %s%s", reading->title,
                 spelling_hint_section(start, word, hint));
    }
    reading->skip_section = !reading->in_section;
    if (reading->in_section && reading->section != OPTION_GLOBAL && reading->section != OPTION_REDIRECTS)
        set_defaults(reading); /* those two have their defaults already: config_parse has set them */
}

/* --- keys --- */

static void note_secret(struct reading *reading, const struct option_row *option, const char *value)
{
    const char *shown = value;

    if (option->rule.flags & VALUE_SECRET && value_is_quoted(value))
        log_message(LEVEL_WARNING, NULL, "%.300s:%d: %s: its quotes are part of it; values are written without quotes",
                    reading->name, reading->line, option->rule.key);
    if (option->rule.flags & VALUE_REPEATS && value_header_is_secret(value)) {
        shown += strcspn(shown, ":"); /* a header: only its value is secret */
        shown += strspn(shown, ": \t");
    } else if (!(option->rule.flags & VALUE_SECRET)) {
        return;
    }
    if (strcmp(shown, VALUE_MASK) == 0) {
        if (reading->use != CONFIG_TO_CHECK)
            complain(reading, reading->line, "%s: this is the mask that `check` prints in place of a secret",
                     option->rule.key);
    } else if (!reading->secret_line) {
        reading->secret_line = reading->line;
    }
}

static void take_value(struct reading *reading, const char *key, const char *value)
{
    const struct option_row *option = option_find(reading->section, key);
    int *set_at = option ? &reading->set_at[option_index(option)] : NULL;
    char hint[SPELLING_HINT_MAX];

    if (!option) {
        complain(reading, reading->line, "unknown key `%.50s` in %s%s", key, reading->title,
                 spelling_hint_key(reading->section, key, hint));
        return;
    }
    if (*set_at && !reading->continues && !(option->rule.flags & VALUE_REPEATS)) {
        complain(reading, reading->line, "%s stands a second time (first in line %d)", key, *set_at);
        return;
    }
    if (!*set_at)
        *set_at = reading->line;
    note_secret(reading, option, value);
    if (reading->continues)
        continue_option(reading, option, value);
    else
        set_option(reading, option, value, reading->line);
}

static void on_key(void *arg, int line, const char *key, const char *value, bool continues)
{
    struct reading *reading = arg;

    reading->line = line;
    reading->continues = continues;
    if (reading->skip_section)
        return;
    if (reading->in_section)
        take_value(reading, key, value);
    else
        complain(reading, line, "`%.50s` stands before the first section", key);
}

static void on_fault(void *arg, int line, const char *text)
{
    struct reading *reading = arg;

    reading->line = line;
    complain(reading, line, "%s", text);
}

/* --- the whole file --- */

struct config *config_parse(FILE *stream, const char *name, enum config_use use, config_report *report, void *arg)
{
    struct reading reading = {.name = name, .use = use};
    const struct inifile_reader reader = {open_section, on_key, on_fault, &reading};
    struct stat status;
    bool good;

    reading.config = calloc(1, sizeof *reading.config);
    if (!reading.config) {
        complain(&reading, 0, "out of memory");
        diagnostics_tell(&reading.complaints, reading.name, report, arg);
        return NULL;
    }
    reading.config->references = 1;
    reading.config->path = copy_text(&reading, name);
    reading.section = OPTION_REDIRECTS;
    reading.base = &reading.config->redirects;
    set_defaults(&reading);
    reading.section = OPTION_GLOBAL;
    reading.base = &reading.config->settings;
    set_defaults(&reading);
    if (!inifile_read(stream, &reader))
        complain(&reading, 0, "cannot be read: %s", strerror(errno));
    close_section(&reading);
    if (reading.config->listener_count == 0 && reading.complaints.count == 0)
        complain(&reading, 0, "has no listener: add a section like [imap]");
    if (reading.secret_line && fileno(stream) >= 0 && fstat(fileno(stream), &status) == 0 &&
        S_ISREG(status.st_mode) && status.st_mode & 077)
        complain(&reading, reading.secret_line, "the file has a secret in it and others can read it: run `chmod 600` "
                 "on it");
    config_check(reading.config, use, &reading.complaints);
    if (!config_secrets_hold(reading.config))
        complain(&reading, 0, "out of memory");
    good = reading.complaints.count == 0 && reading.config->path;
    diagnostics_tell(&reading.complaints, reading.name, report, arg);
    if (good)
        return reading.config;
    config_unref(reading.config);
    return NULL;
}

struct config *config_load(const char *path, enum config_use use, config_report *report, void *arg)
{
    struct reading reading = {.name = path};
    FILE *stream = fopen(path, "re");
    struct config *config;

    if (!stream) {
        complain(&reading, 0, "%s", strerror(errno));
        diagnostics_tell(&reading.complaints, reading.name, report, arg);
        return NULL;
    }
    config = config_parse(stream, path, use, report, arg);
    fclose(stream);
    return config;
}

struct config *config_ref(struct config *config)
{
    config->references++;
    return config;
}

static void release_section(enum option_section section, void *base)
{
    for (size_t i = 0; option_row(i); i++)
        if (option_row(i)->section == section)
            value_release(&option_row(i)->rule, option_field(option_row(i), base));
}

void config_unref(struct config *config)
{
    if (!config || --config->references > 0)
        return;
    config_secrets_drop(config);
    release_section(OPTION_GLOBAL, &config->settings);
    release_section(OPTION_REDIRECTS, &config->redirects);
    for (size_t i = 0; i < config->proxy_count; i++) {
        release_section(OPTION_PROXY, &config->proxies[i]);
        free(config->proxies[i].label);
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        release_section(OPTION_LISTENER, &config->listeners[i]);
        free(config->listeners[i].name);
        free(config->listeners[i].scheme);
    }
    free(config->proxies);
    free(config->listeners);
    free(config->path);
    free(config);
}

const struct listener_config *config_listener(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].name && strcmp(config->listeners[i].name, name) == 0)
            return &config->listeners[i];
    return NULL;
}
