#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Writes what `sallyport recipe` prints into the EXAMPLES of man/sallyport.1.in, for the configuration that these begin
with:

    python3 doc/recipes.py build/src/sallyport man/sallyport.1.in >new && mv new man/sallyport.1.in

The page goes to standard output, with all that stands between two comments of it made anew."""
import os
import re
import subprocess
import sys
import tempfile

BEGIN = '.\\" The lines up to the next such comment are made by doc/recipes.py.\n'
END = '.\\" Here they end.\n'


def configuration(page):
    """The first literal block of EXAMPLES."""
    examples = page[page.index("\n.Sh EXAMPLES\n"):]
    return re.search(r"(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", examples).group(1)


def literal(text):
    """Lines as mdoc has to read them."""
    lines = text.rstrip("\n").replace("\\", "\\e").split("\n")
    return "".join(("\\&" if line.startswith((".", "'")) else "") + line + "\n" for line in lines)


def recipes(program, ini):
    """mdoc: a subsection a program."""
    with tempfile.TemporaryDirectory() as home:
        os.mkdir(f"{home}/sallyport")
        with open(f"{home}/sallyport/sallyport.ini", "w", encoding="utf-8") as file:
            file.write(ini)

        def recipe(*arguments):
            return subprocess.run([program, "recipe", *arguments], check=True, stdout=subprocess.PIPE, text=True,
                                  env={**os.environ, "XDG_CONFIG_HOME": home}).stdout
        for line in recipe().splitlines():
            name, title = line.split(None, 1)
            yield f".Ss {name}\n{name}\n{title}:\n.Bd -literal -offset indent\n{literal(recipe(name))}.Ed\n"


def main(program, path):
    with open(path, encoding="utf-8") as file:
        page = file.read()
    before, rest = page.split(BEGIN)
    _, behind = rest.split(END)
    sys.stdout.write(before + BEGIN + "".join(recipes(program, configuration(page))) + END + behind)


main(*sys.argv[1:])
