/* SPDX-License-Identifier: ISC */
/* PAC files and helpers that the test plays: the linker puts them in place of pac_file.c and helper.c (PLAYED in
 * local.mk).  Both answer at the end of the turn, once the test has said what. */
#ifndef SALLYPORT_PLAYED_H
#define SALLYPORT_PLAYED_H

#include <stdbool.h>
#include <stdint.h>

/* Forgets all that was said and counted.  Fails the test if a file, a helper or one who waits was left behind. */
void played_clear(void);

/* What the file at a place gives from now on: text with its serial, or "!why" for an error.  Who waits is told.  NULL:
 * nothing yet. */
void played_text(const char *place, const char *text, uint64_t serial);

/* Whether the files that were read are to be looked at before what is kept is told; at first they are. */
void played_serve(bool serves);

/* What the helper says about a host: "PROXY ...", "!fault", or "pac:URL" from the desktop.  Who waits is told. */
void played_answer(const char *host, const char *answer);

/* Whether the answers to come are doubtful. */
void played_doubt(bool doubtful);

/* Of what there is no memory from now on. */
enum played_lack { PLAYED_LACKS_NOTHING, PLAYED_LACKS_FILE, PLAYED_LACKS_READ, PLAYED_LACKS_HELPER, PLAYED_LACKS_SCRIPT,
                   PLAYED_LACKS_QUESTION };
void played_lack(enum played_lack what);

unsigned played_files(void);          /* that there are */
unsigned played_helpers(void);
unsigned played_reads(void);          /* that were begun */
unsigned played_loads(void);          /* scripts that helpers were given */
unsigned played_questions(void);      /* that helpers were asked */
unsigned played_open(void);           /* readers and askers who wait */
unsigned played_renewed(void);        /* files and helpers that were told of another network */
const char *played_last_url(void);    /* of the last question */
const char *played_last_host(void);
const char *played_last_script(void); /* the helper's text at that time; "" for the desktop */
const char *played_last_ca(void);     /* of the file that was made last, or "" */
bool played_last_insecure(void);
const char *played_last_name(void);   /* of the file or helper that was made last, for the log */

#endif
