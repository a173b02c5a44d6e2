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


def run(*arguments, ranks=3, **environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLIANT_")}
    return subprocess.run([*MPIRUN, str(ranks), PROGRAM, "--max-ms", "20", *arguments], env={**inherited, **environment},
                          capture_output=True, text=True, timeout=120)


class Probe(unittest.TestCase):
    def test_json_has_every_pair_once_with_its_interval(self):
        done = run("--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(found["ranks"], 3)
        self.assertEqual([(link["rank"], link["peer"]) for link in found["links"]], [(0, 1), (0, 2), (1, 2)])
        for link in found["links"]:
            with self.subTest(link=link):
                self.assertEqual(link["class"], "same-host")
                self.assertGreater(link["alpha_us"], 0)
                self.assertLessEqual(link["alpha_low_us"], link["alpha_us"])
                self.assertGreaterEqual(link["alpha_high_us"], link["alpha_us"])
                self.assertGreater(link["samples"], 1)
        slowest = max(link["alpha_us"] for link in found["links"])
        self.assertGreater(found["agreed"]["alpha_us"], 0)
        self.assertLessEqual(found["agreed"]["alpha_us"], slowest * 1.000001)

    def test_text_names_pairs_classes_and_the_model(self):
        done = run(ranks=2)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(any(line.split()[:3] == ["0", "1", "same-host"] for line in done.stdout.splitlines()),
                        done.stdout)

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

    def test_refusals(self):
        self.assertEqual(run("--nonsense", ranks=2).returncode, 2)
        done = run(ranks=2, PLIANT_PROBE_MAX_MS="-4")
        self.assertEqual(done.returncode, 1)
        self.assertIn("pliant_probe_max_ms = -4 (must be a number > 0)", done.stderr)


if __name__ == "__main__":
    PROGRAM, *MPIRUN = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
