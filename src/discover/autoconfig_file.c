/* SPDX-License-Identifier: ISC */
#include "discover/autoconfig_file.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BETWEEN ' ' /* stands between namespace and name; neither has one */

#if HAVE_DECL_XML_GETCURRENTLINENUMBER64
#define LINE(parser) XML_GetCurrentLineNumber64(parser)
#else
#define LINE(parser) XML_GetCurrentLineNumber(parser)
#endif

enum value { HOSTNAME, PORT, SOCKET_TYPE, USERNAME, AUTHENTICATION, VALUES };

/* What is read of a server, by the names of elements. */
static const char *const value_names[VALUES] = {"hostname", "port", "socketType", "username", "authentication"};

struct reader {
    XML_Parser parser;
    struct server_file *file;
    struct found_servers found;     /* of this file */
    const char *why;                /* static: what stopped it, or NULL */
    unsigned depth, elements;
    unsigned server_depth;          /* of the server that is being read; 0: none is */
    unsigned strange_depth;         /* of the element of another namespace that is passed over; 0: none is */
    char space[256];                /* the root's namespace */
    const char *section;            /* of that server's protocol; NULL: none of ours */
    char values[VALUES][AUTOCONFIG_VALUE_MAX + 1];
    int value;                      /* enum value that text belongs to; -1: none */
    size_t length;                  /* of that */
    bool is_too_long;               /* a value of this server is */
    unsigned ways, oauth;           /* of authentication: all, and OAuth 2 */
};

static void stop(struct reader *reader, const char *why)
{
    if (!reader->why)
        reader->why = why;
    XML_StopParser(reader->parser, XML_FALSE);
}

/* --- elements --- */

/* Splits namespace and name.  Returns the name. */
static const char *local_name(const char *name, size_t *space_length)
{
    const char *between = strrchr(name, BETWEEN);

    *space_length = between ? (size_t)(between - name) : 0;
    return between ? between + 1 : name;
}

static void begin_root(struct reader *reader, const char *name)
{
    size_t length;
    const char *local = local_name(name, &length);

    if (strcmp(local, "clientConfig") != 0)
        stop(reader, "it is XML, but no autoconfig file: it does not begin with clientConfig");
    else if (length >= sizeof reader->space)
        stop(reader, "its namespace is too long");
    else
        memcpy(reader->space, name, length);
}

static bool is_strange(const struct reader *reader, const char *name)
{
    size_t length;

    local_name(name, &length);
    return length != strlen(reader->space) || memcmp(name, reader->space, length) != 0;
}

/* The section of the protocol that the attribute `type` names; NULL: none of ours. */
static const char *section_of(const char *element, const char **attributes)
{
    static const struct {
        const char *element, *type, *section;
    } kinds[] = {
        {"incomingServer", "imap", "imap"},
        {"incomingServer", "pop3", "pop3"},
        {"outgoingServer", "smtp", "submission"},
    };

    for (; attributes[0]; attributes += 2)
        for (size_t i = 0; strcmp(attributes[0], "type") == 0 && i < sizeof kinds / sizeof kinds[0]; i++)
            if (strcmp(kinds[i].element, element) == 0 && strcasecmp(kinds[i].type, attributes[1]) == 0)
                return kinds[i].section;
    return NULL;
}

static void begin_server(struct reader *reader, const char *element, const char **attributes)
{
    reader->server_depth = reader->depth;
    reader->section = section_of(element, attributes);
    memset(reader->values, 0, sizeof reader->values);
    reader->is_too_long = false;
    reader->ways = reader->oauth = 0;
}

static void begin_value(struct reader *reader, const char *element)
{
    for (int i = 0; i < VALUES; i++)
        if (strcmp(value_names[i], element) == 0) {
            reader->value = i;
            reader->length = 0;
            memset(reader->values[i], 0, sizeof reader->values[i]);
        }
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = arg;
    const char *local;
    size_t length;

    reader->value = -1; /* text around an element is none of a value */
    reader->depth++;
    if (++reader->elements > AUTOCONFIG_ELEMENTS_MAX || reader->depth > AUTOCONFIG_DEPTH_MAX) {
        stop(reader, "it has too many elements");
        return;
    }
    if (reader->depth == 1) {
        begin_root(reader, name);
        return;
    }
    if (reader->strange_depth == 0 && is_strange(reader, name))
        reader->strange_depth = reader->depth;
    if (reader->strange_depth > 0)
        return;
    local = local_name(name, &length);
    if (reader->server_depth == 0 && (strcmp(local, "incomingServer") == 0 || strcmp(local, "outgoingServer") == 0))
        begin_server(reader, local, attributes);
    else if (reader->server_depth > 0 && reader->depth == reader->server_depth + 1)
        begin_value(reader, local);
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int length)
{
    struct reader *reader = arg;
    size_t room;

    if (reader->value < 0 || reader->strange_depth > 0)
        return;
    room = AUTOCONFIG_VALUE_MAX - reader->length;
    if ((size_t)length > room) {
        reader->is_too_long = true;
        length = (int)room;
    }
    memcpy(reader->values[reader->value] + reader->length, text, (size_t)length);
    reader->length += (size_t)length;
}

