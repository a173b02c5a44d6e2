"""The bounds, table and refusals of scripts/limits, without running a program: limits_test.py SCRIPTS"""
import itertools
import math
import pathlib
import subprocess
import sys
import unittest

SCRIPTS = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(SCRIPTS))
import limits_report as report  # noqa: E402 (its folder comes first)

LINK = report.LinkModel(alpha_s=1e-3, beta_s_per_byte=1e-7)


def result(requested, median_us, algorithm=None, density=1.0, predicted_us=None, alpha_us=1000, beta_ns=100):
    baseline = requested == "MPI_Allreduce"
    return {"requested": requested, "algorithm": algorithm or requested, "exact": density == 1, "density": density,
            "size": 4_000_000, "count": 1_000_000, "time_us": {"median": median_us}, "predicted_us": predicted_us,
            "alpha_us": None if baseline else alpha_us, "beta_ns_per_byte": None if baseline else beta_ns}


def row(*results, truth=report.LinkModel(1e-3, 5e-8)):
    return report.Row("8 x 80mbit, 1ms", "4M", truth, {"ranks": 8, "results": list(results)})


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


class Bounds(unittest.TestCase):
    def test_rounds(self):
        self.assertEqual([report.rounds(ranks) for ranks in (1, 2, 3, 4, 5, 8, 9)], [0, 1, 2, 2, 3, 3, 4])

    def test_dense(self):
        self.assertAlmostEqual(report.dense_bound_s(8, 4_000_000, LINK), 0.7 + 0.006)
        self.assertAlmostEqual(report.dense_bound_s(3, 3_000_000, LINK), 0.4 + 0.004)
        self.assertEqual(report.dense_bound_s(1, 4_000_000, LINK), 0)

    def test_lossy(self):
        self.assertAlmostEqual(report.leader_bound_s(8, 10_000, 8, LINK), 10_000 * (1 + 7) * 1e-7 + 0.012)
        self.assertAlmostEqual(report.allgather_bound_s(8, 10_000, 8, LINK), 7 * 10_000 * 5 * 1e-7 + 0.003)

    def test_entropy_is_that_of_the_sets(self):
        for count, kept in itertools.product((1, 2, 10, 1000), (1, 2, 7, 10)):
            if kept <= count:
                self.assertAlmostEqual(report.entropy_bits(count, kept), math.log2(math.comb(count, kept)) / kept)
        self.assertAlmostEqual(report.entropy_bits(25_600_000, 256_000), 8.079, places=2)

    def test_each_algorithm_has_its_own(self):
        kinds = {"ring": "dense", "allgather_topk": "allgather", "star_ring": "leader", "var_tree": "leader",
                 "quota_rabenseifner": "leader"}
        for algorithm, kind in kinds.items():
            found = result("topk", 1, algorithm, 1.0 if kind == "dense" else 0.01)
            self.assertEqual(report.bound_of(found, 8, LINK)[0], kind)
        self.assertIsNone(report.bound_of(result("new", 1, density=0.01), 8, LINK))

    def test_index_bits_can_be_given(self):
        found = result("star_ring", 1, density=0.01)
        self.assertEqual(report.bound_of(found, 8, LINK, 32)[1], report.leader_bound_s(8, 10_000, 32, LINK))
        entropy = report.entropy_bits(1_000_000, 10_000)
        self.assertEqual(report.bound_of(found, 8, LINK)[1], report.leader_bound_s(8, 10_000, entropy, LINK))

    def test_link_is_the_median_of_those_that_measured(self):
        pairs = ((1, 9), (2, 7), (9, 8))
        results = [result("MPI_Allreduce", 1), *(result("ring", 1, alpha_us=a, beta_ns=b) for a, b in pairs)]
        self.assertEqual(report.link_model_of({"results": results}), report.LinkModel(2e-6, 8e-9))
        self.assertIsNone(report.link_model_of({"results": results[:1]}))


    def test_link_as_set(self):
        for rate, delay, alpha_s, rate_bps in (("100mbit", "1ms", 1e-3, 1e8), ("2.5gbit", "0.1ms", 1e-4, 2.5e9),
                                               ("64kbit", "0", 0, 64e3), ("1gbit", "30us", 3e-5, 1e9)):
            link = report.link_as_set(rate, delay)
            self.assertAlmostEqual(link.alpha_s, alpha_s)
            self.assertAlmostEqual(link.beta_s_per_byte * rate_bps * 0.941, 8)


