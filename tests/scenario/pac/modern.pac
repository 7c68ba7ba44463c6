// The JavaScript of this century.
const near = ["ten.example.net", "mail.example.net"];
const answer = (name) => `PROXY ${name}.example.net:8080`;

function FindProxyForURL(url, host) {
    for (const each of near) {
        if (each === host)
            return answer("one");
    }
    return "PROXY last.example.net:80";
}
// mail.example.net:993 -> PROXY one.example.net:8080
// other.example.net:993 -> PROXY last.example.net:80
