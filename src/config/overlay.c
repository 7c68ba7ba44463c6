/* SPDX-License-Identifier: ISC */
#include "config/overlay.h"

#include <string.h>

#include "config/option.h"
#include "config/section_kind.h"

/* --- what is the same --- */

/* `path /a` is short for `path`, see config.c. */
static size_t name_length(const char *key)
{
    return strcspn(key, " \t");
}

static bool is_password(const char *key)
{
    return strcmp(key, "password") == 0 || strcmp(key, "password-file") == 0 || strcmp(key, "password-command") == 0;
}

/* Whether one key stands in place of the other. */
static bool is_same_matter(const char *key, const char *other)
{
    const size_t length = name_length(key);

    return (length == name_length(other) && memcmp(key, other, length) == 0) ||
           (is_password(key) && is_password(other));
}

static bool has_matter(const struct ini_section *section, const char *key)
{
    for (const struct ini_key *at = section->first; at; at = at->next)
        if (is_same_matter(at->key, key))
            return true;
    return false;
}

/* --- laying over --- */

static bool is_in_upper(void *arg, const struct ini_key *key)
{
    return has_matter(arg, key->key);
}

/* Moves the keys of upper to lower. */
static void join(struct ini_section *lower, struct ini_section *upper)
{
    ini_section_strike(lower, is_in_upper, upper);
    if (upper->first) {
        *lower->end = upper->first;
        lower->end = upper->end;
        lower->count += upper->count;
    }
    lower->where = upper->where;
    upper->first = NULL;
    upper->end = &upper->first;
    upper->count = 0;
}

static void move(struct ini_sections *lower, struct ini_sections *upper)
{
    struct ini_section *section = upper->first;

    upper->first = section->next;
    if (!upper->first)
        upper->end = &upper->first;
    upper->count--;
    section->next = NULL;
    *lower->end = section;
    lower->end = &section->next;
    lower->count++;
}

void overlay_put(struct ini_sections *lower, struct ini_sections *upper)
{
    while (upper->first) {
        struct ini_section *beneath = ini_sections_find(lower, upper->first->header);

        if (beneath) {
            join(beneath, upper->first);
            ini_sections_remove(upper, &upper->first);
        } else {
            move(lower, upper);
        }
    }
}

void overlay_sort(struct ini_sections *sections, size_t over)
{
    struct ini_sections own, others;

    ini_sections_init(&own);
    ini_sections_init(&others);
    while (sections->first)
        move(sources_file(sections->first->where) < over ? &own : &others, sections);
    while (own.first)
        move(sections, &own);
    while (others.first)
        move(sections, &others);
}

/* --- what is final --- */

static bool has_word(const char *list, const char *word, size_t length)
{
    for (list += strspn(list, " \t"); *list; list += strspn(list, " \t")) {
        const size_t here = strcspn(list, " \t");

        if (here == length && memcmp(list, word, length) == 0)
            return true;
        list += here;
    }
    return false;
}

/* Whether the first word of a header is among the kinds that the value of `final`, and the lines that go on with it,
 * have. */
static bool names(const struct ini_key *final, const struct ini_title *title)
{
    do {
        if (has_word(final->value, title->word, title->word_length))
            return true;
        final = final->next;
    } while (final && final->continues);
    return false;
}

static bool is_final(const struct ini_key *final, const struct ini_section *section)
{
    struct ini_title title;

    return ini_title_read(&title, section->header) && names(final, &title);
}

bool overlay_binds(const struct ini_sections *lower, const struct ini_sections *upper)
{
    const struct ini_key *final = ini_sections_key(lower, "[sallyport]", "final");

    for (const struct ini_section *section = final ? upper->first : NULL; section; section = section->next) {
        struct ini_title title;

        ini_title_read(&title, section->header);
        if (names(final, &title))
            return true;
    }
    return false;
}

/* A final section of the upper file. */
struct enforcement {
    const struct ini_section *lower;
    struct overlay_refusal refusal;
    enum option_section kind;
    void (*passed_over)(void *arg, const struct overlay_refusal *refusal);
    void *arg;
};

static bool may_stay(const struct enforcement *enforcement, const struct ini_key *key)
{
    const struct option_row *row = option_find(enforcement->kind, key->key);

    return row && (row->rule.flags & VALUE_OF_FILE ||
                   (row->rule.flags & VALUE_PERSONAL && !has_matter(enforcement->lower, key->key)));
}

static bool must_go(void *arg, const struct ini_key *key)
{
    struct enforcement *enforcement = arg;

    if (may_stay(enforcement, key))
        return false;
    enforcement->refusal.key = key;
    if (!key->continues)
        enforcement->passed_over(enforcement->arg, &enforcement->refusal);
    return true;
}

/* Returns whether the section has keys still. */
static bool enforce(struct enforcement *enforcement, struct ini_section *section)
{
    struct ini_title title;

    if (!enforcement->lower) {
        enforcement->passed_over(enforcement->arg, &enforcement->refusal);
        return false;
    }
    if (ini_title_read(&title, section->header) &&
        section_kind_find(title.word, title.word_length, &enforcement->kind, &(const struct protocol *){NULL}))
        ini_section_strike(section, must_go, enforcement);
    return section->first;
}

void overlay_enforce(const struct ini_sections *lower, struct ini_sections *upper,
                     void (*passed_over)(void *arg, const struct overlay_refusal *refusal), void *arg)
{
    const struct ini_key *final = ini_sections_key(lower, "[sallyport]", "final");
    struct ini_section **place = &upper->first;

    while (final && *place) {
        struct ini_section *section = *place;
        struct enforcement enforcement = {
            .lower = ini_sections_find(lower, section->header),
            .refusal = {.section = section, .final_where = final->where},
            .passed_over = passed_over,
            .arg = arg,
        };

        if (is_final(final, section) && !enforce(&enforcement, section))
            ini_sections_remove(upper, place);
        else
            place = &section->next;
    }
}
