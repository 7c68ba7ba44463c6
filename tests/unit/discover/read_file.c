/* SPDX-License-Identifier: ISC */
#include "read_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static void on_step(void *arg, const char *step, const char *text)
{
    struct read_file *read = arg;
    size_t length = strlen(read->remarks);

    ck_assert_str_eq(step, "file");
    snprintf(read->remarks + length, sizeof read->remarks - length, "%s\n", text);
}

void read_file_init(struct read_file *read)
{
    const char *why;

    memset(read, 0, sizeof *read);
    ck_assert(mail_address_parse(&read->address, "me@example.net", strlen("me@example.net"), &why));
    read->file = (struct server_file){.address = &read->address, .source = "a test", .step = "file",
                                      .trace = {on_step, read}};
}

bool read_file_bytes(struct read_file *read, server_file_read_fn *reader, const void *text, size_t length)
{
    char *exact = unit_exact(text, length);

    read_file_init(read);
    read->file.text = exact;
    read->file.length = length;
    read->good = reader(&read->found, &read->file, read->why, sizeof read->why);
    free(exact);
    ck_assert(read->good || (read->why[0] && read->found.count == 0));
    return read->good;
}

bool read_file_text(struct read_file *read, server_file_read_fn *reader, const char *text)
{
    return read_file_bytes(read, reader, text, strlen(text));
}

const char *read_file_servers(const struct read_file *read)
{
    static char out[8192];

    out[0] = '\0';
    for (size_t i = 0; i < read->found.count; i++) {
        const struct found_server *server = &read->found.at[i];
        char place[ENDPOINT_TEXT_MAX];
        size_t length = strlen(out);

        ck_assert_str_eq(server->source, "a test");
        snprintf(out + length, sizeof out - length, "%s %s %s%s%s%s\n", server->protocol->section,
                 endpoint_format(&server->place, place), server->tls == TLS_YES ? "yes" : "starttls",
                 server->login[0] ? " " : "", server->login, server->oauth_only ? " oauth" : "");
    }
    return out;
}

void read_file_check_remark(const struct read_file *read, const char *text)
{
    ck_assert_msg(strstr(read->remarks, text) != NULL, "no remark says \"%s\" in:\n%s", text, read->remarks);
}
