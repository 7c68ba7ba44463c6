/* SPDX-License-Identifier: ISC */
#include "discover/autoconfig_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "read_file.h"

#define SERVER(kind, type, host, port, tls, more) \
    "<" kind "Server type=\"" type "\"><hostname>" host "</hostname><port>" port "</port><socketType>" tls \
    "</socketType>" more "</" kind "Server>"
#define IMAP SERVER("incoming", "imap", "imap.example.net", "993", "SSL", "")
#define SMTP SERVER("outgoing", "smtp", "smtp.example.net", "465", "SSL", "")
#define WHOLE(servers) \
    "<clientConfig version=\"1.1\"><emailProvider id=\"x\">" servers "</emailProvider></clientConfig>"
#define OAUTH "<authentication>OAuth2</authentication>"
#define PASSWORD "<authentication>password-cleartext</authentication>"

static struct read_file scene;

static bool read(const char *text)
{
    return read_file_text(&scene, autoconfig_file_read, text);
}

static void check_servers(const char *text, const char *servers)
{
    ck_assert_msg(read(text), "%s", scene.why);
    ck_assert_str_eq(read_file_servers(&scene), servers);
}

static void check_fault(const char *text, const char *why)
{
    ck_assert(!read(text));
    ck_assert_msg(strstr(scene.why, why) != NULL, "%s", scene.why);
}

#define BOTH "imap imap.example.net:993 yes\nsubmission smtp.example.net:465 yes\n"

START_TEST(servers_are_read)
{
    check_servers(WHOLE(IMAP SMTP), BOTH);
    check_servers("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->\n"
                  WHOLE("<domain>example.net</domain><displayName>\xc3\x84 &amp; &#65;</displayName>"
                        SERVER("incoming", "IMAP", " imap.%EMAILDOMAIN%\n", "\t993 ", " ssl ",
                               "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>")
                        "<documentation url=\"x\"><descr lang=\"en\">Yes</descr></documentation>"
                        SERVER("outgoing", "smtp", "s&#109;tp.example.net", "587", "STARTTLS",
                               "<username>%EMAILLOCALPART%</username>"))
                  "\n",
                  "imap imap.example.net:993 yes me@example.net\nsubmission smtp.example.net:587 starttls me\n");
}
END_TEST

START_TEST(tls_goes_before_starttls_and_plain_is_not_taken)
{
    check_servers(WHOLE(SERVER("incoming", "imap", "plain.example.net", "143", "plain", "")
                        SERVER("incoming", "imap", "later.example.net", "143", "STARTTLS", "")
                        SERVER("incoming", "pop3", "pop.example.net", "995", "SSL", "")
                        SERVER("incoming", "imap", "tls.example.net", "993", "SSL", "")
                        SERVER("outgoing", "smtp", "plain.example.net", "25", "plain", "")),
                  "imap tls.example.net:993 yes\nimap later.example.net:143 starttls\npop3 pop.example.net:995 yes\n");
    read_file_check_remark(&scene, "plain.example.net:143 (imap) is offered without TLS, and not taken");
    read_file_check_remark(&scene, "plain.example.net:25 (submission) is offered without TLS, and not taken");
}
END_TEST

START_TEST(only_oauth_is_noted)
{
    check_servers(WHOLE(SERVER("incoming", "imap", "a.example.net", "993", "SSL", OAUTH)
                        SERVER("incoming", "imap", "b.example.net", "993", "SSL", OAUTH PASSWORD)),
                  "imap b.example.net:993 yes\nimap a.example.net:993 yes oauth\n");
}
END_TEST

