// By network: names are looked up, addresses are taken as they are.
function FindProxyForURL(url, host) {
    if (isInNet(host, "10.0.0.0", "255.0.0.0") || isInNet(host, "172.16.0.0", "255.240.0.0"))
        return "DIRECT";
    if (isInNet(host, "192.168.0.0", "255.255.0.0"))
        return "PROXY one.example.net:8080";
    if (isInNet(dnsResolve(host), "198.51.100.0", "255.255.255.128"))
        return "PROXY two.example.net:3128";
    var ip = dnsResolve(host);
    if (ip && ip.substring(0, 10) == "203.0.113.")
        return "PROXY three.example.net:8000";
    if (isInNet(host, "100.64.1.1", "255.255.255.255"))
        return "SOCKS5 socks.example.net:1080";
    return "PROXY last.example.net:80";
}
// ten.example.net:993 -> DIRECT
// 10.200.3.4:993 -> DIRECT
// 11.200.3.4:993 -> PROXY last.example.net:80
// 172.31.255.255:143 -> DIRECT
// 172.32.0.0:143 -> PROXY last.example.net:80
// 192.168.7.7:993 -> PROXY one.example.net:8080
// low.example.net:993 -> PROXY two.example.net:3128
// high.example.net:993 -> PROXY last.example.net:80
// doc.example.net:993 -> PROXY three.example.net:8000
// 100.64.1.1:993 -> SOCKS5 socks.example.net:1080
// six.example.net:993 -> PROXY last.example.net:80
// [2001:db8::1]:993 -> PROXY last.example.net:80
// nowhere.example.net:993 -> PROXY last.example.net:80
