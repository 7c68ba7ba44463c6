// Written at some desk with letters of some alphabet: ~umlaut~.  The test writes it as such desks do.
var department = "~umlaut~";

function FindProxyForURL(url, host) {
    /* ~umlaut~ */
    if (host == "letters.example.net")
        return department.length >= 1 && "~umlaut~" == department ? "PROXY one.example.net:8080" : "DIRECT";
    if (dnsDomainIs(host, ".example.org"))
        return "PROXY two.example.net:3128";
    return "PROXY last.example.net:80";
}
// letters.example.net:993 -> PROXY one.example.net:8080
// imap.example.org:993 -> PROXY two.example.net:3128
// imap.example.com:993 -> PROXY last.example.net:80
