/* SPDX-License-Identifier: ISC */
#include "config/relay_check.h"

#include <string.h>

#include "config/reverse_check.h"

#define ALPN_ID_MAX 255 /* bytes of an id (RFC 7301 section 3.1) */

/* Without TLS, passwords and mail may go as far as a web server of this machine. */
static void check_tls(const struct section *section, const struct relay_config *relay)
{
    char place[ENDPOINT_TEXT_MAX];

    if (relay->key_file && !relay->cert_file)
        section_complain(section, section_line_of(section, "key-file"), "key-file without a cert-file");
    if (relay->cert_file) /* if it also has the key, it must be secret */
        section_check_file(section, "cert-file", relay->cert_file, !relay->key_file);
    if (relay->key_file)
        section_check_file(section, "key-file", relay->key_file, true);
    for (size_t i = 0; !relay->cert_file && i < relay->listen.count; i++)
        if (!places_is_loopback(&relay->listen.at[i]))
            section_complain(section, section_line_of(section, "listen"), "listen: %s is not on loopback, and without "
                             "a cert-file anybody on the way would read the passwords: set one, or listen on localhost "
                             "behind a web server that has TLS", endpoint_format(&relay->listen.at[i], place));
}

/* Ids as they are registered, not encoded as in the fields ALPN and Selected-ALPN (RFC 7639 section 2.2). */
static void check_alpn(const struct section *section, const struct relay_config *relay)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/+:";

    for (const char *id = relay->alpn; id; id = *id ? id + 1 : NULL) {
        size_t length = strspn(id, letters);

        if (length == 0 || length > ALPN_ID_MAX || (id[length] && id[length] != ',')) {
            section_complain(section, section_line_of(section, "alpn"), "alpn: ids of ALPN with commas between them, "
                             "and no blanks, as in imap,http/1.1");
            return;
        }
        id += length;
    }
}

void relay_check(const struct section *section, const struct relay_config *relay)
{
    check_tls(section, relay);
    if (relay->users_file)
        section_check_file(section, "users", relay->users_file, true);
    check_alpn(section, relay);
}

void relay_check_public(const struct section *section, struct public_config *port)
{
    (void)section;
    if (!port->protocol)
        port->protocol = reverse_check_protocol_at(port->registered.port);
}
