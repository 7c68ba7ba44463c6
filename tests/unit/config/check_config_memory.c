/* SPDX-License-Identifier: ISC */
/* Reads configurations while memory runs out: at each allocation in turn, once and from there on.  The linker leads
 * the house's allocations through here (--wrap). */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

static bool armed;        /* it is the house that runs, not Check, which is linked through here too */
static unsigned made;     /* allocations of this reading */
static unsigned fails_at; /* the number of the one that fails; 0: none */
static bool for_good;     /* and all behind it */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

static bool fails(void)
{
    if (!armed)
        return false;
    made++;
    return fails_at && (made == fails_at || (for_good && made > fails_at));
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return fails() ? NULL : __real_strndup(text, length);
}

static unsigned reports;

static void note(void *arg, const char *line)
{
    (void)arg;
    reports += *line != '\0';
}

static const char *user_file; /* is read in place of a text; NULL: none is */

static struct config *load(void)
{
    struct config *config;

    reports = made = 0;
    armed = true;
    config = config_load(user_file, CONFIG_TO_RUN, note, NULL);
    armed = false;
    return config;
}

static struct config *parse(const char *text)
{
    FILE *stream = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
    struct config *config;

    ck_assert_ptr_nonnull(stream);
    reports = made = 0;
    armed = true;
    config = config_parse(stream, "f", CONFIG_TO_RUN, note, NULL);
    armed = false;
    fclose(stream);
    return config;
}

/* Returns how many allocations a whole reading takes. */
static unsigned sweep(const char *text, bool good)
{
    unsigned whole, told;
    struct config *config;

    fails_at = 0;
    config = user_file ? load() : parse(text);
    ck_assert((config != NULL) == good);
    config_unref(config);
    whole = made;
    told = reports;
    for (unsigned turn = 0; turn < 2; turn++) {
        for_good = turn == 1;
        for (fails_at = 1; fails_at <= whole; fails_at++) {
            config = user_file ? load() : parse(text);
            ck_assert_msg(config == NULL, "a config in spite of failure %u of %u", fails_at, whole);
            ck_assert_msg(reports > 0, "no report of failure %u of %u", fails_at, whole);
        }
    }
    fails_at = 0;
    ck_assert_uint_ge(told, good ? 0 : 1);
    return whole;
}

START_TEST(a_good_file_is_refused_when_memory_runs_out)
{
    ck_assert_uint_ge(sweep("[sallyport]\nlog-level = debug\n[proxy night]\nurl = http://a:1 http://b:2\n  http://c:3\n"
                            "user = me\npassword = x\nheader = X-A: 1\nheader = X-B: 2\n"
                            "[proxy]\nurl = http://a\nuser = me\npassword-command = echo x\n"
                            "[imap work]\nlisten = localhost:0 127.0.0.1:0\ntarget = srv:example.net\nproxy = night\n"
                            "[forward x]\nlisten = localhost:0\nprotocol = X/1\ntarget = t:1\n"
                            "[nntp]\ntarget = news.example.net\n", true), 20);
}
END_TEST

START_TEST(a_file_for_a_relay_is_refused_when_memory_runs_out)
{
    ck_assert_uint_ge(sweep("[reverse home]\nrelay = https://r.example/x\ntarget = t:143\nuser = me\npassword = x\n"
                            "header = X-A: 1\n[reverse]\nrelay = http://localhost/y\ntarget = t:1\nproxy = gate\n"
                            "insecure = yes\n"
                            "[proxy gate]\nurl = http://g.example\n"
                            "[relay]\nlisten = localhost:1\nusers = /dev/null\nalpn = imap\npath /a = home:1\n"
                            "path = /b = home:2\n"
                            "[public]\nlisten = localhost:2\nname = home:1\nallow = everyone\n", true), 20);
}
END_TEST

START_TEST(a_file_whose_proxies_are_found_is_refused_when_memory_runs_out)
{
    ck_assert_uint_ge(sweep("[proxy]\nurl = pac:https://w.example/p\npac-url = http://{host}/\ntrusted = a *.b\n  ::1\n"
                            "user = me\npassword = x\n[proxy c]\nurl = command:/bin/sh\n"
                            "[imap]\ntarget = t\n", true), 15);
}
END_TEST

START_TEST(a_bad_file_is_refused_all_the_same)
{
    ck_assert_uint_ge(sweep("foo\n[proxy]\nurl = http://a\nurl = http://b\nuser = me\n[proxy]\n[imapp]\n"
                            "[imap]\nfoo = bar\nprotocol = a b\n[imap]\n", false), 5);
}
END_TEST

static const char *put(const char *folder, const char *name, const char *text)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % 4];
    FILE *file;

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    return path;
}

/* No file is left out in silence, and no key that is final comes through. */
START_TEST(files_over_each_other_are_refused_when_memory_runs_out)
{
    char folder[] = "/tmp/check_config_memory-XXXXXX", own[100], small[110];
    const char *paths[3];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("XDG_CONFIG_HOME", folder, 1);
    snprintf(own, sizeof own, "%s/sallyport", folder);
    snprintf(small, sizeof small, "%s/conf.d", own);
    ck_assert_int_eq(mkdir(own, 0700) | mkdir(small, 0700), 0);
    paths[0] = put(folder, "system.ini", "[sallyport]\nfinal = proxy\n[proxy]\nurl = http://a\n");
    paths[1] = put(own, "sallyport.ini", "[proxy]\nurl = http://b\n[imap]\ntarget = t\n");
    paths[2] = put(small, "a.ini", "[nntp]\ntarget = t\n");
    setenv("SALLYPORT_SYSTEM_FILE", paths[0], 1);
    user_file = paths[1];
    ck_assert_uint_ge(sweep(NULL, true), 20);
    user_file = NULL;
    for (size_t i = 0; i < 3; i++)
        unlink(paths[i]);
    ck_assert_int_eq(rmdir(small) | rmdir(own) | rmdir(folder), 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("config_memory");

    tcase_add_test(cases, a_good_file_is_refused_when_memory_runs_out);
    tcase_add_test(cases, a_file_for_a_relay_is_refused_when_memory_runs_out);
    tcase_add_test(cases, a_file_whose_proxies_are_found_is_refused_when_memory_runs_out);
    tcase_add_test(cases, a_bad_file_is_refused_all_the_same);
    tcase_add_test(cases, files_over_each_other_are_refused_when_memory_runs_out);
    return unit_run();
}
