/* SPDX-License-Identifier: ISC */
/* A file about servers for a test to read: whose it is, what was told of it. */
#ifndef SALLYPORT_READ_FILE_H
#define SALLYPORT_READ_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "discover/server_file.h"

struct read_file {
    struct found_servers found;
    struct server_file file;
    struct mail_address address; /* me@example.net */
    char why[256];
    char remarks[16384];         /* "text\n" each */
    bool good;
};

void read_file_init(struct read_file *read);

/* Reads a text of length bytes, no byte behind it, into a zeroed or used one, by this reader.  Returns read->good. */
bool read_file_bytes(struct read_file *read, server_file_read_fn *reader, const void *text, size_t length);
bool read_file_text(struct read_file *read, server_file_read_fn *reader, const char *text);

/* What was found, as "section host:port tls login oauth\n" each. */
const char *read_file_servers(const struct read_file *read);

/* One of the remarks has this in it. */
void read_file_check_remark(const struct read_file *read, const char *text);

#endif
