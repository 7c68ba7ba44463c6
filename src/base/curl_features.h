/* SPDX-License-Identifier: ISC */
/* What the libcurl at hand was built with: some systems leave a part of it out.  Pure. */
#ifndef SALLYPORT_CURL_FEATURES_H
#define SALLYPORT_CURL_FEATURES_H

#include <stdbool.h>

/* Whether it knows NTLM (MS-NLMP), which rests on MD4 and DES. */
bool curl_features_ntlm(void);

#endif
