/* SPDX-License-Identifier: ISC */
/* What the unit tests share: running them, exact copies, tables of cases, and walking a real loop. */
#ifndef SALLYPORT_UNIT_H
#define SALLYPORT_UNIT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "base/task.h"
#include "config/config.h"

/* Check writes down where each assertion is that has held, to know where a test was that crashed in a process of its
 * own.  A table that is read at every split has some hundred thousand of them, and most of such a test's time went into
 * writing: without a process of its own, no test can use what was written. */
extern bool unit_marks;
#define _mark_point(file, line) (unit_marks ? (_mark_point)(file, line) : (void)0)

/* The one case of this program, to which main adds its tests; unit_run runs them and returns main's exit status. */
TCase *unit_case(const char *name);
int unit_run(void);

/* A malloc'd copy of exactly length bytes: one byte read past its end is seen by the sanitizer and by valgrind. */
char *unit_exact(const void *bytes, size_t length);

/* Reads a configuration that has no fault.  The caller's to config_unref. */
struct config *unit_config(const char *text);

/* What done was told, for a test to keep: counts it, and looks that a failure comes with all but DONE. */
void unit_note_outcome(unsigned *told, enum outcome *kept, struct failure *why, enum outcome outcome,
                       const struct failure *failure);

/* One cell of a table: escapes are undone, and a NUL stands behind the bytes. */
struct unit_cell {
    char *bytes;
    size_t length;
};

/* Is told the cells of a row and, for messages, "file.tsv:line". */
typedef void unit_row_fn(const struct unit_cell *cells, const char *where);

/* Reads a table of tests/unit/data: a row a line, cells between tabs, '#' begins a comment line; in a cell \r \n \t \\
 * and \xNN stand for those bytes.  Fails the test if the file has no row or a row has not this many cells. */
void unit_table(const char *file, size_t columns, unit_row_fn *row);

/* Whether a cell reads so. */
bool unit_cell_is(const struct unit_cell *cell, const char *text);

/* One step of a walk: looked at again and again until it says true. */
typedef bool unit_step_fn(void *arg);

/* Runs the loop while the steps (ended by NULL) come true one after the other, then stops it: once for each loop.
 * Fails the test when that takes more than 20 s. */
void unit_walk(struct loop *loop, unit_step_fn *const *steps, void *arg);

/* The same for one step. */
void unit_wait(struct loop *loop, unit_step_fn *step, void *arg);

/* A pair of connected stream sockets over TCP on loopback; both blocking. */
void unit_tcp_pair(int ends[2]);

/* Sets O_NONBLOCK. */
void unit_nonblocking(int fd);

/* Removes a folder with all that is in it; links are not followed. */
void unit_remove(const char *folder);

/* Fails if a child of ours has ended and nobody has asked for its status, or if one was not killed.  One that was, but
 * on a busy machine is not gone yet, is waited for. */
void unit_no_child_left(void);

/* Whether the libcurl here knows NTLM.  False: says that the test's cases of NTLM are left out. */
bool unit_has_ntlm(void);

/* How many descriptors this process has open. */
int unit_descriptors(void);

/* The limit of open descriptors as the kernel has it, which under valgrind is not what setrlimit has set. */
unsigned long unit_kernel_descriptors(void);

/* Whether the kernel has the limit of descriptors that the process believes to have. */
bool unit_limits_hold(void);

#endif
