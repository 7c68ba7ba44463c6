/* SPDX-License-Identifier: ISC */
/* Lays the sections of one file over those of others: a key of the upper one stands in place of the lower one's.  Which
 * keys of an upper file do not count, where a lower one says that they are final, is here, too.  Pure. */
#ifndef SALLYPORT_OVERLAY_H
#define SALLYPORT_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "config/ini_sections.h"

/* Moves all of upper, which is empty then, into lower.  A section that stands in both has the keys of both; a key of
 * the upper one takes the place of the lower one's, with all that a list has, and so does one of password,
 * password-file and password-command for another one. */
void overlay_put(struct ini_sections *lower, struct ini_sections *upper);

/* Puts the sections that have something of the first `over` files before the others, each in the order they had. */
void overlay_sort(struct ini_sections *sections, size_t over);

/* Whether upper has a section whose kind is final by `final` in lower's [sallyport], be its header well formed or
 * not. */
bool overlay_binds(const struct ini_sections *lower, const struct ini_sections *upper);

/* Takes out of upper whatever stands in a section whose kind is final by `final` in lower's [sallyport]: keys, and
 * sections that have none left.  What says how files are read (VALUE_OF_FILE) stays, and what says who the user is
 * (VALUE_PERSONAL), where lower has the section and says nothing of that.  Calls passed_over with each key that goes,
 * before it does; key NULL: with a whole section, which lower has not. */
struct overlay_refusal {
    const struct ini_section *section;
    const struct ini_key *key;
    int final_where; /* of `final` */
};
void overlay_enforce(const struct ini_sections *lower, struct ini_sections *upper,
                     void (*passed_over)(void *arg, const struct overlay_refusal *refusal), void *arg);

#endif
