// Regular expressions and what else of JavaScript people know.
var pattern = /^(imap|smtp|mail)(\d+)?\.([a-z-]+)\.example\.(net|org)$/;
var seen = 0;

function FindProxyForURL(url, host) {
    var parts, port = url.match(/:(\d+)\//);

    seen++;
    host = host.toLowerCase();
    if (url.substring(0, 6) != "https:")
        return "PROXY last.example.net:80";
    if ((parts = pattern.exec(host)) !== null) {
        if (parts[2] && +parts[2] % 2 == 0)
            return "PROXY one.example.net:8080";
        return parts[3].length > 4 ? "PROXY two.example.net:3128" : "PROXY three.example.net:8000";
    }
    if (/^(?!www\.).*\.example\.com$/i.test(host))
        return "SOCKS5 socks.example.net:1080";
    if (host.replace(/[^.]/g, "").length >= 4)
        return ["PROXY", "one.example.net:8080"].join(" ");
    if (port && /^(25|465|587)$/.test(port[1]))
        return "PROXY two.example.net:3128";
    if (host.split(".").reverse()[0] in {"de": 1, "at": 1, "ch": 1})
        return "PROXY three.example.net:8000";
    return seen > 0 ? "DIRECT" : "PROXY last.example.net:80";
}
// imap2.farm.example.net:993 -> PROXY one.example.net:8080
// imap3.farm.example.net:993 -> PROXY three.example.net:8000
// smtp.orchard.example.org:465 -> PROXY two.example.net:3128
// imap.example.com:993 -> SOCKS5 socks.example.net:1080
// www.example.com:993 -> DIRECT
// a.b.c.d.example:993 -> PROXY one.example.net:8080
// other.example:587 -> PROXY two.example.net:3128
// mail.example.de:993 -> PROXY three.example.net:8000
// 192.0.2.1:993 -> DIRECT
