"""What scripts/demo found: a table, a picture, and whether the runs learned.

usage: demo_report.py [--quick] [--no-network] FOLDER     table on stdout, FOLDER/demo.png and .svg;
                                                          status 1 if a gate is missed
"""
import argparse
import dataclasses
import json
import os
import pathlib
import sys

import h5py
import matplotlib
import numpy

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402 (the backend comes first)

TITLES = {"exact": "exact", "topk": "top-k 1 %", "budget": "policy budget, 150 ms a step"}
GOAL = 0.85
LEAST_ACCURACY = {"exact": 0.80, "topk": GOAL, "budget": GOAL}  # exact may run out of time before the goal
MOST_LOST_ACCURACY = 0.015  # against exact, after the same time
# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = dict(zip(TITLES, ("#000000", "#0072B2", "#D55E00")))


@dataclasses.dataclass
class Run:
    """The run of one mode. Times are seconds since its training began."""

    result: dict
    history: list
    calls: dict
    network: dict

    @classmethod
    def read(cls, folder, name, has_network):
        result = json.loads((folder / f"{name}.json").read_text().splitlines()[-1])
        history = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        with h5py.File(folder / f"{name}.h5", "r") as trace:
            # Calls, links and evaluations use the same clock.
            begin = history[0]["monotonic"] - history[0]["clock"] - trace.attrs["clock_monotonic_at_zero"]
            calls = {key: trace[f"calls/{key}"][:] for key in ("time", "density", "measured", "beta")}
            calls["algorithm"] = trace["calls/algorithm"].asstr()[:]
            network = {key: trace[f"network/{key}"][:] for key in ("time", "up", "host")} if has_network else {}
        calls["time"] = calls["time"] - begin
        if has_network:
            network["time"] = network["time"] - begin
        return cls(result, history, calls, network)

    def seconds_to_goal(self):
        """Returns None if the goal was not reached."""
        return next((point["clock"] for point in self.history if point["accuracy"] >= GOAL), None)

    def communication_until(self, seconds):
        return self.calls["measured"][self.calls["time"] < seconds].sum()


def describe_algorithms(shares):
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {100 * share:.3g} %" for name, share in ordered)


def table_lines(runs):
    yield (f"| mode | to {GOAL:.0%} [s] | of it communication [s] | accuracy at the end | steps | on the wire [MB] "
           "| mean density | algorithms |")
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    for name, run in runs.items():
        result = run.result
        goal = run.seconds_to_goal()
        end = result["clock_s"]
        reached = f"not in {end:.0f}" if goal is None else f"{goal:.1f}"
        communication = run.communication_until(end if goal is None else goal)
        yield (f"| {TITLES[name]} | {reached} | {communication:.1f} | {result['accuracy']:.2%} | {result['steps']} "
               f"| {result['wire_bytes'] / 1e6:,.0f} | {result['mean_density']:.3g} "
               f"| {describe_algorithms(result['algorithms'])} |")


def note_line(runs):
    exact = runs["exact"].result
    return (f"{exact['ranks']} ranks on {len(os.sched_getaffinity(0))} cores, {exact['parameters']:,} parameters, "
            f"{exact['clock_s']:.0f} s a run. Communication includes waiting for slower ranks.")


def missed_gates(runs):
    exact = runs["exact"].result["accuracy"]
    for name, run in runs.items():
        best = max(point["accuracy"] for point in run.history)
        if best < LEAST_ACCURACY[name]:
            yield (f"{TITLES[name]}: best test accuracy = {best:.4f} (must reach {LEAST_ACCURACY[name]}). "
                   "Look at its history and trace")
        if exact - run.result["accuracy"] > MOST_LOST_ACCURACY:
            yield (f"{TITLES[name]}: {exact - run.result['accuracy']:.4f} below exact (at most {MOST_LOST_ACCURACY} "
                   "may be lost). Look at both histories")


