"""pliant_quality: usage: quality_test.py PLIANT_QUALITY"""
import gzip
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
FAMILIES = ["exact", "own", "sum", "quota", "turn", "heaviest"]
SHORT = ("--ranks", "2", "--batch", "8", "--eval-every", "1")
FOLDER = tempfile.TemporaryDirectory()


def write_dataset(folder):
    """A small dataset that is learned in a few steps: noise, and two bright rows that show the class."""
    source = random.Random(1)
    for part, count in (("train", 320), ("t10k", 100)):
        labels = bytes(i % 10 for i in range(count))
        images = b"".join(bytes(source.randrange(100) + 155 * (row // 2 == label) for row in range(28)
                                for _ in range(28)) for label in labels)
        for kind, lengths, elements in (("images-idx3", (count, 28, 28), images), ("labels-idx1", (count,), labels)):
            header = struct.pack(f">{1 + len(lengths)}I", 0x0800 + len(lengths), *lengths)
            (pathlib.Path(folder) / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(header + elements))


def run(*arguments, dataset=FOLDER.name):
    return subprocess.run([PROGRAM, "--dataset", dataset, *arguments], text=True, capture_output=True,
                          timeout=240, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})


def lines(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class Pairs(unittest.TestCase):
    def test_one_of_those_that_fit_is_chosen(self):
        for ranks, time_ms in ((2, 15), (8, 15), (8, 40), (64, 30)):
            with self.subTest(ranks=ranks, time_ms=time_ms):
                pairs = lines("--ranks", str(ranks), "--time-ms", str(time_ms))
                chosen = [pair for pair in pairs if pair["chosen"]]
                self.assertEqual(len(chosen), 1)
                others = [pair for pair in pairs if not pair["chosen"]]
                families = [pair["family"] for pair in others]
                self.assertEqual(len(families), len(set(families)))
                self.assertIn(chosen[0]["family"], families)
                for pair in pairs:
                    self.assertLessEqual(pair["predicted_ms"], time_ms)
                    self.assertTrue(0 < pair["density"] <= 1)
                # The chosen pair is the best of its selection rule, up to whole elements.
                best = next(pair for pair in others if pair["family"] == chosen[0]["family"])
                self.assertAlmostEqual(chosen[0]["density"] / best["density"], 1, places=2)

    def test_more_time_allows_for_more(self):
        shorter, longer = ({pair["family"]: pair["density"] for pair in lines("--time-ms", time_ms)}
                           for time_ms in ("15", "40"))
        for family, density in shorter.items():
            self.assertGreater(longer[family], density)

    def test_a_time_that_nothing_fits_allows_for_nothing(self):
        self.assertEqual(lines("--time-ms", "0.1"), [])


class Training(unittest.TestCase):
    def test_a_seed_gives_the_same_lines(self):
        once = lines(*SHORT, "--steps", "3", "--family", "quota", "--seed", "4")
        self.assertEqual(once, lines(*SHORT, "--steps", "3", "--family", "quota", "--seed", "4"))
        self.assertNotEqual(once, lines(*SHORT, "--steps", "3", "--family", "quota", "--seed", "5"))
        self.assertEqual([line.get("step") for line in once], [1, 2, 3, None])
        self.assertEqual({key: once[-1][key] for key in ("ranks", "batch", "seed", "family", "density", "steps")},
                         {"ranks": 2, "batch": 8, "seed": 4, "family": "quota", "density": 0.01, "steps": 3})
        self.assertEqual(once[-1]["accuracy"], once[-2]["accuracy"])

    def test_staleness_is_one_as_long_as_nothing_is_outstanding(self):
        for family in FAMILIES:
            with self.subTest(family=family):
                steps = lines(*SHORT, "--steps", "2", "--family", family)[:-1]
                for seen in steps if family == "exact" else steps[:1]:
                    self.assertEqual(seen["staleness"], 1)
                if family != "exact":
                    self.assertGreater(steps[1]["staleness"], 1)

    def test_alone_all_families_are_one(self):
        """With a single rank, all selection rules select its own top-k."""
        results = [lines("--ranks", "1", "--batch", "8", "--eval-every", "1", "--steps", "3", "--family", family)[:-1]
                   for family in FAMILIES[1:]]
        for result in results[1:]:
            self.assertEqual(result, results[0])

    def test_training_ends_at_the_accuracy_asked_for(self):
        steps = lines("--ranks", "2", "--batch", "16", "--eval-every", "2", "--steps", "200", "--until", "0.5")
        self.assertLess(steps[-1]["steps"], 200)
        self.assertGreaterEqual(steps[-1]["accuracy"], 0.5)
        self.assertTrue(all(step["accuracy"] < 0.5 for step in steps[:-2]))


class Refusals(unittest.TestCase):
    def assert_refused(self, status, arguments, *words):
        with self.subTest(arguments=arguments):
            done = run(*arguments)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual(done.stdout, "")
            said = done.stderr.splitlines()
            self.assertEqual(len(said), 1, done.stderr)
            self.assertRegex(said[0], r"^pliant_quality: .+ = .+ \(.+\)\. ")
            for word in words:
                self.assertIn(word, said[0])

    def test_values(self):
        for arguments, *words in (
                (["--ranks", "0"], "--ranks = 0", "[1, 4096]"),
                (["--batch", "-1"], "--batch = -1"),
                (["--steps", "0"], "--steps = 0"),
                (["--eval-every", "0"], "--eval-every = 0"),
                (["--density", "0"], "--density = 0", "(0, 1]"),
                (["--density", "nan"], "--density = nan", "(0, 1]"),
                (["--family", "star"], "--family = star", "turn", "heaviest"),
                (["--alpha-us", "0"], "--alpha-us = 0"),
                (["--gbps", "-1"], "--gbps = -1"),
                (["--time-ms", "-1"], "--time-ms = -1")):
            self.assert_refused(2, arguments, *words)

    def test_what_is_no_option(self):
        for arguments in (["--rank", "3"], ["--ranks", "many"]):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_missing_dataset_names_the_package(self):
        done = run("--steps", "1", dataset="/nowhere")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        for word in ("/nowhere", "dataset-fashion-mnist", "--dataset"):
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    sys.argv[1:] = []
    with FOLDER:
        write_dataset(FOLDER.name)
        unittest.main()
