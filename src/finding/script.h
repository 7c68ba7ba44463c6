/* SPDX-License-Identifier: ISC */
/* A PAC file together with the helper that runs it.  Shared by counted references: whoever is asking one goes on with
 * it when a section has come to another. */
#ifndef SALLYPORT_SCRIPT_H
#define SALLYPORT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/curl_loop.h"
#include "base/loop.h"
#include "finding/helper.h"
#include "finding/pac_file.h"
#include "net/resolver.h"

struct script {
    unsigned references; /* only for script_ref and script_unref */
    char *place;
    struct pac_file *file;
    struct helper *helper;
    uint64_t serial;     /* of the text that the helper has; valid if loaded */
    bool loaded;
};

struct script_params {
    struct loop *loop;
    struct resolver *resolver;
    struct curl_loop *curl_loop;
    uint32_t resolve_ms; /* limit of one look-up that the script asks for */
    const char *place;   /* script_may_be_at; copied */
    const char *ca_file; /* copied; NULL: the system's authorities */
    bool insecure;
    const char *name;    /* of the section, for the log; copied */
};

/* Whether a PAC file may come from there, as a desktop or a program says it: as behind `pac:` (pac_place_read), where
 * http needs insecure.  False: *why (static) says what is the matter and what to do. */
bool script_may_be_at(const char *place, bool insecure, const char **why);

/* With one reference; nothing is read or started yet.  NULL: out of memory. */
struct script *script_new(const struct script_params *params);
struct script *script_ref(struct script *script);
void script_unref(struct script *script); /* NULL is fine; nobody may wait for its file or helper */

enum script_news { SCRIPT_AS_BEFORE, SCRIPT_IS_NEW, SCRIPT_NO_MEMORY };

/* Gives the helper the text that the file has now; serial is that of pac_file_fn. */
enum script_news script_load(struct script *script, const char *text, size_t length, uint64_t serial);

/* The network is another one. */
void script_renew(struct script *script);

#endif
