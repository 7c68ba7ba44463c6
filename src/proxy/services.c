/* SPDX-License-Identifier: ISC */
#include "proxy/services.h"

#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "net/lingering.h"
#include "proxy/notices.h"
#include "redirect/redirect_policy.h"

bool services_init(struct services *services, char *error, size_t size)
{
    memset(services, 0, sizeof *services);
    snprintf(error, size, "out of memory or of file descriptors");
    services->loop = loop_new();
    if (services->loop) {
        services->health = health_new();
        services->redirects = redirect_table_new();
        services->questions = questions_new(services->loop);
        services->passwords = passwords_new(services->loop);
        services->lockout = lockout_new();
        services->nonces = nonces_new();
        services->curl_loop = curl_loop_new(services->loop);
        services->dialer = dialer_new(services->loop);
        services->contexts = tls_contexts_new();
        services->resolver = resolver_new(services->loop, RESOLVER_CONF, error, size);
        if (services->resolver && services->curl_loop)
            services->finder = finder_new(services->loop, services->resolver, services->curl_loop);
    }
    if (services->loop && services->health && services->redirects && services->questions && services->passwords &&
        services->lockout && services->nonces && services->curl_loop && services->dialer && services->contexts &&
        services->resolver && services->finder)
        return true;
    services_release(services);
    return false;
}

void services_release(struct services *services)
{
    finder_free(services->finder);
    resolver_free(services->resolver);
    dialer_free(services->dialer);
    nonces_free(services->nonces);
    curl_loop_free(services->curl_loop);
    if (services->loop)
        lingering_end_all(services->loop);
    tls_contexts_free(services->contexts);
    passwords_free(services->passwords);
    lockout_free(services->lockout);
    questions_free(services->questions);
    redirect_table_free(services->redirects);
    health_free(services->health);
    child_forget_unreaped(services->loop);
    loop_free(services->loop);
    memset(services, 0, sizeof *services);
}

const char *services_forbid_own(const struct services *services, const struct address *address)
{
    return services->is_own && services->is_own(services->is_own_arg, address) ? "it leads to one of our own listeners"
                                                                               : NULL;
}

const char *services_forbid(const struct services *services, bool sender_on_loopback, const struct address *address)
{
    const char *why = redirect_policy_forbids_address(sender_on_loopback, address);

    return why ? why : services_forbid_own(services, address);
}

const char *services_forbid_named(const struct services *services, bool sender_on_loopback,
                                  const struct endpoint *proxy)
{
    bool is_local = endpoint_host_within(proxy->host, "localhost", strlen("localhost"));
    struct address address;

    return address_from_literal(&address, is_local ? "127.0.0.1" : proxy->host, proxy->port)
               ? services_forbid(services, sender_on_loopback, &address) : NULL;
}

void services_note_refusal(const struct services *services, const char *name, const struct proxy_config *section,
                           const struct endpoint *proxy, uint64_t now_ms, const struct failure *failure)
{
    passwords_forget(services->passwords, section);
    health_refused(services->health, name, proxy, now_ms, failure);
    notices_refused(services->notices, proxy, failure);
}
