/* SPDX-License-Identifier: ISC */
#include "http/field_reader.h"

#include "http/http_head.h"

struct field_reader field_reader_of(const struct http_head_slice *value)
{
    return (struct field_reader){value->bytes, value->bytes + value->length};
}

bool field_reader_at_end(const struct field_reader *reader)
{
    return reader->at == reader->end;
}

bool field_reader_at(const struct field_reader *reader, char c)
{
    return reader->at < reader->end && *reader->at == c;
}

void field_reader_skip_blanks(struct field_reader *reader)
{
    while (reader->at < reader->end && http_head_is_blank(*reader->at))
        reader->at++;
}

bool field_reader_take_byte(struct field_reader *reader, char c)
{
    bool there = field_reader_at(reader, c);

    reader->at += there;
    return there;
}

bool field_reader_take_token(struct field_reader *reader, struct http_head_slice *token)
{
    const char *start = reader->at;

    while (reader->at < reader->end && http_head_is_token_byte(*reader->at))
        reader->at++;
    *token = (struct http_head_slice){start, (size_t)(reader->at - start)};
    return token->length > 0;
}

bool field_reader_take_quoted(struct field_reader *reader, struct http_head_slice *text)
{
    const char *start;

    if (!field_reader_take_byte(reader, '"'))
        return false;
    start = reader->at;
    for (; reader->at < reader->end; reader->at++) {
        if (*reader->at == '"') {
            *text = (struct http_head_slice){start, (size_t)(reader->at++ - start)};
            return true;
        }
        if (*reader->at == '\\' && reader->at + 1 < reader->end)
            reader->at++;
    }
    return false;
}
