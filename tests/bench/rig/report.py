# SPDX-License-Identifier: ISC
"""The tables, and the TSV."""
import csv

REFERENCES = ("direct", "haproxy", "haproxy-tls", "stunnel")
WIDTH = 100


def number(value, digits):
    """A figure as the tables write it: no more than four digits before it is whole."""
    if value is None:
        return "-"
    while digits > 0 and abs(value) >= 10 ** (4 - digits):
        digits -= 1
    return "0" if abs(value) < 10 ** -digits / 2 else f"{value:.{digits}f}"


def _ratio(value, other):
    return "-" if value is None or not other else f"{value / other:.2f}"


def _rows(results, mode, forwarders):
    """Those that have something to say of this mode."""
    return [row for row in forwarders if mode.family in row.families.split() and (
        results.failed(mode.name, row.name)
        or any(results.values(mode.name, row.name, metric.key) for metric in mode.metrics))]


def _columns(results, mode, rows, best):
    """[(title, {forwarder's name: cell})], the first one's figure with its spread and ratios behind it."""
    main, *others = mode.metrics

    def column(metric):
        medians = {row.name: results.median(mode.name, row.name, metric.key) for row in rows}
        return medians, {name: number(value, metric.digits) for name, value in medians.items()}

    medians, cells = column(main)
    spreads = {row.name: results.spread(mode.name, row.name, main.key) for row in rows}
    columns = [(main.title, cells),
               ("±", {name: "" if spread is None else f"{spread:.0%}" for name, spread in spreads.items()})]
    for reference in REFERENCES:
        if medians.get(reference):
            columns.append((f"/{reference}", {name: _ratio(value, medians[reference])
                                              for name, value in medians.items()}))
    if best:
        columns.append(("/best", {name: _ratio(value, best[1]) for name, value in medians.items()}))
    for metric in others:
        medians, cells = column(metric)
        if any(value is not None for value in medians.values()) and not (metric.key == "failed"
                                                                         and not any(medians.values())):
            columns.append((metric.title, cells))
    return columns


def block(results, mode, forwarders):
    """The lines of one mode."""
    main = mode.metrics[0]
    rows = _rows(results, mode, forwarders)
    if not rows:
        return []
    best = results.best_rival(mode, main, forwarders)
    columns = _columns(results, mode, rows, best)
    widths = [max(len(title), *map(len, cells.values())) + 2 for title, cells in columns]
    label = max(len(row.name) for row in rows) + 1
    lines = [f"{mode.title}   [{mode.name}]   {main.better} is better",
             " " * label + "".join(title.rjust(width) for (title, _), width in zip(columns, widths))]
    for row in rows:
        name = (row.name + ("~" if results.noisy(mode.name, row.name) else "")).ljust(label)
        why = results.failed(mode.name, row.name)
        if any(results.values(mode.name, row.name, metric.key) for metric in mode.metrics):
            lines.append(name + "".join(cells[row.name].rjust(width)
                                        for (_, cells), width in zip(columns, widths)).rstrip())
            name = " " * label
        if why:
            lines.append(f"{name}  {why}"[:WIDTH])
    if best:
        lines.append(" " * label + f"  best rival: {best[0]}")
    return lines


def tables(results, modes, forwarders):
    """All blocks, as one text."""
    return "\n\n".join("\n".join(lines) for lines in (block(results, mode, forwarders) for mode in modes) if lines)


def write_tsv(path, results, counts=()):
    """One line a sample, disturbed ones, failures and those that counted included."""
    keys = sorted({key for sample in results.samples for key in sample["figures"]} |
                  {kind for *_, figures in counts for kind in figures})
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter="\t", lineterminator="\n")
        out.writerow(["round", "mode", "forwarder", "disturbed", "others_cpus", "seconds", "cpu_s"] + keys +
                     ["failure"])
        for sample in results.samples:
            counted, others = sample["counted"], sample["counted"]["others"]
            out.writerow([sample["round"], sample["mode"].name, sample["forwarder"].name,
                          "yes" if sample["disturbed"] else "no", "" if others is None else f"{others:.3f}",
                          f"{counted['span']:.3f}", f"{counted['cpu_s']:.6f}"] +
                         ["" if sample["figures"].get(key) is None else f"{sample['figures'][key]:.6g}"
                          for key in keys] + [""])
        for mode, forwarder, tool, figures in counts:
            out.writerow([tool, mode, forwarder] + [""] * 4 +
                         [f"{figures[key]:.8g}" if key in figures else "" for key in keys] + [""])
        for number_, mode, forwarder, why in results.failures:
            out.writerow([number_, mode.name, forwarder.name] + [""] * (4 + len(keys)) + [why])
