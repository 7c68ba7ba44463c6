/* SPDX-License-Identifier: ISC */
#include "auth/nonces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static const struct endpoint one = {.host = "one.example", .port = 3128};
static const struct endpoint same = {.host = "ONE.example", .port = 3128};
static const struct endpoint port = {.host = "one.example", .port = 8080};
static const struct endpoint other = {.host = "one.example", .port = 3128, .tls = true};
static const struct endpoint path = {.host = "one.example", .port = 3128, .resource = 1}; /* it may have a realm of
                                                                                           * its own */

static struct nonces *nonces;

static void set_up(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    nonces = nonces_new();
    ck_assert_ptr_nonnull(nonces);
}

static void tear_down(void) /* what was not freed is seen by the sanitizers */
{
    nonces_free(nonces);
    nonces_free(NULL);
    curl_global_cleanup();
}

static CURL *keep(const struct endpoint *proxy, const char *user)
{
    CURL *easy = curl_easy_init();

    ck_assert_ptr_nonnull(easy);
    nonces_keep(nonces, proxy, user, easy);
    return easy;
}

START_TEST(a_handle_is_kept_for_one_proxy_and_user)
{
    CURL *easy;

    set_up();
    ck_assert_ptr_null(nonces_take(nonces, &one, "arthur"));
    easy = keep(&one, "arthur");
    ck_assert_ptr_null(nonces_take(nonces, &one, "ford"));
    ck_assert_ptr_null(nonces_take(nonces, &one, "Arthur"));
    ck_assert_ptr_null(nonces_take(nonces, &port, "arthur"));
    ck_assert_ptr_null(nonces_take(nonces, &other, "arthur"));
    ck_assert_ptr_null(nonces_take(nonces, &path, "arthur"));
    ck_assert_ptr_eq(nonces_take(nonces, &same, "arthur"), easy);
    ck_assert_ptr_null(nonces_take(nonces, &one, "arthur")); /* once */
    nonces_keep(nonces, &one, "arthur", easy);
    nonces_keep(nonces, &one, "arthur", NULL);
    ck_assert_ptr_eq(nonces_take(nonces, &one, "arthur"), easy);
    curl_easy_cleanup(easy);
    tear_down();
}
END_TEST

/* Its nonce is the most likely to be known still. */
START_TEST(the_last_is_taken_first)
{
    CURL *first, *second, *third;

    set_up();
    first = keep(&one, "arthur");
    second = keep(&one, "arthur");
    third = keep(&port, "arthur");
    ck_assert_ptr_eq(nonces_take(nonces, &one, "arthur"), second);
    ck_assert_ptr_eq(nonces_take(nonces, &one, "arthur"), first);
    ck_assert_ptr_eq(nonces_take(nonces, &port, "arthur"), third);
    curl_easy_cleanup(first);
    curl_easy_cleanup(second);
    curl_easy_cleanup(third);
    tear_down();
}
END_TEST

START_TEST(the_oldest_makes_room)
{
    char user[20];
    CURL *easy;

    set_up();
    for (unsigned i = 0; i <= NONCES_MAX; i++) {
        snprintf(user, sizeof user, "user%u", i);
        keep(&one, user);
    }
    ck_assert_ptr_null(nonces_take(nonces, &one, "user0"));
    for (unsigned i = 1; i <= NONCES_MAX; i++) {
        snprintf(user, sizeof user, "user%u", i);
        easy = nonces_take(nonces, &one, user);
        ck_assert_ptr_nonnull(easy);
        curl_easy_cleanup(easy);
    }
    tear_down();
}
END_TEST

START_TEST(one_proxys_or_all_are_forgotten)
{
    CURL *kept;

    set_up();
    keep(&one, "arthur");
    kept = keep(&port, "arthur");
    keep(&one, "ford");
    nonces_forget(nonces, &one);
    ck_assert_ptr_null(nonces_take(nonces, &one, "arthur"));
    ck_assert_ptr_null(nonces_take(nonces, &one, "ford"));
    ck_assert_ptr_eq(nonces_take(nonces, &port, "arthur"), kept);
    nonces_keep(nonces, &port, "arthur", kept);
    nonces_forget(nonces, NULL);
    ck_assert_ptr_null(nonces_take(nonces, &port, "arthur"));
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("nonces");

    tcase_add_test(cases, a_handle_is_kept_for_one_proxy_and_user);
    tcase_add_test(cases, the_last_is_taken_first);
    tcase_add_test(cases, the_oldest_makes_room);
    tcase_add_test(cases, one_proxys_or_all_are_forgotten);
    return unit_run();
}
