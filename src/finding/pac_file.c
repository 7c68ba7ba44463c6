/* SPDX-License-Identifier: ISC */
#include "finding/pac_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "finding/pac_disk.h"
#include "finding/pac_fetch.h"

#define ERROR_MAX 256       /* bytes: a failure's text fits */
#define PLACE_SHOWN_MAX 512 /* bytes of a URL or path in the log; the end of a longer one says little */

struct pac_read {
    struct pac_read *next, **back;
    struct pac_file *file;
    struct deferred turn;
    pac_file_fn *told;
    void *arg;
};

struct pac_file {
    struct loop *loop;
    struct curl_loop *curl_loop;
    struct resolver *resolver;
    char *place, *ca_file, *name;
    bool insecure, is_on_disk;
    struct pac_read *reads;
    struct pac_fetch *fetch;    /* under way, or NULL */
    char *text;                 /* the last good one, or NULL */
    size_t length;
    uint64_t serial;
    bool serves;                /* there is a text, and it is of the present network */
    uint64_t confirmed;         /* ms of the loop's clock: when the place last had this text */
    struct pac_version version; /* of the text, if it serves and was fetched; else none */
    struct pac_stamp stamp;     /* the same from the disk */
    char error[ERROR_MAX];      /* since then, or "" */
    uint64_t failed;            /* when that was */
    struct log_brake brake;
    struct deferred death;
};

/* --- what it has --- */

/* Whether there is something to tell: a text, or why there is none. */
static bool is_settled(const struct pac_file *file)
{
    return file->serves || (!file->fetch && file->error[0]);
}

static bool is_old(const struct pac_file *file)
{
    return loop_now(file->loop) - file->confirmed >= PAC_FILE_AGE_MS;
}

static bool has_failed_lately(const struct pac_file *file)
{
    return file->error[0] && loop_now(file->loop) - file->failed < PAC_FILE_AGAIN_MS;
}

/* The place has the text that is kept. */
static void confirm(struct pac_file *file)
{
    file->serves = true;
    file->confirmed = loop_now(file->loop);
    file->error[0] = '\0';
}

/* The place has this text, which is the file's from now on. */
static void keep_text(struct pac_file *file, char *text, size_t length)
{
    char place[PLACE_SHOWN_MAX];

    if (file->text && file->length == length && memcmp(file->text, text, length) == 0) {
        free(text);
    } else {
        free(file->text);
        file->text = text;
        file->length = length;
        file->serial++;
        log_event(LEVEL_INFO, file->name, "pac-read bytes=%zu from=\"%s\"", length,
                  log_escape(place, sizeof place, file->place, strlen(file->place)));
    }
    confirm(file);
}

/* It cannot be read.  Callers do not notice while an earlier text serves, so the log says so. */
static void note_failure(struct pac_file *file, const char *error)
{
    uint64_t now = loop_now(file->loop);
    char place[PLACE_SHOWN_MAX];
    unsigned suppressed;

    snprintf(file->error, sizeof file->error, "%s", error);
    file->failed = now;
    if (file->serves && log_brake_open(&file->brake, now, &suppressed))
        log_message(LEVEL_WARNING, file->name, "the PAC file %s cannot be read again, and what was read %" PRIu64
                    " s ago goes on serving: %s", log_escape(place, sizeof place, file->place, strlen(file->place)),
                    (now - file->confirmed) / 1000, file->error);
}

/* --- reading it --- */

static void look_at_disk(struct pac_file *file)
{
    char *text, error[ERROR_MAX];
    size_t length;

    switch (pac_disk_read(file->place, PAC_FILE_MAX, &file->stamp, &text, &length, error, sizeof error)) {
    case PAC_DISK_SAME:
        confirm(file);
        break;
    case PAC_DISK_READ:
        keep_text(file, text, length);
        break;
    case PAC_DISK_FAILED:
        note_failure(file, error);
        break;
    }
}

static void deliver(struct deferred *turn);

static void on_fetched(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct pac_file *file = arg;
    size_t length;
    char *text;

    if (outcome != OUTCOME_DONE) {
        note_failure(file, failure->what);
    } else if (pac_fetch_is_unchanged(file->fetch)) {
        confirm(file);
    } else {
        file->version = *pac_fetch_version(file->fetch);
        text = pac_fetch_take(file->fetch, &length);
        keep_text(file, text, length);
    }
    pac_fetch_free(file->fetch);
    file->fetch = NULL;
    for (struct pac_read *read = file->reads; read; read = read->next)
        loop_defer(file->loop, &read->turn, deliver);
}

