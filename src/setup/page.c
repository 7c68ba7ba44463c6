/* SPDX-License-Identifier: ISC */
#include "setup/page.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/secrets.h"

#define STEP_COLUMN 16 /* where the texts of steps begin: two blanks, the longest name of a step, two blanks */

/* Replaces control bytes, those of ISO 6429 as UTF-8 writes them (C2 80 to C2 9F) included. */
static void disarm(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at; at++)
        if (*at < ' ' || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f))
            *at = '?';
}

/* Bytes of the start of text that have as many columns as said, or less when it ends: bytes that go on with a character
 * of UTF-8 have none. */
static size_t bytes_of(const char *text, size_t columns)
{
    size_t bytes = 0;

    for (; text[bytes]; bytes++)
        if (((unsigned char)text[bytes] & 0xc0) != 0x80 && columns-- == 0)
            break;
    return bytes;
}

/* Bytes up to the next blank, or the end, that is not within a command (`...`), which is to be pasted; *command: there
 * was one. */
static size_t word_of(const char *text, bool *command)
{
    size_t length = 0;

    for (; text[length] && text[length] != ' '; length++) {
        const char *end = text[length] == '`' ? strchr(text + length + 1, '`') : NULL;

        *command = *command || end;
        length = end ? (size_t)(end - text) : length;
    }
    return length;
}

/* How much of the text goes into a line of that many columns.  A word that is too wide is broken, but no command. */
static size_t line_of(const char *text, size_t columns)
{
    size_t most = bytes_of(text, columns), end = 0;

    while (text[end]) {
        size_t blanks = strspn(text + end, " ");
        bool command = false;
        size_t next = end + blanks + word_of(text + end + blanks, &command);

        if (next > most)
            return end > 0 ? end : command ? next : most;
        end = next;
    }
    return end;
}

/* The first line is begun, up to the column where the others begin. */
static void fold(FILE *out, const char *text, size_t column)
{
    while (true) {
        size_t length = line_of(text, PAGE_WIDTH - column), shown = length;

        while (shown > 0 && text[shown - 1] == ' ')
            shown--;
        fprintf(out, "%.*s\n", (int)shown, text);
        text += length;
        text += strspn(text, " ");
        if (!*text)
            break;
        fprintf(out, "%*s", (int)column, "");
    }
    fflush(out);
}

static void __attribute__((format(printf, 3, 0))) say(FILE *out, const char *before, const char *format,
                                                      va_list values)
{
    char text[PAGE_TEXT_MAX];
    int start = snprintf(text, sizeof text, "%s", before);
    size_t indent;

    vsnprintf(text + start, sizeof text - (size_t)start, format, values);
    disarm(text);
    indent = strspn(text, " ");
    indent = indent < PAGE_WIDTH / 2 ? indent : 0;
    fprintf(out, "%*s", (int)indent, "");
    fold(out, text + indent, indent);
}

void page_say(const struct page *page, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    say(page->out, "", format, values);
    va_end(values);
}

void page_gap(const struct page *page)
{
    fputc('\n', page->out);
}

void page_fail(const struct page *page, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    say(page->errors, "sallyport: ", format, values);
    va_end(values);
}

void page_step(const struct page *page, const char *step, const char *text)
{
    char shown[PAGE_TEXT_MAX];

    snprintf(shown, sizeof shown, "%s", text);
    secrets_withhold(shown);
    disarm(shown);
    fprintf(page->out, "  %-*s", STEP_COLUMN - 2, step);
    fold(page->out, shown, STEP_COLUMN);
}
