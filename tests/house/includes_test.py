"""A file includes its own layer and those below it, as DESIGN.md lists them. A new layer is a row here."""
import re

import house

# The planner knows no MPI, clock or file: every rank decides alike from the values that it is given.
IMPURE = ("mpi.h", "chrono", "ctime", "time.h", "fstream", "filesystem", "unistd.h", "random", "thread", "mutex", "atomic")

# Layer: its folder, other layers it may include, and system headers it may not include.
LAYERS = {
    "core": ("src/core", (), ("mpi.h",)),
    "mpi": ("src/mpi", ("core",), ()),
    "kernels": ("src/kernels", ("core",), ("mpi.h",)),
    "trace": ("src/trace", ("core",), ("mpi.h",)),
    "compress": ("src/compress", ("core", "kernels"), ("mpi.h",)),
    "netprobe": ("netprobe", ("core", "mpi"), ()),
    "collectives": ("collectives", ("core", "mpi", "kernels", "compress"), ()),
    "planner": ("src/planner", ("core", "compress", "collectives"), IMPURE),
    "runtime": ("src/runtime", ("core", "mpi", "kernels", "trace", "compress", "netprobe", "collectives", "planner", "public"), ()),
    "api": ("src/api", ("core", "mpi", "kernels", "trace", "compress", "collectives", "planner", "runtime", "public"), ()),
    "interpose": ("src/interpose", ("public",), ()),
    "examples": ("examples", ("public",), ()),
    "public": ("include", (), ()),
    # An MPI-free program: uses the core's errors, and writes into traces.
    "netlab": ("apps/netlab", ("core", "trace", "apps"), ("mpi.h",)),
    # Simulates a parameter server with parts of the library.
    "quadratic": ("apps/research/quadratic", ("core", "compress", "planner", "apps"), ()),
    # Surveys links in more detail than the library's own measurement.
    "probe": ("apps/probe", ("core", "mpi", "netprobe", "public", "apps"), ()),
    # Simulates all ranks of a training with the library's selection, unions, policies and decisions.
    "quality": ("apps/research/quality", ("core", "compress", "collectives", "planner", "apps"), ("mpi.h",)),
    # Times functions that no public header declares.
    "bench_kernels": ("apps/bench/kernels", ("core", "kernels", "compress"), ("mpi.h",)),
    # Simulates networks by pliant_netlab's schedules, with the library's formulas and learner.
    "info_replay": ("apps/info/replay", ("core", "collectives", "planner", "netlab"), ()),
    "apps": ("apps", ("public", "bench_kernels", "info_replay"), ()),
}
SEARCH_PATH = ("", "src", "include")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(path):
    """The layer of a path relative to the root; None for tests."""
    for name, (folder, _, _) in LAYERS.items():
        if path.is_relative_to(folder):
            return name
    return None


def resolve(root, file, name):
    """The project's file for an include, relative to the root; None if there is none."""
    for folder in (file.parent, *(root / part for part in SEARCH_PATH)):
        candidate = (folder / name).resolve()
        if candidate.is_file() and candidate.is_relative_to(root):
            return candidate.relative_to(root)
    return None


def judge(root, file, bracket, name):
    """The problem of one include, or None."""
    layer = layer_of(file.relative_to(root))
    if layer is None:
        return None
    _, allowed, forbidden_headers = LAYERS[layer]
    target = resolve(root, file, name)
    if target is None:
        if bracket == '"':
            return f'"{name}" is no file of the project'
        return f"<{name}> is not for layer {layer}" if name in forbidden_headers else None
    included = layer_of(target)
    if included == layer or included in allowed:
        return None
    return f"layer {layer} may not include {target} (layer {included or 'tests'}); it may include {', '.join(allowed) or 'itself only'}"


def check(root):
    root = root.resolve()
    violations = []
    for file in house.code_files(root):
        for number, line in enumerate(house.lines(file), 1):
            match = INCLUDE.match(line)
            problem = match and judge(root, file, *match.groups())
            if problem:
                violations.append(f"{file.relative_to(root)}:{number}: {problem}")
    return violations


def self_test():
    good = {
        "src/core/a.hpp": "#include <vector>\n",
        "src/mpi/b.hpp": '#include <mpi.h>\n#include "core/a.hpp"\n',
        "include/pliant/pliant.h": "#include <mpi.h>\n",
        "apps/info/own.hpp": "",
        "apps/info/main.cpp": '#include "own.hpp"\n#include <pliant/pliant.h>\n',
        "tests/core/t.cpp": '#include "mpi/b.hpp"\n',
    }
    house.expect(house.violations_of(check, good) == [], "good files pass")
    bad = {
        "src/core/bad.cpp": '#include "mpi/b.hpp"\n',
        "src/core/upwards.cpp": '#  include "../mpi/b.hpp"\n',
        "src/core/mpi.cpp": "#include <mpi.h>\n",
        "src/core/lost.cpp": '#include "core/nowhere.hpp"\n',
        "src/mpi/tests.cpp": '#include "tests/core/t.cpp"\n',
        "apps/info/inside.cpp": "#include <core/a.hpp>\n",
    }
    for name, text in bad.items():
        found = house.violations_of(check, {**good, name: text})
        house.expect(len(found) == 1 and found[0].startswith(f"{name}:1: "), f"{name} is reported: {found}")


self_test()
house.report(check(house.project_root()))
