/* What a SOCKS5 proxy's refusal (RFC 1928 section 6, RFC 1929 section 2), as libcurl names it, means in the terms of an
 * HTTP answer.  Pure. */
#ifndef SALLYPORT_SOCKS_REPLY_H
#define SALLYPORT_SOCKS_REPLY_H

#include <stdbool.h>

#include "http/connect_response.h"

/* code is a CURLproxycode, as CURLINFO_PROXY_ERROR has it.  False: it tells of a broken dialogue and not of an answer;
 * the verdict is untouched. */
bool socks_reply_judge(long code, struct connect_response *response);

#endif
