/* SPDX-License-Identifier: ISC */
#include "base/page_text.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Elements that are left out with all that is in them. */
static const struct {
    const char *name;
    bool heading; /* read if the page has no other text */
} silent[] = {
    {"style", false}, {"script", false}, {"title", true}, {"h1", true}, {"h2", true}, {"h3", true}, {"h4", true},
    {"h5", true},     {"h6", true},
};

static const struct {
    const char *reference;
    char meaning;
} references[] = {
    {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&#34;", '"'}, {"&apos;", '\''}, {"&#39;", '\''},
    {"&#x27;", '\''}, {"&nbsp;", ' '},
};

struct text {
    char *out;
    size_t at, size;
    bool blank; /* before the next word */
};

static void put(struct text *text, char c)
{
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
        text->blank = true;
        return;
    }
    if (text->blank && text->at > 0 && text->at + 2 >= text->size)
        text->size = text->at + 1; /* full: no room for the blank and a byte of the word */
    if (text->at + 1 >= text->size)
        return;
    if (text->blank && text->at > 0)
        text->out[text->at++] = ' ';
    text->blank = false;
    text->out[text->at++] = c;
}

static bool begins(const char *page, size_t length, const char *with)
{
    return length >= strlen(with) && strncasecmp(page, with, strlen(with)) == 0;
}

/* Offset of the first `what`, in any case; length when there is none. */
static size_t find(const char *page, size_t length, const char *what)
{
    for (size_t i = 0; i < length; i++)
        if (page[i] == what[0] && begins(page + i, length - i, what))
            return i;
    return length;
}

static bool opens(const char *tag, size_t length, const char *name)
{
    size_t end = 1 + strlen(name);

    return length > 0 && begins(tag + 1, length - 1, name) && (end >= length || strchr(" \t\r\n/>", tag[end]));
}

/* Length of the tag, of the comment or of the silent element that begins here, at a "<"; nothing may be left. */
static size_t markup_length(const char *tag, size_t length, bool headings)
{
    size_t end;

    if (begins(tag, length, "<!--")) {
        end = find(tag, length, "-->");
        return end < length ? end + 3 : length;
    }
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        char closing[16] = "</";

        if (!opens(tag, length, silent[i].name) || (headings && silent[i].heading))
            continue;
        memcpy(closing + 2, silent[i].name, strlen(silent[i].name));
        end = find(tag, length, closing);
        return end + markup_length(tag + end, length - end, true);
    }
    end = find(tag, length, ">");
    return end < length ? end + 1 : length;
}

/* Length of the character reference here, at a "&", which is put; 0: there is none. */
static size_t put_reference(struct text *text, const char *page, size_t length)
{
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++)
        if (begins(page, length, references[i].reference)) {
            put(text, references[i].meaning);
            return strlen(references[i].reference);
        }
    return 0;
}

static size_t read_page(const char *page, size_t length, bool headings, char *out, size_t size)
{
    struct text text = {.out = out, .size = size};

    for (size_t i = 0, taken; i < length && text.at + 1 < text.size; i += taken) {
        taken = page[i] == '&' ? put_reference(&text, page + i, length - i) : 0;
        if (page[i] == '<') {
            taken = markup_length(page + i, length - i, headings);
            text.blank = true;
        } else if (taken == 0) {
            put(&text, page[i]);
            taken = 1;
        }
    }
    out[text.at] = '\0';
    return text.at;
}

size_t page_text(const char *page, size_t length, char *out, size_t size)
{
    size_t written = read_page(page, length, false, out, size);

    return written > 0 ? written : read_page(page, length, true, out, size);
}