/* Takes the blanks away at both ends, and ends the text. */
static void trim(char *text, size_t length)
{
    size_t from = 0;

    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        length--;
    while (from < length && strchr(" \t\r\n", text[from]))
        from++;
    memmove(text, text + from, length - from);
    text[length - from] = '\0';
}

static void end_value(struct reader *reader)
{
    char *text = reader->values[reader->value];

    trim(text, reader->length);
    if (reader->value == AUTHENTICATION) {
        reader->ways++;
        reader->oauth += strcasecmp(text, "OAuth2") == 0;
    }
    reader->value = -1;
}

/* What a word for how TLS begins means.  False: it is not known. */
static bool read_tls(const char *word, enum listener_tls *tls)
{
    static const struct {
        const char *word;
        enum listener_tls tls;
    } words[] = {{"SSL", TLS_YES}, {"STARTTLS", TLS_STARTTLS}, {"plain", TLS_NO}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(words[i].word, word) == 0) {
            *tls = words[i].tls;
            return true;
        }
    return false;
}

static void end_server(struct reader *reader)
{
    struct server_offer offer = {
        .section = reader->section,
        .host = reader->values[HOSTNAME],
        .login = reader->values[USERNAME],
        .port = reader->values[PORT],
        .oauth_only = reader->ways > 0 && reader->oauth == reader->ways,
    };

    reader->server_depth = 0;
    if (!reader->section)
        return;
    if (reader->is_too_long)
        server_file_remark(reader->file, "a server for %s is left out: a value of it is too long", reader->section);
    else if (!read_tls(reader->values[SOCKET_TYPE], &offer.tls))
        server_file_remark(reader->file, "a server for %s is left out: whether it wants TLS cannot be made out",
                           reader->section);
    else
        server_file_offer(&reader->found, reader->file, &offer);
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
    struct reader *reader = arg;

    (void)name;
    if (reader->strange_depth == 0 && reader->value >= 0)
        end_value(reader);
    if (reader->server_depth == reader->depth)
        end_server(reader);
    if (reader->strange_depth == reader->depth)
        reader->strange_depth = 0;
    reader->depth--;
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                               int has_internal)
{
    (void)system;
    (void)public;
    (void)has_internal;
    stop(arg, strcasecmp(name, "html") == 0 ? "it is a page for people (HTML), and no autoconfig file"
                                            : "it has a DTD, which is not read: entities may hide anything");
}

/* --- the whole file --- */

static void set_handlers(struct reader *reader)
{
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
}

/* Why expat has stopped by itself. */
static void explain(const struct reader *reader, char *why, size_t size)
{
    enum XML_Error code = XML_GetErrorCode(reader->parser);

    if (reader->elements == 0)
        snprintf(why, size, "it is no XML (%s)", XML_ErrorString(code));
    else
        snprintf(why, size, "its XML is broken in line %lu (%s)",
                 (unsigned long)LINE(reader->parser), XML_ErrorString(code));
}

bool autoconfig_file_read(struct found_servers *found, struct server_file *file, char *why, size_t size)
{
    struct reader reader = {.parser = XML_ParserCreateNS(NULL, BETWEEN), .file = file, .value = -1};
    bool good;

    if (!reader.parser) {
        snprintf(why, size, "out of memory");
        return false;
    }
    set_handlers(&reader);
    good = XML_Parse(reader.parser, file->text, (int)file->length, XML_TRUE) == XML_STATUS_OK && !reader.why;
    if (reader.why)
        snprintf(why, size, "%s", reader.why);
    else if (!good)
        explain(&reader, why, size);
    XML_ParserFree(reader.parser);
    for (size_t i = 0; good && i < reader.found.count; i++)
        found_servers_add(found, &reader.found.at[i]);
    return good;
}
