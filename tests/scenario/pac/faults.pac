// Faults that only some hosts meet.
function FindProxyForURL(url, host) {
    if (host == "throws.example.net") throw new Error("no such department");
    if (host == "missing.example.net") return proxyFor(host);
    if (host == "null.example.net") return null;
    if (host == "undefined.example.net") return;
    if (host == "number.example.net") return 8080;
    if (host == "empty.example.net") return "";
    if (host == "deep.example.net") return "PROXY " + FindProxyForURL(url, host);
    if (host == "caught.example.net") {
        try { return proxyFor(host); } catch (e) { return "PROXY two.example.net:3128"; }
    }
    return "PROXY last.example.net:80";
}
// throws.example.net:993 -> DIRECT
// missing.example.net:993 -> DIRECT
// null.example.net:993 -> DIRECT
// undefined.example.net:993 -> DIRECT
// number.example.net:993 -> DIRECT
// empty.example.net:993 -> DIRECT
// deep.example.net:993 -> DIRECT
// caught.example.net:993 -> PROXY two.example.net:3128
// other.example.net:993 -> PROXY last.example.net:80