START_TEST(what_is_of_no_use_is_passed_over)
{
    check_servers(WHOLE(SERVER("incoming", "jmap", "j.example.net", "443", "SSL", "")
                        SERVER("incoming", "exchange", "e.example.net", "443", "SSL", "")
                        SERVER("incoming", "smtp", "s.example.net", "443", "SSL", "")
                        "<incomingServer><hostname>no.type</hostname></incomingServer>"
                        SERVER("outgoing", "imap", "o.example.net", "443", "SSL", "") IMAP SMTP), BOTH);
    ck_assert_ptr_null(strstr(scene.remarks, "left out"));
    check_servers(WHOLE(SERVER("incoming", "imap", "a.example.net", "993", "TLS?", "") IMAP SMTP), BOTH);
    read_file_check_remark(&scene, "a server for imap is left out: whether it wants TLS cannot be made out");
    check_servers(WHOLE(SERVER("incoming", "imap", "", "993", "SSL", "") IMAP SMTP), BOTH);
    check_servers(WHOLE("<incomingServer type=\"imap\"><hostname>evil.example.com</hostname><port>993</port>"
                        "<socketType>SSL</socketType><hostname>imap<x/></hostname></incomingServer>"),
                  "imap imap:993 yes\n"); /* one, and not two mixed */
    check_servers(WHOLE("<incomingServer type=\"imap\"><x><hostname>deep.example.net</hostname><port>1</port></x>"
                        "<socketType>SSL</socketType></incomingServer>" IMAP SMTP), BOTH);
}
END_TEST

START_TEST(of_namespaces_the_roots_counts)
{
    check_servers("<clientConfig xmlns=\"urn:a\"><emailProvider>" IMAP SMTP "</emailProvider></clientConfig>", BOTH);
    check_servers("<c:clientConfig xmlns:c=\"urn:a\"><c:incomingServer type=\"imap\"><c:hostname>c.example.net"
                  "</c:hostname><c:port>993</c:port><c:socketType>SSL</c:socketType></c:incomingServer>" IMAP
                  "</c:clientConfig>", "imap c.example.net:993 yes\n");
    check_servers("<clientConfig xmlns:o=\"urn:o\"><o:emailProvider>" IMAP "</o:emailProvider>"
                  "<incomingServer type=\"imap\"><hostname>a<o:b>x</o:b></hostname>"
                  "<o:hostname>o.example.net</o:hostname><hostname>n.example.net</hostname><port>993</port>"
                  "<socketType>SSL</socketType></incomingServer></clientConfig>", "imap n.example.net:993 yes\n");
    check_fault("<clientConfig><o:x/></clientConfig>", "its XML is broken in line 1 (unbound prefix)");
}
END_TEST

START_TEST(no_entity_is_read)
{
    check_fault("<!DOCTYPE clientConfig [<!ENTITY a \"imap.example.net\">]>"
                WHOLE(SERVER("incoming", "imap", "&a;", "993", "SSL", "")), "it has a DTD, which is not read");
    check_fault("<!DOCTYPE clientConfig [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
                "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">]>" WHOLE("&c;"), "it has a DTD");
    check_fault("<!DOCTYPE clientConfig SYSTEM \"file:///etc/passwd\">" WHOLE(IMAP), "it has a DTD");
    check_fault(WHOLE("&a;"), "its XML is broken in line 1 (undefined entity)");
    check_fault("<!DOCTYPE html><html><body>Not found</body></html>", "it is a page for people (HTML)");
}
END_TEST

START_TEST(broken_files_are_told)
{
    check_fault("", "it is no XML (no element found)");
    check_fault("{\"protocols\": {}}", "it is no XML (not well-formed");
    check_fault("\x7f" "ELF", "it is no XML");
    check_fault("<clientConfig>\n" IMAP, "its XML is broken in line 2 (no element found)");
    check_fault("<clientConfig>\n" IMAP "</emailProvider>", "its XML is broken in line 2 (mismatched tag)");
    check_fault("<html><body/></html>", "it is XML, but no autoconfig file: it does not begin with clientConfig");
    check_fault(WHOLE(IMAP) WHOLE(SMTP), "its XML is broken in line 1 (junk after document element)");
    ck_assert(!read_file_bytes(&scene, autoconfig_file_read, "<clientConfig>\0</clientConfig>", 30));
}
END_TEST

