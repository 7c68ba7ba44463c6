# SPDX-License-Identifier: ISC
"""The chart: small bars, one panel a mode, drawn as SVG."""
from xml.sax.saxutils import escape

from .report import number

WIDTH, GAP = 1080, 28
COLUMNS = 3
ROW, HEAD, LABELS, VALUES = 19, 46, 118, 74
STYLE = """
text { font: 12px system-ui, 'Helvetica Neue', Arial, sans-serif; fill: #24303b }
.title { font-size: 21px; font-weight: 650 } .panel { font-size: 13.5px; font-weight: 650 }
.note { fill: #6b7783; font-size: 11.5px } .name { text-anchor: end }
.ours { fill: #d9622b } .relay { fill: #5b7f95 } .rival { fill: #b8c3cc } .direct { fill: #dde3e8 }
.own { font-weight: 650 }
"""


def _kind(forwarder):
    tags = forwarder.tags.split()
    if "ours" in tags:
        return "ours"
    if forwarder.name == "direct":
        return "direct"
    return "rival" if "connects" in tags else "relay"


def _row(name, own, x, top):
    return f'<text class="name{own}" x="{x + LABELS - 8}" y="{top + 11}">{escape(name)}</text>'


def _bar(kind, own, length, value, x, top):
    return (f'<rect class="{kind}" x="{x + LABELS}" y="{top}" width="{length:.1f}" height="14" rx="2"/>'
            f'<text class="value{own}" x="{x + LABELS + length + 6:.1f}" y="{top + 11}">{escape(value)}</text>')


def _panel(results, mode, rows, x, y, width):
    """One mode's bars, and below them who was in the run and has none; gives (SVG, height)."""
    metric = mode.metrics[0]
    values = [(row, results.median(mode.name, row.name, metric.key)) for row in rows]
    bars = [(row, value) for row, value in values if value is not None and value > 0]
    bars.sort(key=lambda pair: pair[1], reverse=metric.better == "more")
    without = [row for row, value in values if value is None and results.took_part(mode.name, row.name)]
    most = max(value for _, value in bars)
    parts = [f'<text class="panel" x="{x}" y="{y + 14}">{escape(mode.chart)}</text>',
             f'<text class="note" x="{x}" y="{y + 30}">{escape(metric.title)}, {metric.better} is better</text>']
    top = y + HEAD - 4
    for row, value in bars:
        own = " own" if _kind(row) == "ours" else ""
        name = row.name + ("~" if results.noisy(mode.name, row.name) else "")
        length = max(1.5, value / most * (width - LABELS - VALUES))
        parts.append(_row(name, own, x, top) + _bar(_kind(row), own, length, number(value, metric.digits), x, top))
        top += ROW
    for row in without:
        parts.append(_row(row.name, "", x, top) + f'<text class="note" x="{x + LABELS}" y="{top + 11}">failed</text>')
        top += ROW
    return "\n".join(parts), top - y + 4


def _has_bars(results, mode, forwarders):
    return any((results.median(mode.name, forwarder.name, mode.metrics[0].key) or 0) > 0 for forwarder in forwarders)


def write(path, results, modes, forwarders, notes):
    """Draws the modes that have a title for it; `notes` are lines for the foot."""
    shown = [mode for mode in modes if mode.chart and _has_bars(results, mode, forwarders)]
    if "idle-9900" in (mode.name for mode in shown):
        shown = [mode for mode in shown if mode.name != "idle-1000"]
    width = (WIDTH - GAP * (COLUMNS + 1)) / COLUMNS
    parts, y = [], 92
    for start in range(0, len(shown), COLUMNS):
        heights = []
        for column, mode in enumerate(shown[start:start + COLUMNS]):
            rows = [row for row in forwarders if mode.family in row.families.split()]
            panel, height = _panel(results, mode, rows, round(GAP + column * (width + GAP)), y, width)
            parts.append(panel)
            heights.append(height)
        y += max(heights) + GAP
    legend, x = [], GAP
    for kind, text in (("ours", "sallyport"), ("relay", "relays that cannot ask a proxy"),
                       ("rival", "forwarders that can"), ("direct", "no forwarder")):
        legend.append(f'<rect class="{kind}" x="{x}" y="54" width="12" height="12" rx="2"/>'
                      f'<text class="note" x="{x + 18}" y="64">{text}</text>')
        x += 42 + 6 * len(text)
    foot = [f'<text class="note" x="{GAP}" y="{y + 16 * index}">{escape(line)}</text>'
            for index, line in enumerate(notes)]
    height = y + 16 * len(notes) + 12
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
                   f'viewBox="0 0 {WIDTH} {height:.0f}">\n<style>{STYLE}</style>\n'
                   f'<rect width="100%" height="100%" fill="#fcfdfd"/>\n'
                   f'<text class="title" x="{GAP}" y="38">sallyport and other ways through an HTTP proxy</text>\n' +
                   "\n".join(legend + parts + foot) + "\n</svg>\n")
