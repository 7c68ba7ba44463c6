/* SPDX-License-Identifier: ISC */
/* Reads a PACC file (draft-ietf-mailmaint-pacc-03, and -02 where it differs): JSON, by jansson.  It names hosts alone:
 * their servers have TLS from the first byte, at the ports of their protocols.  Pure; the file is hostile.
 *
 * The draft also has a digest of the file in a TXT record.  It is not asked for: behind the firewalls that this is for,
 * the local name servers seldom know the domain, and https has proven whose the file is. */
#ifndef SALLYPORT_PACC_FILE_H
#define SALLYPORT_PACC_FILE_H

#include "discover/server_file.h"

/* As server_file_read_fn. */
bool pacc_file_read(struct found_servers *found, struct server_file *file, char *why, size_t size);

#endif
