/* SPDX-License-Identifier: ISC */
/* The parts of the completions' scripts that do not depend on the tables (completion.c puts them together). */
#ifndef SALLYPORT_COMPLETION_SCRIPTS_H
#define SALLYPORT_COMPLETION_SCRIPTS_H

/* For bash and zsh: a function that notes a word before the cursor. */
extern const char completion_note[];

extern const char completion_bash_start[], completion_bash_end[];
extern const char completion_zsh_start[], completion_zsh_end[];
extern const char completion_fish_start[];

#endif
