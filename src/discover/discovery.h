/* SPDX-License-Identifier: ISC */
/* From an address to servers.  Asks one place after the other, each a row of a table, until there is a server for
 * reading mail and one for sending it: SRV records (RFC 6186, RFC 8314), the domain's PACC file
 * (draft-ietf-mailmaint-pacc), its autoconfig file in two places and in the ISP database
 * (draft-ietf-mailmaint-autoconfig); then it guesses names, and proves a guess by a tunnel, TLS and a greeting.
 *
 *     started -> STEP -> [STEP ...] -> over
 *
 * All but the SRV records, which are the local name servers', goes through the proxy of the given section, with all
 * its authentication.  What answers is hostile. */
#ifndef SALLYPORT_DISCOVERY_H
#define SALLYPORT_DISCOVERY_H

#include <stddef.h>

#include "base/task.h"
#include "base/trace.h"
#include "config/config.h"
#include "discover/found_servers.h"
#include "discover/mail_address.h"
#include "proxy/services.h"

struct discovery;

struct discovery_params {
    const struct services *services;
    struct config *config;              /* a reference is taken; its time limits hold, too */
    const struct proxy_config *proxy;   /* a section of that config; NULL: without a proxy */
    const struct mail_address *address; /* copied */
    const char *ca_file;                /* who is trusted for web servers and mail servers; copied; NULL: the system's
                                         * authorities (SSL_CERT_FILE and SSL_CERT_DIR work) */
    const char *isp_database;           /* URL without the domain; copied; NULL: DISCOVERY_ISP_DATABASE */
    struct trace trace;                 /* each step in words: what was asked, what came, what failed.  The steps are
                                         * "srv", "pacc", "autoconfig", "well-known", "isp-database", "guess" */
    task_done_fn *done;                 /* DONE: at least one server was found.  PEER: none, with words what to do, or
                                         * why nobody can be asked.  LOCAL: memory or descriptors */
    void *arg;
};

#define DISCOVERY_ISP_DATABASE "https://autoconfig.thunderbird.net/v1.1/"

/* Starts.  NULL: out of memory. */
struct discovery *discovery_start(const struct discovery_params *params);

/* What was found, borrowed until discovery_free; also before the end, and after a failure. */
const struct found_servers *discovery_found(const struct discovery *discovery);

/* Ends it in any state; done will not be called any more.  NULL is fine, and so is a call from within done; one from
 * within the trace is not. */
void discovery_free(struct discovery *discovery);

#endif
