#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Draws doc/speed.svg: the first table below "How fast" in README.md, as bars.  In each row the longest bar is the
largest number; whether more or less of it is better, the row's unit says.

    doc/chart.py            writes the picture to standard output
"""

import html
import pathlib

README = pathlib.Path(__file__).resolve().parent.parent / "README.md"
HEADING = "## How fast"
MORE = ("GB/s", "a second")             # in the title of a row of which more is better
WIDTH, MARGIN, GAP = 960, 12, 36        # of the whole picture, in its own units; between the two columns
TOP, TITLE, BAR, PITCH, AFTER = 60, 16, 11, 14, 12
BARS = 240                              # length of the longest bar; behind it stands its number
KINDS = ("ours", "ceiling", "other")    # a class for each column of the table

STYLE = """
  svg { font-family: system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; font-size: 12px }
  text { fill: #1f1f1f } .heading { font-weight: bold; font-size: 14px } .small { fill: #5c5c5c; font-size: 11px }
  .ours { fill: #c2410c } .ceiling { fill: #a8a294 } .other { fill: #d6d1c4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f0f0 } .small { fill: #aab0ba } .ours { fill: #fb923c } .ceiling { fill: #7c828e }
    .other { fill: #4b505a }
  }
"""


def table():
    """The rows of the table, each a list of its cells; the first has the names of the columns."""
    lines = README.read_text(encoding="utf-8").split(HEADING + "\n", 1)[1].splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return [rows[0]] + rows[2:]


def number(cell):
    """What a cell begins with, such as 24100 of "24 100" and 4.8 of "4.8 (socat)"; None: it is empty."""
    digits = cell.split("(")[0].replace(" ", "")
    return float(digits) if digits else None


def row(x, y, cells):
    """One row of the table at that place as SVG, and where the next one begins."""
    values = [number(cell) for cell in cells[1:]]
    longest = max(value for value in values if value is not None)
    parts = [f'<text x="{x}" y="{y}">{html.escape(cells[0].replace("`", ""))}</text>']
    y += TITLE - BAR
    for kind, value, cell in zip(KINDS, values, cells[1:]):
        if value is None:
            continue
        length = max(BARS * value / longest, 1)
        parts += [f'<rect class="{kind}" x="{x}" y="{y}" width="{length:.1f}" height="{BAR}" rx="1"/>',
                  f'<text class="small" x="{x + length + 5:.1f}" y="{y + BAR - 2}">{html.escape(cell)}</text>']
        y += PITCH
    return parts, y + AFTER + BAR


def column(x, heading, rows):
    parts, y = [f'<text class="heading" x="{x}" y="{TOP - 14}">{heading}</text>'], TOP + 10
    for cells in rows:
        drawn, y = row(x, y, cells)
        parts += drawn
    return parts, y


def main():
    names, *rows = table()
    more = [cells for cells in rows if any(unit in cells[0] for unit in MORE)]
    less = [cells for cells in rows if cells not in more]
    left, left_end = column(MARGIN, "more is better", more)
    right, right_end = column((WIDTH + GAP) // 2, "less is better", less)
    height = max(left_end, right_end) - AFTER
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
          'aria-label="The table of the benchmark as bars">')
    print("<!-- drawn by doc/chart.py -->")
    print(f"<style>{STYLE}</style>")
    x = MARGIN
    for kind, name in zip(KINDS, names[1:]):
        print(f'<rect class="{kind}" x="{x}" y="8" width="{BAR}" height="{BAR}" rx="1"/>'
              f'<text x="{x + BAR + 6}" y="18">{html.escape(name)}</text>')
        x += 150
    print("\n".join(left + right))
    print("</svg>")


if __name__ == "__main__":
    main()
