/* SPDX-License-Identifier: ISC */
/* The functions that a PAC file may call, as the text of pac_functions.js, which the build makes a string of.  What
 * they are given by the program is told there. */
#ifndef SALLYPORT_PAC_FUNCTIONS_H
#define SALLYPORT_PAC_FUNCTIONS_H

#define PAC_FUNCTIONS_NAME "pac_functions.js" /* in errors: a line of this is none of the PAC file's */

extern const char pac_functions_text[]; /* NUL-terminated */

#endif
