/* SPDX-License-Identifier: ISC */
#include "control/requests.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "redirect/questions.h"
#include "redirect/redirect_table.h"

#define WORDS_MAX 3
#define REASON_MAX 400

/* A row of the table of requests.  run writes what follows the first line of the answer.  False: error says why. */
struct order {
    const char *words[2]; /* the words that it begins with */
    bool numbered;        /* an ID follows */
    bool goes_on;         /* the answer goes on with the sessions */
    bool (*run)(const struct requests_master *master, unsigned id, FILE *body, char *error, size_t size);
};

static bool write_json(json_t *json, FILE *body, char *error, size_t size)
{
    bool written = json && json_dumpf(json, body, JSON_INDENT(2)) == 0;

    json_decref(json);
    fputc('\n', body);
    snprintf(error, size, "out of memory");
    return written;
}

static bool run_status(const struct requests_master *master, unsigned id, FILE *body, char *error, size_t size)
{
    struct status_sources sources;

    (void)id;
    master->see(master->arg, &sources);
    snprintf(error, size, "out of memory");
    return status_json_write_frame(&sources, body);
}

static bool run_redirects(const struct requests_master *master, unsigned id, FILE *body, char *error, size_t size)
{
    struct status_sources sources;

    (void)id;
    master->see(master->arg, &sources);
    return write_json(status_json_redirects(&sources), body, error, size);
}

static bool run_clear(const struct requests_master *master, unsigned id, FILE *body, char *error, size_t size)
{
    struct status_sources sources;

    (void)id, (void)body, (void)error, (void)size;
    master->see(master->arg, &sources);
    redirect_table_clear(sources.services->redirects);
    questions_forget(sources.services->questions);
    return true;
}

static bool answer(const struct requests_master *master, unsigned id, bool yes, char *error, size_t size)
{
    struct status_sources sources;

    master->see(master->arg, &sources);
    snprintf(error, size, "no question with the ID %u is open", id);
    return questions_answer(sources.services->questions, id, yes);
}

static bool run_allow(const struct requests_master *master, unsigned id, FILE *body, char *error, size_t size)
{
    (void)body;
    return answer(master, id, true, error, size);
}

static bool run_refuse(const struct requests_master *master, unsigned id, FILE *body, char *error, size_t size)
{
    (void)body;
    return answer(master, id, false, error, size);
}

static bool run_reload(const struct requests_master *master, unsigned id, FILE *body, char *error, size_t size)
{
    (void)id;
    return master->reload(master->arg, body, error, size);
}

static bool run_stop(const struct requests_master *master, unsigned id, FILE *body, char *error, size_t size)
{
    (void)id, (void)body, (void)error, (void)size;
    master->stop(master->arg);
    return true;
}

static const struct order orders[] = {
    {{"status"}, false, true, run_status},
    {{"redirects"}, false, false, run_redirects},
    {{"redirects", "clear"}, false, false, run_clear},
    {{"redirects", "allow"}, true, false, run_allow},
    {{"redirects", "refuse"}, true, false, run_refuse},
    {{"reload"}, false, false, run_reload},
    {{"stop"}, false, false, run_stop},
};

/* Reads a whole number from 1 to UINT_MAX. */
static bool read_id(const char *word, unsigned *id)
{
    unsigned long value;
    char *end;

    errno = 0;
    value = strtoul(word, &end, 10);
    *id = (unsigned)value;
    return *word >= '1' && *word <= '9' && !*end && errno == 0 && value <= UINT_MAX;
}

/* Finds the row for these words, and the ID if it has one.  NULL: there is none. */
static const struct order *find(char *const words[], size_t count, unsigned *id)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        const struct order *order = &orders[i];
        size_t fixed = order->words[1] ? 2 : 1;

        if (count == fixed + order->numbered && strcmp(words[0], order->words[0]) == 0 &&
            (fixed == 1 || strcmp(words[1], order->words[1]) == 0) &&
            (!order->numbered || read_id(words[fixed], id)))
            return order;
    }
    return NULL;
}

/* Splits a line into words, in place.  Returns how many; WORDS_MAX + 1 stands for more, and matches no request. */
static size_t split(char *line, char *words[WORDS_MAX + 1])
{
    size_t count = 0;

    for (char *word; count <= WORDS_MAX && (word = strsep(&line, " "));)
        if (*word)
            words[count++] = word;
    return count;
}

static bool run(const struct requests_master *master, const char *line, FILE *body, uint64_t *rest, char *error,
                size_t size)
{
    char *copy = strdup(line), *words[WORDS_MAX + 1];
    const struct order *order = NULL;
    unsigned id = 0;
    size_t count;

    if (!copy) {
        snprintf(error, size, "out of memory");
        return false;
    }
    count = split(copy, words);
    if (count > 0)
        order = find(words, count, &id);
    free(copy);
    *rest = order && order->goes_on ? SESSIONS_NEWEST : 0;
    if (order)
        return order->run(master, id, body, error, size);
    snprintf(error, size, "unknown request; known are: status, redirects, redirects clear, redirects allow ID, "
             "redirects refuse ID, reload, stop");
    return false;
}

char *requests_obey(const struct requests_master *master, const char *line, uint64_t *rest, size_t *length)
{
    char error[REASON_MAX] = "", *text = NULL, *all = NULL;
    size_t size = 0;
    FILE *body = open_memstream(&text, &size), *whole = body ? open_memstream(&all, length) : NULL;
    bool good = false;

    *rest = 0;
    if (whole) {
        good = run(master, line, body, rest, error, sizeof error);
        good = fflush(body) == 0 && good;
        if (!good)
            *rest = 0;
        fprintf(whole, good ? "ok\n" : "error %s\n", error);
        if (text)
            fwrite(text, 1, size, whole);
    }
    if (body)
        fclose(body);
    free(text);
    if (whole && fclose(whole) == 0)
        return all;
    free(all);
    return NULL;
}

char *requests_go_on(const struct requests_master *master, uint64_t *rest, size_t *length)
{
    struct status_sources sources;
    char *piece = NULL;
    FILE *out = open_memstream(&piece, length);
    bool written = false;

    if (out) {
        master->see(master->arg, &sources); /* they may have changed since the last piece */
        written = status_json_write_sessions(&sources, rest, REQUESTS_SESSIONS, out);
        written = fclose(out) == 0 && written;
    }
    if (written)
        return piece;
    free(piece);
    return NULL;
}