START_TEST(charsets_are_what_they_say)
{
    check_servers("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" WHOLE("<displayName>\xe4</displayName>" IMAP SMTP),
                  BOTH);
    check_fault("<?xml version=\"1.0\" encoding=\"UTF-8\"?>" WHOLE("<displayName>\xe4</displayName>" IMAP),
                "its XML is broken in line 1 (not well-formed (invalid token))");
    check_fault("<?xml version=\"1.0\" encoding=\"windows-9999\"?>" WHOLE(IMAP), "(unknown encoding)");
    ck_assert(!read_file_bytes(&scene, autoconfig_file_read, "\xff\xfe<\0c\0", 6));
}
END_TEST

/* A text of so many times the piece, between two others. */
static char *repeat(const char *before, const char *piece, size_t times, const char *after)
{
    size_t size = strlen(before) + strlen(piece) * times + strlen(after) + 1, at;
    char *text = malloc(size);

    ck_assert_ptr_nonnull(text);
    at = (size_t)snprintf(text, size, "%s", before);
    for (size_t i = 0; i < times; i++) {
        memcpy(text + at, piece, strlen(piece));
        at += strlen(piece);
    }
    snprintf(text + at, size - at, "%s", after);
    return text;
}

static void check_repeated(const char *before, const char *piece, size_t times, const char *after, const char *why)
{
    char *text = repeat(before, piece, times, after);

    check_fault(text, why);
    free(text);
}

START_TEST(all_is_bounded)
{
    char *text;

    check_repeated("<clientConfig>", "<a>", AUTOCONFIG_DEPTH_MAX, "", "it has too many elements");
    check_repeated("", "<clientConfig>", 100000, "", "it has too many elements");
    check_repeated("<clientConfig>", "<a/>", AUTOCONFIG_ELEMENTS_MAX, "</clientConfig>", "it has too many elements");
    check_repeated("<clientConfig>", "0123456789", 1048576, "", "no element found");
    text = repeat("<clientConfig>", IMAP, 1000, "</clientConfig>");
    check_servers(text, "imap imap.example.net:993 yes\n");
    free(text);
    text = repeat("<clientConfig><incomingServer type=\"imap\"><port>993</port><socketType>SSL</socketType><hostname>",
                  "a", AUTOCONFIG_VALUE_MAX + 1, "</hostname></incomingServer>" IMAP SMTP "</clientConfig>");
    check_servers(text, BOTH);
    read_file_check_remark(&scene, "a server for imap is left out: a value of it is too long");
    free(text);
    text = repeat("<x:clientConfig xmlns:x=\"", "u", 300, "\"/>");
    check_fault(text, "its namespace is too long");
    free(text);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_a_fault)
{
    static const char text[] = WHOLE(IMAP SMTP);

    for (size_t length = 0; length < sizeof text - 1; length++)
        ck_assert(!read_file_bytes(&scene, autoconfig_file_read, text, length));
    ck_assert(read_file_bytes(&scene, autoconfig_file_read, text, sizeof text - 1));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("autoconfig_file");

    tcase_add_test(cases, servers_are_read);
    tcase_add_test(cases, tls_goes_before_starttls_and_plain_is_not_taken);
    tcase_add_test(cases, only_oauth_is_noted);
    tcase_add_test(cases, what_is_of_no_use_is_passed_over);
    tcase_add_test(cases, of_namespaces_the_roots_counts);
    tcase_add_test(cases, no_entity_is_read);
    tcase_add_test(cases, broken_files_are_told);
    tcase_add_test(cases, charsets_are_what_they_say);
    tcase_add_test(cases, all_is_bounded);
    tcase_add_test(cases, a_file_cut_anywhere_is_a_fault);
    return unit_run();
}
