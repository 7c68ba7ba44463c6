/* SPDX-License-Identifier: ISC */
/* The ports that `auto` stands for: each is found once, and kept in a file, so that a mail program that was told it
 * finds us there after each start.  The file is $XDG_STATE_HOME/sallyport/ports (~/.local/state/sallyport/ports).  It
 * has a line for each: the port, the listener's name, and the configuration's path, or - for the usual one, the user's
 * or the machine's.  Reads and writes the disk. */
#ifndef SALLYPORT_KEPT_PORTS_H
#define SALLYPORT_KEPT_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "config/config.h"

#define KEPT_PORTS_FIRST 20000u  /* the search for one begins in a range which no system gives to connections */
#define KEPT_PORTS_RANGE 10000u
#define KEPT_PORTS_SIZE_MAX 65536 /* bytes of the file; beyond, the oldest lines go */

#define KEPT_PORTS_ERROR_MAX 9000 /* bytes of an error with the NUL, in which a path may be named twice */

/* Sets each port of config that is `auto` and known.  False: it has some, and the folder or the file is there and
 * cannot be trusted or read, so that another port could be taken for one that mail programs know; or config names the
 * place of one that is kept.  Then report got lines that say what is wrong, and what to do. */
bool kept_ports_fill(struct config *config, config_report *report, void *arg);

/* Where the search for the port of a listener begins: for each user elsewhere, so that few look at one port. */
uint16_t kept_ports_start(uid_t user, const char *listener);

/* Whether the file has this port, for whatever listener. */
bool kept_ports_has(uint16_t port);

/* Keeps a listener's port.  False: error, which has size bytes, says why not. */
bool kept_ports_keep(const struct config *config, const char *listener, uint16_t port, char *error, size_t size);

/* Writes as comments of a configuration which port each `auto` of it is, and where that is kept. */
void kept_ports_print(const struct config *config, FILE *out);

/* --- the text of the file --- */

/* The port of a key, the name and what stands behind it; 0: there is none. */
uint16_t kept_ports_find(const char *text, const char *key);

/* The text with that key's port, malloc'd; NULL: out of memory. */
char *kept_ports_put(const char *text, const char *key, uint16_t port);

#endif
