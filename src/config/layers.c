/* SPDX-License-Identifier: ISC */
#include "config/layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config_place.h"
#include "config/overlay.h"
#include "config/system_file.h"
#include "config/user_file.h"

#define WARNINGS_MAX 8 /* of what does not count: the rest will be like them */

/* One of two layers: the user's, or the machine's. */
struct layer {
    struct sources *sources;
    struct ini_sections sections;
    struct diagnostics *complaints;
    bool failed; /* out of memory, which was reported: something is missing */

    /* Of the machine's, for a user who has not asked for it: what is wrong is left out, one file after the other. */
    const struct layers_judge *judge; /* NULL: nothing is left out */
    const struct ini_sections *found; /* what is good, by a first reading; NULL: this is it, and nothing is logged */
    struct diagnostics *errors;       /* of files that are not; complaints has those of the present one */
    const char *path;                 /* of the file with the others beside it */
    unsigned left_out;
};

static void __attribute__((format(printf, 3, 4))) complain(const struct layer *layer, int where, const char *format,
                                                           ...)
{
    va_list values;

    va_start(values, format);
    diagnostics_add(layer->complaints, where, format, values);
    va_end(values);
}

static void fail(struct layer *layer, int where)
{
    layer->failed = true;
    complain(layer, where, "out of memory");
}

/* Adds a file to the sources.  False: no room, which was reported. */
static bool add_source(struct layer *layer, const char *name, size_t *file)
{
    int number = sources_add(layer->sources, name);

    if (number < 0)
        fail(layer, 0);
    *file = (size_t)number;
    return number >= 0;
}

/* What sections say of the machine's file; NULL: nothing. */
static const struct ini_key *find_include(const struct ini_sections *sections)
{
    return ini_sections_key(sections, "[sallyport]", "include");
}

/* Whether they want it. */
static bool wants_system(const struct ini_sections *sections)
{
    const struct ini_key *include = find_include(sections);

    return include && strcmp(include->value, "system") == 0;
}

/* For those that are the machine's. */
static void refuse_include(const struct layer *layer, const struct ini_sections *sections)
{
    if (wants_system(sections))
        complain(layer, find_include(sections)->where,
                 "include: this is the machine's file itself, which extends no other");
}

/* Whether they say that something is final, in any line: which one counts, where it stands twice, nobody can tell. */
static bool is_something_final(const struct ini_sections *sections)
{
    const struct ini_section *section = ini_sections_find(sections, "[sallyport]");

    for (const struct ini_key *key = section ? section->first : NULL; key; key = key->next)
        if (strcmp(key->key, "final") == 0 && strcmp(key->value, "none") != 0)
            return true;
    return false;
}

static bool is_key_final(void *arg, const struct ini_key *key)
{
    (void)arg;
    return strcmp(key->key, "final") == 0;
}

/* Whatever they say of that is said no longer. */
static void drop_final(struct ini_sections *sections)
{
    struct ini_section *section = ini_sections_find(sections, "[sallyport]");

    if (section)
        ini_section_strike(section, is_key_final, NULL);
}

/* Whether a file has of what is final by the first reading: users could put nothing in its place. */
static bool has_of_final(const struct layer *layer, const struct ini_sections *sections)
{
    return layer->found && overlay_binds(layer->found, sections);
}

/* Whether a file of a layer that leaves files out is one of those: it has errors, which are reported, and users can do
 * without it. */
static bool is_no_use(const struct layer *layer, const struct ini_sections *sections)
{
    if (is_something_final(sections) || has_of_final(layer, sections))
        return false;
    layer->judge->judge(layer->judge->arg, sections, layer->complaints);
    return layer->complaints->count > 0;
}

