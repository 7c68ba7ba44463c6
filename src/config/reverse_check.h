/* SPDX-License-Identifier: ISC */
/* Checks whether the keys of one [reverse] section fit together, and completes it.  What concerns several sections is
 * in config_check.h: among it, which proxy `proxy` names.
 *
 * Two listeners that stand in no file are made of the section, so that a tunnel and a session serve it as they serve
 * any listener:
 *   way   the tunnel to the relay.  Its target is the relay; it has the section's name, TLS where the URL is https,
 *         with the files and `verify` of the section; the proxy of `proxy` (config_check), asked by CONNECT without a
 *         word of the protocol (unannounced).  Its scheme is the URL's: https_proxy is its variable where the proxies
 *         come from the environment.
 *   home  the sessions behind it.  Its target is the key's, dialed directly, bytes passing as they are; it has the
 *         section's name and its protocol.
 * Both borrow their texts from the section, but for way.scheme, which config_unref frees. */
#ifndef SALLYPORT_REVERSE_CHECK_H
#define SALLYPORT_REVERSE_CHECK_H

#include "config/section.h"
#include "config/settings.h"

/* Call it once, when the section's keys have been read.  Errors are added to the section's complaints. */
void reverse_check(const struct section *section, struct reverse_config *reverse);

/* The protocol that is spoken at a port where servers expect plain text at first, or [forward]'s: behind a port for TLS
 * from the first byte nobody could read a refusal. */
const struct protocol *reverse_check_protocol_at(uint16_t port);

#endif
