/* SPDX-License-Identifier: ISC */
/* Runs libcurl's multi handle on our loop: tells libcurl of ready sockets and of timeouts, and each transfer's owner
 * of its end.  There is one for the whole process.
 *
 * A socket that cannot be watched (no memory, or no more watches: fs.epoll.max_user_watches) ends the transfer that it
 * belongs to, and no other: libcurl is never told of it, as it would give up all transfers, those to come included.
 *
 * Memory that libcurl uses is wiped before it is freed, so that no password, ticket or token stays behind in it.
 * (The Kerberos library has its own memory, which this does not cover.) */
#ifndef SALLYPORT_CURL_LOOP_H
#define SALLYPORT_CURL_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/loop.h"

struct curl_loop;

/* NULL: out of memory.  The first call in the process also initializes libcurl with the memory functions that wipe,
 * so no libcurl handle may be made before it. */
struct curl_loop *curl_loop_new(struct loop *loop);

/* All transfers must have been removed before.  NULL is fine. */
void curl_loop_free(struct curl_loop *curl_loop);

/* Reports the end of a transfer, with libcurl's result, or with CURLE_OUT_OF_MEMORY when transfer->error is set.
 * Called from the loop, and never from within a libcurl callback: curl_loop_remove and curl_easy_cleanup are
 * allowed. */
typedef void curl_loop_done_fn(void *arg, CURLcode code);

/* Embedded in its owner; zeroed memory is a transfer that is not running. */
struct curl_loop_transfer {
    CURL *easy; /* NULL: not running */
    struct curl_loop_transfer *next, **back;
    int error;  /* errno: its socket could not be watched; or 0.  Stays after curl_loop_remove. */
    bool told;
    curl_loop_done_fn *done;
    void *arg;
};

/* Starts a transfer.  The caller keeps easy, and must not use its CURLOPT_PRIVATE.  done is called once, never from
 * within this call.  False: out of memory. */
bool curl_loop_add(struct curl_loop *curl_loop, struct curl_loop_transfer *transfer, CURL *easy,
                   curl_loop_done_fn *done, void *arg);

/* Removes a transfer, before or after its end; done will not be called any more.  Not allowed from within a libcurl
 * callback.  A transfer that is not running is fine. */
void curl_loop_remove(struct curl_loop *curl_loop, struct curl_loop_transfer *transfer);

/* The libcurl version. */
const char *curl_loop_version(void);

#endif
