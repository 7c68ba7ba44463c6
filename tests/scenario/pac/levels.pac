// How many dots a name has, and whether it is the whole name.
function FindProxyForURL(url, host) {
    if (localHostOrDomainIs(host, "mail.example.net"))
        return "PROXY one.example.net:8080";
    switch (dnsDomainLevels(host)) {
    case 0:
        return isPlainHostName(host) ? "DIRECT" : "PROXY two.example.net:3128";
    case 1:
        return "PROXY two.example.net:3128";
    case 2:
        return dnsDomainIs(host, "example.org") ? "PROXY three.example.net:8000" : "DIRECT";
    case 3:
        return host == "192.0.2.77" ? "SOCKS5 socks.example.net:1080" : "PROXY one.example.net:8080";
    }
    return "PROXY last.example.net:80";
}
// mail:993 -> PROXY one.example.net:8080
// mail.example.net:993 -> PROXY one.example.net:8080
// mail.example:993 -> PROXY one.example.net:8080
// mai:993 -> DIRECT
// imap:993 -> DIRECT
// example.net:993 -> PROXY two.example.net:3128
// www.notexample.org:993 -> PROXY three.example.net:8000
// imap.example.com:993 -> DIRECT
// a.imap.example.com:993 -> PROXY one.example.net:8080
// 192.0.2.77:993 -> SOCKS5 socks.example.net:1080
// a.b.c.d.e.example:993 -> PROXY last.example.net:80
// [2001:db8::5]:993 -> PROXY two.example.net:3128
