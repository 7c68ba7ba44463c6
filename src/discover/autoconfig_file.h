/* SPDX-License-Identifier: ISC */
/* Reads an autoconfig file (draft-ietf-mailmaint-autoconfig), as domains and the ISP database have it: XML, by expat.
 * Pure; the file is hostile: a DTD, and with it every entity but XML's own, is a fault, and so is what is deep or
 * endless.  Elements of other namespaces than the root's are passed over. */
#ifndef SALLYPORT_AUTOCONFIG_FILE_H
#define SALLYPORT_AUTOCONFIG_FILE_H

#include "discover/server_file.h"

#define AUTOCONFIG_DEPTH_MAX 32      /* elements within each other; a file has five */
#define AUTOCONFIG_ELEMENTS_MAX 8192 /* in all; the ISP database's longest file has some hundreds */
#define AUTOCONFIG_VALUE_MAX 512     /* bytes of an element's text that is of use */

/* As server_file_read_fn. */
bool autoconfig_file_read(struct found_servers *found, struct server_file *file, char *why, size_t size);

#endif
