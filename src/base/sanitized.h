/* SPDX-License-Identifier: ISC */
/* SANITIZED is defined in a build with AddressSanitizer.  That attaches to the process to look for leaks, opens files
 * of /proc, and takes more address space than any limit would leave. */
#ifndef SALLYPORT_SANITIZED_H
#define SALLYPORT_SANITIZED_H

#if defined __SANITIZE_ADDRESS__ /* gcc */
#define SANITIZED 1
#elif defined __has_feature /* clang */
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#endif
