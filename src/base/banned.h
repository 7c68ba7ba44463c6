/* SPDX-License-Identifier: ISC */
/* Library functions that have no bound on what they write, or that cannot report an error.  The compiler
 * warns of a call, which is an error with --enable-werror, and tests/tidy/style.sh finds it in any case.  The compiler
 * includes this file before every source file and before the system's headers: some of these functions are defined
 * there, and an attribute after a definition is ignored. */
#ifndef SALLYPORT_BANNED_H
#define SALLYPORT_BANNED_H

#include <stdarg.h>
#include <stddef.h>

#define BANNED(instead) __attribute__((deprecated("use " instead)))

char *strcpy(char *to, const char *from) BANNED("snprintf");
char *strcat(char *to, const char *from) BANNED("snprintf");
char *strncpy(char *to, const char *from, size_t size) BANNED("snprintf");
char *strncat(char *to, const char *from, size_t size) BANNED("snprintf");
char *strtok(char *text, const char *separators) BANNED("strcspn and strspn");
int sprintf(char *to, const char *format, ...) BANNED("snprintf");
int vsprintf(char *to, const char *format, va_list values) BANNED("vsnprintf");
int atoi(const char *text) BANNED("strtoul with its checks");
long atol(const char *text) BANNED("strtoul with its checks");
long long atoll(const char *text) BANNED("strtoull with its checks");

#endif
