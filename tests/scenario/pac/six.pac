// The functions of Microsoft for IPv6, which Chromium has, too.
function FindProxyForURL(url, host) {
    switch (host) {
    case "six.example.net":
        return isInNetEx(dnsResolveEx(host), "2001:db8::/32") ? "PROXY one.example.net:8080" : "DIRECT";
    case "ten.example.net":
        return isInNetEx(dnsResolveEx(host), "10.0.0.0/8") ? "PROXY two.example.net:3128" : "DIRECT";
    case "nowhere.example.net":
        return !isResolvableEx(host) && dnsResolveEx(host) == "" ? "PROXY three.example.net:8000" : "DIRECT";
    case "sort.example.net":
        return sortIpAddressList("10.2.3.9;2001:4898:28:3:201:2ff:feea:fc14;::1;127.0.0.1;::9") ==
            "::1;::9;2001:4898:28:3:201:2ff:feea:fc14;10.2.3.9;127.0.0.1" ? "PROXY one.example.net:8080" : "DIRECT";
    case "wrong.example.net":
        return sortIpAddressList("10.0.0.1;www") === false ? "PROXY one.example.net:8080" : "DIRECT";
    case "version.example.net":
        return getClientVersion() == "1.0" ? "PROXY two.example.net:3128" : "DIRECT";
    case "own.example.net":
        return typeof myIpAddressEx() == "string" ? "PROXY one.example.net:8080" : "DIRECT";
    }
    if (isInNetEx(host, "2001:db8:1::/48"))
        return "PROXY two.example.net:3128";
    if (isInNetEx(host, "2001:db8::/29"))
        return "PROXY three.example.net:8000";
    if (isInNetEx(host, "192.0.2.128/25"))
        return "SOCKS5 socks.example.net:1080";
    return isResolvable(host) ? "DIRECT" : "PROXY last.example.net:80";
}
function FindProxyForURLEx(url, host) {
    return "PROXY one.example.net:8080"; // which Internet Explorer preferred, and no other browser calls
}
// six.example.net:993 -> PROXY one.example.net:8080
// ten.example.net:993 -> PROXY two.example.net:3128
// nowhere.example.net:993 -> PROXY three.example.net:8000
// sort.example.net:993 -> PROXY one.example.net:8080
// wrong.example.net:993 -> PROXY one.example.net:8080
// version.example.net:993 -> DIRECT
// own.example.net:993 -> PROXY one.example.net:8080
// [2001:db8:1::25]:993 -> PROXY two.example.net:3128
// [2001:db8:2::25]:993 -> PROXY three.example.net:8000
// [2001:dc0::25]:993 -> PROXY last.example.net:80
// 192.0.2.130:993 -> SOCKS5 socks.example.net:1080
// 192.0.2.3:993 -> DIRECT
