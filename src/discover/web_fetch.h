/* SPDX-License-Identifier: ISC */
/* Fetches a file by https, through a tunnel of ours for each server that is asked: the proxy is spoken to as for mail,
 * with all its authentication, and libcurl does TLS, verified, and HTTP inside the tunnel.  It follows redirects from
 * https to https, a few, and tells each.
 *
 *     started -> OPENING -> FETCHING -> [OPENING ...] -> over */
#ifndef SALLYPORT_WEB_FETCH_H
#define SALLYPORT_WEB_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/task.h"
#include "base/trace.h"
#include "config/config.h"
#include "proxy/services.h"

#define WEB_FETCH_REDIRECTS_MAX 5   /* a domain's web server may have two or three before its file */
#define WEB_FETCH_TEXT_MAX 262144   /* bytes: the longest file of the ISP database has 20 KiB */

struct web_fetch;

struct web_fetch_params {
    const struct services *services;
    struct config *config;            /* a reference is taken */
    const struct proxy_config *proxy; /* a section of it; NULL: without a proxy */
    const char *url;                  /* https; copied */
    const char *ca_file;              /* borrowed until web_fetch_free; NULL: the system's authorities */
    uint32_t limit_ms;                /* for all of it */
    const char *step;                 /* static: how the trace calls it */
    struct trace trace;               /* is told each redirect */
    task_done_fn *done;               /* DONE: take the text.  PEER: the proxy, the server or its answer is at fault;
                                       * the failure says where, if it was no answer.  LOCAL: memory, descriptors or
                                       * ca_file */
    void *arg;
};

/* NULL: out of memory. */
struct web_fetch *web_fetch_start(const struct web_fetch_params *params);
void web_fetch_free(struct web_fetch *fetch); /* NULL is fine, and so is a call from within done */

/* After DONE: the text, borrowed until web_fetch_free, 1 to WEB_FETCH_TEXT_MAX bytes. */
const char *web_fetch_text(const struct web_fetch *fetch, size_t *length);

#endif
