"""What scripts/demo found: a table, a picture, and whether the runs learned.

usage: demo_report.py [--quick] FOLDER     table on stdout, FOLDER/demo.png; status 1 if a gate is missed
       demo_report.py --budget FOLDER      the time budget for one step, in ms, from the exact run
"""
import argparse
import json
import os
import pathlib
import sys

import h5py
import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402 (the backend comes first)

TITLES = {
    "exact": "exact",
    "topk": "top-k 1 %, allgather_topk",
    "budget": "policy budget",
    "star_ring": "top-k 1 %, star_ring",
    "var_ring": "top-k 1 %, var_ring",
}
GATED = ("exact", "topk", "budget")
LEAST_ACCURACY = 0.85
MOST_LOST_ACCURACY = 0.015  # top-k against exact, after the same epochs
# Okabe and Ito's colours, told apart by colour-blind readers too.
COLOURS = dict(zip(TITLES, ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7")))


def read_results(folder):
    """Each run's result: the last line of its stdout."""
    return {run: json.loads((folder / f"{run}.json").read_text().splitlines()[-1]) for run in TITLES}


def read_budget_ms(folder):
    """Compute time of the slowest rank plus half of the rest of a step, means of the exact run."""
    exact = json.loads((folder / "exact.json").read_text().splitlines()[-1])
    return (exact["mean_compute_ms"] + exact["ms_per_step"]) / 2


def describe_algorithms(shares):
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {100 * share:.3g} %" for name, share in ordered)


def table_lines(results):
    yield ("| mode | test accuracy | seconds | compute [s] | communication [s] | on the wire [MB] | mean density "
           "| algorithms |")
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    for run, title in TITLES.items():
        result = results[run]
        yield (f"| {title} | {100 * result['accuracy']:.2f} % | {result['seconds']:.1f} | {result['compute_s']:.1f} "
               f"| {result['communication_s']:.1f} | {result['wire_bytes'] / 1e6:,.0f} "
               f"| {result['mean_density']:.3g} | {describe_algorithms(result['algorithms'])} |")


def note_lines(folder, results):
    exact = results["exact"]
    yield (f"{exact['ranks']} ranks on {len(os.sched_getaffinity(0))} cores, {exact['steps']} steps a run. "
           "Communication includes waiting for slower ranks.")
    yield (f"The budget, {read_budget_ms(folder):.4g} ms a step, is this machine's own: the exact run's mean compute "
           "time (slowest rank) plus half of the rest of its step.")
    with h5py.File(folder / "budget.h5", "r") as trace:
        whole = (trace["calls/density"][:] == 1).mean()
    yield (f"With it, {100 * whole:.3g} % of the steps left nothing out: there an exact algorithm was predicted to "
           "fit, or to be faster than compressing.")


def missed_gates(results):
    for run in GATED:
        accuracy = results[run]["accuracy"]
        if accuracy < LEAST_ACCURACY:
            yield (f"{TITLES[run]}: test accuracy = {accuracy:.4f} (must be at least {LEAST_ACCURACY}). "
                   "Look at its history and trace")
    lost = results["exact"]["accuracy"] - results["topk"]["accuracy"]
    if lost > MOST_LOST_ACCURACY:
        yield (f"{TITLES['topk']}: {lost:.4f} below exact (at most {MOST_LOST_ACCURACY} may be lost). "
               "Look at both histories")


def draw_accuracy(axes, folder):
    for run, title in TITLES.items():
        lines = (folder / f"{run}.jsonl").read_text().splitlines()
        points = [json.loads(line) for line in lines]
        axes.plot([point["seconds"] for point in points], [100 * point["accuracy"] for point in points],
                  label=title, color=COLOURS[run], linewidth=1.5)
    axes.set_xlabel("training time [s]")
    axes.set_ylabel("test accuracy [%]")
    axes.legend(loc="lower right", fontsize=8)


def draw_trace(density_axes, algorithm_axes, folder):
    """Density and algorithm of each step, as rank 0's traces have them: one row a step."""
    rows = []
    for position, run in enumerate(TITLES):
        with h5py.File(folder / f"{run}.h5", "r") as trace:
            density = trace["calls/density"][:]
            algorithms = trace["calls/algorithm"].asstr()[:]
        # Wide lines below narrow ones, so that equal densities do not hide one another.
        density_axes.plot(density, color=COLOURS[run], linewidth=6 - position)
        for name in sorted(set(algorithms)):
            rows.append(f"{run}: {name}")
            used = (algorithms == name).nonzero()[0]
            algorithm_axes.plot(used, [len(rows) - 1] * len(used), "|", color=COLOURS[run], markersize=9)
    density_axes.set_yscale("log")
    density_axes.set_ylabel("density")
    density_axes.set_xlabel("step")
    algorithm_axes.set_yticks(range(len(rows)), rows, fontsize=7)
    algorithm_axes.set_ylim(len(rows) - 0.5, -0.5)
    algorithm_axes.set_xlabel("step")


def draw(folder, ranks):
    figure, axes = pyplot.subplots(1, 3, figsize=(15, 4.5), constrained_layout=True)
    figure.suptitle(f"MLP on Fashion-MNIST, {ranks} ranks on one machine")
    draw_accuracy(axes[0], folder)
    draw_trace(axes[1], axes[2], folder)
    for each in axes:
        each.grid(alpha=0.3)
    figure.savefig(folder / "demo.png", dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="judge nothing")
    parser.add_argument("--budget", action="store_true", help="only print the time budget [ms]")
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.budget:
        print(f"{read_budget_ms(arguments.folder):.4g}")
        return 0
    results = read_results(arguments.folder)
    print("\n".join(table_lines(results)))
    print()
    print("\n".join(note_lines(arguments.folder, results)))
    draw(arguments.folder, results["exact"]["ranks"])
    missed = [] if arguments.quick else list(missed_gates(results))
    for line in missed:
        print(f"demo: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
