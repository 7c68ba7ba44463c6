/* SPDX-License-Identifier: ISC */
#include "http/head_end.h"

enum head_end_result head_end_find(struct head_end *end, const char *bytes, size_t length, size_t limit)
{
    for (; end->scanned < length; end->scanned++) {
        char c = bytes[end->scanned];
        size_t line_length = end->scanned - end->line;

        if (end->scanned >= limit)
            return HEAD_END_TOO_LONG;
        if (c == '\0')
            return HEAD_END_NUL;
        if (c != '\n' && end->scanned > 0 && bytes[end->scanned - 1] == '\r')
            return HEAD_END_BARE_CR;
        if (c != '\n')
            continue;
        if (line_length == 0 || (line_length == 1 && bytes[end->line] == '\r')) {
            end->scanned++;
            return HEAD_END_FOUND;
        }
        end->line = end->scanned + 1;
    }
    return HEAD_END_MORE;
}
