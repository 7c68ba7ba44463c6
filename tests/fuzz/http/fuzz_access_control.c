/* SPDX-License-Identifier: ISC */
/* The Access-Control fields of an answer: a line of the input is a field. */
#include "http/access_control.h"

#include <string.h>

#include "../fuzz.h"

#define LINES_MAX 16

static void read_fields(struct http_head *head, const char *text, size_t length)
{
    static const char name[] = "Access-Control";

    http_head_start(head);
    while (head->fields.count < LINES_MAX) {
        const char *newline = memchr(text, '\n', length);
        size_t line = newline ? (size_t)(newline - text) : length;

        head->fields.at[head->fields.count].name = (struct http_head_slice){name, sizeof name - 1};
        head->fields.at[head->fields.count++].value = (struct http_head_slice){text, line};
        if (!newline)
            return;
        text += line + 1;
        length -= line + 1;
    }
}

/* The input may be an origin, too. */
static void read_origin(const struct http_head *head, const char *text, size_t length)
{
    char *origin = malloc(length + 1);
    const char *why = NULL;

    MUST(origin);
    memcpy(origin, text, length);
    origin[length] = '\0';
    if (access_control_origin_check(origin, &why))
        (void)access_control_judge(head, origin);
    else
        MUST(why && *why);
    free(origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const struct http_head_slice everyone = {"allow <*>", 9}, nobody = {"deny <*>", 8};
    static const char *const origins[] = {"example.com", "mail.example.com:8080", "[2001:db8::1]"};
    struct http_head head;
    size_t fields;

    read_fields(&head, (const char *)bytes, length);
    fields = head.fields.count;
    read_origin(&head, (const char *)bytes, length);
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        enum access_control_result result, with_more;

        head.fields.count = fields;
        result = access_control_judge(&head, origins[i]);
        MUST(result != ACCESS_CONTROL_ABSENT);
        head.fields.at[fields].name = head.fields.at[0].name;
        head.fields.at[fields].value = everyone;
        head.fields.count = fields + 1;
        with_more = access_control_judge(&head, origins[i]);
        MUST((result == ACCESS_CONTROL_UNREADABLE) == (with_more == ACCESS_CONTROL_UNREADABLE));
        MUST(result != ACCESS_CONTROL_ALLOWED || with_more == ACCESS_CONTROL_ALLOWED);
        head.fields.at[fields].value = nobody;
        with_more = access_control_judge(&head, origins[i]);
        MUST(with_more == (result == ACCESS_CONTROL_UNREADABLE ? result : ACCESS_CONTROL_REFUSED));
    }
    return 0;
}
