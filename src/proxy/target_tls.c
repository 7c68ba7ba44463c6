/* SPDX-License-Identifier: ISC */
#include "proxy/target_tls.h"

#include <string.h>

#include "config/tls_hint.h"

const char *target_tls_name(const struct listener_config *listener, const struct endpoint *place)
{
    const struct endpoint_target *wanted = &listener->target;

    if (wanted->srv && !endpoint_host_within(place->host, wanted->place.host, strlen(wanted->place.host)))
        return wanted->place.host;
    return place->host;
}

void target_tls_place_failure(const struct listener_config *listener, const struct endpoint *place, bool servers,
                              struct failure *failure)
{
    char where[ENDPOINT_TEXT_MAX];

    failure_at(failure, "", endpoint_format(place, where));
    if (servers)
        tls_hint_add(listener, place->port, failure);
}

struct tls_client *target_tls_start(const struct target_tls_params *params)
{
    const struct listener_config *listener = params->listener;
    char remembered[ENDPOINT_TEXT_MAX];
    const struct tls_client_params tls = {
        .loop = params->services->loop,
        .contexts = params->services->contexts,
        .below = params->below,
        .leftover = params->leftover,
        .leftover_length = params->leftover_length,
        .starttls = listener->tls == TLS_STARTTLS ? listener->protocol : NULL,
        .ehlo_name = listener->ehlo_name,
        .setting = {.ca_file = listener->tls_ca_file, .verify = listener->tls_verify,
                    .cert_file = listener->tls_cert_file, .key_file = listener->tls_key_file},
        .ca_option = listener->unannounced ? "ca-file" : "tls-ca-file", /* keys of a relay and of a listener */
        .host = target_tls_name(listener, params->place),
        .remember = endpoint_format(params->place, remembered),
        .greeting_ms = params->settings->greeting_timeout,
        .handshake_ms = params->settings->handshake_timeout,
        .trace = params->trace,
        .done = params->done,
        .arg = params->arg,
    };

    return tls_client_start(&tls);
}
