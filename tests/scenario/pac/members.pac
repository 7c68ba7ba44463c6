// Answers as people write them.
function FindProxyForURL(url, host) {
    switch (host) {
    case "lower.example.net": return "proxy one.example.net:8080; direct";
    case "blanks.example.net": return "   PROXY   one.example.net:8080  ;;  ; DIRECT ;";
    case "tabs.example.net": return "\tPROXY\tone.example.net:8080;\tDIRECT";
    case "lines.example.net": return "PROXY one.example.net:8080;\n  PROXY two.example.net:3128;\n";
    case "lines-only.example.net": return "PROXY one.example.net:8080\nPROXY two.example.net:3128";
    case "later.example.net": return "QUUX x:1;\nPROXY two.example.net:3128";
    case "tight.example.net": return "PROXY two.example.net:3128;PROXY one.example.net:8080";
    case "no-port.example.net": return "PROXY last.example.net";
    case "tls.example.net": return "HTTPS secure.example.net:8443; PROXY one.example.net:8080";
    case "socks5.example.net": return "SOCKS5 socks.example.net:1080";
    case "unknown.example.net": return "QUUX three.example.net:8000; PROXY two.example.net:3128";
    case "empty-member.example.net": return "PROXY; PROXY two.example.net:3128";
    case "port.example.net": return "PROXY one.example.net:99999; PROXY two.example.net:3128";
    case "direct.example.net": return "DIRECT; PROXY one.example.net:8080";
    case "direct-and.example.net": return "DIRECT one.example.net:8080; PROXY two.example.net:3128";
    case "object.example.net": return String({toString: function () { return "PROXY three.example.net:8000"; }});
    case "http.example.net": return "HTTP one.example.net:8080; PROXY two.example.net:3128";
    case "socks.example.net": return "SOCKS four.example.net:1080; PROXY two.example.net:3128";
    case "url.example.net": return "PROXY http://one.example.net:8080; PROXY two.example.net:3128";
    case "user.example.net": return "PROXY me:secret@one.example.net:8080; PROXY two.example.net:3128";
    case "comma.example.net": return "PROXY one.example.net:8080, PROXY two.example.net:3128";
    }
    return "PROXY last.example.net:80";
}
// lower.example.net:993 -> PROXY one.example.net:8080
// blanks.example.net:993 -> PROXY one.example.net:8080
// tabs.example.net:993 -> PROXY one.example.net:8080
// lines.example.net:993 -> PROXY one.example.net:8080
// lines-only.example.net:993 -> DIRECT
// later.example.net:993 -> DIRECT
// tight.example.net:993 -> PROXY two.example.net:3128
// no-port.example.net:993 -> PROXY last.example.net:80
// tls.example.net:993 -> HTTPS secure.example.net:8443
// socks5.example.net:993 -> SOCKS5 socks.example.net:1080
// unknown.example.net:993 -> PROXY two.example.net:3128
// empty-member.example.net:993 -> PROXY two.example.net:3128
// port.example.net:993 -> PROXY two.example.net:3128
// direct.example.net:993 -> DIRECT
// direct-and.example.net:993 -> PROXY two.example.net:3128
// object.example.net:993 -> PROXY three.example.net:8000
// http.example.net:993 -> PROXY two.example.net:3128
// socks.example.net:993 -> SOCKS four.example.net:1080
// url.example.net:993 -> PROXY two.example.net:3128
// user.example.net:993 -> PROXY two.example.net:3128
// comma.example.net:993 -> DIRECT
