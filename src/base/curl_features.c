/* SPDX-License-Identifier: ISC */
#include "base/curl_features.h"

#include <curl/curl.h>

bool curl_features_ntlm(void)
{
    return curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_NTLM;
}
