"""PLIANT_TRACE of whole jobs, concurrent and consecutive: trace_jobs_test.py PROGRAM MPIRUN..."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

try:
    import h5py
except ImportError:
    print("skipped: this Python has no h5py (package python3-h5py)")
    sys.exit(77)

PROGRAM, MPIRUN = sys.argv[1], sys.argv[2:]
SCHEDULERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID", "FLUX_JOB_ID", "COBALT_JOBID", "OAR_JOB_ID", "PJM_JOBID")


def start(trace, *actions, ranks=2, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in SCHEDULERS}
    return subprocess.Popen([*MPIRUN, str(ranks), PROGRAM, *actions], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env={**kept, "PLIANT_TRACE": str(trace), **environment})


def end(job, status=0):
    """Returns a job's stderr. The job must end with `status`; None accepts any."""
    _, said = job.communicate("\n")
    assert status is None or job.returncode == status, (job.returncode, said)
    return said


def run(trace, *actions, **environment):
    return end(start(trace, *actions, **environment))


def warnings(said):
    """The warnings about traces."""
    return [line for line in said.splitlines() if "warning: " in line and ("the trace is" in line or "tracing" in line)]


def rows(path):
    with h5py.File(path, "r") as trace:
        return len(trace["calls/elements"])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def two_jobs(folder):
    trace = folder / "t.h5"
    first = start(trace, "call=5", "wait", "call=3")
    assert first.stdout.readline().startswith("ready")
    said = run(trace, "call=7")
    assert len(warnings(said)) == 1 and "t-1.h5" in said and "is in use" in said, said
    assert rows(folder / "t-1.h5") == 7
    assert not warnings(end(first))
    assert rows(trace) == 8
    assert not warnings(run(trace, "call=2")), "an ended run's trace is replaced"
    assert rows(trace) == 2
    assert names(folder) == ["t-1.h5", "t.h5"]


def killed_job(folder):
    trace = folder / "t.h5"
    first = start(trace, "call=5", "wait")
    os.kill(int(first.stdout.readline().split()[1]), signal.SIGKILL)
    end(first, None)
    assert not warnings(run(trace, "call=2"))
    assert rows(trace) == 2


def h5close(folder):
    for number, actions in enumerate((["h5close"], ["h5close", "call=3", "call=3"])):
        trace = folder / f"{number}.h5"
        said = run(trace, "call=1", *actions)
        assert len(warnings(said)) == 1 and "H5close" in said and "tracing is off" in said, said
        assert rows(trace) == 1


def spawned(folder):
    trace = folder / "t.h5"
    said = run(trace, "call=2", "spawn=4", "call=1", ranks=1)
    assert not warnings(said), said
    if "cannot spawn" in said:  # Debian's MPICH 4.0.2
        print("spawned is left out: this MPI cannot spawn")
        assert rows(trace) == 3, names(folder)
        return
    assert rows(trace) == 3 and rows(folder / "t-1.h5") == 4, names(folder)
    run(folder / "late.h5", "spawn=4", "call=1", ranks=1)
    assert rows(folder / "late.h5") == 1 and rows(folder / "late-1.h5") == 4, names(folder)


def patterns(folder):
    run(folder / "%j-%r-100%%.h5", "call=1", SLURM_JOB_ID="4711")
    assert names(folder) == ["4711-0-100%.h5"], names(folder)
    run(folder / "%j.%p.h5", "call=1")
    assert any(re.fullmatch(r"(\d+)\.\1\.h5", name) for name in names(folder)), names(folder)
    before = names(folder)
    said = run(folder / "%q.h5", "call=2")
    assert len(warnings(said)) == 1 and "%q" in said and "tracing is off" in said, said
    assert names(folder) == before


for case in (two_jobs, killed_job, h5close, spawned, patterns):
    with tempfile.TemporaryDirectory() as name:
        case(pathlib.Path(name))
    print(case.__name__, "passes")
