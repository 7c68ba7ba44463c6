/* SPDX-License-Identifier: ISC */
/* The configuration that setup is about to write: what is known so far, and its text, with comments for a reader.  Pure
 * but for memory. */
#ifndef SALLYPORT_DRAFT_H
#define SALLYPORT_DRAFT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/settings.h"
#include "net/endpoint.h"
#include "protocol/protocol.h"

#define DRAFT_LISTENERS_MAX 4  /* for reading, for sending, for filters, and one to spare */
#define DRAFT_VALUE_MAX 2304   /* bytes of a value, with the NUL: a URL that browsers take, and a word before it */
#define DRAFT_ERROR_MAX 512    /* bytes of an error, with the NUL */
#define DRAFT_PROBE_PORT 443u  /* of the host that a draft without listeners is tried with: every proxy lets it pass */

/* Where the password of the proxy's user is kept. */
enum draft_keeping {
    DRAFT_KEEPS_NONE,    /* there is no user, or there is none to be kept */
    DRAFT_KEEPS_FILE,    /* in a file, whose path `kept` is */
    DRAFT_KEEPS_COMMAND, /* wherever the command `kept` has it from */
    DRAFT_KEEPS_ASKING,  /* nowhere: the person is asked */
};

struct draft_listener {
    const struct protocol *protocol;
    struct endpoint target;
    enum listener_tls tls;
    uint16_t port;       /* to listen on, at localhost */
    const char *source;  /* who said so, in words; static */
    bool automatic;      /* the port is to be kept for `auto` (config/kept_ports.h), and not to be written */
};

struct draft {
    char address[320];           /* of the person; "": not known */
    char url[DRAFT_VALUE_MAX];   /* value of the key url; "": without a proxy */
    bool extends;                /* the machine's file, which has the proxy: url is only to be shown */
    char user[256];              /* at the proxy; "": none */
    enum draft_keeping keeping;
    char kept[PATH_MAX];
    char trusted[ENDPOINT_HOST_MAX + 1]; /* found proxy that gets the password; "": none */
    size_t count;
    struct draft_listener at[DRAFT_LISTENERS_MAX];
};

/* Returns the text of the file, malloc'd, its length in *length.  NULL: out of memory, or a draft that
 * draft_config does not take, since a value has the end of a line in it. */
char *draft_text(const struct draft *draft, size_t *length);

/* The draft as a configuration with which the way is tried now: the password (NULL: none) in the place of one that is
 * kept, short time limits, and where there is no listener yet, one to probe (a host) and DRAFT_PROBE_PORT.  It is not
 * written anywhere.  NULL: error, which has DRAFT_ERROR_MAX bytes, says what is wrong, without a line number. */
struct config *draft_config(const struct draft *draft, const char *password, const char *probe, char *error);

/* The listener of such a configuration that is there to probe, borrowed.  It is of a kind that the machine's file does
 * not call final.  NULL: there is none, since the draft has listeners, or since all kinds are final. */
const struct listener_config *draft_probe(const struct config *config);

/* The proxy of that listener, or where there is none, of all that name no other; borrowed.  NULL: without a proxy. */
const struct proxy_config *draft_proxy(const struct config *config);

#endif