/* Reads a stream and lays it over what the layer has.  False: it is to be left out. */
static bool read_stream(struct layer *layer, FILE *stream, size_t file)
{
    struct ini_sections sections;

    ini_sections_init(&sections);
    layer->failed |= !ini_sections_read(&sections, stream, file, layer->complaints);
    if (layer->judge)
        refuse_include(layer, &sections);
    if (layer->judge && is_no_use(layer, &sections)) {
        ini_sections_release(&sections);
        return false;
    }
    if (has_of_final(layer, &sections) && !is_something_final(&sections))
        drop_final(&sections); /* if it said `none` and was right, nothing would be final, or by a later file */
    overlay_put(&layer->sections, &sections);
    return true;
}

/* --- what is left out --- */

#define IS_LEFT_OUT "it does not count, nor what it says is final"

/* Of the last file, or folder, that was added, where it is not as it should be: the warning says what was found first,
 * and what comes of it. */
static void leave_out(struct layer *layer, size_t file, const char *outcome)
{
    const struct diagnostic *first = &layer->complaints->kept[0];
    char place[SOURCES_TEXT_MAX];

    if (layer->found && layer->left_out++ < WARNINGS_MAX)
        log_message(LEVEL_WARNING, NULL, "%s: %s (%s: `sallyport -c %.300s check` tells more)",
                    sources_format(layer->sources, first->line, place), first->text ? first->text : "out of memory",
                    outcome, layer->path);
    diagnostics_drop(layer->complaints);
    sources_cut(layer->sources, file);
}

/* Tells how many more there were than warnings. */
static void tell_rest(const struct layer *layer)
{
    const unsigned more = layer->left_out > WARNINGS_MAX ? layer->left_out - WARNINGS_MAX : 0;

    if (more > 0)
        log_message(LEVEL_WARNING, NULL, "and %u more file%s not count", more, more == 1 ? " that does" : "s that do");
}

/* --- who could have written it --- */

/* Whether the file, or folder, of a layer is ours or root's and nobody else can write to it.  False: it was
 * reported. */
static bool is_trusted(const struct layer *layer, size_t file, const struct stat *status)
{
    const int where = sources_where(file, 0);

    if (status->st_uid != geteuid() && status->st_uid != 0)
        complain(layer, where, "belongs to another user, who could write anything into it: run `chown` on it");
    else if (status->st_mode & (S_IWGRP | S_IWOTH))
        complain(layer, where, "others can write to it: run `chmod go-w` on it");
    else
        return true;
    return false;
}

/* --- a file of a layer, which is there without having been asked for by name --- */

/* Opens a regular file; a pipe that nobody writes to must not stop us.  -1: it was reported; or (*gone) it has gone
 * meanwhile. */
static int open_regular(const struct layer *layer, size_t file, bool *gone)
{
    const char *path = layer->sources->at[file].name;
    const int where = sources_where(file, 0), fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status, link;

    if (fd < 0) {
        const int failure = errno;

        *gone = failure == ENOENT && lstat(path, &link) != 0 && errno == ENOENT;
        if (!*gone)
            complain(layer, where, "%s", strerror(failure));
        return -1;
    }
    if (fstat(fd, &status) != 0)
        complain(layer, where, "%s", strerror(errno));
    else if (!S_ISREG(status.st_mode))
        complain(layer, where, "is no regular file");
    else if (is_trusted(layer, file, &status)) {
        layer->sources->at[file].is_exposed = status.st_mode & 077;
        return fd;
    }
    close(fd);
    return -1;
}

static void read_file(struct layer *layer, const char *path)
{
    bool gone = false, whole = false;
    size_t file;
    FILE *stream;
    int fd;

    if (!add_source(layer, path, &file))
        return;
    fd = open_regular(layer, file, &gone);
    stream = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (stream) {
        whole = read_stream(layer, stream, file);
        fclose(stream);
    } else if (fd >= 0) {
        fail(layer, sources_where(file, 0));
        close(fd);
    }
    if (gone)
        sources_cut(layer->sources, file);
    else if (layer->judge && (whole || layer->failed))
        diagnostics_take(layer->errors, layer->complaints);
    else if (layer->judge)
        leave_out(layer, file, IS_LEFT_OUT);
}

/* --- conf.d --- */

