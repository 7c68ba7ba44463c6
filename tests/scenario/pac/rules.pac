// A hundred rules by name, one after the other, as they grow over the years; what is last is for everything else.
function FindProxyForURL(url, host) {
    if (isPlainHostName(host) || host == "localhost")
        return "DIRECT";
    if (dnsDomainIs(host, ".bank.example.net")) return "PROXY one.example.net:8080";
    if (host == "bank.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "bank-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.bank.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "bank.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".cars.example.net")) return "PROXY one.example.net:8080";
    if (host == "cars.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "cars-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.cars.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "cars.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".desk.example.net")) return "PROXY one.example.net:8080";
    if (host == "desk.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "desk-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.desk.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "desk.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".edge.example.net")) return "PROXY one.example.net:8080";
    if (host == "edge.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "edge-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.edge.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "edge.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".farm.example.net")) return "PROXY one.example.net:8080";
    if (host == "farm.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "farm-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.farm.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "farm.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".gold.example.net")) return "PROXY one.example.net:8080";
    if (host == "gold.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "gold-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.gold.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "gold.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".hand.example.net")) return "PROXY one.example.net:8080";
    if (host == "hand.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "hand-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.hand.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "hand.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".iron.example.net")) return "PROXY one.example.net:8080";
    if (host == "iron.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "iron-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.iron.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "iron.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".jury.example.net")) return "PROXY one.example.net:8080";
    if (host == "jury.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "jury-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.jury.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "jury.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".king.example.net")) return "PROXY one.example.net:8080";
    if (host == "king.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "king-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.king.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "king.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".lamp.example.net")) return "PROXY one.example.net:8080";
    if (host == "lamp.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "lamp-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.lamp.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "lamp.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".moon.example.net")) return "PROXY one.example.net:8080";
    if (host == "moon.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "moon-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.moon.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "moon.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".nest.example.net")) return "PROXY one.example.net:8080";
    if (host == "nest.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "nest-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.nest.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "nest.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".oven.example.net")) return "PROXY one.example.net:8080";
    if (host == "oven.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "oven-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.oven.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "oven.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".park.example.net")) return "PROXY one.example.net:8080";
    if (host == "park.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "park-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.park.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "park.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".quay.example.net")) return "PROXY one.example.net:8080";
    if (host == "quay.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "quay-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.quay.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "quay.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".road.example.net")) return "PROXY one.example.net:8080";
    if (host == "road.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "road-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.road.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "road.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".ship.example.net")) return "PROXY one.example.net:8080";
    if (host == "ship.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "ship-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.ship.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "ship.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".town.example.net")) return "PROXY one.example.net:8080";
    if (host == "town.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "town-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.town.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "town.intra.example.net")) return "PROXY one.example.net:8080";
    if (dnsDomainIs(host, ".unit.example.net")) return "PROXY one.example.net:8080";
    if (host == "unit.example.org") return "PROXY two.example.net:3128";
    if (shExpMatch(host, "unit-*.example.com")) return "DIRECT";
    if (shExpMatch(url, "*://*.unit.example.com:993/*"))
        return "PROXY three.example.net:8000; PROXY two.example.net:3128";
    if (localHostOrDomainIs(host, "unit.intra.example.net")) return "PROXY one.example.net:8080";
    return "PROXY last.example.net:80";
}
// bank:993 -> DIRECT
// mail.bank.example.net:993 -> PROXY one.example.net:8080
// bank.example.net:993 -> PROXY last.example.net:80
// xbank.example.net:993 -> PROXY last.example.net:80
// quay.example.org:143 -> PROXY two.example.net:3128
// www.quay.example.org:143 -> PROXY last.example.net:80
// moon-7.example.com:993 -> DIRECT
// moon.example.com:993 -> PROXY last.example.net:80
// imap.unit.example.com:993 -> PROXY three.example.net:8000
// imap.unit.example.com:143 -> PROXY last.example.net:80
// unit.intra.example.net:465 -> PROXY one.example.net:8080
// UNIT.Intra.Example.Net:465 -> PROXY one.example.net:8080
