#!/usr/bin/env python3
"""Draws where top-k is predicted to be faster than an exact allreduce: docs/guide/when_compression_helps.svg.

usage: draw_when_compression_helps.py PLIANT_INFO [OUTPUT.svg]

Asks `pliant_info --explain` about 8 ranks and a latency of 50 us, for each bandwidth and count below, and prints the
table that it draws. Time of compressing is measured on this processor: each cell is the median of several answers.
Needs matplotlib (package python3-matplotlib).
"""
import json
import pathlib
import statistics
import subprocess
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402 (the backend comes first)

RANKS = 8
ALPHA_US = 50
DENSITY = 0.01
GBPS = (0.1, 0.3, 1, 3, 10, 30, 100)
COUNTS = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
ANSWERS = 5
BEST_QUALITY = "allgather_topk"
PANELS = (f"{BEST_QUALITY}: best quality per element", "fastest lossy algorithm")


def candidates(program, gbps, count):
    command = [program, "--explain", "--json", "--ranks", str(RANKS), "--alpha-us", str(ALPHA_US), "--gbps", str(gbps),
               "--count", str(count), "--density", str(DENSITY)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(answer)["candidates"]


def gains(program, gbps, count):
    """Time of the fastest exact algorithm / time of each panel's lossy one."""
    found = candidates(program, gbps, count)
    exact_s = min(c["predicted_s"] for c in found if c["exact"])
    quality_s = next(c["predicted_s"] for c in found if c["algorithm"] == BEST_QUALITY)
    lossy_s = min(c["predicted_s"] for c in found if not c["exact"])
    return exact_s / quality_s, exact_s / lossy_s


def measure(program):
    """[panel][count][bandwidth] medians."""
    table = [[[0.0] * len(GBPS) for _ in COUNTS] for _ in PANELS]
    for row, count in enumerate(COUNTS):
        for column, gbps in enumerate(GBPS):
            answers = [gains(program, gbps, count) for _ in range(ANSWERS)]
            for panel in range(len(PANELS)):
                table[panel][row][column] = statistics.median(answer[panel] for answer in answers)
    return table


def written(ratio):
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}"


def in_words(count):
    byte_count = count * 4  # float
    return f"{byte_count // 1_000_000} MB" if byte_count >= 1_000_000 else f"{byte_count // 1000} kB"


def print_table(table):
    for title, rows in zip(PANELS, table):
        print(f"{title}\n{'':>8}" + "".join(f"{gbps:>8g}" for gbps in GBPS))
        for count, row in zip(COUNTS, rows):
            print(f"{in_words(count):>8}" + "".join(f"{written(ratio):>8}" for ratio in row))


def draw_panel(axes, title, rows):
    """Green: faster than exact by a fifth and more. Grey: about as fast. Orange: slower."""
    for row, ratios in enumerate(rows):
        for column, ratio in enumerate(ratios):
            colour = "#9FD8C4" if ratio >= 1.2 else "#F5C09A" if ratio < 1 / 1.2 else "#DDDDDD"
            axes.add_patch(pyplot.Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white"))
            axes.text(column + 0.5, row + 0.5, written(ratio), ha="center", va="center", fontsize=9)
    axes.set_xlim(0, len(GBPS))
    axes.set_ylim(0, len(COUNTS))
    axes.set_xticks([i + 0.5 for i in range(len(GBPS))], [f"{gbps:g}" for gbps in GBPS])
    axes.set_yticks([i + 0.5 for i in range(len(COUNTS))], [in_words(count) for count in COUNTS])
    axes.tick_params(length=0)
    axes.set_xlabel("bandwidth of a link [Gbit/s]")
    axes.set_title(title, fontsize=10)


def draw(table, path):
    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "pliant"})
    figure, both = pyplot.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for axes, title, rows in zip(both, PANELS, table):
        draw_panel(axes, title, rows)
    both[0].set_ylabel("bytes of a vector")
    figure.suptitle(f"predicted time: exact / top-k at {DENSITY:.0%}   ({RANKS} ranks, latency {ALPHA_US} us)", fontsize=11)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main(arguments):
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    default = pathlib.Path(__file__).resolve().parent.parent / "docs/guide/when_compression_helps.svg"
    table = measure(arguments[0])
    print_table(table)
    draw(table, pathlib.Path(arguments[1]) if len(arguments) == 2 else default)


main(sys.argv[1:])
