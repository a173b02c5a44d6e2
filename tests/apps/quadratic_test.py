"""pliant_quadratic and scripts/quadratic: usage: quadratic_test.py PLIANT_QUADRATIC SCRIPTS MPIRUN [ARGUMENTS...] RANKS_FLAG"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
SCRIPTS = ""
MPIRUN = []
SMALL = ["--workers", "2", "--dimension", "120", "--layers", "3", "--condition", "8", "--layer-skew", "4", "--eta",
         "2000", "--delta", "100", "--target", "0.01", "--densities", "1,0.25,0.1", "--steps", "1.8,0.9,0.3"]


def run(*arguments, ranks=None):
    launcher = [*MPIRUN, str(ranks)] if ranks else []
    return subprocess.run([*launcher, PROGRAM, *arguments], text=True, capture_output=True, timeout=240, check=False)


def study(*arguments, ranks=None):
    done = run(*SMALL, "--json", *arguments, ranks=ranks)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


class FolderCase(unittest.TestCase):
    """self.folder is private to the test."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)


class Studies(FolderCase):
    def test_roles_on_ranks_send_and_find_the_same(self):
        alone, apart = self.folder / "alone.csv", self.folder / "apart.csv"
        one = study("--csv", str(alone))
        self.assertEqual(one, study("--csv", str(apart), ranks=3))
        self.assertEqual(alone.read_bytes(), apart.read_bytes())

    def test_json_is_the_sum_of_the_rows(self):
        path = self.folder / "rounds.csv"
        result = study("--csv", str(path))
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([mode["mode"] for mode in result["modes"]],
                         ["ef21", "ef21_threshold", "kimad", "kimad+", "kimad_threshold"])
        for mode in result["modes"]:
            own = [row for row in rows if row["mode"] == mode["mode"]]
            self.assertEqual(mode["rounds"], len(own))
            self.assertEqual([int(row["round"]) for row in own], list(range(1, len(own) + 1)))
            for key in ("bytes_down", "bytes_up"):
                self.assertEqual(mode[key], sum(int(row[key]) for row in own))
            parts = sum(float(row[key]) for row in own for key in ("down_s", "compute_s", "up_s"))
            self.assertAlmostEqual(mode["seconds"], parts, places=6)
            self.assertEqual(mode["seconds"], float(own[-1]["time_s"]))
            self.assertLessEqual(float(own[-1]["error"]), 0.01)
            self.assertGreater(float(own[-2]["error"]), 0.01)

    def test_speed_up_is_against_the_best_fixed(self):
        result = study()
        seconds = {mode["mode"]: mode["seconds"] for mode in result["modes"]}
        fixed = min(seconds["ef21"], seconds["ef21_threshold"])
        self.assertEqual(seconds[result["best_fixed"]], fixed)
        for mode in result["modes"]:
            self.assertAlmostEqual(mode["speed_up"], fixed / mode["seconds"])
            reached = [finding["seconds"] for finding in mode["densities"] if finding["end"] == "reached"]
            self.assertEqual(min(reached), mode["seconds"])

    def test_bandwidth_from_a_file(self):
        path = self.folder / "bandwidth.txt"
        path.write_text("0 1000\n20 200 # slower\n40 1000\n")
        result = study("--bandwidth", str(path), "--noise", "0", ranks=3)
        self.assertEqual(result["mean_bandwidth"], (1000 * 20 + 200 * 20 + 1000 * 20) / 60)

    def test_a_target_nobody_reaches_is_told(self):
        done = run(*SMALL, "--json", "--modes", "ef21,kimad", "--max-rounds", "3")
        self.assertEqual(done.returncode, 1)
        said = done.stderr.splitlines()
        self.assertEqual(len(said), 2, done.stderr)
        for mode, line in zip(("ef21", "kimad"), said):
            self.assertIn(f"{mode} never reached the target = 0.01", line)
        result = json.loads(done.stdout.splitlines()[-1])
        self.assertIsNone(result["best_fixed"])
        self.assertEqual([mode["seconds"] for mode in result["modes"]], [None, None])


