/* SPDX-License-Identifier: ISC */
/* Reads the configuration file, and those that belong to it (layers.h), into the structs of settings.h, guided by the
 * option table.  A loaded configuration does not change and is shared by reference counting, so that a reload has no
 * effect on running sessions.  sallyport.ini(5) describes the format and every key. */
#ifndef SALLYPORT_CONFIG_H
#define SALLYPORT_CONFIG_H

#include <stddef.h>
#include <stdio.h>

#include "config/settings.h"

#define CONFIG_LABEL_MAX 32       /* bytes of a section's label */
#define CONFIG_SECTIONS_MAX 256   /* proxies of one file, and as many listeners */

/* Gets each error as one line, "FILE:LINE: text" or "FILE: text", borrowed for the call. */
typedef void config_report(void *arg, const char *line);

/* config_load reads the file at path, and those beside and beneath it; config_parse an open stream, which is called
 * name in errors and stays open, and those beneath it.  Return a config with one reference, or NULL after at least one
 * report.  A regular file that contains a secret must not be readable by others. */
struct config *config_load(const char *path, enum config_use use, config_report *report, void *arg);
struct config *config_parse(FILE *stream, const char *name, enum config_use use, config_report *report, void *arg);

struct config *config_ref(struct config *config);
void config_unref(struct config *config); /* NULL is fine; secrets are wiped with the last reference */

/* The listener of that name ("imap", "imap/work"), or the reverse section ("reverse/home"); borrowed from config, or
 * NULL. */
const struct listener_config *config_listener(const struct config *config, const char *name);
const struct reverse_config *config_reverse(const struct config *config, const char *name);

#endif
