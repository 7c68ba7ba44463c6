/* SPDX-License-Identifier: ISC */
#include "redirect/redirect_chain.h"

#include <stdio.h>
#include <string.h>

static bool was_asked(const struct redirect_chain *chain, const struct endpoint *proxy)
{
    for (size_t i = 0; i < chain->asked_count; i++)
        if (endpoint_equal(&chain->asked[i], proxy))
            return true;
    return false;
}

static void go_to(struct redirect_chain *chain, const struct endpoint *proxy, unsigned entry, bool sender_on_loopback)
{
    chain->entries[chain->asked_count] = entry;
    chain->asked[chain->asked_count++] = *proxy;
    chain->sender_on_loopback = sender_on_loopback;
}

/* Follows learned redirects, from the proxy in use on.  False: they lead in a circle or too far; why says so. */
static bool follow_table(struct redirect_chain *chain, uint64_t now_ms, char *why, size_t size)
{
    const struct redirect_settings *policy = &chain->config->redirects;
    struct redirect_entry entry;
    char place[ENDPOINT_URL_MAX];

    while (policy->follow && !chain->direct &&
           redirect_table_use(chain->table, &chain->asked[chain->asked_count - 1], &chain->url, now_ms, &entry)) {
        if (entry.direct) {
            chain->direct = policy->direct;
            chain->direct_entry = entry.id;
            if (!policy->direct)
                redirect_table_drop(chain->table, entry.id);
        } else if (was_asked(chain, &entry.proxy) || chain->asked_count > policy->max_hops) {
            redirect_table_drop(chain->table, entry.id);
            snprintf(why, size, "learned redirects lead in a circle or too far, to %s",
                     endpoint_format_url(&entry.proxy, place));
            return false;
        } else {
            go_to(chain, &entry.proxy, entry.id, entry.sender_on_loopback);
        }
    }
    return true;
}

bool redirect_chain_begin(struct redirect_chain *chain, const struct endpoint *configured, uint64_t now_ms, char *why,
                          size_t size)
{
    chain->asked_count = 0;
    chain->direct = false;
    go_to(chain, configured, 0, false);
    return follow_table(chain, now_ms, why, size);
}

void redirect_chain_leave(struct redirect_chain *chain)
{
    chain->asked_count = 0;
    chain->direct = false;
}

const struct endpoint *redirect_chain_proxy(const struct redirect_chain *chain)
{
    return chain->direct || chain->asked_count == 0 ? NULL : &chain->asked[chain->asked_count - 1];
}

unsigned redirect_chain_count(const struct redirect_chain *chain)
{
    size_t senders = chain->asked_count > 0 ? chain->asked_count - 1 : 0;

    return (unsigned)(senders + chain->direct);
}

bool redirect_chain_is_learned(const struct redirect_chain *chain)
{
    return redirect_chain_count(chain) > 0;
}

const struct endpoint *redirect_chain_sender(const struct redirect_chain *chain)
{
    return &chain->asked[chain->asked_count - (chain->direct ? 1 : 2)];
}

/* Reads the answer's one Set-Proxy field or, without one, its Location, into chain->pending.  False: *why says what
 * is wrong. */
static bool read_answer(struct redirect_chain *chain, const struct http_head *head, const char **why)
{
    const struct http_head_slice *set_proxy = http_head_field(head, "Set-Proxy"), *location;
    size_t fields = 0;

    for (size_t i = 0; i < head->fields.count; i++)
        fields += http_head_slice_is(&head->fields.at[i].name, "Set-Proxy");
    if (fields > 1) {
        *why = "it has two Set-Proxy fields";
        return false;
    }
    if (set_proxy)
        return setproxy_parse(&chain->pending, &chain->url, set_proxy->bytes, set_proxy->length,
                              chain->config->redirects.max_lifetime / 1000, why);
    location = http_head_field(head, "Location");
    *why = "it names no proxy";
    return location &&
           setproxy_from_location(&chain->pending, &chain->url, location->bytes, location->length, why);
}

static size_t count_via(const struct http_head *head)
{
    struct http_head_slice member;
    size_t field = 0, offset = 0, count = 0;

    while (http_head_next_member(head, "Via", &field, &offset, &member))
        count++;
    return count > 0 || !http_head_field(head, "Via") ? count : 1; /* an empty field counts as one member */
}

enum redirect_decision redirect_chain_decide(struct redirect_chain *chain, const struct http_head *head, char *why,
                                             size_t size)
{
    struct redirect_case redirect = {
        .said = &chain->pending,
        .url = &chain->url,
        .asked = chain->asked,
        .asked_count = chain->asked_count,
        .hops = chain->hops > chain->asked_count - 1 ? chain->hops : chain->asked_count - 1,
        .minor = head->minor,
        .via_count = count_via(head),
        .status = head->status,
        .sender_learned = redirect_chain_is_learned(chain),
    };
    enum redirect_decision decision;
    const char *fault = "";
    struct setproxy as;

    if (!read_answer(chain, head, &fault)) {
        snprintf(why, size, "malformed: %s", fault);
        return REDIRECT_REFUSE;
    }
    if (chain->fell_back && chain->pending.action == SETPROXY_SET &&
        endpoint_equal(&chain->pending.proxy, &chain->dead)) {
        snprintf(why, size, "to the proxy that has just failed");
        return REDIRECT_REFUSE;
    }
    decision = redirect_policy_decide(&chain->config->redirects, &redirect, &as, why, size);
    chain->pending = as;
    return decision;
}

bool redirect_chain_apply(struct redirect_chain *chain, bool sender_on_loopback, uint64_t now_ms, bool *begin_anew,
                          char *why, size_t size)
{
    const struct endpoint *sender = &chain->asked[chain->asked_count - 1];
    const struct setproxy *said = &chain->pending;
    unsigned entry;
    bool current = chain->epoch == redirect_table_epoch(chain->table); /* nothing is learned under an outdated policy */

    *begin_anew = said->action == SETPROXY_IPL;
    chain->hops++;
    if (said->action == SETPROXY_IPL) {
        snprintf(why, size, "IPL was obeyed less than a minute ago");
        return redirect_table_forget(chain->table, now_ms);
    }
    entry = current ? redirect_table_learn(chain->table, sender, sender_on_loopback, said, now_ms) : 0;
    if (said->action == SETPROXY_DIRECT) {
        chain->direct = true;
        chain->direct_entry = entry;
        return true;
    }
    go_to(chain, &said->proxy, entry, sender_on_loopback);
    return follow_table(chain, now_ms, why, size);
}

bool redirect_chain_fall_back(struct redirect_chain *chain)
{
    bool again = !chain->fell_back;

    /* id 0, of a redirect that was not learned, drops nothing */
    redirect_table_drop(chain->table, chain->direct ? chain->direct_entry : chain->entries[chain->asked_count - 1]);
    memset(&chain->dead, 0, sizeof chain->dead);
    if (!chain->direct)
        chain->dead = chain->asked[chain->asked_count - 1];
    chain->fell_back = true;
    return again;
}

const char *redirect_chain_format_via(const struct redirect_chain *chain, char out[REDIRECT_CHAIN_VIA_MAX])
{
    size_t senders = chain->asked_count - (chain->direct ? 0 : 1), at = 0;
    char url[ENDPOINT_URL_MAX];

    out[0] = '\0';
    for (size_t i = 0; i < senders && at < REDIRECT_CHAIN_VIA_MAX; i++)
        at += (size_t)snprintf(out + at, REDIRECT_CHAIN_VIA_MAX - at, "%s%s", i ? ", " : "",
                               endpoint_format_url(&chain->asked[i], url));
    return out;
}
