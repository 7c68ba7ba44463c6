/* The configuration file, read with inih into structs by way of the option table.  Immutable once loaded; shared by
 * reference counting, so that a reload never changes what a running session sees.  The format and every key are told
 * in sallyport.ini(5). */
#ifndef SALLYPORT_CONFIG_H
#define SALLYPORT_CONFIG_H

#include <stddef.h>
#include <stdio.h>

#include "config/settings.h"

#define CONFIG_LABEL_MAX 32       /* bytes of a section's label */
#define CONFIG_SECTIONS_MAX 256   /* proxies, and listeners, of one file */

/* Is told each error as one line, "FILE:LINE: text" or "FILE: text". */
typedef void config_report(void *arg, const char *line);

/* Reads a file, or an open stream that is called name in errors and whose mode is not looked at.  Returns a config with
 * one reference, or NULL after at least one report.  config_parse does not close the stream. */
struct config *config_load(const char *path, enum config_use use, config_report *report, void *arg);
struct config *config_parse(FILE *stream, const char *name, enum config_use use, config_report *report, void *arg);

struct config *config_ref(struct config *config);
void config_unref(struct config *config); /* NULL is fine; secrets are wiped with the last reference */

/* Prints the configuration as a file that config_parse accepts, defaults included, secrets masked. */
void config_print(const struct config *config, FILE *out);

/* The listener of that name ("imap", "imap/work"), or NULL. */
const struct listener_config *config_listener(const struct config *config, const char *name);

#endif
