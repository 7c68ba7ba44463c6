/* SPDX-License-Identifier: ISC */
/* Where the helper `findproxy` is. */
#ifndef SALLYPORT_FINDPROXY_PATH_H
#define SALLYPORT_FINDPROXY_PATH_H

/* Beside this program, in a folder of its own, if this program is not installed and it is there; else where it is
 * installed to.  Static until the next call. */
const char *findproxy_path(void);

#endif