def draw_accuracy(axes, runs):
    for name, run in runs.items():
        axes.plot([point["clock"] for point in run.history], [100 * point["accuracy"] for point in run.history],
                  label=TITLES[name], color=COLOURS[name], linewidth=1.3)
    axes.axhline(100 * GOAL, color="grey", linewidth=0.8, linestyle=":")
    axes.set_ylabel("test accuracy [%]")
    axes.set_ylim(60, 92)
    axes.legend(loc="lower right", fontsize=8)


def where_it_changes(values):
    """Both ends of each stretch of equal values, so that a picture as text stays short."""
    differs = values[1:] != values[:-1]
    return numpy.append(True, differs) | numpy.append(differs, True)


def draw_network(axes, runs):
    """Host 0's link as set, and each run's estimate of it. TCP can use 94 % of the rate."""
    for name, run in runs.items():
        of_host = run.network["host"] == 0
        times = numpy.append(run.network["time"][of_host], run.result["clock_s"])
        rates = run.network["up"][of_host] / 1e6
        axes.step(times, numpy.append(rates, rates[-1]), where="post", color=COLOURS[name], linewidth=3, alpha=0.3)
        shown = where_it_changes(run.calls["beta"])
        axes.plot(run.calls["time"][shown], 8e-6 / run.calls["beta"][shown], color=COLOURS[name], linewidth=1)
    axes.set_ylim(0, 115)
    axes.set_ylabel("link [Mbit/s]\nwide: set, thin: measured")


def draw_density(axes, runs):
    for name, run in runs.items():
        shown = where_it_changes(run.calls["density"])
        axes.plot(run.calls["time"][shown], run.calls["density"][shown], color=COLOURS[name], linewidth=1.3)
    axes.set_yscale("log")
    axes.set_ylabel("density")


def draw_algorithms(axes, runs):
    """A bar for each sequence of calls with the same algorithm."""
    rows = []
    for name, run in runs.items():
        ends = numpy.append(run.calls["time"][1:], run.result["clock_s"])
        for algorithm in sorted(set(run.calls["algorithm"])):
            rows.append(f"{name}: {algorithm}")
            used = run.calls["algorithm"] == algorithm
            first = used & ~numpy.append(False, used[:-1])
            last = used & ~numpy.append(used[1:], False)
            # One line with gaps: a hundredth of the text that as many rectangles take.
            times = numpy.column_stack([run.calls["time"][first], ends[last], numpy.full(first.sum(), numpy.nan)]).ravel()
            axes.plot(times, numpy.full(len(times), len(rows) - 1), color=COLOURS[name], linewidth=6,
                      solid_capstyle="butt")
    axes.set_yticks(range(len(rows)), rows, fontsize=7)
    axes.set_ylim(len(rows) - 0.5, -0.5)


def draw(folder, runs, has_network):
    panels = [draw_accuracy, *([draw_network] if has_network else []), draw_density, draw_algorithms]
    figure, axes = pyplot.subplots(len(panels), 1, figsize=(9, 2.6 * len(panels)), sharex=True, constrained_layout=True)
    where = "emulated hosts" if has_network else "ranks on one machine"
    figure.suptitle(f"MLP on Fashion-MNIST, {runs['exact'].result['ranks']} {where}")
    for panel, each in zip(panels, axes):
        panel(each, runs)
        each.grid(alpha=0.3)
    axes[-1].set_xlabel("time since training began [s]")
    axes[-1].set_xlim(0, max(run.result["clock_s"] for run in runs.values()))
    figure.savefig(folder / "demo.png", dpi=110)
    # The picture as text for the repository: letters stay letters, and the output does not depend on the day.
    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "pliant"})
    figure.savefig(folder / "demo.svg", metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="judge nothing")
    parser.add_argument("--no-network", action="store_true", help="the runs had no emulated network")
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    has_network = not arguments.no_network
    runs = {name: Run.read(arguments.folder, name, has_network) for name in TITLES}
    print("\n".join(table_lines(runs)))
    print()
    print(note_line(runs))
    draw(arguments.folder, runs, has_network)
    missed = [] if arguments.quick else list(missed_gates(runs))
    for line in missed:
        print(f"demo: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
