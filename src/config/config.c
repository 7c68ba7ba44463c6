#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "config/config_check.h"
#include "config/config_secrets.h"
#include "config/diagnostics.h"
#include "config/inifile.h"
#include "config/listener_check.h"
#include "config/listening.h"
#include "config/option.h"
#include "config/proxy_check.h"
#include "config/relay_check.h"
#include "config/reverse_check.h"
#include "config/section.h"
#include "config/spelling.h"

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
    int set_at[OPTION_ROWS_MAX]; /* line that sets each option in this section; 0: not set */
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

/* The protocol whose defaults a value takes: a listener's own; what is published has none, so that its port is
 * written. */
static const struct protocol *base_protocol(const struct reading *reading)
{
    if (reading->section == OPTION_REVERSE)
        return protocol_find("forward", strlen("forward"));
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

/* The present section, for its checks. */
static struct section section_of(struct reading *reading)
{
    return (struct section){reading->section, reading->name, reading->title, reading->section_line, reading->set_at,
                            reading->use, &reading->complaints};
}

static void close_section(struct reading *reading)
{
    const struct section section = section_of(reading);

    if (!reading->in_section)
        return;
    for (size_t i = 0; option_row(i); i++) {
        const struct option_row *option = option_row(i);

        if (option->section == reading->section && option->rule.flags & VALUE_REQUIRED && !reading->set_at[i])
            complain(reading, reading->section_line, "%s needs the key `%s`", reading->title, option->rule.key);
    }
    if (reading->section == OPTION_LISTENER)
        listener_check(&section, reading->base);
    else if (reading->section == OPTION_PROXY)
        proxy_check(&section, reading->base);
    else if (reading->section == OPTION_REVERSE)
        reverse_check(&section, reading->base);
    else if (reading->section == OPTION_RELAY)
        relay_check(&section, reading->base);
    else if (reading->section == OPTION_PUBLIC)
        relay_check_public(&section, reading->base);
    reading->in_section = false;
}

static bool is_label(const char *label, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)label[i]) && !strchr("._-", label[i]))
            return false;
    return length > 0 && length <= CONFIG_LABEL_MAX;
}

/* The structs of a kind of section of which there may be many, told apart by their names. */
struct list {
    void **array;
    size_t *count, size; /* size: of a struct */
    size_t name;         /* offset of the struct's name, a char * that it owns */
};

static char **name_in(const struct list *list, size_t i)
{
    return (char **)((char *)*list->array + i * list->size + list->name);
}

/* Adds a zeroed struct, whose name is "kind/label", or what of the two is not empty.  NULL: it cannot, which was
 * reported. */
static void *add_named(struct reading *reading, const struct list *list, const char *kind, const char *label)
{
    char name[CONFIG_LABEL_MAX + 16], *copy, *grown;

    snprintf(name, sizeof name, "%s%s%s", kind, *kind && *label ? "/" : "", label);
    for (size_t i = 0; i < *list->count; i++)
        if (strcmp(*name_in(list, i), name) == 0) {
            complain(reading, reading->line, "%s stands a second time", reading->title);
            return NULL;
        }
    copy = copy_text(reading, name);
    if (!copy)
        return NULL;
    grown = *list->count < CONFIG_SECTIONS_MAX ? realloc(*list->array, (*list->count + 1) * list->size) : NULL;
    if (!grown) {
        complain(reading, reading->line, "more sections than fit");
        free(copy);
        return NULL;
    }
    *list->array = grown;
    memset(grown + *list->count * list->size, 0, list->size);
    *name_in(list, *list->count) = copy;
    return grown + (*list->count)++ * list->size;
}

static bool open_proxy(struct reading *reading, const char *label)
{
    struct config *config = reading->config;
    const struct list list = {(void **)&config->proxies, &config->proxy_count, sizeof *config->proxies,
                              offsetof(struct proxy_config, label)};
    struct proxy_config *proxy;

    if (strcmp(label, "direct") == 0) {
        complain(reading, reading->line, "a proxy cannot be called direct");
        return false;
    }
    proxy = reading->base = add_named(reading, &list, "", label);
    if (proxy)
        proxy->line = reading->line;
    return proxy;
}

static bool open_listener(struct reading *reading, const struct protocol *protocol, const char *label)
{
    struct config *config = reading->config;
    const struct list list = {(void **)&config->listeners, &config->listener_count, sizeof *config->listeners,
                              offsetof(struct listener_config, name)};
    struct listener_config *listener = reading->base = add_named(reading, &list, protocol->section, label);

    if (!listener)
        return false;
    listener->protocol = protocol;
    listener->line = reading->line;
    return true;
}

static bool open_reverse(struct reading *reading, const char *label)
{
    struct config *config = reading->config;
    const struct list list = {(void **)&config->reverses, &config->reverse_count, sizeof *config->reverses,
                              offsetof(struct reverse_config, name)};
    struct reverse_config *reverse = reading->base = add_named(reading, &list, "reverse", label);

    if (reverse)
        reverse->line = reading->line;
    return reverse;
}