static void start_fetch(struct pac_file *file)
{
    file->fetch = pac_fetch_start(&(struct pac_fetch_params){
        .loop = file->loop, .curl_loop = file->curl_loop, .resolver = file->resolver, .url = file->place,
        .ca_file = file->ca_file, .insecure = file->insecure, .known = &file->version,
        .max = PAC_FILE_MAX, .limit_ms = PAC_FILE_LIMIT_MS, .done = on_fetched, .arg = file,
    });
    if (!file->fetch)
        note_failure(file, "out of memory");
}

/* Somebody wants the text: sees to it that there is one, or will be. */
static void refresh(struct pac_file *file)
{
    if (file->is_on_disk)
        look_at_disk(file);
    else if (!file->fetch && (!file->serves || is_old(file)) && !has_failed_lately(file))
        start_fetch(file);
}

/* --- callers --- */

static void detach(struct pac_read *read)
{
    *read->back = read->next;
    if (read->next)
        read->next->back = read->back;
    loop_undefer(read->file->loop, &read->turn);
}

/* Tells a caller, unless the network has changed since this was put off. */
static void deliver(struct deferred *turn)
{
    struct pac_read *read = (struct pac_read *)((char *)turn - offsetof(struct pac_read, turn)), copy;
    struct pac_file *file = read->file;

    if (!is_settled(file))
        refresh(file);
    if (!is_settled(file))
        return; /* it is told when the fetch ends */
    copy = *read;
    detach(read);
    free(read);
    copy.told(copy.arg, file->serves ? file->text : NULL, file->serves ? file->length : 0, file->serial,
              file->serves ? NULL : file->error);
}

struct pac_read *pac_file_read(struct pac_file *file, pac_file_fn *told, void *arg)
{
    struct pac_read *read = calloc(1, sizeof *read);

    if (!read)
        return NULL;
    *read = (struct pac_read){.next = file->reads, .back = &file->reads, .file = file, .told = told, .arg = arg};
    if (read->next)
        read->next->back = &read->next;
    file->reads = read;
    refresh(file);
    if (is_settled(file))
        loop_defer(file->loop, &read->turn, deliver);
    return read;
}

void pac_file_cancel(struct pac_read *read)
{
    if (!read)
        return;
    detach(read);
    free(read);
}

bool pac_file_serves(const struct pac_file *file, uint64_t *serial)
{
    uint64_t age = loop_now(file->loop) - file->confirmed;

    *serial = file->serial;
    return file->serves && !file->error[0] && age < (file->is_on_disk ? PAC_FILE_LOOK_MS : PAC_FILE_AGE_MS);
}

/* --- the whole --- */

struct pac_file *pac_file_new(const struct pac_file_params *params)
{
    const char *name = params->name && *params->name ? params->name : NULL;
    struct pac_file *file = calloc(1, sizeof *file);

    if (!file)
        return NULL;
    file->loop = params->loop;
    file->curl_loop = params->curl_loop;
    file->resolver = params->resolver;
    file->insecure = params->insecure;
    file->is_on_disk = strncasecmp(params->place, "http://", 7) != 0 && strncasecmp(params->place, "https://", 8) != 0;
    file->place = strdup(params->place);
    file->ca_file = params->ca_file ? strdup(params->ca_file) : NULL;
    file->name = name ? strdup(name) : NULL;
    if (file->place && (file->ca_file || !params->ca_file) && (file->name || !name))
        return file;
    pac_file_free(file);
    return NULL;
}

static void die(struct deferred *death)
{
    struct pac_file *file = (struct pac_file *)((char *)death - offsetof(struct pac_file, death));

    free(file->text);
    free(file->place);
    free(file->ca_file);
    free(file->name);
    free(file);
}

void pac_file_free(struct pac_file *file)
{
    if (!file)
        return;
    while (file->reads)
        pac_file_cancel(file->reads);
    pac_fetch_free(file->fetch);
    file->fetch = NULL;
    loop_defer(file->loop, &file->death, die); /* a caller may still have the text */
}

void pac_file_renew(struct pac_file *file)
{
    file->serves = false;
    file->error[0] = '\0';
    file->stamp = (struct pac_stamp){0};
    file->version = (struct pac_version){0};
    pac_fetch_free(file->fetch);
    file->fetch = NULL;
    for (struct pac_read *read = file->reads; read; read = read->next)
        loop_defer(file->loop, &read->turn, deliver);
}

int64_t pac_file_age(const struct pac_file *file)
{
    return file->serves ? (int64_t)(loop_now(file->loop) - file->confirmed) : -1;
}

const char *pac_file_error(const struct pac_file *file)
{
    return file->error;
}
