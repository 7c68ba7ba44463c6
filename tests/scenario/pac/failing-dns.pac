// A laptop's file: what it can look up is near, and what it cannot is left to the proxy.
function FindProxyForURL(url, host) {
    var ip;

    if (host == "typeof.example.net")
        return dnsResolve(host) === null ? "PROXY three.example.net:8000" : "DIRECT";
    if (!isResolvable("intra.example.net"))
        return "DIRECT";
    if (!isResolvable(host))
        return "PROXY one.example.net:8080";
    ip = dnsResolve(host);
    if (isInNet(ip, "10.0.0.0", "255.0.0.0"))
        return "DIRECT";
    if (isInNet(dnsResolve("nowhere.example.net"), "0.0.0.0", "0.0.0.0"))
        return "PROXY two.example.net:3128";
    if (isInNet("nowhere.example.net", "0.0.0.0", "0.0.0.0"))
        return "PROXY two.example.net:3128";
    return "PROXY last.example.net:80";
}
// nowhere.example.net:993 -> PROXY one.example.net:8080
// typeof.example.net:993 -> PROXY three.example.net:8000
// ten.example.net:993 -> DIRECT
// low.example.net:993 -> PROXY last.example.net:80
// 192.0.2.200:993 -> PROXY last.example.net:80
// six.example.net:993 -> PROXY one.example.net:8080