static bool has_control_byte(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name < 0x20 || *name == 0x7f)
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* NULL: there is none any more, or (errno is not 0) what there is cannot be told. */
static const struct dirent *next_of(DIR *folder)
{
    errno = 0;
    return readdir(folder);
}

/* Lists the first names that count, which are the caller's to free.  Returns how many, at most LAYERS_FILES_MAX; what
 * is wrong was reported. */
static size_t list_names(struct layer *layer, size_t file, DIR *folder, char *names[CONFIG_PLACE_NAMES_MAX])
{
    const int where = sources_where(file, 0);
    size_t count = 0, seen = 0;
    const struct dirent *entry = NULL;

    while (seen++ < CONFIG_PLACE_NAMES_MAX && (entry = next_of(folder)) != NULL) {
        if (!config_place_counts(entry->d_name))
            continue;
        if (has_control_byte(entry->d_name)) {
            complain(layer, where, "has a file with a control character in its name");
            continue;
        }
        names[count] = strdup(entry->d_name);
        if (!names[count]) {
            fail(layer, where);
            break;
        }
        count++;
    }
    if (!entry && errno != 0)
        complain(layer, where, "cannot be read to its end: %s", strerror(errno));
    if (seen > CONFIG_PLACE_NAMES_MAX)
        complain(layer, where, "has more than %d files", CONFIG_PLACE_NAMES_MAX);
    qsort(names, count, sizeof names[0], by_name); /* by bytes: the same in each language */
    if (count > LAYERS_FILES_MAX)
        complain(layer, where, "has more than %d files that end in .ini", LAYERS_FILES_MAX);
    while (count > LAYERS_FILES_MAX)
        free(names[--count]);
    return count;
}

static void read_listed(struct layer *layer, const char *folder, char *const names[], size_t count)
{
    char path[PATH_MAX + NAME_MAX + 2];

    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        read_file(layer, path);
    }
}

/* Says what is wrong with a folder, if something is: an error, or no more than a warning.  Where a part of it could be
 * listed and something is final, the rest may have of that. */
static void tell_faults(struct layer *layer, size_t file, bool listed)
{
    if (layer->failed || (listed && layer->found && is_something_final(layer->found)))
        diagnostics_take(layer->errors, layer->complaints);
    else
        leave_out(layer, file, listed ? "not all that is in it counts" : IS_LEFT_OUT);
}

/* The folder stands in for a file, for what there is to say of it, only as long as it is listed. */
static void read_folder(struct layer *layer, const char *path)
{
    char *names[CONFIG_PLACE_NAMES_MAX];
    struct stat status;
    size_t file, count = 0, faults = layer->complaints->count;
    bool listed = false;
    DIR *folder;

    if (!config_place_is_file_there(path) || !add_source(layer, path, &file))
        return;
    folder = opendir(path);
    if (!folder || fstat(dirfd(folder), &status) != 0)
        complain(layer, sources_where(file, 0), "%s", strerror(errno));
    else if ((listed = is_trusted(layer, file, &status)))
        count = list_names(layer, file, folder, names);
    if (folder)
        closedir(folder);
    if (layer->complaints->count == faults)
        sources_cut(layer->sources, file);
    else if (layer->judge)
        tell_faults(layer, file, listed);
    read_listed(layer, path, names, count);
    while (count > 0)
        free(names[--count]);
}

/* Reads what is in conf.d beside a file. */
static void read_beside(struct layer *layer, const char *path)
{
    char folder[PATH_MAX];

    if (config_place_folder(path, folder))
        read_folder(layer, folder);
}

/* --- the machine's files --- */

static void read_machine(struct layer *layer, const char *path, const char *beside)
{
    const char *unread = !layer->judge || layer->found ? system_file_unread() : NULL;

    if (unread)
        log_message(LEVEL_WARNING, NULL, "%s does not count, since %.300s or conf.d beside it is there, too: move what "
                    "it says there, or remove it", unread, beside);
    read_file(layer, path);
    read_beside(layer, beside);
}