class Table(unittest.TestCase):
    DENSE = row(result("MPI_Allreduce", 1_412_000), result("auto", 706_000, "ring", predicted_us=353_000))

    def test_cells(self):
        heading, rule, line = report.table_lines([self.DENSE])
        self.assertEqual(cells(heading), ["link", "size", "alpha [us]", "beta [ns/B]", "bound [ms]", "MPI [ms]",
                                          "MPI_Allreduce", "auto"])
        self.assertEqual(len(cells(rule)), 8)
        self.assertEqual(cells(line), ["8 x 80mbit, 1ms", "4M", "1000", "100", "706", "1412", "2.00 · 3.97 · - · 1.00",
                                       "1.00 · 1.98 · 0.50 · 2.00 (ring)"])

    def test_failed_run_is_a_row_and_a_note(self):
        failed = report.Row("4 x 1gbit, 1ms", "1M", None, None, "status 69: no /dev/net/tun")
        _, _, *lines = report.table_lines([failed, self.DENSE])
        self.assertEqual([len(cells(line)) for line in lines], [8, 8])
        self.assertEqual(cells(lines[0])[:3], ["4 x 1gbit, 1ms", "1M", "failed"])
        self.assertEqual(list(report.note_lines([failed, self.DENSE]))[-1],
                         "Failed: 4 x 1gbit, 1ms, 1M: status 69: no /dev/net/tun")
        self.assertEqual(len(list(report.table_lines([failed]))), 3)

    def test_shared_memory_has_no_bound(self):
        local = row(*self.DENSE.found["results"], truth=None)
        heading, _, line = report.table_lines([local])
        self.assertNotIn("bound", heading)
        self.assertEqual(cells(line)[-1], "- · - · 0.50 · 2.00 (ring)")
        self.assertEqual(len(list(report.note_lines([local]))), 1)

    def test_lossy_bounds_have_columns_and_say_their_index_bits(self):
        lossy = row(result("MPI_Allreduce", 1_000_000), result("star_ring", 20_000, density=0.01),
                    result("allgather_topk", 30_000, density=0.01))
        heading, _, line = report.table_lines([lossy], 8)
        self.assertEqual(cells(heading)[4:7], ["bound [ms]", "leader bound [ms]", "allgather bound [ms]"])
        self.assertEqual(cells(line)[4:7], ["706", "20", "38"])
        self.assertIn("i, the bits of an index, = 8.00 (as given).", list(report.note_lines([lossy], 8)))
        self.assertTrue(any("8.08" in note and "log2 C(count, k) / k" in note for note in report.note_lines([lossy])))

    def test_compressing_stands_behind_the_minus(self):
        slow = {**result("star_ring", 20_000, density=0.01), "compress_us": 5_000}
        line = list(report.table_lines([row(slow)], 8))[2]
        self.assertEqual(cells(line)[-1], "1.00 - 0.25 · 1.25 · - · -")

    def test_without_mpi(self):
        line = list(report.table_lines([row(result("ring", 706_000, predicted_us=706_000))]))[2]
        self.assertEqual(cells(line)[5:], ["-", "1.00 · 1.98 · 1.00 · -"])


class Refusals(unittest.TestCase):
    def test_one_line_with_value_and_rule(self):
        for arguments, words in ((["--links", "8:fast:1ms"], ["8:fast:1ms", "HOSTS:RATE:DELAY"]),
                                 (["--links", "65:1gbit:1ms"], ["65:1gbit:1ms", "2 to 64"]),
                                 (["--sizes", "1M,2X"], ["2X", "1024"]),
                                 (["--density", "0"], ["density = 0", "(0, 1]"]),
                                 (["--local", "0"], ["ranks = 0", "[1, 64]"]),
                                 (["--bin", "nowhere"], ["pliant_bench", "nowhere", "cmake"])):
            with self.subTest(arguments=arguments):
                done = subprocess.run([sys.executable, "-B", SCRIPTS / "limits", *arguments], capture_output=True,
                                      text=True, check=False)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                for word in words:
                    self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()
