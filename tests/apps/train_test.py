"""pliant_train: usage: train_test.py PLIANT_TRAIN MPIRUN [ARGUMENTS...] RANKS_FLAG"""
import gzip
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = ""
MPIRUN = []
DATASET = pathlib.Path("/usr/share/datasets/fashion-mnist")
FILES = [f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
MLP_PARAMETERS = 535818
SKIPPED = 77


def run(*arguments, ranks=2):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLIANT_")}
    return subprocess.run([*MPIRUN, str(ranks), PROGRAM, *arguments], text=True, capture_output=True, timeout=240,
                          env={**inherited, "PLIANT_PROBE_MAX_MS": "20"})


def train(*arguments, ranks=2):
    done = run(*arguments, ranks=ranks)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def write_idx(folder, name, lengths, elements, magic=None):
    header = struct.pack(f">{1 + len(lengths)}I", magic or 0x0800 + len(lengths), *lengths)
    (folder / name).write_bytes(gzip.compress(header + elements))


class SmallDatasetCase(unittest.TestCase):
    """self.folder has a small valid dataset, which tests may damage."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        for name in FILES:
            images = "images" in name
            write_idx(self.folder, name, (64, 28, 28) if images else (64,), bytes(64 * (784 if images else 1)))


class Training(SmallDatasetCase):
    def test_exact_repeats_bit_by_bit(self):
        options = ("--mode", "exact", "--algorithm", "tree", "--max-steps", "12", "--seed", "3")
        first, second = train(*options), train(*options)
        self.assertEqual(first["accuracy"], second["accuracy"])
        self.assertEqual(first["wire_bytes"], second["wire_bytes"])
        self.assertEqual(first["algorithms"], {"tree": 1})
        self.assertEqual((first["mean_density"], first["mean_gain"]), (1, 1))
        # In a tree over P ranks, all data goes up once and down once over each of P - 1 edges.
        self.assertEqual(first["wire_bytes"], 12 * 2 * 4 * MLP_PARAMETERS)
        other = train(*options[:-1], "4")
        self.assertNotEqual(first["accuracy"], other["accuracy"])

    def test_result_says_what_was_run(self):
        result = train("--mode", "topk", "--density", "0.02", "--algorithm", "allgather_topk", "--max-steps", "10")
        self.assertGreaterEqual(set(result), {
            "accuracy", "seconds", "compute_s", "communication_s", "wire_bytes", "mean_density", "steps",
            "algorithms", "ranks", "model", "mode", "policy", "parameters", "mean_gain", "ms_per_step",
            "mean_compute_ms", "parameters_identical"})
        self.assertEqual((result["ranks"], result["model"], result["mode"], result["policy"], result["steps"]),
                         (2, "mlp", "topk", "fixed", 10))
        self.assertEqual(result["parameters"], MLP_PARAMETERS)
        self.assertIs(result["parameters_identical"], True)
        self.assertEqual(result["algorithms"], {"allgather_topk": 1})
        self.assertAlmostEqual(result["mean_density"], 0.02, places=5)
        self.assertTrue(0 < result["mean_gain"] < 1)
        self.assertLess(result["wire_bytes"], 10 * 2 * 4 * MLP_PARAMETERS * 0.05)
        self.assertAlmostEqual(result["seconds"], result["compute_s"] + result["communication_s"], places=6)
        self.assertAlmostEqual(result["ms_per_step"], 100 * result["seconds"])

    def test_it_learns_on_three_ranks(self):
        """Ten classes: 0.1 is chance."""
        for model in ("mlp", "cnn"):
            with self.subTest(model=model):
                result = train("--model", model, "--mode", "topk", "--density", "0.1", "--algorithm",
                               "allgather_topk", "--max-steps", "60", ranks=3)
                self.assertGreater(result["accuracy"], 0.4)
                self.assertIs(result["parameters_identical"], True)

    def test_history_has_a_line_an_evaluation(self):
        path = self.folder / "history.jsonl"
        result = train("--dataset", str(self.folder), "--batch", "8", "--max-steps", "7", "--eval-every", "3",
                       "--history", str(path))
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        # With 64 images, an epoch has 4 steps.
        self.assertEqual([line["step"] for line in lines], [3, 4, 6, 7])
        self.assertEqual([line["epoch"] for line in lines], [0.75, 1, 1.5, 1.75])
        self.assertEqual(set(lines[0]), {"epoch", "step", "seconds", "clock", "monotonic", "accuracy", "loss"})
        self.assertEqual(lines[-1]["accuracy"], result["accuracy"])

    def test_it_stops_by_the_clock_at_the_same_step_on_all_ranks(self):
        """It also stops between evaluations, and writes its results so far."""
        path = self.folder / "history.jsonl"
        result = train("--max-steps", "50", "--eval-every", "30", "--max-seconds", "0.0001", "--history", str(path))
        self.assertEqual((result["steps"], result["complete"]), (1, False), "the first step takes longer")
        self.assertIs(result["parameters_identical"], True)
        point = json.loads(path.read_text())
        self.assertEqual((point["step"], point["accuracy"]), (1, result["accuracy"]))
        self.assertGreaterEqual(point["clock"], 0.0001)
        self.assertLessEqual(point["monotonic"], time.clock_gettime(time.CLOCK_MONOTONIC))

    def test_it_stops_by_the_clock_on_the_way(self):
        result = train("--dataset", str(self.folder), "--batch", "8", "--epochs", "1000000", "--max-seconds", "1.5",
                       "--model", "cnn", ranks=3)
        self.assertGreater(result["steps"], 1)
        # One rank's clock reached the limit. clock_s is the mean of three, which began at different times.
        self.assertGreaterEqual(result["clock_s"], 1.5 / 3)
        self.assertEqual((result["complete"], result["parameters_identical"]), (False, True))

    def test_a_limit_that_is_not_reached_changes_nothing(self):
        options = ("--mode", "exact", "--algorithm", "tree", "--max-steps", "7")
        free, limited = train(*options), train(*options, "--max-seconds", "1000")
        self.assertEqual((limited["accuracy"], limited["steps"], limited["complete"]), (free["accuracy"], 7, True))

    def test_measuring_anew_changes_no_result(self):
        options = ("--mode", "exact", "--algorithm", "tree", "--max-steps", "7")
        self.assertEqual(train(*options)["accuracy"], train(*options, "--probe-every", "2")["accuracy"])

    def test_an_epoch_leaves_out_what_does_not_fill_a_step(self):
        result = train("--dataset", str(self.folder), "--epochs", "3", "--batch", "12")
        self.assertEqual(result["steps"], 3 * (64 // (2 * 12)))


class RefusalCase(SmallDatasetCase):
    def assert_refused(self, status, arguments, *words):
        done = run(*arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout.strip(), "")
        said = [line for line in done.stderr.splitlines() if line.startswith("pliant_train: ")]
        self.assertEqual(len(said), 1, done.stderr)
        for word in words:
            self.assertIn(word, said[0])
        self.assertNotIn("MPI_ABORT", done.stderr)


class Refusals(RefusalCase):
    def test_device_that_is_not_there(self):
        """Debian's LibTorch has no CUDA. With other builds the test hides all GPUs."""
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        self.addCleanup(os.environ.pop, "CUDA_VISIBLE_DEVICES")
        self.assert_refused(1, ["--device", "cuda", "--dataset", str(self.folder), "--batch", "8"],
                            "--device = cuda on rank 0", "--device host")

    def test_missing_dataset_names_the_package(self):
        self.assert_refused(1, ["--dataset", "/nowhere"], "/nowhere", "dataset-fashion-mnist", "--dataset")

    def test_values(self):
        for status, arguments, *words in (
                (2, ["--model", "resnet18"], "resnet18", "mlp", "cnn"),
                (2, ["--batch", "0"], "--batch = 0"),
                (2, ["--device", "gpu"], "--device = gpu", "host or cuda"),
                (2, ["--momentum", "1"], "--momentum = 1", "[0, 1)"),
                (2, ["--learning-rate-decay", "0"], "--learning-rate-decay = 0", "(0, 1]"),
                (1, ["--batch", "33"], "--batch = 33 on 2 ranks", "64 training images"),
                (1, ["--batch", "8", "--mode", "topk", "--density", "2"], "pliant_density = 2"),
                (1, ["--batch", "8", "--algorithm", "rnig"], "rnig", "ring"),
                (1, ["--batch", "8", "--history", "/nowhere/h"], "/nowhere/h")):
            with self.subTest(arguments=arguments):
                self.assert_refused(status, [*arguments, "--dataset", str(self.folder)], *words)


class DamagedFiles(RefusalCase):
    def write(self, *arguments, **keywords):
        write_idx(self.folder, *arguments, **keywords)

    def assert_file_refused(self, name, *words):
        self.assert_refused(1, ["--dataset", str(self.folder), "--max-steps", "1"], name, *words)

    def test_whole_files_are_read(self):
        self.assertEqual(train("--dataset", str(self.folder), "--max-steps", "1")["steps"], 1)

    def test_wrong_magic(self):
        self.write(FILES[0], (64, 28, 28), bytes(64 * 784), magic=0x0D03)
        self.assert_file_refused(FILES[0], "magic number = 3331")

    def test_wrong_dimensions(self):
        self.write(FILES[2], (64, 32, 32), bytes(64 * 1024))
        self.assert_file_refused(FILES[2], "32 x 32", "28 x 28")

    def test_absurd_length(self):
        self.write(FILES[0], (0xFFFFFFFF, 28, 28), bytes(10))
        self.assert_file_refused(FILES[0], "4294967295")

    def test_too_few_and_too_many_bytes(self):
        self.write(FILES[0], (64, 28, 28), bytes(64 * 784 - 5))
        self.assert_file_refused(FILES[0], "5 bytes early")
        self.write(FILES[0], (64, 28, 28), bytes(64 * 784 + 1))
        self.assert_file_refused(FILES[0], "more than the 50176 bytes")

    def test_truncated_gzip(self):
        whole = (DATASET / FILES[2]).read_bytes()
        (self.folder / FILES[2]).write_bytes(whole[:len(whole) // 2])
        self.assert_file_refused(FILES[2], "gzip")

    def test_labels(self):
        self.write(FILES[1], (64,), bytes([10]) * 64)
        self.assert_file_refused(FILES[1], "label = 10")
        self.write(FILES[1], (63,), bytes(63))
        self.assert_file_refused(FILES[1], "63 labels for 64 images")


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    MPIRUN = sys.argv[2:]
    sys.argv[1:] = []
    if not all((DATASET / name).exists() for name in FILES):
        print("skipped: no Fashion-MNIST (package dataset-fashion-mnist)")
        sys.exit(SKIPPED)
    unittest.main()
