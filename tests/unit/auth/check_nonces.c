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
    nonces_keep(nonces, proxy, user, (struct nonce){easy, NULL});
    return easy;
}

/* The handle of the one that is taken, which has no challenge; NULL: there is none. */
static CURL *take(const struct endpoint *proxy, const char *user)
{
    const struct nonce nonce = nonces_take(nonces, proxy, user);

    ck_assert_ptr_null(nonce.challenge);
    return nonce.easy;
}

START_TEST(a_handle_is_kept_for_one_proxy_and_user)
{
    CURL *easy;

    set_up();
    ck_assert_ptr_null(take(&one, "arthur"));
    easy = keep(&one, "arthur");
    ck_assert_ptr_null(take(&one, "ford"));
    ck_assert_ptr_null(take(&one, "Arthur"));
    ck_assert_ptr_null(take(&port, "arthur"));
    ck_assert_ptr_null(take(&other, "arthur"));
    ck_assert_ptr_null(take(&path, "arthur"));
    ck_assert_ptr_eq(take(&same, "arthur"), easy);
    ck_assert_ptr_null(take(&one, "arthur")); /* once */
    nonces_keep(nonces, &one, "arthur", (struct nonce){easy, NULL});
    nonces_keep(nonces, &one, "arthur", (struct nonce){NULL, NULL});
    ck_assert_ptr_eq(take(&one, "arthur"), easy);
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
    ck_assert_ptr_eq(take(&one, "arthur"), second);
    ck_assert_ptr_eq(take(&one, "arthur"), first);
    ck_assert_ptr_eq(take(&port, "arthur"), third);
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
    ck_assert_ptr_null(take(&one, "user0"));
    for (unsigned i = 1; i <= NONCES_MAX; i++) {
        snprintf(user, sizeof user, "user%u", i);
        easy = take(&one, user);
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
    ck_assert_ptr_null(take(&one, "arthur"));
    ck_assert_ptr_null(take(&one, "ford"));
    ck_assert_ptr_eq(take(&port, "arthur"), kept);
    nonces_keep(nonces, &port, "arthur", (struct nonce){kept, NULL});
    nonces_forget(nonces, NULL);
    ck_assert_ptr_null(take(&port, "arthur"));
    tear_down();
}
END_TEST

/* A text of that many bytes, malloc'd. */
static char *text_of(size_t length)
{
    char *text = malloc(length + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', length);
    text[length] = '\0';
    return text;
}

/* With a handle or without; and only up to its bound, without which nothing is left of one that has no handle. */
START_TEST(a_challenge_is_kept_up_to_its_bound)
{
    set_up();
    for (unsigned more = 0; more < 2; more++)
        for (unsigned handle = 0; handle < 2; handle++) {
            CURL *easy = handle ? curl_easy_init() : NULL;
            char *text = text_of(NONCES_CHALLENGE_MAX + more);
            struct nonce nonce;

            nonces_keep(nonces, &one, "arthur", (struct nonce){easy, text});
            nonce = nonces_take(nonces, &one, "arthur");
            ck_assert_ptr_eq(nonce.easy, easy);
            ck_assert_ptr_eq(nonce.challenge, more ? NULL : text);
            nonce_free(&nonce);
        }
    for (unsigned i = 0; i <= NONCES_MAX; i++) /* the oldest is freed with all that it has, and so are the others */
        nonces_keep(nonces, &one, "arthur", (struct nonce){NULL, text_of(10)});
    tear_down();
}
END_TEST

START_TEST(a_nonce_is_named_to_one)
{
    char text[20], *much;

    set_up();
    ck_assert(nonces_claim(nonces, "named"));
    ck_assert(!nonces_claim(nonces, "named"));
    for (unsigned i = 1; i < NONCES_MAX; i++) {
        snprintf(text, sizeof text, "another%u", i);
        ck_assert(nonces_claim(nonces, text));
    }
    ck_assert(!nonces_claim(nonces, "named"));
    nonces_forget(nonces, NULL); /* uses are counted, whatever is forgotten */
    ck_assert(!nonces_claim(nonces, "named"));
    ck_assert(nonces_claim(nonces, "one more"));
    ck_assert(nonces_claim(nonces, "named")); /* it makes room in the end */
    much = text_of(NONCES_CHALLENGE_MAX + 1);
    ck_assert(!nonces_claim(nonces, much));
    ck_assert(nonces_claim(nonces, much + 1));
    free(much);
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
    tcase_add_test(cases, a_challenge_is_kept_up_to_its_bound);
    tcase_add_test(cases, a_nonce_is_named_to_one);
    return unit_run();
}
