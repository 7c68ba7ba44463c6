#include "auth/curl_loop.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* --- each block that the house gives back passes through here (-Wl,--wrap=free) --- */

void __real_free(void *block);
void __wrap_free(void *block);

static const char *awaited; /* a block */
static size_t awaited_length, awaited_seen;
static unsigned dirty;      /* blocks that were given back unwiped while it was watched */
static bool watching;

void __wrap_free(void *block)
{
    if (watching && block) {
        dirty += *(const char *)block != '\0';
        if (block == awaited) {
            awaited_seen++;
            for (size_t i = 0; i < awaited_length; i++)
                ck_assert_int_eq(awaited[i], '\0');
        }
    }
    __real_free(block);
}

struct scene {
    struct loop *loop;
    struct curl_loop *curl_loop;
    struct curl_loop_transfer transfer;
    CURL *easy;
    unsigned calls;
    CURLcode code;
};

static void set_up(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->loop = loop_new();
    scene->curl_loop = curl_loop_new(scene->loop);
    ck_assert_ptr_nonnull(scene->curl_loop);
    scene->easy = curl_easy_init();
    ck_assert_ptr_nonnull(scene->easy);
}

static void tear_down(struct scene *scene)
{
    curl_loop_remove(scene->curl_loop, &scene->transfer);
    curl_easy_cleanup(scene->easy);
    curl_loop_free(scene->curl_loop);
    loop_free(scene->loop);
}

START_TEST(what_libcurl_frees_is_wiped)
{
    static const char secret[] = "a secret of some length, without anything to escape in it";
    struct scene scene;
    char *copy;

    set_up(&scene);
    copy = curl_easy_escape(scene.easy, secret, 8);
    ck_assert_ptr_nonnull(copy);
    awaited = copy;
    awaited_length = strlen(copy);
    watching = true;
    curl_free(copy);
    watching = false;
    ck_assert_uint_eq(awaited_seen, 1);
    tear_down(&scene);
}
END_TEST

START_TEST(what_libcurl_grows_leaves_nothing_behind)
{
    char text[5000], *copy;
    struct scene scene;

    memset(text, 's', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    set_up(&scene);
    watching = true;
    dirty = 0;
    copy = curl_easy_escape(scene.easy, text, 0); /* grows by doubling */
    watching = false;
    ck_assert_str_eq(copy, text);
    ck_assert_uint_eq(dirty, 0);
    curl_free(copy);
    tear_down(&scene);
}
END_TEST

static void on_done(void *arg, CURLcode code)
{
    struct scene *scene = arg;

    scene->calls++;
    scene->code = code;
}

static bool was_called(void *arg)
{
    return ((struct scene *)arg)->calls > 0;
}

START_TEST(the_end_of_a_transfer_is_told)
{
    struct scene scene;

    set_up(&scene);
    curl_easy_setopt(scene.easy, CURLOPT_URL, "nothing://such");
    ck_assert(curl_loop_add(scene.curl_loop, &scene.transfer, scene.easy, on_done, &scene));
    ck_assert_uint_eq(scene.calls, 0);
    unit_wait(scene.loop, was_called, &scene);
    ck_assert_int_eq(scene.code, CURLE_UNSUPPORTED_PROTOCOL);
    ck_assert_uint_eq(scene.calls, 1);
    tear_down(&scene);
}
END_TEST

static bool time_passes(void *arg)
{
    return ++*(unsigned *)arg > 20;
}

START_TEST(a_transfer_that_was_removed_never_calls)
{
    struct scene scene;
    unsigned ticks = 0;

    set_up(&scene);
    curl_easy_setopt(scene.easy, CURLOPT_URL, "nothing://such");
    ck_assert(curl_loop_add(scene.curl_loop, &scene.transfer, scene.easy, on_done, &scene));
    curl_loop_remove(scene.curl_loop, &scene.transfer);
    ck_assert_ptr_null(scene.transfer.easy);
    unit_wait(scene.loop, time_passes, &ticks);
    ck_assert_uint_eq(scene.calls, 0);
    curl_loop_free(NULL);
    tear_down(&scene);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("multi");

    tcase_add_test(cases, what_libcurl_frees_is_wiped);
    tcase_add_test(cases, what_libcurl_grows_leaves_nothing_behind);
    tcase_add_test(cases, the_end_of_a_transfer_is_told);
    tcase_add_test(cases, a_transfer_that_was_removed_never_calls);
    return unit_run();
}
