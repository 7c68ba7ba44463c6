// Lists of patterns, some of them as no manual has them.
var direct = ["*.intra.example.net", "10.*", "192.168.*", "host?.example.net", "*.local", "fd*:*"];
var lists = {
    "PROXY one.example.net:8080": "(*.a.example.net|*.b.example.net)",
    "PROXY two.example.net:3128": "srv[0-9].example.net",
    "PROXY three.example.net:8000": "*mail*.example.org"
};

function FindProxyForURL(url, host) {
    for (var i = 0; i < direct.length; i++) {
        if (shExpMatch(host, direct[i]))
            return "DIRECT";
    }
    for (var answer in lists) {
        if (shExpMatch(host, lists[answer]))
            return answer;
    }
    if (shExpMatch(url, "https://*.example.com:143/"))
        return "SOCKS5 socks.example.net:1080";
    if (shExpMatch(url, "*/folder/*"))
        return "DIRECT";
    return "PROXY last.example.net:80";
}
// x.intra.example.net:993 -> DIRECT
// intra.example.net:993 -> PROXY last.example.net:80
// 10.3.2.1:993 -> DIRECT
// 110.3.2.1:993 -> PROXY last.example.net:80
// host7.example.net:993 -> DIRECT
// host77.example.net:993 -> PROXY last.example.net:80
// printer.local:993 -> DIRECT
// [fd00::1]:993 -> DIRECT
// www.a.example.net:993 -> PROXY one.example.net:8080
// www.b.example.net:993 -> PROXY one.example.net:8080
// srv3.example.net:993 -> PROXY two.example.net:3128
// srvx.example.net:993 -> PROXY last.example.net:80
// webmail2.example.org:993 -> PROXY three.example.net:8000
// imap.example.com:143 -> SOCKS5 socks.example.net:1080
// imap.example.com:993 -> PROXY last.example.net:80
