/* SPDX-License-Identifier: ISC */
/* `sallyport pac`: asks a PAC file once, without a configuration or a daemon, for people who look after theirs. */
#ifndef SALLYPORT_ASK_PAC_H
#define SALLYPORT_ASK_PAC_H

#include <stdbool.h>

/* place: an https or http URL or a path, with "pac:" in front or not; target: HOST[:PORT], the port being 443 if
 * none is written.  Prints what the file answers as one line to standard output, and below it, if explain, the question
 * and what sallyport makes of the answer; errors to standard error.  Returns EX_OK: there is an answer; EX_USAGE: place
 * or target are none; EX_UNAVAILABLE: otherwise. */
int ask_pac_run(const char *place, const char *target, bool explain);

#endif
