"""scripts/nightly runs the named parts, continues after a failure, and reports it at the end.

Stand-ins for cmake, ctest and the other scripts record how they were called."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
MISSING = "Highway HDF5 hwloc CUDA RapidCheck boost.context pagmo LibTorch libmnl".split()
STUBS = {
    "cmake": 'echo "cmake $*" >>calls; if [[ $1 == --preset ]]; then cat lines; fi; [[ $2 != "$FAIL" ]]\n',
    "ctest": 'echo "ctest $*" >>calls\n',
    "scripts/fuzz": 'echo "fuzz $*" >>calls; exit "${FUZZ-0}"\n',
    "scripts/tidy": 'echo "tidy $*" >>calls; exit "${TIDY-0}"\n',
}


def project(folder):
    """A project with scripts/nightly and the stand-ins."""
    root = pathlib.Path(folder)
    (root / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/nightly", root / "scripts/nightly")
    for name, text in STUBS.items():
        path = root / name
        path.write_text("#!/usr/bin/env bash\n" + text, encoding="utf-8")
        path.chmod(0o755)
    (root / "lines").write_text("".join(f"-- Pliant: no {part}: it is left out (package x)\n" for part in MISSING))
    return root


def nightly(root, *arguments, **environment):
    (root / "calls").unlink(missing_ok=True)
    ended = subprocess.run(
        [root / "scripts/nightly", *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{root}:{os.environ['PATH']}", "FAIL": "", **environment})
    calls = (root / "calls").read_text().splitlines() if (root / "calls").exists() else []
    return ended.returncode, ended.stdout.splitlines(), calls


def results(lines):
    table = lines[lines.index("") + 2:]
    return {line.split()[0]: line.split()[1] for line in table}


with tempfile.TemporaryDirectory() as name:
    root = project(name)
    status, lines, calls = nightly(root)
    everything = results(lines)
    assert status == 0 and everything.pop("mpis") == "skipped" and set(everything.values()) == {"passed"}, lines
    status, listed, calls = nightly(root, "--list")
    assert status == 0 and [line.split()[0] for line in listed] == list(results(lines)) and not calls, listed

    status, lines, calls = nightly(root, "asan", "--tests", "api", "debug")
    assert status == 0 and results(lines) == {"asan": "passed", "debug": "passed"}, lines
    assert "ctest --preset asan --no-tests=error -R api" in calls, calls

    status, lines, calls = nightly(root, "asan", "debug", "fuzz", FAIL="asan")
    assert status == 1 and results(lines) == {"asan": "FAILED", "debug": "passed", "fuzz": "passed"}, lines
    assert not any(call.startswith("ctest --preset asan") for call in calls), "tests of a failed build were run"
    assert calls[-1] == "fuzz --installed --seconds 600", calls
    assert (root / "build/nightly/asan.log").exists()

    status, lines, calls = nightly(root, "tidy", TIDY="1")
    assert status == 1 and results(lines) == {"tidy": "FAILED"} and calls == ["tidy "], (lines, calls)

    status, lines, calls = nightly(root, "fuzz", "--fuzz-seconds", "7", FUZZ="77")
    assert status == 0 and results(lines) == {"fuzz": "skipped"} and calls == ["fuzz --installed --seconds 7"], lines

    (root / "scripts/other_mpis").write_text("#!/usr/bin/env bash\nexit 3\n")
    (root / "scripts/other_mpis").chmod(0o755)
    assert results(nightly(root, "mpis")[1]) == {"mpis": "FAILED"}

    told = (root / "lines").read_text()
    for bad in (told.replace("no hwloc", "hwloc"), told.replace("no CUDA: it is left out (package x)", "no CUDA: alas")):
        (root / "lines").write_text(bad)
        assert results(nightly(root, "none", "debug")[1]) == {"none": "FAILED", "debug": "passed"}, bad

    for wrong in (["alles"], ["--fuzz-seconds", "0"], ["--logs"], ["--tests"]):
        assert nightly(root, *wrong)[0] == 2, wrong
