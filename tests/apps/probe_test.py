"""pliant_probe: usage: probe_test.py PLIANT_PROBE MPIRUN [ARGUMENTS...] RANKS_FLAG"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
MPIRUN = []


def run(*arguments, ranks=3, max_ms=20, **environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLIANT_")}
    return subprocess.run([*MPIRUN, str(ranks), PROGRAM, "--max-ms", str(max_ms), *arguments], env={**inherited, **environment},
                          capture_output=True, text=True, timeout=120)


class Probe(unittest.TestCase):
    def test_json_has_every_pair_once_with_its_interval(self):
        done = run("--json", max_ms=500)  # on a busy machine a pair may get no turn in less
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(found["ranks"], 3)
        self.assertEqual(found["hosts"], [os.uname().nodename] * 3)
        self.assertEqual([(link["rank"], link["peer"]) for link in found["links"]], [(0, 1), (0, 2), (1, 2)])
        for link in found["links"]:
            with self.subTest(link=link):
                self.assertEqual(link["class"], "same-host")
                self.assertGreater(link["alpha_us"], 0)
                self.assertLessEqual(link["alpha_low_us"], link["alpha_us"])
                self.assertGreaterEqual(link["alpha_high_us"], link["alpha_us"])
                self.assertGreater(link["samples"], 1)
                self.assertLessEqual(link["floor"]["alpha_us"], link["alpha_us"])
                self.assertGreaterEqual(len(link["pieces"]), 1)
                self.assertEqual(link["impossible"], 0)
                self.assertGreaterEqual(link["held_out"]["worst_error"], link["held_out"]["median_error"])
        self.assertEqual([(of["class"], of["links"]) for of in found["classes"]], [("same-host", 3)])
        self.assertIsNone(found["classes"][0]["contention"], "three ranks are one pair at once")
        self.assertGreater(found["agreed"]["alpha_us"], 0)

    def test_text_names_pairs_classes_and_the_model(self):
        done = run(ranks=2)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(any(line.split()[:3] == ["0", "1", "same-host"] for line in done.stdout.splitlines()),
                        done.stdout)
        self.assertIn(f"# hosts: rank 0 {os.uname().nodename}, 1 {os.uname().nodename}\n", done.stdout)

    def test_output_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "net.json"
            done = run("--json", "--output", str(path), ranks=2)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(path.read_text())["ranks"], 2)

    def test_one_rank_has_nothing_to_measure(self):
        done = run(ranks=1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("nothing to measure", done.stdout + done.stderr)

    def test_profile_is_saved_and_shown_without_measuring(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "profile.json"
            done = run("--json", "--save", str(path), ranks=2)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout), json.loads(path.read_text()))
            shown = subprocess.run([PROGRAM, "--load", str(path), "--json"], capture_output=True, text=True, timeout=60)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertAlmostEqual(json.loads(shown.stdout)["links"][0]["alpha_us"],
                                   json.loads(done.stdout)["links"][0]["alpha_us"])
            text = run("--load", str(path), ranks=2)
            self.assertEqual(text.stdout.count("# pliant_probe: 2 ranks, 1 links measured"), 1, text.stdout)

    def test_bad_profiles(self):
        good = {"schema": "pliant-probe", "schema_version": 1, "ranks": 2, "links": [], "classes": [], "agreed": None}
        link = {"rank": 0, "peer": 1, "class": "same-host", "alpha_us": -4}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "profile.json"
            for text, message in (
                    ("", f"profile {path} is no JSON: "),
                    (json.dumps([]), f"profile {path}: the file = [] (must be an object). Write it anew"),
                    (json.dumps({**good, "ranks": 0}), f"profile {path}: ranks = 0 (must be a whole number from 1"),
                    (json.dumps({**good, "hosts": ["n1"]}),
                     f'profile {path}: hosts = ["n1"] (must have a name for every rank, or none)'),
                    (json.dumps({**good, "links": [link]}),
                     f"profile {path}: links[0].alpha_us = -4 (must be a number >= 0")):
                with self.subTest(text=text):
                    path.write_text(text)
                    done = subprocess.run([PROGRAM, "--load", str(path)], capture_output=True, text=True, timeout=60)
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertIn(message, done.stderr)
                    self.assertEqual(done.stdout, "")
        done = run("--load", "/nowhere/profile.json", ranks=2)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("cannot read --load = /nowhere/profile.json (it must be a file"), 1)

    def test_a_file_that_cannot_be_written(self):
        for option in ("--save", "--output"):
            done = run(option, "/nowhere/file.json", ranks=2)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"cannot write {option} = /nowhere/file.json (it must be writable", done.stderr)

    def test_refusals(self):
        self.assertEqual(run("--nonsense", ranks=2).returncode, 2)
        done = run(ranks=2, PLIANT_PROBE_MAX_MS="-4")
        self.assertEqual(done.returncode, 1)
        self.assertIn("pliant_probe_max_ms = -4 (must be a number > 0)", done.stderr)


if __name__ == "__main__":
    PROGRAM, *MPIRUN = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
