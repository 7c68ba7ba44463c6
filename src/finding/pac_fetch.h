/* SPDX-License-Identifier: ISC */
/* Fetches a PAC file once, by libcurl: without a proxy, credentials, cookies or a connection that is kept.  Names are
 * looked up by our resolver, since a look-up of libcurl's own is a thread that makes us wait when it is given up; so
 * each redirect is a new transfer, and its URL is checked like the first.
 *
 *     started -> LOOKING_UP -> FETCHING -> [LOOKING_UP ...] -> over */
#ifndef SALLYPORT_PAC_FETCH_H
#define SALLYPORT_PAC_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/curl_loop.h"
#include "auth/web_transfer.h"
#include "base/loop.h"
#include "base/task.h"
#include "net/resolver.h"

#define PAC_FETCH_REDIRECTS_MAX 5
#define PAC_FETCH_HEAD_MAX WEB_TRANSFER_HEAD_MAX

/* What a server says about which version of a file it has sent; "" where it does not.  One that is longer is not
 * kept. */
#define PAC_VERSION_MAX WEB_FIELD_MAX
struct pac_version {
    char etag[PAC_VERSION_MAX];
    char modified[PAC_VERSION_MAX]; /* Last-Modified, as it was sent */
};

struct pac_fetch;

struct pac_fetch_params {
    struct loop *loop;
    struct curl_loop *curl_loop;
    struct resolver *resolver;
    const char *url;                 /* https, or http; copied */
    const char *ca_file;             /* copied; NULL: the authorities of the system (SSL_CERT_FILE and SSL_CERT_DIR
                                      * work) */
    bool insecure;                   /* http will do, also after https */
    const struct pac_version *known; /* copied; NULL or empty: it is sent whatever its version */
    size_t max;                      /* bytes of the file */
    uint32_t limit_ms;               /* for all of it */
    task_done_fn *done;              /* DONE: see below.  PEER: the server, its name or its answer is at fault.  LOCAL:
                                      * memory, descriptors, or ca_file.  The failure does not name the URL */
    void *arg;
};

/* NULL: out of memory. */
struct pac_fetch *pac_fetch_start(const struct pac_fetch_params *params);
void pac_fetch_free(struct pac_fetch *fetch); /* NULL is fine, and so is a call from within done */

/* After DONE: whether it is the version that is known (304), and otherwise, once, its text (malloc'd, the caller's,
 * 1 byte at least); and its version, borrowed. */
bool pac_fetch_is_unchanged(const struct pac_fetch *fetch);
char *pac_fetch_take(struct pac_fetch *fetch, size_t *length);
const struct pac_version *pac_fetch_version(const struct pac_fetch *fetch);

#endif
