/* SPDX-License-Identifier: ISC */
#include "http/error_page.h"

#include <string.h>

#include "base/page_text.h"

#define CODE_MAX 60 /* bytes of X-Squid-Error: the longest of squid's own has 35, with errno behind it */

/* Cuts a page of squid to what is about this error: from the element with id="error" on, up to the footer, as its
 * templates have them in all languages.  Some have no such element, and are left whole. */
static void find_cause(const char **body, size_t *length)
{
    static const char mark[] = "id=\"error\"", footer[] = "<div id=\"footer\"";
    const char *start = memmem(*body, *length, mark, sizeof mark - 1), *end;

    if (!start)
        return;
    end = *body + *length;
    start = memchr(start, '>', (size_t)(end - start));
    if (!start)
        return;
    *body = start + 1;
    *length = (size_t)(end - *body);
    end = memmem(*body, *length, footer, sizeof footer - 1);
    if (end)
        *length = (size_t)(end - *body);
}

size_t error_page_cause(const struct http_head *head, const char *body, size_t length,
                        char out[ERROR_PAGE_CAUSE_MAX])
{
    const struct http_head_slice *code = http_head_field(head, "X-Squid-Error");
    size_t at = 0, written;

    if (!code)
        return page_text(body, length, out, ERROR_PAGE_CAUSE_MAX);
    find_cause(&body, &length);
    at = code->length < CODE_MAX ? code->length : CODE_MAX;
    memcpy(out, code->bytes, at);
    memcpy(out + at, ": ", 3);
    written = page_text(body, length, out + at + 2, ERROR_PAGE_CAUSE_MAX - at - 2);
    out[written > 0 ? at + 2 + written : at] = '\0';
    return strlen(out);
}