/* --- the file that was asked for, if it is not the machine's --- */

/* It may be a pipe, and may belong to whomever; but not everybody may be able to write to it. */
static void read_asked(struct layer *layer, FILE *stream, size_t file)
{
    struct stat status;

    if (fileno(stream) >= 0 && fstat(fileno(stream), &status) == 0 && S_ISREG(status.st_mode)) {
        layer->sources->at[file].is_exposed = status.st_mode & 077;
        if (status.st_mode & S_IWOTH)
            complain(layer, sources_where(file, 0), "everybody can write to it: run `chmod o-w` on it");
    }
    read_stream(layer, stream, file);
}

static void read_named_stream(struct layer *layer, const char *name, FILE *stream)
{
    size_t file;

    if (add_source(layer, name, &file))
        read_asked(layer, stream, file);
}

/* False: it cannot be opened, which was reported. */
static bool read_path(struct layer *layer, const char *path)
{
    FILE *stream;
    size_t file;

    if (!add_source(layer, path, &file))
        return false;
    stream = fopen(path, "re");
    if (!stream) {
        complain(layer, sources_where(file, 0), "%s", strerror(errno));
        return false;
    }
    read_asked(layer, stream, file);
    fclose(stream);
    return true;
}

/* conf.d is looked for beside `beside`, which is path, or where the file that path leads to usually is.  With small
 * files there, that file may be missing. */
static void read_user(struct layer *layer, const char *path, const char *beside)
{
    const bool only_small = !config_place_is_file_there(path) && config_place_has_small(beside);

    if (only_small || read_path(layer, path))
        read_beside(layer, beside);
}

/* --- one over the other --- */

struct remarks {
    const struct sources *sources;
    unsigned count;
    unsigned keys, sections; /* of which nothing was said any more */
};

static void on_passed_over(void *arg, const struct overlay_refusal *refusal)
{
    struct remarks *remarks = arg;
    const int where = refusal->key ? refusal->key->where : refusal->section->where;
    char place[SOURCES_TEXT_MAX], final[SOURCES_TEXT_MAX];

    if (remarks->count++ >= WARNINGS_MAX) {
        *(refusal->key ? &remarks->keys : &remarks->sections) += 1;
        return;
    }
    log_message(LEVEL_WARNING, NULL, "%s: %.90s%s%.60s does not count: %s says that it is final",
                sources_format(remarks->sources, where, place), refusal->key ? refusal->key->key : "",
                refusal->key ? " in " : "", refusal->section->header,
                sources_format(remarks->sources, refusal->final_where, final));
}

/* Tells how many more there were: "3 more keys and 1 more section". */
static void sum_up(const struct remarks *remarks)
{
    const unsigned keys = remarks->keys, sections = remarks->sections;
    char of_keys[40] = "", of_sections[40] = "";

    if (keys > 0)
        snprintf(of_keys, sizeof of_keys, "%u more key%s", keys, keys == 1 ? "" : "s");
    if (sections > 0)
        snprintf(of_sections, sizeof of_sections, "%u more section%s", sections, sections == 1 ? "" : "s");
    if (keys + sections > 0)
        log_message(LEVEL_WARNING, NULL, "and %s%s%s that %s not count", of_keys,
                    keys > 0 && sections > 0 ? " and " : "", of_sections, keys + sections == 1 ? "does" : "do");
}

/* Only the machine's file can say what is final. */
static void drop_final_of_user(struct layer *user)
{
    const struct ini_key *final = ini_sections_key(&user->sections, "[sallyport]", "final");
    char place[SOURCES_TEXT_MAX];

    if (!final)
        return;
    log_message(LEVEL_WARNING, NULL, "%s: final has no effect: it counts in this machine's file alone",
                sources_format(user->sources, final->where, place));
    drop_final(&user->sections);
}

