/* SPDX-License-Identifier: ISC */
#include "protocol/goodbye.h"

#include <string.h>
#include <strings.h>

#define LOOK_BACK_BYTES 1024 /* in which the start of the last line is looked for: an answer to QUIT is not longer */

void goodbye_miss(struct goodbye_line *line)
{
    *line = (struct goodbye_line){.length = GOODBYE_LINE_BYTES}; /* a line that is no command and no answer */
}

void goodbye_note(struct goodbye_line *line, const char *bytes, size_t length)
{
    size_t back = length < LOOK_BACK_BYTES ? length : LOOK_BACK_BYTES, room;
    const char *feed;

    if (length == 0)
        return;
    feed = memrchr(bytes + length - back, '\n', back - 1); /* the last byte ends the line, if any */
    if (!feed && back < length)
        goodbye_miss(line);
    if (feed || line->ended)
        line->length = 0;
    if (feed) {
        length -= (size_t)(feed + 1 - bytes);
        bytes = feed + 1;
    }
    line->ended = bytes[length - 1] == '\n';
    room = sizeof line->start - line->length;
    memcpy(line->start + line->length, bytes, length < room ? length : room);
    line->length = (unsigned char)(length < room ? line->length + length : sizeof line->start);
}

/* Where the line goes on behind the tag, or behind nothing; NULL: there is no tag. */
static const char *behind_tag(const struct protocol *protocol, const struct goodbye_line *line)
{
    const char *blank = protocol->tagged ? memchr(line->start, ' ', line->length) : NULL;

    return !protocol->tagged ? line->start : blank && blank > line->start ? blank + 1 : NULL;
}

bool goodbye_is_said(const struct protocol *protocol, const struct goodbye_line *client)
{
    const char *command = protocol->farewell && client->ended ? behind_tag(protocol, client) : NULL;
    size_t length = protocol->farewell ? strlen(protocol->farewell) : 0;
    size_t left = command ? (size_t)(client->start + client->length - command) : 0;

    if (left <= length || strncasecmp(command, protocol->farewell, length) != 0)
        return false;
    command += length;
    left -= length;
    return left == 1 ? *command == '\n' : left == 2 && memcmp(command, "\r\n", 2) == 0;
}

/* Whether the text begins with these words. */
static bool begins(const char *text, size_t length, const char *words)
{
    size_t wanted = strlen(words);

    return length > wanted && strncasecmp(text, words, wanted) == 0 && strchr(" -\r\n", text[wanted]);
}

bool goodbye_is_answered(const struct protocol *protocol, const struct goodbye_line *client,
                         const struct goodbye_line *server)
{
    const char *command = goodbye_is_said(protocol, client) && server->ended ? behind_tag(protocol, client) : NULL;
    size_t tag = command ? (size_t)(command - client->start) : 0;

    if (!command)
        return false;
    for (size_t i = 0; i < sizeof protocol->goodbyes / sizeof protocol->goodbyes[0]; i++)
        if (protocol->goodbyes[i] && begins(server->start, server->length, protocol->goodbyes[i]))
            return true;
    return protocol->tagged && server->length > tag && strncasecmp(server->start, client->start, tag) == 0 &&
           begins(server->start + tag, server->length - tag, "OK");
}
