"""pliant_info: usage: info_test.py PLIANT_INFO"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""

# Tyagi and Swany 2023, Table VI: 8 ranks, alpha 1 ms. The winner at 10, 5 and 1 Gbit/s. Its time in ms is given where
# the paper's own table and formula agree within 10 %.
MODELS = {"ResNet18": 11689512, "ResNet50": 25557032, "AlexNet": 61100840, "ViT": 133300000}
GBPS = (10, 5, 1)
AG, RING, TREE = "allgather_topk", "star_ring", "star_tree"
TABLE_VI = {
    ("ResNet18", 0.1): ((RING, 35), (RING, 52.5), (RING, 194.7)),
    ("ResNet18", 0.01): ((AG, 7.66), (AG, 13.83), (RING, 34.1)),
    ("ResNet18", 0.001): ((AG, 3.28), (AG, 4.25), (AG, 8.86)),
    ("ResNet50", 0.1): ((RING, 52.9), (RING, 94.7), (RING, 405.5)),
    ("ResNet50", 0.01): ((AG, 14.35), (TREE, 24.2), (RING, 58.8)),
    ("ResNet50", 0.001): ((AG, None), (AG, 5.3), (AG, 14.35)),
    ("AlexNet", 0.1): ((RING, 106.8), (RING, 200.4), (RING, 964.4)),
    ("AlexNet", 0.01): ((RING, 25.2), (RING, 34.8), (RING, 111.8)),
    ("AlexNet", 0.001): ((AG, 6), (AG, 8.92), (RING, 27)),
    ("ViT", 0.1): ((RING, 238.6), (RING, 424.3), (RING, 2047)),
    ("ViT", 0.01): ((RING, 36.2), (RING, 58), (RING, 222.8)),
    ("ViT", 0.001): ((AG, 9.15), (AG, 15.3), (RING, 36.7)),
}


def run(*arguments, **environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLIANT_")}
    return subprocess.run([PROGRAM, *map(str, arguments)], env={**inherited, **environment},
                          capture_output=True, text=True, timeout=120)


def run_json(*arguments, **environment):
    done = run(*arguments, "--json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def explain(ranks=8, alpha_us=1000, gbps=1, count=1000000, density=0.01, model="paper"):
    return run_json("--explain", "--ranks", ranks, "--alpha-us", alpha_us, "--gbps", gbps, "--count", count,
                    "--density", density, "--model", model)["candidates"]


class Explain(unittest.TestCase):
    def test_candidates_have_the_fixed_keys_cheapest_first(self):
        for model in ("paper", "measured"):
            candidates = explain(model=model)
            self.assertGreaterEqual(len(candidates), 3)
            for candidate in candidates:
                self.assertEqual(set(candidate), {"algorithm", "density", "predicted_s", "wire_bytes", "exact"})
                self.assertIs(type(candidate["exact"]), bool)
                self.assertEqual(candidate["density"], 1 if candidate["exact"] else 0.01)
            times = [candidate["predicted_s"] for candidate in candidates]
            self.assertEqual(times, sorted(times))
            self.assertEqual({candidate["exact"] for candidate in candidates}, {True, False})

    def test_winners_of_table_vi(self):
        for (model, density), cells in TABLE_VI.items():
            for gbps, (winner, published_ms) in zip(GBPS, cells):
                with self.subTest(model=model, density=density, gbps=gbps):
                    best = explain(gbps=gbps, count=MODELS[model], density=density)[0]
                    self.assertEqual(best["algorithm"], winner)
                    if published_ms is not None:
                        self.assertAlmostEqual(best["predicted_s"] * 1e3, published_ms, delta=0.1 * published_ms)

    def test_paper_model_is_equation_4(self):
        ranks, rounds, alpha_s, beta, count, kept = 8, 3, 2e-3, 1 / (4 * 1.25e8), 1000000, 50000
        value_s = 4 * kept * beta
        expected = {
            AG: rounds * alpha_s + 2 * value_s * (ranks - 1),
            RING: alpha_s * (2 * (ranks - 1) + rounds) + value_s * (2 * (ranks - 1) / ranks + rounds),
            TREE: 3 * rounds * (alpha_s + value_s),
            "ring": 2 * (ranks - 1) * alpha_s + 2 * (ranks - 1) / ranks * 4 * count * beta,
            "tree": 2 * rounds * (alpha_s + 4 * count * beta),
        }
        found = {c["algorithm"]: c["predicted_s"] for c in explain(ranks, 2000, 4, count, 0.05)}
        for name, seconds in expected.items():
            self.assertAlmostEqual(found[name] / seconds, 1, places=9, msg=name)

    def test_text_names_the_same_candidates(self):
        text = run("--explain", "--ranks", 8, "--alpha-us", 1000, "--gbps", 1, "--count", 1000000, "--model",
                   "paper").stdout
        names = [line.split()[0] for line in text.splitlines()[2:]]
        self.assertEqual(names, [candidate["algorithm"] for candidate in explain()])


# Mean ms of a call over the papers' 50 epochs (shared formulas, density 0.1, 8 ranks): Allgather, ring, tree, switching.
MEANS_MS = {
    ("c1", "ResNet18"): (342, 539, 407, 262), ("c1", "ResNet50"): (653, 645, 607, 445),
    ("c1", "AlexNet"): (1450, 915, 1120, 740), ("c1", "ViT"): (3070, 1465, 2161, 1313),
    ("c2", "ResNet18"): (153, 214, 170, 153), ("c2", "ResNet50"): (299, 263, 264, 244),
    ("c2", "AlexNet"): (673, 390, 504, 390), ("c2", "ViT"): (1432, 648, 992, 648),
}


def replay(schedule, *more, count=1000000, density=0.1, ranks=8, model="paper"):
    return run_json("--explain", "--schedule", schedule, "--ranks", ranks, "--count", count, "--density", density,
                    "--model", model, *more)


class Replay(unittest.TestCase):
    def test_means_of_the_papers_schedules(self):
        for (schedule, model), (allgather, ring, tree, switching) in MEANS_MS.items():
            with self.subTest(schedule=schedule, model=model):
                found = replay(schedule, count=MODELS[model])
                means = found["mean_s"]
                for published_ms, seconds in ((allgather, means[AG]), (ring, means[RING]), (tree, means[TREE]),
                                              (switching, found["switching_mean_s"])):
                    self.assertAlmostEqual(seconds * 1e3, published_ms, delta=0.01 * published_ms)

    def test_steps_are_the_schedule(self):
        steps = replay("c1")["steps"]
        self.assertEqual(len(steps), 50)
        self.assertEqual([(round(s["alpha_us"], 6), round(s["gbps"], 6))
                          for s in (steps[0], steps[12], steps[24], steps[49])],
                         [(1000, 25), (1000, 1), (50000, 1), (50000, 25)])

    def test_a_file_begins_with_the_link_described(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "links")
            with open(path, "w", encoding="utf-8") as file:
                file.write("2 all rate=100mbit\n3 all delay=5ms\n")
            steps = replay(path, "--alpha-us", 100, "--gbps", 1, "--steps", 4)["steps"]
            self.assertEqual([(round(s["alpha_us"]), round(s["gbps"], 6)) for s in steps],
                             [(100, 1), (100, 1), (100, 0.1), (5000, 0.1)])
            with open(path, "w", encoding="utf-8") as file:
                file.write("1 all rate=0\n")
            done = run("--explain", "--schedule", path, "--alpha-us", 100, "--gbps", 1, "--ranks", 8, "--count", 9)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("cuts a link", done.stderr)

    def test_text_names_each_change_and_each_mean(self):
        text = run("--explain", "--schedule", "c1", "--ranks", "8", "--count", "11689512", "--density", "0.1",
                   "--model", "paper").stdout
        for word in ("star_tree", "star_ring", "allgather_topk", "switching"):
            self.assertIn(word, text)
        self.assertEqual(run("--explain", "--schedule", "nowhere", "--alpha-us", "1", "--gbps", "1", "--ranks", "8",
                             "--count", "9").returncode, 1)


class Regret(unittest.TestCase):
    """The figures that docs/results/README.md has."""

    def rows(self, *arguments):
        return {(row["schedule"], row["knowledge"]): row for row in run_json("--regret", *arguments)["regret"]}

    def test_learned_choices_are_nearly_the_oracles(self):
        schedules = ("c1", "c2", "sine", "step", "walk")
        rows = self.rows(*(word for schedule in schedules for word in ("--schedule", schedule)))
        for schedule in schedules:
            learned, first = rows[schedule, "learned"], rows[schedule, "first"]
            self.assertLessEqual(learned["median"], 0.03)
            self.assertLessEqual(learned["p95"], 0.15)
            self.assertLess(learned["mean"], first["mean"] / 3)

    def test_formulas_that_are_wrong_are_corrected(self):
        rows = self.rows("--schedule", "c1", "--calls", 40, "--formula-error", 0.3)
        self.assertLess(rows["c1", "learned"]["mean"], rows["c1", "first"]["mean"] / 3)

    def test_the_same_seed_gives_the_same(self):
        arguments = ("--schedule", "c1", "--calls", 2, "--seed", 5)
        self.assertEqual(self.rows(*arguments), self.rows(*arguments))


class BadValues(unittest.TestCase):
    GOOD = {"--ranks": 8, "--alpha-us": 10, "--gbps": 1, "--count": 1000, "--density": 0.1}

    def assert_usage_error(self, arguments, *words):
        done = run(*arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_each_bad_value_is_one_line_with_value_and_rule(self):
        for option, value, rule in (("--density", "2", "(0, 1]"), ("--density", "0", "(0, 1]"),
                                    ("--density", "nan", "(0, 1]"), ("--gbps", "0", "> 0"),
                                    ("--gbps", "inf", "> 0"), ("--alpha-us", "-1", ">= 0"),
                                    ("--ranks", "0", ">= 1"), ("--ranks", "2.5", "whole"),
                                    ("--count", "many", "whole"), ("--model", "guess", "paper")):
            with self.subTest(option=option, value=value):
                pairs = {**self.GOOD, option: value}
                words = [f"{name}={word}" for name, word in pairs.items()]
                self.assert_usage_error(["--explain", *words], option, value, rule)

    def test_missing_and_unknown_options(self):
        self.assert_usage_error(["--explain", "--ranks", "8"], "--explain", "--alpha-us")
        self.assert_usage_error(["--ranks", "8"], "--ranks", "--explain")
        self.assert_usage_error(["--nonsense"], "--nonsense")
        self.assert_usage_error(["--explain", "--schedule", "c1", "--ranks", "8"], "--explain", "--count")
        self.assert_usage_error(["--explain", "--schedule", "sine", "--ranks", "8", "--count", "9"], "--alpha-us")
        self.assert_usage_error(["--regret", "--noise", "2"], "noise = 2", "from 0 to 1")
        self.assert_usage_error(["--regret", "--explain"], "--explain")
        self.assert_usage_error(["--decision-time", "--regret"], "--regret")
        self.assert_usage_error(["--decision-time", "--tensors", "0"], "tensors = 0")


class DecisionTime(unittest.TestCase):
    def test_has_a_row_for_each_way_of_calling(self):
        answer = run_json("--decision-time", "--tensors", 4)
        self.assertEqual(answer["tensors"], 4)
        self.assertGreater(answer["copy_16k_us"], 0)
        self.assertEqual([row["call"] for row in answer["decisions"]], ["exact", "fixed", "budget", "pareto", "goodput"])
        for row in answer["decisions"]:
            self.assertLessEqual(row["median_us"], row["p99_us"])
            self.assertGreater(row["mean_us"], 0)
            self.assertGreater(row["meetings"], 0)


class Sections(unittest.TestCase):
    def test_settings_show_value_and_source(self):
        def setting(**environment):
            rows = run_json("--settings", **environment)
            return next(row for row in rows if row["key"] == "pliant_density")

        row = setting()
        self.assertEqual(set(row), {"key", "environment", "default", "values", "unit", "meaning", "value", "source"})
        self.assertEqual((row["value"], row["source"]), (row["default"], "default"))
        row = setting(PLIANT_DENSITY="0.25")
        self.assertEqual((row["value"], row["source"]), ("0.25", "environment"))

    def test_settings_as_text(self):
        text = run("--settings", PLIANT_DENSITY="0.25").stdout
        line = next(line for line in text.splitlines() if "PLIANT_DENSITY" in line)
        self.assertEqual(line.split()[:3], ["PLIANT_DENSITY", "0.25", "environment"])

    def test_refused_setting_is_said_and_marked(self):
        done = run("--settings", PLIANT_DENSITY="2")
        self.assertEqual(done.returncode, 1)
        self.assertIn("pliant_density = 2 (must be a number in (0, 1])", done.stderr)
        self.assertIn("2 (refused)", done.stdout)

    def test_devices_are_told_with_a_driver_and_without(self):
        found = run_json("--devices")
        self.assertEqual(set(found),
                         {"cuda_runtime", "cuda_driver", "nccl", "devices", "problem", "mpi_cuda_aware"})
        self.assertEqual(found["devices"] == 0, found["problem"] != "", found)
        text = run("--devices").stdout
        version = run_json("--version")
        for name, word in (("cuda_runtime", "CUDA"), ("nccl", "NCCL")):
            self.assertIn(found[name] or "none", text)
            self.assertIn(f"{word} {found[name]}" if found[name] else f"no {word}", version)
        self.assertIn(found["problem"], text)

    def test_a_device_that_is_hidden_is_not_counted(self):
        found = run_json("--devices", CUDA_VISIBLE_DEVICES="")
        self.assertEqual(found["devices"], 0)
        self.assertNotEqual(found["problem"], "")

    def test_everything(self):
        everything = run_json()
        self.assertEqual(set(everything), {"version", "devices", "kernels", "algorithms", "codecs", "settings"})
        self.assertEqual(everything["algorithms"], run_json("--algorithms"))
        self.assertIn({"name": "scalar", "usable": True},
                      [{"name": row["name"], "usable": row["usable"]} for row in everything["kernels"]])
        exact = {row["name"]: row["exact"] for row in everything["algorithms"]}
        self.assertTrue(exact["ring"])
        self.assertFalse(exact[AG])
        text = run().stdout
        codecs = everything["codecs"]
        self.assertEqual([row["name"] for row in codecs["index"]], ["raw", "block", "rice"])
        self.assertEqual({row["name"]: row["exact"] for row in codecs["value"]},
                         {"float32": True, "bfloat16": False, "int8": False})
        for row in everything["kernels"] + everything["algorithms"] + codecs["index"] + codecs["value"]:
            self.assertIn(row["name"], text)
        self.assertEqual(run("--version").stdout, f"pliant {everything['version']}\n")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
