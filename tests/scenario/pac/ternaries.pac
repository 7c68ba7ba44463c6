// One expression, as they come out of generators and of people who like it short.
function FindProxyForURL(u, h) {
    return isPlainHostName(h) ? "DIRECT" :
        dnsDomainIs(h, ".example.net") ?
            shExpMatch(h, "imap*") ?
                (u.indexOf(":993/") > 0 ? "PROXY one.example.net:8080" : "PROXY two.example.net:3128") :
            h.charAt(0) < "n" ? "SOCKS5 socks.example.net:1080" : "DIRECT" :
        isInNet(h, "10.0.0.0", "255.0.0.0") && !isInNet(h, "10.9.0.0", "255.255.0.0") ? "PROXY three.example.net:8000" :
        (/^[0-9.]+$/).test(h) || h.indexOf(":") >= 0 ? "PROXY two.example.net:3128" : "PROXY last.example.net:80";
}
// mail:993 -> DIRECT
// imap4.example.net:993 -> PROXY one.example.net:8080
// imap4.example.net:143 -> PROXY two.example.net:3128
// mail.example.net:993 -> SOCKS5 socks.example.net:1080
// smtp.example.net:465 -> DIRECT
// 10.8.1.1:993 -> PROXY three.example.net:8000
// 10.9.1.1:993 -> PROXY two.example.net:3128
// [2001:db8::7]:993 -> PROXY two.example.net:3128
// example.org:993 -> PROXY last.example.net:80