class Refusals(FolderCase):
    def assert_refused(self, status, arguments, *words, ranks=None):
        with self.subTest(arguments=arguments):
            done = run(*arguments, ranks=ranks)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual(done.stdout.strip(), "")
            said = [line for line in done.stderr.splitlines() if line.startswith("pliant_quadratic: ")]
            self.assertEqual(len(said), 1, done.stderr)
            for word in words:
                self.assertIn(word, said[0])
            self.assertNotIn("MPI_ABORT", done.stderr)

    def test_values(self):
        for arguments, *words in (
                (["--densities", "0.1,0"], "--densities = 0", "(0, 1]"),
                (["--densities", "1.5"], "--densities = 1.5", "(0, 1]"),
                (["--densities", "nan"], "--densities = nan"),
                (["--delta", "-1"], "--delta = -1", "> 0"),
                (["--eta", "-1"], "--eta = -1", ">= 0"),
                (["--noise", "-0.1"], "--noise = -0.1"),
                (["--theta", "0"], "--theta = 0"),
                (["--spread", "1.1"], "--spread = 1.1", "[0, 1]"),
                (["--steps", "0"], "--steps = 0"),
                (["--target", "1"], "--target = 1", "(0, 1)"),
                (["--least-density", "2"], "--least-density = 2"),
                (["--compute", "-1"], "--compute = -1"),
                (["--workers", "0"], "--workers = 0"),
                (["--dimension", "3.5"], "--dimension = 3.5", "whole number"),
                (["--dimension", "3", "--layers", "4"], "--layers = 4"),
                (["--modes", "kimad,best"], "--modes = best", "ef21", "kimad+")):
            self.assert_refused(2, arguments, *words)

    def test_ranks_and_workers(self):
        self.assert_refused(2, ["--workers", "4"], "--workers = 4 on 3 ranks", "Start 5 ranks", ranks=3)

    def test_bandwidth_files(self):
        path = self.folder / "bandwidth.txt"
        path.write_text("0 1000\n5 -1\n")
        for ranks in (None, 3):
            self.assert_refused(1, [*SMALL, "--bandwidth", str(path)], f"{path}:2", "must be > 0", ranks=ranks)
            self.assert_refused(1, [*SMALL, "--bandwidth", "/nowhere/b"], "/nowhere/b", "sine, step, constant", ranks=ranks)

    def test_csv_that_cannot_be_written(self):
        done = run(*SMALL, "--modes", "ef21", "--csv", "/nowhere/r.csv")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write --csv = /nowhere/r.csv", done.stderr)


class Script(FolderCase):
    def script(self, *arguments):
        return subprocess.run([sys.executable, "-B", str(pathlib.Path(SCRIPTS) / "quadratic"), "--bin",
                               str(pathlib.Path(PROGRAM).parent), *arguments], text=True, capture_output=True,
                              timeout=240, check=False)

    def test_table_has_a_line_a_regime(self):
        done = self.script("--seeds", "2", "--regimes", "constant,noise of 30 %", "--", *SMALL)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
        self.assertEqual([row[0] for row in rows], ["| regime", "| constant", "| noise of 30 %"])
        self.assertEqual([len(row) for row in rows], [9, 9, 9])
        for row in rows[1:]:
            for cell in (row[3], row[4], row[7]):
                self.assertRegex(cell, r"^-?\d+ % \(-?\d+ to -?\d+\)$")

    def test_refusals(self):
        for arguments, word in ((["--regimes", "sinus"], "regime = sinus"), (["--seeds", "0"], "seeds = 0"),
                                (["--bin", "/nowhere"], "no pliant_quadratic in /nowhere")):
            done = self.script(*arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn(word, done.stderr)
        done = self.script("--regimes", "sine", "--seeds", "1", "--", "--densities", "7")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--densities = 7", done.stderr)

    def test_plot(self):
        try:
            import matplotlib  # noqa: F401 (only whether it is there)
        except ImportError:
            self.skipTest("no matplotlib (package python3-matplotlib)")
        path = self.folder / "plot.svg"
        done = self.script("--regimes", "sine", "--plot", str(path), "--", *SMALL)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("simulated time", path.read_text())


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    SCRIPTS = sys.argv[2]
    MPIRUN = sys.argv[3:]
    sys.argv[1:] = []
    unittest.main()
