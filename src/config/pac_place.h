/* SPDX-License-Identifier: ISC */
/* Where a PAC file is: what may stand behind `pac:` in a configuration, and what a desktop or a person says.  Pure. */
#ifndef SALLYPORT_PAC_PLACE_H
#define SALLYPORT_PAC_PLACE_H

#include <stddef.h>

#define PAC_PLACE_URL_MAX 2048 /* bytes of a URL: as many as browsers are known to take */

enum pac_place {
    PAC_PLACE_NONE,
    PAC_PLACE_PATH,  /* the full path of a file */
    PAC_PLACE_HTTP,  /* http://... */
    PAC_PLACE_HTTPS, /* https://... */
};

/* Reads length bytes: a full path, which may have blanks and any other printable byte, or a URL with a host, maybe a
 * port, path and query, in the bytes that RFC 3986 has for them, but without user and fragment.  NONE: it is neither,
 * and *why (static) says what is wrong and what to write. */
enum pac_place pac_place_read(const char *text, size_t length, const char **why);

#endif
