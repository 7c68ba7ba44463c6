/* SPDX-License-Identifier: ISC */
/* Tells JavaScript that is newer than the engine's (ECMAScript 5) from JavaScript that is wrong, by the looks of what
 * the engine gave up at.  A guess for a message, no parser.  Pure. */
#ifndef SALLYPORT_NEWER_SCRIPT_H
#define SALLYPORT_NEWER_SCRIPT_H

#include <stddef.h>

/* What of newer JavaScript stands in that line (from 1) of the script, or in the one before it, as a noun ("an arrow
 * function"), static; or NULL.  What stands in comments and strings does not count, as far as one line shows it. */
const char *newer_script_sign(const char *script, size_t length, unsigned line);

/* The method or object of newer JavaScript that the engine's message says is not there ("undefined not callable
 * (property 'includes' of ...)"), by its name, static; or NULL. */
const char *newer_script_missing(const char *message);

#endif