static bool open_relay(struct reading *reading, const char *label)
{
    struct config *config = reading->config;
    const struct list list = {(void **)&config->relays, &config->relay_count, sizeof *config->relays,
                              offsetof(struct relay_config, name)};
    struct relay_config *relay = reading->base = add_named(reading, &list, "relay", label);

    if (relay)
        relay->line = reading->line;
    return relay;
}

static bool open_public(struct reading *reading, const char *label)
{
    struct config *config = reading->config;
    const struct list list = {(void **)&config->publics, &config->public_count, sizeof *config->publics,
                              offsetof(struct public_config, name)};
    struct public_config *port = reading->base = add_named(reading, &list, "public", label);

    if (port)
        port->line = reading->line;
    return port;
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

static bool open_settings(struct reading *reading, const char *label)
{
    return open_only(reading, label, &reading->has_settings, &reading->config->settings);
}

static bool open_redirects(struct reading *reading, const char *label)
{
    return open_only(reading, label, &reading->has_redirects, &reading->config->redirects);
}

/* Opens a section of the kind that a word of that length names.  False: it cannot, which was reported. */
static bool open_kind(struct reading *reading, const char *word, size_t length, const char *label)
{
    static const struct {
        const char *word;
        enum option_section section;
        bool (*open)(struct reading *reading, const char *label);
    } kinds[] = {
        {"sallyport", OPTION_GLOBAL, open_settings}, {"redirects", OPTION_REDIRECTS, open_redirects},
        {"proxy", OPTION_PROXY, open_proxy},         {"reverse", OPTION_REVERSE, open_reverse},
        {"relay", OPTION_RELAY, open_relay},         {"public", OPTION_PUBLIC, open_public},
    };
    const struct protocol *protocol = protocol_find(word, length);
    char hint[SPELLING_HINT_MAX];

    if (protocol) {
        reading->section = OPTION_LISTENER;
        return open_listener(reading, protocol, label);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen(kinds[i].word) == length && memcmp(word, kinds[i].word, length) == 0) {
            reading->section = kinds[i].section;
            return kinds[i].open(reading, label);
        }
    complain(reading, reading->line, "unknown section %s%s", reading->title, spelling_hint_section(word, length, hint));
    return false;
}

/* "[word]" or "[word label]". */
static void open_section(void *arg, int line, const char *header)
{
    struct reading *reading = arg;
    size_t length = strcspn(header + 1, "]"), word;
    char label[CONFIG_LABEL_MAX + 1] = "";
    const char *start = header + 1, *rest;

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
    reading->in_section = open_kind(reading, start, word, label);
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

static void take_value(struct reading *reading, const char *key, const char *value);

/* `path /mail/imap = home:143` is short for `path = /mail/imap = home:143`.  False: it is nothing of the kind. */
static bool take_split_value(struct reading *reading, const char *key, const char *value)
{
    const size_t length = strcspn(key, " \t");
    const char *rest = key + length + strspn(key + length, " \t");
    const size_t size = strlen(rest) + strlen(value) + sizeof " = ";
    const struct option_row *option;
    char word[16], *whole;

    if (*rest == '\0' || length >= sizeof word)
        return false;
    snprintf(word, sizeof word, "%.*s", (int)length, key);
    option = option_find(reading->section, word);
    if (!option || !(option->rule.flags & VALUE_SPLITS))
        return false;
    whole = malloc(size);
    if (!whole) {
        complain(reading, reading->line, "out of memory");
        return true;
    }
    snprintf(whole, size, "%s = %s", rest, value);
    take_value(reading, word, whole);
    free(whole);
    return true;
}

static void take_value(struct reading *reading, const char *key, const char *value)
{
    const struct option_row *option = option_find(reading->section, key);
    int *set_at = option ? &reading->set_at[option_index(option)] : NULL;
    char hint[SPELLING_HINT_MAX];

    if (!option && take_split_value(reading, key, value))
        return;
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
    if (listening_count(reading.config) + reading.config->reverse_count == 0 && reading.complaints.count == 0)
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
        free(config->proxies[i].stranger);
        release_section(OPTION_PROXY, &config->proxies[i]);
        free(config->proxies[i].label);
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        release_section(OPTION_LISTENER, &config->listeners[i]);
        free(config->listeners[i].name);
        free(config->listeners[i].scheme);
    }
    for (size_t i = 0; i < config->reverse_count; i++) {
        release_section(OPTION_REVERSE, &config->reverses[i]);
        free(config->reverses[i].relay.label);
        free(config->reverses[i].way.scheme);
        free(config->reverses[i].home.scheme);
        free(config->reverses[i].name);
    }
    for (size_t i = 0; i < config->relay_count; i++) {
        release_section(OPTION_RELAY, &config->relays[i]);
        free(config->relays[i].name);
    }
    for (size_t i = 0; i < config->public_count; i++) {
        release_section(OPTION_PUBLIC, &config->publics[i]);
        free(config->publics[i].name);
    }
    free(config->proxies);
    free(config->listeners);
    free(config->reverses);
    free(config->relays);
    free(config->publics);
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

const struct reverse_config *config_reverse(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->reverse_count; i++)
        if (config->reverses[i].name && strcmp(config->reverses[i].name, name) == 0)
            return &config->reverses[i];
    return NULL;
}
