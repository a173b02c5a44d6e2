"""Code that may occur in one place only: a table of patterns, folders to search, and allowed places."""
import re

import house

LIBRARY = ("src", "collectives", "netprobe")

# Pattern, folders to search, files or folders where it is allowed, and the alternative.
RULES = (
    (r"\b(secure_)?getenv\s*\(|\benviron\b", (*LIBRARY, "apps", "include"), ("src/core/environment.cpp",),
     "Make it a setting: a row in src/core/config.cpp"),
    (r"#\s*include\s*[<\"]hdf5", (*LIBRARY, "include"), ("src/trace/hdf5_handle.hpp",),
     "Use src/trace/hdf5_file.hpp"),
    (r"#\s*include\s*[<\"]hwloc", (*LIBRARY, "include"), ("src/mpi/locality.cpp",), "Use src/mpi/locality.hpp"),
    # Allowed in: the C border; the path of exceptions from the program's handlers to it; the recorder, which must never
    # break a run. Also the team, which works with the threads it gets, and a destructor in hdf5_file.cpp.
    (r"\bcatch\s*\(", LIBRARY,
     ("src/runtime/guard.hpp", "src/kernels/team.cpp", "src/mpi/check.hpp", "src/trace/recorder.cpp", "src/trace/hdf5_file.cpp"),
     "Let it reach guard()"),
    (r"#\s*include\s*[<\"](cuda|nccl|cub/|thrust/)", (*LIBRARY, "include"), ("src/kernels/cuda",),
     "Keep CUDA behind a kernel table"),
    (r"\bstd::chrono\b|\bclock_gettime\b|\bgettimeofday\b", LIBRARY, ("src/core/monotonic.cpp",),
     "Take time from MPI_Wtime, or from core/monotonic.hpp where there is no MPI"),
    (r"\bthread_local\b", LIBRARY, (), "Hang state on an MPI attribute or a handle"),
    (r"\b(TODO|FIXME|XXX)\b", (*LIBRARY, "apps", "include"), (), "Do it, or write an issue"),
)
COMMENT = re.compile(r"//.*$|^\s*/?\*.*$")


def stands_in(path, places):
    return any(path.is_relative_to(place) for place in places)


def check(root):
    violations = []
    for file in house.code_files(root):
        path = file.relative_to(root)
        rules = [rule for rule in RULES if stands_in(path, rule[1]) and not stands_in(path, rule[2])]
        for number, line in enumerate(house.lines(file), 1):
            for pattern, _, _, advice in rules:
                text = line if "TODO" in pattern else COMMENT.sub("", line)
                match = re.search(pattern, text)
                if match:
                    violations.append(f"{path}:{number}: '{match.group().strip()}' does not belong here. {advice}")
    return violations


def self_test():
    good = {
        "src/core/environment.cpp": 'std::getenv("X");\n',
        "src/trace/hdf5_handle.hpp": "#include <hdf5.h>\n",
        "src/runtime/guard.hpp": "} catch (const Error& error) {\n// a catch (comment)\n",
        "src/mpi/comment.cpp": "// getenv( and catch ( in a comment\n",
        "apps/train/main.cpp": "} catch (...) {\nsetenv(name, value, 1);\n",
        "tests/any.cpp": "catch (...) std::chrono\n",
    }
    house.expect(house.violations_of(check, good) == [], "good files pass")
    bad = {
        "src/core/config.cpp": 'std::getenv("X");\n',
        "apps/info/main.cpp": 'getenv("X");\n',
        "src/trace/columns.cpp": "#include <hdf5.h>\n",
        "src/mpi/lane.cpp": "#include <hwloc.h>\n",
        "collectives/ring.cpp": "} catch (...) {\n",
        "netprobe/fit.cpp": "std::chrono::steady_clock::now();\n",
        "src/mpi/a.cpp": "thread_local int a;\n",
        "src/kernels/b.cpp": "#include <cuda_runtime.h>\n",
        "src/kernels/c.cpp": "// TODO later\n",
    }
    for name, text in bad.items():
        found = house.violations_of(check, {name: text})
        house.expect(len(found) == 1 and found[0].startswith(f"{name}:1: "), f"{name} is reported: {found}")


self_test()
house.report(check(house.project_root()))
