#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Draws doc/way.svg: who talks to whom when a mail program fetches mail through sallyport, and what is said at each
arrow.

    doc/way.py            writes the picture to standard output
"""

import html

WIDTH, TOP, STEP = 960, 96, 49          # of the picture; where the first arrow is, and how far to the next
HEAD, FOOT = 54, 46                     # height of a head; of what is below the last arrow
WHO = {"program": (110, "mail program", "mutt, Thunderbird, ..."),
       "sallyport": (350, "sallyport", "127.0.0.1:1143"),
       "proxy": (610, "the HTTP proxy", "proxy.example.net:3128"),
       "server": (850, "mail server", "mail.example.net:993")}
WALL = WHO["proxy"][0]                  # the firewall, in which the proxy is the one door

# From, to, what is said, and below the arrow what goes with it.
STEPS = [
    ("program", "sallyport", "plain IMAP, no proxy set", ""),
    ("sallyport", "proxy", "CONNECT mail.example.net:993", "Upgrade: IMAPS"),
    ("proxy", "server", "a TCP connection", ""),
    ("proxy", "sallyport", "101, or 200", "the tunnel is open"),
    ("sallyport", "server", "TLS, and the server's true name is verified", "done by sallyport; the proxy sees no mail"),
    ("server", "program", "* OK mail.example.net ready, and then each byte, both ways, as it is", ""),
]

STYLE = """
  svg { font-family: system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; font-size: 13px }
  text { text-anchor: middle; fill: #1f1f1f } .name { font-weight: bold; font-size: 15px }
  .small { fill: #5c5c5c; font-size: 12px } .head { fill: #f6f4ef; stroke: #8a8578 }
  .ours { fill: #fde8d8; stroke: #9a3412 }
  .life { stroke: #b5b0a3; stroke-dasharray: 3 4 } .wall { fill: #ece8df } .said { fill: #9a3412; font-weight: bold }
  .arrow { stroke: #9a3412; stroke-width: 1.6; fill: none } .tip, .dot { fill: #9a3412 }
  .number { fill: #ffffff; font-size: 11px } .tube { stroke: #9a3412; stroke-opacity: 0.16; stroke-width: 13 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f0f0 } .small { fill: #aab0ba } .head { fill: #23262b; stroke: #6d7380 }
    .ours { fill: #3b2418; stroke: #fdba74 } .life { stroke: #565b65 } .wall { fill: #1f2226 } .said { fill: #fdba74 }
    .arrow { stroke: #fdba74 } .tip, .dot { fill: #fdba74 } .number { fill: #1b1b1b } .tube { stroke: #fdba74 }
  }
"""


def label(kind, x, y, what):
    return f'<text class="{kind}" x="{x}" y="{y}">{html.escape(what)}</text>'


def head(who, height):
    """A head with its name, and the line that stands below it."""
    x, name, place = WHO[who]
    kind = "ours" if who == "sallyport" else "head"
    return [f'<line class="life" x1="{x}" y1="{HEAD + 6}" x2="{x}" y2="{height - 24}"/>',
            f'<rect class="{kind}" x="{x - 95}" y="6" width="190" height="{HEAD}" rx="6"/>',
            label("name", x, 29, name), label("small", x, 48, place)]


def arrow(number, step, y):
    """One arrow, with its number at its beginning and its words above and below."""
    begin, end, said, below = step
    x1, x2 = WHO[begin][0], WHO[end][0]
    way = 1 if x2 > x1 else -1
    parts = []
    if "server" in (begin, end) and "proxy" not in (begin, end):  # within the tunnel, past the proxy
        parts.append(f'<line class="tube" x1="{WHO["sallyport"][0]}" y1="{y}" x2="{WHO["server"][0]}" y2="{y}"/>')
    parts += [f'<line class="arrow" x1="{x1}" y1="{y}" x2="{x2 - way * 9}" y2="{y}"/>',
              f'<path class="tip" d="M {x2 - way * 2} {y} l {-way * 10} -5 v 10 z"/>',
              f'<circle class="dot" cx="{x1}" cy="{y}" r="9"/>', label("number", x1, y + 4, str(number))]
    middle = (x1 + x2) // 2
    parts.append(label("said", middle, y - 9, said))
    if below:
        parts.append(label("small", middle, y + 17, below))
    return parts


def main():
    height = TOP + STEP * (len(STEPS) - 1) + FOOT
    body = [f'<rect class="wall" x="{WALL - 16}" y="0" width="32" height="{height - 20}"/>',
            label("small", (WHO["program"][0] + WHO["sallyport"][0]) // 2, height - 6, "your machine"),
            label("small", WALL, height - 6, "the firewall"),
            label("small", WHO["server"][0], height - 6, "outside")]
    for who in WHO:
        body += head(who, height)
    for number, step in enumerate(STEPS, 1):
        body += arrow(number, step, TOP + STEP * (number - 1))
    spoken = "; ".join(f"{number}: {WHO[begin][1]} to {WHO[end][1]}: {said}"
                       for number, (begin, end, said, _) in enumerate(STEPS, 1))
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
          f'aria-label="{html.escape(spoken)}">')
    print("<!-- drawn by doc/way.py -->")
    print(f"<style>{STYLE}</style>")
    print("\n".join(body))
    print("</svg>")


if __name__ == "__main__":
    main()