/* Lays the user's files over the machine's, in system. */
static void put_over(struct layer *system, struct layer *user)
{
    struct remarks remarks = {.sources = user->sources};

    drop_final_of_user(user);
    overlay_enforce(&system->sections, &user->sections, on_passed_over, &remarks);
    sum_up(&remarks);
    overlay_put(&system->sections, &user->sections);
    overlay_sort(&system->sections, user->sources->over);
    overlay_put(&user->sections, &system->sections); /* into an empty list: this moves all */
}

/* Lays them over what was read of the machine's, from the source of that number on, if they are to extend it. */
static void settle(struct layer *system, struct layer *user, size_t before, bool wanted)
{
    if (wanted || system->failed || is_something_final(&system->sections)) {
        user->sources->over = before;
        put_over(system, user);
    } else {
        sources_cut(user->sources, before);
    }
    user->failed |= system->failed;
    ini_sections_release(&system->sections);
}

/* Extends the machine's files, as the user's want it. */
static void extend(struct layer *user, const char *path)
{
    const size_t before = user->sources->count;
    struct layer system = {.sources = user->sources, .complaints = user->complaints};

    ini_sections_init(&system.sections);
    read_machine(&system, path, path);
    refuse_include(&system, &system.sections);
    settle(&system, user, before, true);
}

/* Reads what is good of the machine's files, for the first time: what comes of it is only what is final. */
static void look_first(struct layer *first, const char *path)
{
    const size_t before = first->sources->count;

    ini_sections_init(&first->sections);
    read_machine(first, path, path);
    diagnostics_drop(first->complaints);
    diagnostics_drop(first->errors);
    sources_cut(first->sources, before);
}

/* Extends what is good of the machine's files, if that says that something is final.  Whether one that is wrong can be
 * left out depends on what is final by the others: so they are read twice. */
static void obey(struct layer *user, const char *path, const struct layers_judge *judge)
{
    const size_t before = user->sources->count, errors = user->complaints->count;
    struct diagnostics *scratch = calloc(2, sizeof *scratch);
    struct layer first = {.sources = user->sources, .complaints = scratch, .judge = judge, .errors = scratch + 1};
    struct layer system = {.sources = user->sources, .complaints = scratch, .judge = judge, .found = &first.sections,
                           .errors = user->complaints, .path = path};

    if (!scratch) {
        fail(user, 0);
        return;
    }
    look_first(&first, path);
    if (first.failed)
        fail(user, 0);
    ini_sections_init(&system.sections);
    read_machine(&system, path, path);
    tell_rest(&system);
    diagnostics_take(user->complaints, system.complaints); /* no room for a file */
    settle(&system, user, before, user->complaints->count > errors);
    ini_sections_release(&first.sections);
    free(scratch);
}

/* Where a file is usually that path leads to, so that a link to it, or another way to spell it, has no conf.d of its
 * own; path, if it is none of those. */
static const char *usual_place(const char *path, const char *system, bool is_system, char usual[PATH_MAX])
{
    if (is_system)
        return system;
    return user_file_is(path) && user_file_path(usual, PATH_MAX) ? usual : path;
}

void layers_read(const char *path, FILE *stream, const struct layers_judge *judge, struct sources *sources,
                 struct ini_sections *sections, struct diagnostics *complaints)
{
    struct layer user = {.sources = sources, .complaints = complaints};
    char system[PATH_MAX], usual[PATH_MAX];
    const bool has_system = system_file_find(system, sizeof system), is_system = !stream && system_file_is(path);
    const char *beside = stream ? NULL : usual_place(path, system, is_system, usual);

    ini_sections_init(&user.sections);
    if (stream)
        read_named_stream(&user, path, stream);
    else if (is_system)
        read_machine(&user, path, beside);
    else
        read_user(&user, path, beside);
    if (is_system)
        refuse_include(&user, &user.sections);
    else if (has_system && wants_system(&user.sections))
        extend(&user, system);
    else if (has_system && beside == usual)
        obey(&user, system, judge);
    else if (wants_system(&user.sections))
        complain(&user, find_include(&user.sections)->where, "include: there is no %s", system);
    overlay_put(sections, &user.sections);
}
