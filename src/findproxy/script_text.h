/* SPDX-License-Identifier: ISC */
/* The bytes of a PAC file as the text that they mean: UTF-8, with or without its mark in front, or Latin-1, which is
 * what most of the others are.  Pure. */
#ifndef SALLYPORT_SCRIPT_TEXT_H
#define SALLYPORT_SCRIPT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Returns UTF-8 of *size bytes, for the caller to free.  Bytes that are no UTF-8 as a whole are read as Latin-1.  NULL:
 * *why (static) says why there is no text. */
char *script_text_read(const char *bytes, size_t length, size_t *size, const char **why);

/* Whether the text is a page for people (HTML or XML), as networks show one that want a login first. */
bool script_text_is_page(const char *text, size_t size);

#endif
