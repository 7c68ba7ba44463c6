/* SPDX-License-Identifier: ISC */
/* What a section asks for its proxies: its PAC file, the desktop's settings or a program, and the answers that are kept
 * of them.  A record that finder and inquiry work with. */
#ifndef SALLYPORT_SOURCE_H
#define SALLYPORT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/curl_loop.h"
#include "base/loop.h"
#include "config/config.h"
#include "finding/answers.h"
#include "finding/found.h"
#include "finding/helper.h"
#include "finding/script.h"
#include "net/endpoint.h"
#include "net/resolver.h"

#define SOURCE_ERROR_MAX 300 /* bytes of what status shows of a failure */

struct inquiry;

struct source {
    struct source *next;
    struct loop *loop;
    struct resolver *resolver;
    struct curl_loop *curl_loop;
    struct config *config;              /* a reference */
    const struct proxy_config *section; /* of it: places_are_found */
    struct answers *answers;
    struct script *script;     /* the PAC file: the section's, or that which was named last; NULL: none */
    struct helper *desktop;    /* SYSTEM only; made when it is asked first */
    struct inquiry *inquiries; /* that are under way */
    char error[SOURCE_ERROR_MAX]; /* the last one since the last answer, or "" */
};

/* Nothing is asked yet.  NULL: out of memory. */
struct source *source_new(struct loop *loop, struct resolver *resolver, struct curl_loop *curl_loop,
                          struct config *config, const struct proxy_config *section);

/* No inquiry may be left.  NULL is fine. */
void source_free(struct source *source);

/* Goes over to the PAC file at place (script_may_be_at) if it has another one.  False: out of memory. */
bool source_use_script(struct source *source, const char *place);

/* An answer that is kept and can be told at once: nobody has to look whether the PAC file is still the same.  False:
 * there is none. */
bool source_has_kept(const struct source *source, const struct endpoint *target, struct found *found);

/* The helper that knows the desktop's settings; NULL: out of memory. */
struct helper *source_desktop(struct source *source);

/* Writes for people what a section asks, as its `url` has it: "pac:PLACE", "system" or "command:PATH".  Cut to size - 1
 * bytes.  Returns out. */
const char *source_name(const struct proxy_config *section, char *out, size_t size);

/* The network is another one. */
void source_renew(struct source *source);

#endif
