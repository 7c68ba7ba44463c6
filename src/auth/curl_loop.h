/* libcurl's multi handle on our loop: it is told of ready sockets and of its timer, and each transfer of its end.  One
 * for the whole process, shared by all who let libcurl do something.
 *
 * The memory that libcurl uses is wiped when it is given back, so that no password, ticket or token stays behind in
 * what the process has freed.  (The Kerberos library's own memory is its own affair.) */
#ifndef SALLYPORT_CURL_LOOP_H
#define SALLYPORT_CURL_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/loop.h"

struct curl_loop;

/* NULL: out of memory.  The first in the process also starts libcurl and settles which memory it uses, so none of
 * libcurl's handles may be made before. */
struct curl_loop *curl_loop_new(struct loop *loop);

/* All transfers have been removed before.  NULL is fine. */
void curl_loop_free(struct curl_loop *curl_loop);

/* What a transfer came to, as libcurl has it.  Called from the loop, and from within none of libcurl's callbacks:
 * curl_loop_remove and curl_easy_cleanup are allowed. */
typedef void curl_loop_done_fn(void *arg, CURLcode code);

/* Embedded in what it belongs to; zeroed memory is one that is not under way. */
struct curl_loop_transfer {
    CURL *easy; /* NULL: not under way */
    curl_loop_done_fn *done;
    void *arg;
};

/* Starts a transfer; easy stays the caller's, who does not use its CURLOPT_PRIVATE.  done is called once, never from
 * within this call.  False: out of memory. */
bool curl_loop_add(struct curl_loop *curl_loop, struct curl_loop_transfer *transfer, CURL *easy,
                   curl_loop_done_fn *done, void *arg);

/* Takes it out, before its end or after it; done will not be called any more.  Not from within a callback of libcurl.
 * One that is not under way is fine. */
void curl_loop_remove(struct curl_loop *curl_loop, struct curl_loop_transfer *transfer);

/* The libcurl version. */
const char *curl_loop_version(void);

#endif
