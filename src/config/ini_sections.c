/* SPDX-License-Identifier: ISC */
#include "config/ini_sections.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/inifile.h"

/* A file being read. */
struct reading {
    struct ini_sections *sections;
    struct ini_section *section; /* the present one; NULL: none yet, or it is not kept */
    bool begun;                  /* there was a section */
    bool failed;                 /* out of memory */
    size_t file, count;          /* its number; its sections so far */
    struct diagnostics *complaints;
};

static void __attribute__((format(printf, 3, 4))) complain(const struct reading *reading, int line, const char *format,
                                                           ...)
{
    va_list values;

    va_start(values, format);
    diagnostics_add(reading->complaints, sources_where(reading->file, line), format, values);
    va_end(values);
}

static void fail(struct reading *reading, int line)
{
    reading->failed = true;
    complain(reading, line, "out of memory");
}

/* --- lists --- */

void ini_sections_init(struct ini_sections *sections)
{
    *sections = (struct ini_sections){.end = &sections->first};
}

static void free_key(struct ini_key *key)
{
    explicit_bzero(key->value, strlen(key->value));
    free(key);
}

static void free_section(struct ini_section *section)
{
    while (section->first) {
        struct ini_key *key = section->first;

        section->first = key->next;
        free_key(key);
    }
    free(section);
}

void ini_sections_release(struct ini_sections *sections)
{
    while (sections->first)
        ini_sections_remove(sections, &sections->first);
}

void ini_sections_remove(struct ini_sections *sections, struct ini_section **place)
{
    struct ini_section *section = *place;

    *place = section->next;
    if (sections->end == &section->next)
        sections->end = place;
    sections->count--;
    free_section(section);
}

void ini_section_strike(struct ini_section *section, bool (*goes)(void *arg, const struct ini_key *key), void *arg)
{
    struct ini_key **place = &section->first;

    while (*place) {
        struct ini_key *key = *place;

        if (goes(arg, key)) {
            *place = key->next;
            section->count--;
            free_key(key);
        } else {
            place = &key->next;
        }
    }
    section->end = place;
}

/* --- headers --- */

bool ini_title_read(struct ini_title *title, const char *header)
{
    const char *rest;

    title->word = header + 1;
    title->word_length = strcspn(title->word, " \t]");
    title->label = title->word + title->word_length;
    title->label += strspn(title->label, " \t");
    title->label_length = strcspn(title->label, " \t]");
    rest = title->label + title->label_length;
    rest += strspn(rest, " \t");
    return title->word_length > 0 && *rest == ']' && rest[1 + strspn(rest + 1, " \t")] == '\0';
}

const char *ini_title_format(const struct ini_title *title, char out[INI_TITLE_MAX])
{
    snprintf(out, INI_TITLE_MAX, "[%.*s%s%.*s]", title->word_length < 20 ? (int)title->word_length : 20, title->word,
             title->label_length > 0 ? " " : "", title->label_length < 36 ? (int)title->label_length : 36,
             title->label);
    return out;
}

static bool is_same(const struct ini_title *title, const char *header)
{
    struct ini_title other;

    return ini_title_read(&other, header) && title->word_length == other.word_length &&
           title->label_length == other.label_length && memcmp(title->word, other.word, other.word_length) == 0 &&
           memcmp(title->label, other.label, other.label_length) == 0;
}

struct ini_section *ini_sections_find(const struct ini_sections *sections, const char *header)
{
    struct ini_title title;

    if (!ini_title_read(&title, header))
        return NULL;
    for (struct ini_section *section = sections->first; section; section = section->next)
        if (is_same(&title, section->header))
            return section;
    return NULL;
}

const struct ini_key *ini_sections_key(const struct ini_sections *sections, const char *header, const char *key)
{
    const struct ini_section *section = ini_sections_find(sections, header);
    const struct ini_key *found = NULL;

    for (const struct ini_key *at = section ? section->first : NULL; at; at = at->next)
        if (!at->continues && strcmp(at->key, key) == 0)
            found = at;
    return found;
}

/* --- reading --- */

static void tell_repeated(const struct reading *reading, int line, const char *header)
{
    struct ini_title title;
    char text[INI_TITLE_MAX];

    ini_title_read(&title, header);
    complain(reading, line, "%s stands a second time", ini_title_format(&title, text));
}

/* Adds a section.  NULL: there is no room, which was reported. */
static struct ini_section *add_section(struct reading *reading, int line, const char *header)
{
    struct ini_sections *sections = reading->sections;
    const size_t size = strlen(header) + 1;
    struct ini_section *section;

    if (reading->count == INI_SECTIONS_MAX)
        complain(reading, line, "more sections than fit");
    if (reading->count++ >= INI_SECTIONS_MAX)
        return NULL;
    section = malloc(sizeof *section + size);
    if (!section) {
        fail(reading, line);
        return NULL;
    }
    *section = (struct ini_section){.where = sources_where(reading->file, line)};
    section->end = &section->first;
    memcpy(section->header, header, size);
    *sections->end = section;
    sections->end = &section->next;
    sections->count++;
    return section;
}

static void on_section(void *arg, int line, const char *header)
{
    struct reading *reading = arg;

    reading->begun = true;
    reading->section = ini_sections_find(reading->sections, header);
    if (reading->section)
        tell_repeated(reading, line, header);
    else
        reading->section = add_section(reading, line, header);
}

static void on_key(void *arg, int line, const char *name, const char *value, bool continues)
{
    struct reading *reading = arg;
    struct ini_section *section = reading->section;
    const size_t name_size = strlen(name) + 1, value_size = strlen(value) + 1;
    struct ini_key *key;

    if (!reading->begun)
        complain(reading, line, "`%.50s` stands before the first section", name);
    if (!section || section->count > INI_SECTION_LINES_MAX)
        return;
    if (section->count++ == INI_SECTION_LINES_MAX) {
        complain(reading, line, "more lines than fit into a section");
        return;
    }
    key = malloc(sizeof *key + name_size + value_size);
    if (!key) {
        fail(reading, line);
        return;
    }
    *key = (struct ini_key){.where = sources_where(reading->file, line), .continues = continues};
    memcpy(key->key, name, name_size);
    key->value = key->key + name_size;
    memcpy(key->value, value, value_size);
    *section->end = key;
    section->end = &key->next;
}

static void on_fault(void *arg, int line, const char *text)
{
    complain(arg, line, "%s", text);
}

bool ini_sections_read(struct ini_sections *sections, FILE *stream, size_t file, struct diagnostics *complaints)
{
    struct reading reading = {.sections = sections, .file = file, .complaints = complaints};
    const struct inifile_reader reader = {on_section, on_key, on_fault, &reading};

    if (!inifile_read(stream, &reader)) {
        reading.failed |= errno == ENOMEM;
        complain(&reading, 0, "cannot be read: %s", strerror(errno));
    }
    return !reading.failed;
}
