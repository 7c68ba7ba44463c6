/* SPDX-License-Identifier: ISC */
/* The servers that were found for an address: a bounded list, the best of each protocol first.  Pure values.
 *
 * All of them are reached with TLS: one that is offered without is not taken. */
#ifndef SALLYPORT_FOUND_SERVERS_H
#define SALLYPORT_FOUND_SERVERS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"
#include "net/endpoint.h"
#include "protocol/protocol.h"

#define FOUND_SERVERS_OF_ONE_MAX 4 /* of a protocol: a person wants one, and a step has few */
#define FOUND_SERVERS_MAX 16       /* of the four protocols, so that none takes the room of another */
#define FOUND_LOGIN_MAX 320  /* bytes of a login: those that are an address are shorter */

struct found_server {
    const struct protocol *protocol;  /* of imap, pop3, submission, managesieve */
    struct endpoint place;            /* host and port alone */
    enum listener_tls tls;            /* TLS_YES or TLS_STARTTLS */
    char login[FOUND_LOGIN_MAX + 1];  /* printable; "": it was not told, the address is likely */
    const char *source;               /* static: what told of it, such as "the domain's autoconfig file" */
    bool oauth_only;                  /* it was said that it takes no password: the mail program has to know OAuth 2 */
    bool foreign;                     /* named by DNS alone, which may be forged, and outside of the address's domain: a
                                       * person has to agree (RFC 6186 section 6) */
};

struct found_servers {
    size_t count;
    struct found_server at[FOUND_SERVERS_MAX]; /* of one protocol: best first */
};

/* Adds one behind those of its protocol that are as good, before those that are worse: one that is foreign is worse
 * than any other, then one that is oauth_only, then one with TLS_STARTTLS.  One that is there already (protocol, place
 * and tls) is not added, but takes the flag foreign from it where it is not foreign itself.  Of a protocol that has
 * FOUND_SERVERS_OF_ONE_MAX the worst goes.  False: that is this one. */
bool found_servers_add(struct found_servers *found, const struct found_server *server);

/* Why no server can be at a place that a stranger names: an address, or this machine, where whoever listens is none of
 * theirs.  Static; NULL: one can. */
const char *found_servers_fault(const struct endpoint *place);

/* The best one of a protocol, borrowed; NULL: none was found. */
const struct found_server *found_servers_best(const struct found_servers *found, const struct protocol *protocol);

/* The same by the name of the protocol's section: "imap", "pop3", "submission", "managesieve". */
const struct found_server *found_servers_of(const struct found_servers *found, const char *section);

/* Whether there is one for reading mail (imap or pop3) and one for sending it, neither of them foreign. */
bool found_servers_suffice(const struct found_servers *found);

#endif
