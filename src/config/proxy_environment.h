/* The proxy variables of the environment, as other programs read them: the name in lower case first, then in upper
 * case; an empty one counts as unset. */
#ifndef SALLYPORT_PROXY_ENVIRONMENT_H
#define SALLYPORT_PROXY_ENVIRONMENT_H

/* The value of <scheme>_proxy, else of all_proxy, else NULL.  scheme is in lower case. */
const char *proxy_environment_find(const char *scheme);

/* The value of no_proxy, or NULL. */
const char *proxy_environment_no_proxy(void);

#endif
