/* SPDX-License-Identifier: ISC */
#include "config/config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/config_check.h"
#include "config/config_secrets.h"
#include "config/diagnostics.h"
#include "config/expansion.h"
#include "config/ini_sections.h"
#include "config/layers.h"
#include "config/listener_check.h"
#include "config/listening.h"
#include "config/option.h"
#include "config/origins.h"
#include "config/proxy_check.h"
#include "config/relay_check.h"
#include "config/reverse_check.h"
#include "config/section.h"
#include "config/section_kind.h"
#include "config/spelling.h"

/* The files being read: the config so far, the present section and line (sources.h), the errors found. */
struct reading {
    enum config_use use;
    struct diagnostics complaints;
    struct config *config;
    int line;            /* the line being read */
    bool continues;      /* the line continues the value before it */
    enum option_section section;
    void *base;          /* the struct that the section fills, see option.h */
    char title[INI_TITLE_MAX]; /* for messages: "[imap work]" */
    int section_line;
    int set_at[OPTION_ROWS_MAX]; /* line that sets each option in this section; 0: not set */
    bool is_told[SOURCES_MAX];   /* of a file: that others can read a secret in it */
    bool is_trial;       /* nothing is kept, and nothing is logged */
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
    return (struct section){reading->section, &reading->config->sources, reading->title, reading->section_line,
                            reading->set_at, reading->use, &reading->complaints};
}

