#include "redirect/redirect_chain.h"

#include <stdio.h>
#include <string.h>

static bool was_asked(const struct detour *detour, const struct endpoint *proxy)
{
    for (size_t i = 0; i < detour->asked_count; i++)
        if (endpoint_equal(&detour->asked[i], proxy))
            return true;
    return false;
}

static void go_to(struct detour *detour, const struct endpoint *proxy, unsigned entry, bool sender_on_loopback)
{
    detour->entries[detour->asked_count] = entry;
    detour->asked[detour->asked_count++] = *proxy;
    detour->sender_on_loopback = sender_on_loopback;
}

/* As far as the table leads from the proxy in use. */
static bool follow_table(struct detour *detour, uint64_t now_ms, char *why, size_t size)
{
    const struct redirect_policy *policy = &detour->config->redirects;
    struct redirect_entry entry;
    char place[ENDPOINT_URL_MAX];

    while (policy->follow && !detour->direct &&
           redirects_use(detour->table, &detour->asked[detour->asked_count - 1], &detour->url, now_ms, &entry)) {
        if (entry.direct) {
            detour->direct = policy->direct;
            detour->direct_entry = entry.id;
            if (!policy->direct)
                redirects_drop(detour->table, entry.id);
        } else if (was_asked(detour, &entry.proxy) || detour->asked_count > policy->max_hops) {
            redirects_drop(detour->table, entry.id);
            snprintf(why, size, "learned redirects lead in a circle or too far, to %s",
                     endpoint_format_url(&entry.proxy, place));
            return false;
        } else {
            go_to(detour, &entry.proxy, entry.id, entry.sender_on_loopback);
        }
    }
    return true;
}

bool detour_begin(struct detour *detour, const struct endpoint *configured, uint64_t now_ms, char *why, size_t size)
{
    detour->asked_count = 0;
    detour->direct = false;
    go_to(detour, configured, 0, false);
    return follow_table(detour, now_ms, why, size);
}

const struct endpoint *detour_proxy(const struct detour *detour)
{
    return detour->direct || detour->asked_count == 0 ? NULL : &detour->asked[detour->asked_count - 1];
}

bool detour_is_learned(const struct detour *detour)
{
    return detour->direct || detour->asked_count > 1;
}

const struct endpoint *detour_sender(const struct detour *detour)
{
    return &detour->asked[detour->asked_count - (detour->direct ? 1 : 2)];
}

/* What the answer says: its one Set-Proxy, or its Location. */
static bool read_answer(struct detour *detour, const struct httphead *head, const char **why)
{
    const struct httphead_slice *set_proxy = httphead_field(head, "Set-Proxy"), *location;
    size_t fields = 0;

    for (size_t i = 0; i < head->field_count; i++)
        fields += httphead_slice_is(&head->fields[i].name, "Set-Proxy");
    if (fields > 1) {
        *why = "it has two Set-Proxy fields";
        return false;
    }
    if (set_proxy)
        return setproxy_parse(&detour->pending, &detour->url, set_proxy->bytes, set_proxy->length,
                              detour->config->redirects.max_lifetime / 1000, why);
    location = httphead_field(head, "Location");
    *why = "it names no proxy";
    return location &&
           setproxy_from_location(&detour->pending, &detour->url, location->bytes, location->length, why);
}

static size_t count_via(const struct httphead *head)
{
    struct httphead_slice member;
    size_t field = 0, offset = 0, count = 0;

    while (httphead_next_member(head, "Via", &field, &offset, &member))
        count++;
    return count > 0 || !httphead_field(head, "Via") ? count : 1; /* an empty one is one, too */
}

enum redirect_decision detour_decide(struct detour *detour, const struct httphead *head, char *why, size_t size)
{
    struct redirect_case redirect = {
        .said = &detour->pending,
        .url = &detour->url,
        .asked = detour->asked,
        .asked_count = detour->asked_count,
        .hops = detour->hops > detour->asked_count - 1 ? detour->hops : detour->asked_count - 1,
        .minor = head->minor,
        .via_count = count_via(head),
        .status = head->status,
        .sender_learned = detour_is_learned(detour),
    };
    enum redirect_decision decision;
    const char *fault = "";
    struct setproxy as;

    if (!read_answer(detour, head, &fault)) {
        snprintf(why, size, "malformed: %s", fault);
        return REDIRECT_REFUSE;
    }
    if (detour->fell_back && detour->pending.action == SETPROXY_SET &&
        endpoint_equal(&detour->pending.proxy, &detour->dead)) {
        snprintf(why, size, "to the proxy that has just failed");
        return REDIRECT_REFUSE;
    }
    decision = redirect_decide(&detour->config->redirects, &redirect, &as, why, size);
    detour->pending = as;
    return decision;
}

bool detour_apply(struct detour *detour, bool sender_on_loopback, uint64_t now_ms, bool *begin_anew, char *why,
                  size_t size)
{
    const struct endpoint *sender = &detour->asked[detour->asked_count - 1];
    const struct setproxy *said = &detour->pending;
    unsigned entry;
    bool current = detour->epoch == redirects_epoch(detour->table); /* an old policy teaches a new one nothing */

    *begin_anew = said->action == SETPROXY_IPL;
    detour->hops++;
    if (said->action == SETPROXY_IPL) {
        snprintf(why, size, "IPL was obeyed less than a minute ago");
        return redirects_forget(detour->table, now_ms);
    }
    entry = current ? redirects_learn(detour->table, sender, sender_on_loopback, said, now_ms) : 0;
    if (said->action == SETPROXY_DIRECT) {
        detour->direct = true;
        detour->direct_entry = entry;
        return true;
    }
    go_to(detour, &said->proxy, entry, sender_on_loopback);
    return follow_table(detour, now_ms, why, size);
}

bool detour_fall_back(struct detour *detour)
{
    bool again = !detour->fell_back;

    /* an id of 0, of a redirect for once, is nobody's */
    redirects_drop(detour->table, detour->direct ? detour->direct_entry : detour->entries[detour->asked_count - 1]);
    memset(&detour->dead, 0, sizeof detour->dead);
    if (!detour->direct)
        detour->dead = detour->asked[detour->asked_count - 1];
    detour->fell_back = true;
    return again;
}

const char *detour_format_via(const struct detour *detour, char out[DETOUR_VIA_MAX])
{
    size_t senders = detour->asked_count - (detour->direct ? 0 : 1), at = 0;
    char url[ENDPOINT_URL_MAX];

    out[0] = '\0';
    for (size_t i = 0; i < senders && at < DETOUR_VIA_MAX; i++)
        at += (size_t)snprintf(out + at, DETOUR_VIA_MAX - at, "%s%s", i ? ", " : "",
                               endpoint_format_url(&detour->asked[i], url));
    return out;
}
