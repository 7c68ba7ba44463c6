/* SPDX-License-Identifier: ISC */
/* What the tests of this folder have in common: the lines that are logged, which the linker brings here (GIVEN in
 * local.mk). */
#ifndef SALLYPORT_GIVEN_H
#define SALLYPORT_GIVEN_H

/* The lines logged since the last call of these two are exactly these: "info imap #1 accepted from=here\n". */
void given_check_log(const char *lines);
void given_forget_log(void);

#endif
