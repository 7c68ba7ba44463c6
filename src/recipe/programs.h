/* SPDX-License-Identifier: ISC */
/* The table of mail programs, put together from its parts. */
#ifndef SALLYPORT_PROGRAMS_H
#define SALLYPORT_PROGRAMS_H

#include <stddef.h>

#include "recipe/program.h"

/* Row i, from 0; NULL after the last. */
const struct program *programs_row(size_t i);

/* The roles that a program's pieces have, all together. */
unsigned program_roles(const struct program *program);

/* Whether a program can be told of a listener of that role to which it has to speak so (WHEN_PLAIN, WHEN_TLS): a piece
 * for the role names it.  connects: {connect} can be written. */
bool program_can(const struct program *program, unsigned role, unsigned when, bool connects);

/* What has to be told to a program that can be told no port. */
enum program_means { MEANS_NONE /* it cannot be told anything else */, MEANS_COMMAND, MEANS_SOCKET };

/* By what the program reaches such a listener in place of a port; when says of each pair what it is, but for the port,
 * and whether there is a socket that it could be told.  connects: {connect} can be written. */
enum program_means program_means(const struct program *program, unsigned role, unsigned when, bool connects);

/* Whether what a piece asks for is so: when says of each pair what it is. */
bool program_piece_fits(const struct program_piece *piece, unsigned when);

/* Whether its recipe has something of the person in it. */
bool program_names_person(const struct program *program);

#endif
