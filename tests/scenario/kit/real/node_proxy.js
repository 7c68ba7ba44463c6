// SPDX-License-Identifier: ISC
"use strict";
// An HTTP/2 proxy by Node's own http2.  Its one argument is a JSON object:
//   key, cert     files; without them HTTP/2 is spoken in plain text
//   window        SETTINGS_INITIAL_WINDOW_SIZE
//   streams       SETTINGS_MAX_CONCURRENT_STREAMS
//   resource      a port: connect-tcp (by extended CONNECT) is spoken there, capsules and all
//   refuse        the code of RST_STREAM in place of any answer; first: only for so many streams
//   h1            HTTP/1.1 is served, too, by whoever wants it
// It writes a line for each thing that happens.
const fs = require("fs"), http2 = require("http2"), net = require("net");

const options = JSON.parse(process.argv[2]);

function say(...words) {
    fs.writeSync(1, words.join(" ") + "\n");
}

function place(authority) {
    const colon = authority.lastIndexOf(":");
    return {host: authority.slice(0, colon), port: Number(authority.slice(colon + 1)), allowHalfOpen: true};
}

function join(stream, to, number) {
    const server = net.connect(to, () => stream.respond({":status": 200}));
    server.pipe(stream);
    stream.pipe(server);
    stream.on("end", () => say("end", number));
    stream.on("close", () => {
        say("closed", number, stream.rstCode);
        if (stream.rstCode && !server.destroyed)
            server.resetAndDestroy();
    });
    server.on("error", error => {
        say("server", number, error.code);
        if (stream.headersSent)
            stream.destroy(error);  // close() would send END_STREAM first: cut off would look whole
        else
            stream.respond({":status": 502}, {endStream: true});
    });
}

let streams = 0;

function serve(stream, headers) {
    const number = ++streams;
    stream.on("error", () => {});
    say("asked", number, headers[":method"], headers[":protocol"] || "-", headers[":authority"], headers[":path"] || "-");
    if (options.refuse !== undefined && number <= (options.first || Infinity))
        stream.close(options.refuse);
    else if (headers[":method"] !== "CONNECT")
        stream.respond({":status": 404}, {endStream: true});
    else if (headers[":protocol"])
        join(stream, {port: options.resource, host: "127.0.0.1", allowHalfOpen: true}, number);
    else
        join(stream, place(headers[":authority"]), number);
}

const settings = {enableConnectProtocol: options.resource !== undefined};
if (options.window)
    settings.initialWindowSize = options.window;
if (options.streams)
    settings.maxConcurrentStreams = options.streams;
const front = options.key ? http2.createSecureServer({
    key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert), allowHTTP1: Boolean(options.h1), settings,
}) : http2.createServer({settings});
front.on("session", session => {
    say("session");
    session.on("close", () => say("session closed"));
    session.on("error", error => say("session", error.code));
});
front.on("stream", serve);
front.on("connect", (request, socket) => {
    if (request.httpVersionMajor !== 1)
        return;
    say("asked", ++streams, "1.1", request.url);
    const server = net.connect(place(request.url), () => {
        socket.write("HTTP/1.1 200 Connected\r\n\r\n");
        server.pipe(socket);
        socket.pipe(server);
    });
    for (const end of [server, socket])
        end.on("error", () => {});
});
front.listen(0, "127.0.0.1", () => say("listening", front.address().port));
