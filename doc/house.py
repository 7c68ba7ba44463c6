#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Draws doc/house.svg: the folders of src/ as floors, top of the house first, with the files of each, and a byte's way
through them.  The folders come from tests/tidy/floors.txt, the files from src/, the way from doc/house.txt.

    doc/house.py            writes the picture to standard output
"""

import html
import pathlib
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
WIDTH, MARGIN = 960, 20            # of the whole picture, in its own units
NAMES, FILES = 40, 150             # where the folders' names and the files' begin
LINE, PADDING = 20, 13             # height of a line of files; above and below the lines of a floor
LETTER = 7.25                      # width of a letter of the files' type, 12 units high
COLUMNS = int((WIDTH - MARGIN - FILES - 20) / LETTER)

STYLE = """
  svg { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 12px }
  .floor { fill: #f6f4ef; stroke: #8a8578 } .name { fill: #1f1f1f; font-weight: bold; font-size: 14px }
  .file { fill: #4a4a4a } .way { fill: #9a3412; font-weight: bold } .dot { fill: #9a3412 }
  .number { fill: #ffffff; font-size: 10px; text-anchor: middle } .note { fill: #6b6b6b; font-style: italic }
  @media (prefers-color-scheme: dark) {
    .floor { fill: #23262b; stroke: #6d7380 } .name { fill: #f0f0f0 } .file { fill: #c4c8cf }
    .way { fill: #fdba74 } .dot { fill: #fdba74 } .number { fill: #1b1b1b } .note { fill: #9aa0aa }
  }
"""


def lines_of(path):
    """The lines of a file that say something, without comments."""
    for line in (ROOT / path).read_text(encoding="ascii").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def files_of(folder):
    """The nouns of a folder: its files without their endings, each once.  Variants for a system (pipe_splice) count as
    what they are variants of."""
    nouns = sorted({path.stem for path in (ROOT / "src" / folder).glob("*.[ch]")})
    return [noun for noun in nouns if not any(noun.startswith(other + "_") and not (ROOT / "src" / folder /
            f"{noun}.h").exists() for other in nouns)]


def floor(folder, top, way):
    """One floor as SVG, and where the next one begins."""
    rows = textwrap.wrap(" ".join(file + ("\u00a0" * 3 if f"{folder}/{file}" in way else "")
                                  for file in files_of(folder)), COLUMNS, break_long_words=False)
    height = len(rows) * LINE + PADDING
    parts = [f'<rect class="floor" x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{height}" rx="4"/>',
             f'<text class="name" x="{NAMES}" y="{top + LINE + 2}">{folder}/</text>']
    for number, row in enumerate(rows):
        y, at = top + LINE + 1 + number * LINE, 0
        for word in row.split(" "):
            file = word.rstrip("\u00a0")
            place = f"{folder}/{file}"
            kind = "way" if place in way else "file"
            x = FILES + at * LETTER
            parts.append(f'<text class="{kind}" x="{x:.0f}" y="{y}" textLength="{len(file) * LETTER:.0f}">'
                         f"{html.escape(file)}</text>")
            if place in way:
                middle = x + (len(file) + 1.7) * LETTER
                parts.append(f'<circle class="dot" cx="{middle:.0f}" cy="{y - 4}" r="7"/>'
                             f'<text class="number" x="{middle:.0f}" y="{y - 0.5}">{way.index(place) + 1}</text>')
            at += len(word) + 1
    return parts, top + height + 6


def main():
    way = list(lines_of("doc/house.txt"))
    folders = [line.split()[0] for line in lines_of("tests/tidy/floors.txt")]
    known = {f"{folder}/{file}" for folder in folders for file in files_of(folder)}
    missing = [place for place in way if place not in known]
    if missing:
        raise SystemExit(f"doc/house.txt: no such file: {', '.join(missing)}")
    top, body = 34, []
    body.append(f'<text class="note" x="{MARGIN}" y="20">main, daemon, try stand on top; each folder includes only '
                "from those below it; 1 to "
                f"{len(way)}: a byte's way</text>")
    for folder in reversed(folders):
        parts, top = floor(folder, top, way)
        body += parts
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 4}" role="img" '
          'aria-label="The folders of src/, top of the house first, with their files">')
    print("<!-- drawn by doc/house.py -->")
    print(f"<style>{STYLE}</style>")
    print("\n".join(body))
    print("</svg>")


if __name__ == "__main__":
    main()
