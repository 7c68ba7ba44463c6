/* SPDX-License-Identifier: ISC */
/* The sections that have ports of this machine: listeners, [relay] and [public].  A view for who opens the ports and
 * for who looks whether two want one; all of it is borrowed from the configuration. */
#ifndef SALLYPORT_LISTENING_H
#define SALLYPORT_LISTENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"
#include "net/address.h"

struct listening {
    const char *name;                  /* section and label: "imap/work", "relay", "public/imaps" */
    int line;                          /* of the section */
    const struct value_places *places; /* where it listens */
    /* what it is: exactly one of these is not NULL */
    const struct listener_config *listener;
    const struct relay_config *relay;
    const struct public_config *public_;
};

/* Section i of them, from 0: the listeners, the relays, the public ports, each in the order of the file.  False: there
 * is none any more. */
bool listening_at(const struct config *config, size_t i, struct listening *out);

/* How many there are. */
size_t listening_count(const struct config *config);

/* Whether one of them listens at that address, as far as the file tells: port 0 is any free one. */
bool listening_on(const struct config *config, const struct address *address);

/* Whether one of them has that port, at whatever address. */
bool listening_names_port(const struct config *config, uint16_t port);

#endif