static void close_section(struct reading *reading)
{
    const struct section section = section_of(reading);

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

static bool has_end(const char *header)
{
    const char *end = strchr(header, ']');

    return end && end[1 + strspn(end + 1, " \t")] == '\0';
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

/* Opens a section that takes no label. */
static bool open_only(struct reading *reading, const char *label, void *base)
{
    if (*label)
        complain(reading, reading->line, "%s takes no label", reading->title);
    reading->base = base;
    return !*label;
}

/* Opens a section of the kind that a word of that length names.  False: it cannot, which was reported. */
static bool open_kind(struct reading *reading, const char *word, size_t length, const char *label)
{
    const struct protocol *protocol;
    char hint[SPELLING_HINT_MAX];

    if (!section_kind_find(word, length, &reading->section, &protocol)) {
        complain(reading, reading->line, "unknown section %s%s", reading->title,
                 spelling_hint_section(word, length, hint));
        return false;
    }
    switch (reading->section) {
    case OPTION_GLOBAL: return open_only(reading, label, &reading->config->settings);
    case OPTION_REDIRECTS: return open_only(reading, label, &reading->config->redirects);
    case OPTION_PROXY: return open_proxy(reading, label);
    case OPTION_LISTENER: return open_listener(reading, protocol, label);
    case OPTION_REVERSE: return open_reverse(reading, label);
    case OPTION_RELAY: return open_relay(reading, label);
    case OPTION_PUBLIC: return open_public(reading, label);
    }
    return false;
}

/* "[word]" or "[word label]".  False: it cannot, which was reported. */
static bool open_section(struct reading *reading, const struct ini_section *section)
{
    char label[CONFIG_LABEL_MAX + 1] = "";
    struct ini_title title;
    const bool is_whole = ini_title_read(&title, section->header);

    reading->line = reading->section_line = section->where;
    memset(reading->set_at, 0, sizeof reading->set_at);
    if (!has_end(section->header)) {
        complain(reading, reading->line, "a section header ends with ] and nothing behind it");
        return false;
    }
    if (*title.label != ']' && !(is_whole && is_label(title.label, title.label_length))) {
        complain(reading, reading->line, "a label is one word of at most %d letters, digits, '.', '_' and '-'",
                 CONFIG_LABEL_MAX);
        return false;
    }
    memcpy(label, title.label, title.label_length);
    label[title.label_length] = '\0';
    ini_title_format(&title, reading->title);
    if (!open_kind(reading, title.word, title.word_length, label))
        return false;
    if (reading->section != OPTION_GLOBAL && reading->section != OPTION_REDIRECTS)
        set_defaults(reading); /* those two have their defaults already: read_all has set them */
    return true;
}

/* --- keys --- */

static void note_secret(struct reading *reading, const struct option_row *option, const char *value)
{
    const size_t file = sources_file(reading->line);
    char place[SOURCES_TEXT_MAX];
    const char *shown = value;

    if (option->rule.flags & VALUE_SECRET && value_is_quoted(value) && !reading->is_trial)
        log_message(LEVEL_WARNING, NULL, "%s: %s: its quotes are part of it; values are written without quotes",
                    sources_format(&reading->config->sources, reading->line, place), option->rule.key);
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
    } else if (reading->config->sources.at[file].is_exposed && !reading->is_told[file]) {
        reading->is_told[file] = true;
        complain(reading, reading->line, "the file has a secret in it and others can read it: run `chmod 600` on it");
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

/* The same for a value with variables, of which none is a list. */
static void set_expanded(struct reading *reading, const struct option_row *option, const char *value)
{
    const struct expansion expansion = expansion_of_this_user();
    char whole[EXPANSION_MAX];
    const char *why;

    if (reading->continues)
        continue_option(reading, option, value);
    else if (expansion_make(&expansion, value, whole, &why, NULL))
        set_option(reading, option, whole, reading->line);
    else
        complain(reading, reading->line, "%s: %s", option->rule.key, why);
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
        complain(reading, reading->line, "%s stands a second time (first in line %d)", key,
                 sources_line(*set_at));
        return;
    }
    if (!*set_at)
        *set_at = reading->line;
    note_secret(reading, option, value);
    if (option->rule.flags & VALUE_EXPANDS && strchr(value, '$'))
        set_expanded(reading, option, value);
    else if (reading->continues)
        continue_option(reading, option, value);
    else
        set_option(reading, option, value, reading->line);
}

/* --- all of it --- */

/* False: there is no such section, which was reported. */
static bool read_keys(struct reading *reading, const struct ini_section *section)
{
    if (!open_section(reading, section))
        return false;
    for (const struct ini_key *key = section->first; key; key = key->next) {
        reading->line = key->where;
        reading->continues = key->continues;
        take_value(reading, key->key, key->value);
    }
    return true;
}

static void read_section(struct reading *reading, const struct ini_section *section)
{
    if (!read_keys(reading, section))
        return;
    close_section(reading);
    if (reading->use == CONFIG_TO_CHECK && !origins_add(&reading->config->origins, reading->section, reading->set_at))
        complain(reading, 0, "out of memory");
}

/* Sets the defaults of the sections of which there is always one. */
static void begin(struct reading *reading)
{
    reading->section = OPTION_REDIRECTS;
    reading->base = &reading->config->redirects;
    set_defaults(reading);
    reading->section = OPTION_GLOBAL;
    reading->base = &reading->config->settings;
    set_defaults(reading);
}

/* For layers_judge: reads one file for its errors alone, and not whether it is whole, which others may make it. */
static void try_file(void *arg, const struct ini_sections *sections, struct diagnostics *complaints)
{
    const struct reading *reading = arg;
    struct reading trial = {.use = reading->use, .config = calloc(1, sizeof *trial.config), .is_trial = true};

    if (!trial.config) {
        complain(&trial, 0, "out of memory");
        diagnostics_take(complaints, &trial.complaints);
        return;
    }
    trial.config->references = 1;
    trial.config->sources = reading->config->sources; /* borrowed */
    begin(&trial);
    for (const struct ini_section *section = sections->first; section; section = section->next)
        (void)read_keys(&trial, section);
    if (!config_secrets_hold(trial.config)) /* what another configuration holds is not dropped with ours */
        complain(&trial, 0, "out of memory");
    diagnostics_take(complaints, &trial.complaints);
    trial.config->sources.count = 0;
    config_unref(trial.config);
}

/* Reads the sections, and checks whether they fit together. */
static void read_all(struct reading *reading, const struct ini_sections *sections)
{
    struct config *config = reading->config;

    begin(reading);
    for (const struct ini_section *section = sections->first; section; section = section->next)
        read_section(reading, section);
    if (listening_count(config) + config->reverse_count == 0 && reading->complaints.count == 0)
        complain(reading, 0, "has no listener: add a section like [imap]");
    config_check(config, reading->use, &reading->complaints);
    if (!config_secrets_hold(config))
        complain(reading, 0, "out of memory");
}

/* stream may be NULL: the file of that name is opened. */
static struct config *load(const char *name, FILE *stream, enum config_use use, config_report *report, void *arg)
{
    struct reading reading = {.use = use, .config = calloc(1, sizeof *reading.config)};
    const struct layers_judge judge = {try_file, &reading};
    struct ini_sections sections;
    bool good;

    if (!reading.config) {
        complain(&reading, 0, "out of memory");
        diagnostics_tell(&reading.complaints, name, report, arg);
        return NULL;
    }
    reading.config->references = 1;
    reading.config->path = copy_text(&reading, name);
    ini_sections_init(&sections);
    layers_read(name, stream, &judge, &reading.config->sources, &sections, &reading.complaints);
    if (sections.first || reading.complaints.count == 0)
        read_all(&reading, &sections);
    ini_sections_release(&sections);
    good = reading.complaints.count == 0;
    if (reading.config->sources.count > 0)
        diagnostics_tell_all(&reading.complaints, &reading.config->sources, report, arg);
    else
        diagnostics_tell(&reading.complaints, name, report, arg);
    if (good)
        return reading.config;
    config_unref(reading.config);
    return NULL;
}

struct config *config_load(const char *path, enum config_use use, config_report *report, void *arg)
{
    return load(path, NULL, use, report, arg);
}

struct config *config_parse(FILE *stream, const char *name, enum config_use use, config_report *report, void *arg)
{
    return load(name, stream, use, report, arg);
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
    sources_cut(&config->sources, 0);
    origins_free(config->origins);
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
