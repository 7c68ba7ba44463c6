/* SPDX-License-Identifier: ISC */
/* Fetches a PAC file while libcurl has no memory: at each thing in turn that it is asked for.  The linker leads these
 * calls through here (--wrap). */
#include "finding/pac_fetch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "pac_server.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define MORE_THAN_ARE_MADE 200

static bool armed;        /* a fetch runs, not what the test makes */
static unsigned made;     /* calls that may fail */
static unsigned fails_at; /* the number of the one that does; 0: none */

CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURL *__real_curl_easy_init(void);
CURLSH *__real_curl_share_init(void);
struct curl_slist *__real_curl_slist_append(struct curl_slist *list, const char *text);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURL *__wrap_curl_easy_init(void);
CURLSH *__wrap_curl_share_init(void);
struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text);

static bool fails(void)
{
    return armed && ++made == fails_at;
}

CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list values;
    CURLcode code;

    if (option != CURLOPT_PRIVATE && fails()) /* that one allocates nothing */
        return CURLE_OUT_OF_MEMORY;
    va_start(values, option);
    if (option < CURLOPTTYPE_OBJECTPOINT)
        code = __real_curl_easy_setopt(easy, option, va_arg(values, long));
    else if (option < CURLOPTTYPE_OFF_T || option >= CURLOPTTYPE_BLOB)
        code = __real_curl_easy_setopt(easy, option, va_arg(values, void *));
    else
        code = __real_curl_easy_setopt(easy, option, va_arg(values, curl_off_t));
    va_end(values);
    return code;
}

CURL *__wrap_curl_easy_init(void)
{
    return fails() ? NULL : __real_curl_easy_init();
}

CURLSH *__wrap_curl_share_init(void)
{
    return fails() ? NULL : __real_curl_share_init();
}

struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text)
{
    return fails() ? NULL : __real_curl_slist_append(list, text);
}

/* --- the scene --- */

static struct {
    struct services *services;
    struct pac_server *first, *second;
    char url[64], to[128];
    unsigned told;
    enum outcome outcome;
    struct failure why;
} scene;

static void set_up(void)
{
    memset(&scene, 0, sizeof scene);
    scene.services = stage_set_up();
    scene.first = pac_server_start(NULL);
    scene.second = pac_server_start(NULL);
    stage_name("wpad.example.net", "127.0.0.1");
    stage_name("other.example.net", "127.0.0.1");
    snprintf(scene.url, sizeof scene.url, "http://wpad.example.net:%u/", (unsigned)pac_server_port(scene.first));
    snprintf(scene.to, sizeof scene.to, "HTTP/1.1 302 Found\r\nLocation: http://other.example.net:%u/\r\n\r\n",
             (unsigned)pac_server_port(scene.second));
    pac_server_say(scene.first, scene.to);
    pac_server_say(scene.second, OK "\r\ntext");
}

static void tear_down(void)
{
    pac_server_stop(scene.first);
    pac_server_stop(scene.second);
    stage_tear_down();
}

static void on_done(void *arg, enum outcome outcome, const struct failure *failure)
{
    (void)arg;
    unit_note_outcome(&scene.told, &scene.outcome, &scene.why, outcome, failure);
}

/* Fetches what is led from the first server to the second, with a version that is known; the call of that number
 * fails. */
static void fetch(unsigned number)
{
    static const struct pac_version known = {.etag = "\"1\"", .modified = "Mon, 02 Nov 2026 10:00:00 GMT"};
    struct pac_fetch *fetch;

    scene.told = 0;
    made = 0;
    fails_at = number;
    armed = true;
    fetch = pac_fetch_start(&(struct pac_fetch_params){
        .loop = stage_loop(), .curl_loop = scene.services->curl_loop, .resolver = scene.services->resolver,
        .url = scene.url, .insecure = true, .known = &known, .max = 1024, .limit_ms = 10000,
        .done = on_done,
    });
    ck_assert_ptr_nonnull(fetch);
    pac_server_wait_told(&scene.told, 1);
    armed = false;
    pac_fetch_free(fetch);
    stage_settle();
}

/* --- */

START_TEST(whatever_libcurl_has_no_memory_for)
{
    unsigned number = 1;

    for (fetch(number); made >= number; fetch(++number)) {
        ck_assert_uint_lt(number, MORE_THAN_ARE_MADE);
        ck_assert_msg(scene.outcome == OUTCOME_LOCAL, "call %u: %s", number, scene.why.what);
        ck_assert_msg(strstr(scene.why.what, "out of memory"), "call %u: %s", number, scene.why.what);
    }
    ck_assert_msg(scene.outcome == OUTCOME_DONE, "%s", scene.why.what);
    ck_assert_uint_gt(number, 40); /* for both servers */
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("pac_fetch_memory");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, whatever_libcurl_has_no_memory_for);
    return unit_run();
}
