"""h5py and h5dump, the most common readers, open a trace, even while it is being written.

usage: h5py_test.py PROGRAM, which writes a trace to a given path"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import h5py
except ImportError:
    print("skipped: this Python has no h5py (package python3-h5py)")
    sys.exit(77)

PROGRAM = sys.argv[1]


def check_trace(path):
    with h5py.File(path, "r") as trace:
        assert trace.attrs["schema"] == b"pliant-trace" or trace.attrs["schema"] == "pliant-trace", trace.attrs["schema"]
        assert trace.attrs["ranks"] == 4, trace.attrs["ranks"]
        calls = trace["calls"]
        assert {column.shape for column in calls.values()} == {(3,)}, "columns are not equally long"
        assert all(column.attrs["unit"] and column.attrs["meaning"] for column in calls.values())
        assert list(calls["time"]) == [0.0, 0.5, 1.0], list(calls["time"])
        assert list(calls["step"]) == [0, 1, 2], list(calls["step"])
        assert list(calls["tensor"].asstr()) == ["größe"] * 3, list(calls["tensor"])
        assert calls["beta"].attrs["unit"] == "s/byte" or calls["beta"].attrs["unit"] == b"s/byte"
        return "end_date" in trace.attrs


def check_h5dump(path):
    if shutil.which("h5dump") is None:
        return
    dump = subprocess.run(["h5dump", "-d", "/calls/step", path], capture_output=True, text=True, check=True).stdout
    assert "(0): 0, 1, 2" in dump, dump


def check_running(folder, locking):
    """Readers with default settings can open a trace during writing; other writers cannot. HDF5_USE_FILE_LOCKING
    applies to the writer."""
    path = folder / f"running-{locking}.h5"
    environment = {**os.environ, **({"HDF5_USE_FILE_LOCKING": locking} if locking else {})}
    with subprocess.Popen([PROGRAM, path, "hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=environment) as writer:
        assert writer.stdout.readline() == "ready\n"
        assert not check_trace(path), "a trace that is written has no end"
        check_h5dump(path)
        try:
            h5py.File(path, "a").close()
            raise AssertionError(f"a second program writes a trace that is written (locking {locking})")
        except OSError as error:
            assert "lock" in str(error), error
        subprocess.run([PROGRAM, path], check=True, env=environment)
        assert check_trace(path.with_name(path.stem + "-1.h5"))
        writer.stdin.close()
        assert writer.wait() == 0
    assert check_trace(path)


with tempfile.TemporaryDirectory() as name:
    ended = pathlib.Path(name) / "trace.h5"
    subprocess.run([PROGRAM, ended], check=True)
    assert check_trace(ended)
    check_h5dump(ended)
    for setting in ("", "TRUE", "FALSE", "BEST_EFFORT"):
        check_running(pathlib.Path(name), setting)
    with h5py.File(ended, "r"):
        subprocess.run([PROGRAM, ended], check=True)
        assert check_trace(ended.with_name("trace-1.h5")), "a reader's file was replaced"
