"""A trace opens in h5py, the reader most users have: h5py_test.py PROGRAM, which writes one to the path it is given."""
import pathlib
import subprocess
import sys
import tempfile

try:
    import h5py
except ImportError:
    print("skipped: this Python has no h5py (package python3-h5py)")
    sys.exit(77)

with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "trace.h5"
    subprocess.run([sys.argv[1], path], check=True)
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
