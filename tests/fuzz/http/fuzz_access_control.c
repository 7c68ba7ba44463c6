/* The Access-Control fields of an answer: a line of the input is a field. */
#include "http/access_control.h"

#include <string.h>

#include "../fuzz.h"

#define LINES_MAX 16

static void read_fields(struct http_head *head, const char *text, size_t length)
{
    static const char name[] = "Access-Control";

    http_head_start(head);
    while (head->field_count < LINES_MAX) {
        const char *newline = memchr(text, '\n', length);
        size_t line = newline ? (size_t)(newline - text) : length;

        head->fields[head->field_count].name = (struct http_head_slice){name, sizeof name - 1};
        head->fields[head->field_count++].value = (struct http_head_slice){text, line};
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
    fields = head.field_count;
    read_origin(&head, (const char *)bytes, length);
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        enum access_control_result result, with_more;

        head.field_count = fields;
        result = access_control_judge(&head, origins[i]);
        MUST(result != ACCESS_CONTROL_ABSENT);
        head.fields[fields].name = head.fields[0].name;
        head.fields[fields].value = everyone;
        head.field_count = fields + 1;
        with_more = access_control_judge(&head, origins[i]);
        MUST((result == ACCESS_CONTROL_UNREADABLE) == (with_more == ACCESS_CONTROL_UNREADABLE));
        MUST(result != ACCESS_CONTROL_ALLOWED || with_more == ACCESS_CONTROL_ALLOWED);
        head.fields[fields].value = nobody;
        with_more = access_control_judge(&head, origins[i]);
        MUST(with_more == (result == ACCESS_CONTROL_UNREADABLE ? result : ACCESS_CONTROL_REFUSED));
    }
    return 0;
}
