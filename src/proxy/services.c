#include "proxy/services.h"

#include <stdio.h>
#include <string.h>

#include "tls/tls_transport.h"

bool means_init(struct means *means, char *error, size_t size)
{
    memset(means, 0, sizeof *means);
    snprintf(error, size, "out of memory or of file descriptors");
    means->loop = loop_new();
    if (means->loop) {
        means->health = health_new();
        means->redirects = redirects_new();
        means->questions = questions_new(means->loop);
        means->secrets = secrets_new(means->loop);
        means->refusals = refusals_new();
        means->multi = multi_new(means->loop);
        means->dialer = dialer_new(means->loop);
        means->trusts = trusts_new();
        means->resolver = resolver_new(means->loop, error, size);
    }
    if (means->loop && means->health && means->redirects && means->questions && means->secrets && means->refusals &&
        means->multi && means->dialer && means->trusts && means->resolver)
        return true;
    means_release(means);
    return false;
}

void means_release(struct means *means)
{
    resolver_free(means->resolver);
    dialer_free(means->dialer);
    multi_free(means->multi);
    if (means->loop)
        tls_end_lingering(means->loop);
    trusts_free(means->trusts);
    secrets_free(means->secrets);
    refusals_free(means->refusals);
    questions_free(means->questions);
    redirects_free(means->redirects);
    health_free(means->health);
    loop_free(means->loop);
    memset(means, 0, sizeof *means);
}

const char *means_forbid(const struct means *means, bool sender_on_loopback, const struct address *address)
{
    const char *why = redirect_forbids_address(sender_on_loopback, address);

    if (!why && means->is_own && means->is_own(means->is_own_arg, address))
        why = "it leads to one of our own listeners";
    return why;
}
