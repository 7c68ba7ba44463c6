/* SPDX-License-Identifier: ISC */
/* The files that make up one configuration: the one that was asked for, this machine's beneath it, and the small ones
 * in conf.d beside each.  sallyport.ini(5) tells which are read, and what lies over what.  Reads the disk.
 *
 *     sallyport.ini of the machine < its conf.d/NAME.ini < sallyport.ini of the user < its conf.d/NAME.ini
 *
 * The machine's are read if the user's says `include = system`, and, beneath the user's usual file, also if they say
 * `final`, whose sections are kept as the machine has them.
 *
 * A user who has not asked for the machine's is not stopped by one of them that is wrong: it is left out as a whole,
 * with a warning, so that what is final in the others stays final.  One that nobody else can write to is not left out
 * if it says itself what is final: with errors in it, nobody can tell what the administrator has meant to bind; nor if
 * it has a section of a kind that the others make final: users have nothing to put in its place. */
#ifndef SALLYPORT_LAYERS_H
#define SALLYPORT_LAYERS_H

#include <stdio.h>

#include "config/diagnostics.h"
#include "config/ini_sections.h"
#include "config/sources.h"

#define LAYERS_FILES_MAX 32 /* that count in a folder conf.d: it is read at each start, by each command */

/* Says what is wrong with the keys and the values of one file, by themselves, by adding it to complaints. */
struct layers_judge {
    void (*judge)(void *arg, const struct ini_sections *sections, struct diagnostics *complaints);
    void *arg;
};

/* Reads them all: path is opened, and looked for what is beside it (config_place.h); or (stream not NULL) is only the
 * name of a stream.  The files are added to sources, in the order in which they are read, and what stands in them to
 * sections, which is an empty list, one laid over the other.  Errors are added to complaints; the log gets a warning of
 * each key that does not count because the machine's file says so, and of the files that are left out.  The judge is
 * asked about files that may be. */
void layers_read(const char *path, FILE *stream, const struct layers_judge *judge, struct sources *sources,
                 struct ini_sections *sections, struct diagnostics *complaints);

#endif
