/* SPDX-License-Identifier: ISC */
/* One question to a web server, as libcurl asks it: what comes, bounded, and in words why it has not come.  How the
 * connection is made is its owner's; no proxy, credentials or cookies of the environment are used, no connection is
 * kept, and a redirect is not followed but told. */
#ifndef SALLYPORT_WEB_TRANSFER_H
#define SALLYPORT_WEB_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "auth/curl_loop.h"
#include "base/task.h"

#define WEB_TRANSFER_HEAD_MAX 65536 /* bytes of all the answers' fields; a long one has a few KiB */
#define WEB_FIELD_MAX 256           /* bytes of a field's value that is kept, with the NUL */

/* Embedded in its owner; zeroed memory is one that asks nothing.  Its owner sets the first four. */
struct web_transfer {
    size_t max;          /* bytes of the text */
    const char *ca_file; /* who is trusted; borrowed; NULL: the system's authorities (SSL_CERT_FILE and SSL_CERT_DIR
                          * work) */
    const char *trust;   /* static: what says whom to trust, as a sentence, for who sees a certificate refused */
    void (*on_field)(void *arg, const char *line, size_t length); /* is told each line of an answer's head, the one
                          * with the status first; or NULL.  arg is that of web_transfer_run */
    CURL *easy;          /* NULL: no transfer; between set and run its owner adds what the connection wants */
    struct curl_loop_transfer transfer;
    void *arg;
    char error[CURL_ERROR_SIZE];
    size_t head_length;             /* of all answers */
    char encoding[WEB_FIELD_MAX];   /* Content-Encoding of the last answer */
    char *text;                     /* malloc'd, or NULL */
    size_t length, room;
    bool is_too_long, lacks_memory; /* why its text is not all there */
};

/* Makes easy, to ask for this URL with these schemes ("https", "https,http") and these fields, which are borrowed and
 * may be NULL.  False: out of memory. */
bool web_transfer_set(struct web_transfer *web, const char *url, const char *schemes, struct curl_slist *fields);

/* Starts; done is called once, as of curl_loop_add.  False: out of memory. */
bool web_transfer_run(struct web_transfer *web, struct curl_loop *curl_loop, curl_loop_done_fn *done, void *arg);

/* Ends the transfer, in any state, and frees easy.  What has come stays. */
void web_transfer_end(struct web_transfer *web, struct curl_loop *curl_loop);

/* Frees what has come, after web_transfer_end. */
void web_transfer_release(struct web_transfer *web);

/* What libcurl has told done, where an answer that is not the text was only too long to be read. */
CURLcode web_transfer_result(const struct web_transfer *web, CURLcode code);

/* The status of the answer; 0: there is none yet. */
long web_transfer_status(const struct web_transfer *web);

/* Where a redirect leads, borrowed until web_transfer_end; NULL: the answer is none. */
const char *web_transfer_redirect(const struct web_transfer *web);

/* Why libcurl has brought no answer, in why, which has size bytes.  Returns whose fault that is. */
enum outcome web_transfer_explain(const struct web_transfer *web, CURLcode code, char *why, size_t size);

/* Whether what has come is a text that can be read.  False: why says what is the matter with the answer. */
bool web_transfer_is_good(const struct web_transfer *web, char *why, size_t size);

/* Copies the value of a line, if its field has that name ("ETag:"); "" for one that is longer or not printable. */
void web_field_keep(const char *line, size_t length, const char *name, char out[WEB_FIELD_MAX]);

#endif
