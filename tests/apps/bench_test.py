"""pliant_bench: usage: bench_test.py PLIANT_BENCH BENCH_ON_DOUBLE MPIRUN [ARGUMENTS...] RANKS_FLAG

BENCH_ON_DOUBLE: the same with doubles of CUDA and NCCL (tests/support/device_double/); "none" where they were not built."""
import csv
import io
import json
import os
import subprocess
import sys
import unittest

PROGRAM = ""
ON_DOUBLE = ""
MPIRUN = []
QUICK = ("-n", "3", "-w", "1")


def run(*arguments, ranks=3, program=None, **environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLIANT_")}
    environment = {**inherited, "PLIANT_PROBE_MAX_MS": "20", **environment}
    return subprocess.run([*MPIRUN, str(ranks), program or PROGRAM, *arguments], env=environment, capture_output=True,
                          text=True, timeout=240)


def run_json(*arguments, **keywords):
    done = run(*arguments, *QUICK, "--json", **keywords)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


class Kernels(unittest.TestCase):
    QUICK = ("--kernels", "--counts", "20000,4K", "-n", "2")

    def rows(self, *arguments):
        done = run(*self.QUICK, *arguments, "--json", ranks=1)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_every_kernel_has_rows(self):
        rows = self.rows("--density", "0.1,0.01")
        self.assertGreaterEqual({row["kernel"] for row in rows},
                                {"topk", "topk_curve", "topk_float64", "reduce_sum", "accumulate", "drain",
                                 "squared_norm", "take", "scatter_add", "index_raw_encode", "index_rice_decode",
                                 "index_block_decode", "index_block_encode", "value_int8_encode",
                                 "value_bfloat16_decode", "crc32c"})
        topk = [row for row in rows if row["kernel"] == "topk"]
        inputs = {"normal", "laplace", "student-t", "layered", "equal", "zeros", "few"}
        self.assertEqual({(row["n"], row["density"], row["input"], row["threads"]) for row in topk},
                         {(n, d, i, 1) for n in (20000, 4096) for d in (0.1, 0.01) for i in inputs})
        for row in rows:
            with self.subTest(row=row):
                self.assertLessEqual({"kernel", "n", "density", "input", "threads", "floor_ratio", "ms"}, set(row))
                self.assertGreater(row["floor_ratio"], 0)
                self.assertGreater(row["ms"], 0)
                if "entropy_bits" in row:
                    self.assertGreater(row["bits"], row["entropy_bits"])

    def test_choice_of_rows(self):
        rows = self.rows("--kernel", "topk_c,take", "--input", "few,equal", "--threads", "1,2", "--density", "0.5")
        self.assertEqual({row["kernel"] for row in rows}, {"topk_curve", "take"})
        self.assertEqual({row["input"] for row in rows}, {"equal"})
        self.assertEqual({row["threads"] for row in rows}, {1, 2})

    def test_table(self):
        text = run(*self.QUICK, "--kernel", "index", "--table", "scalar", ranks=1).stdout
        self.assertIn("kernels: scalar", text)
        self.assertIn("index_block_decode", text)

    def test_refusals(self):
        for arguments, status, words in ((("--table", "mmx"), 1, ("PLIANT_KERNELS = mmx", "scalar")),
                                         (("--counts", "5G"), 2, ("5368709120", "[1, 2^32]")),
                                         (("--counts", "0"), 2, ("count = 0",)),
                                         (("--input", "noise"), 2, ("noise",))):
            done = run("--kernels", *arguments, ranks=1)
            self.assertEqual(done.returncode, status, done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)


class Results(unittest.TestCase):
    def test_every_algorithm_is_right(self):
        densities = [0.1, 0.01]
        found = run_json("-b", "4K", "-e", "64K", "-f", "4", "--algorithm", "all,auto", "--density", "0.1,0.01")
        names = {row["requested"] for row in found["results"]}
        self.assertGreaterEqual(names, {"MPI_Allreduce", "auto", "mpi", "ring", "tree", "rabenseifner",
                                        "allgather_topk", "star_ring", "var_tree"})
        self.assertEqual(found["ranks"], 3)
        self.assertEqual(found["out_of_bounds"], {"count": 0, "okay": True})
        self.assertEqual({row["size"] for row in found["results"]}, {4096, 16384, 65536})
        lossy = [row for row in found["results"] if not row["exact"]]
        self.assertEqual(sorted({row["requested_density"] for row in lossy}, reverse=True), densities)
        for row in found["results"]:
            with self.subTest(row=row):
                self.assertEqual(row["wrong"], 0)
                self.assertEqual(row["rel_err"] == 0, row["exact"])
                self.assertLess(row["rel_err"], 1)
                if not row["exact"]:
                    self.assertAlmostEqual(row["density"], row["requested_density"], delta=1 / row["count"])
                if row["requested"] != "auto":
                    self.assertEqual(row["algorithm"], row["requested"])

    def test_numbers_of_a_row_agree(self):
        for row in run_json("-b", "64K", "-e", "64K", "--algorithm", "ring,mpi")["results"]:
            time = row["time_us"]
            self.assertTrue(0 < time["min"] <= time["median"] <= time["p95"] <= time["max"])
            self.assertAlmostEqual(row["algbw_gbs"], row["size"] / time["median"] * 1e-3)
            self.assertAlmostEqual(row["busbw_gbs"], row["algbw_gbs"] * 4 / 3)
            if row["algorithm"] == "MPI_Allreduce":
                self.assertEqual((row["speedup"], row["predicted_us"], row["wire_bytes"]), (1, None, None))
                self.assertEqual((row["alpha_us"], row["beta_ns_per_byte"]), (None, None))
            else:
                self.assertGreater(row["alpha_us"], 0)
                self.assertGreater(row["beta_ns_per_byte"], 0)
                self.assertGreater(row["predicted_us"], 0)
                self.assertEqual(row["compress_us"], 0)
                self.assertAlmostEqual(row["wire_bytes"], 2 * 65536 * 2 / 3, delta=1)

    def test_lower_density_errs_more_and_sends_less(self):
        rows = run_json("-b", "256K", "-e", "256K", "--algorithm", "allgather_topk", "--density",
                        "0.5,0.1,0.01")["results"]
        errors = [row["rel_err"] for row in rows]
        self.assertEqual(errors, sorted(errors))
        self.assertLess(rows[2]["wire_bytes"], rows[0]["wire_bytes"])
        self.assertTrue(all(0 < row["compress_us"] for row in rows))
        self.assertTrue(all(row["speedup"] is None for row in rows))

    def test_types_and_operations(self):
        for datatype, op in (("float", "prod"), ("float", "max"), ("double", "sum"), ("double", "min"),
                             ("int32", "sum"), ("int32", "max"), ("int64", "prod"), ("int64", "min")):
            with self.subTest(datatype=datatype, op=op):
                found = run_json("-b", "12K", "-e", "12K", "--algorithm", "auto,ring", "-d", datatype, "-o", op)
                self.assertEqual([row["wrong"] for row in found["results"]], [0, 0])
                self.assertEqual({(row["type"], row["redop"]) for row in found["results"]}, {(datatype, op)})

    def test_one_rank_and_unchecked(self):
        rows = run_json("-b", "4K", "-e", "4K", "-c", "0", ranks=1)["results"]
        self.assertEqual([row["wrong"] for row in rows], [None, None])
        self.assertEqual([row["busbw_gbs"] for row in rows], [0, 0])

    def test_error_feedback_and_pass_through(self):
        rows = run_json("-b", "64K", "-e", "64K", "--algorithm", "star_ring", "--error-feedback")["results"]
        self.assertEqual([(row["algorithm"], row["wrong"]) for row in rows], [("star_ring", 0)])
        rows = run_json("-b", "64K", "-e", "64K", "--algorithm", "auto", PLIANT_ENABLE="0")["results"]
        self.assertEqual([(row["wrong"], row["predicted_us"]) for row in rows], [(0, None)])


class Overlap(unittest.TestCase):
    KEYS = {"hidden", "tests", "comm_us", "compute_us", "both_us"}
    ALGORITHMS = ("--algorithm", "mpi,auto,ring,star_ring")

    def rows(self, *arguments):
        return run_json("-b", "4K", "-e", "64K", "-f", "16", "--overlap", *self.ALGORITHMS, *arguments,
                        ranks=2)["results"]

    def assert_arithmetic(self, row):
        comm_us, compute_us, both_us = row["comm_us"], row["compute_us"], row["both_us"]
        self.assertGreater(min(comm_us, compute_us, both_us), 0)
        self.assertAlmostEqual(row["hidden"], (comm_us + compute_us - both_us) / min(comm_us, compute_us))

    def test_every_configuration_has_it(self):
        rows = self.rows()
        self.assertEqual([(row["size"], row["requested"]) for row in rows],
                         [(size, name) for size in (4096, 65536)
                          for name in ("MPI_Iallreduce", "auto", "ring", "star_ring")])
        for row in rows:
            with self.subTest(row=row):
                self.assertEqual(row["tests"], 64)
                self.assertEqual(row["wrong"], 0)
                self.assert_arithmetic(row)

    def test_any_number_of_tests(self):
        for tests in (0, 1, 1000):
            for row in self.rows("--overlap-tests", str(tests)):
                with self.subTest(row=row):
                    self.assertEqual((row["tests"], row["wrong"]), (tests, 0))
                    self.assert_arithmetic(row)

    def test_columns(self):
        arguments = ("-b", "4K", "-e", "4K", *self.ALGORITHMS, *QUICK)
        heading, *lines = csv.reader(io.StringIO(run(*arguments, "--overlap", "--csv", ranks=2).stdout))
        self.assertLessEqual(self.KEYS, set(heading))
        self.assertEqual([len(line) for line in lines], [len(heading)] * 4)
        self.assertIn("compute(us)", run(*arguments, "--overlap", ranks=2).stdout)
        plain = run(*arguments, "--json", ranks=2).stdout
        self.assertFalse(self.KEYS & set(json.loads(plain)["results"][0]))
        self.assertNotIn("hidden", run(*arguments, ranks=2).stdout)


class OnDevice(unittest.TestCase):
    """A row shows that the device's results were right, because the program compares before it prints."""

    def setUp(self):
        if ON_DOUBLE == "none":
            self.skipTest("the doubles of CUDA and NCCL were not built (package libboost-context-dev)")

    def run_on_double(self, *arguments, **keywords):
        done = run("--device", "cuda", *arguments, program=ON_DOUBLE, **keywords)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def kernel_rows(self, *arguments):
        text = self.run_on_double("--kernels", "-n", "1", "--batch", "2", "--json", *arguments, ranks=1)
        return [json.loads(line) for line in text.splitlines()]

    def test_every_kernel_has_rows(self):
        rows = self.kernel_rows("--counts", "9001", "--density", "0.1,0.01", "--input", "normal,few")
        dense = {"accumulate_cuda", "drain_cuda"}
        sparse = {"topk_cuda_norms", "gather_cuda", "take_cuda", "scatter_add_cuda"}
        expected = [("topk_cuda", d, i) for d in (0.1, 0.01) for i in ("normal", "few")]
        expected += [(kernel, None, "normal") for kernel in dense]
        expected += [(kernel, d, "normal") for kernel in sparse for d in (0.1, 0.01)]
        self.assertCountEqual([(row["kernel"], row["density"], row["input"]) for row in rows], expected)
        for row in rows:
            with self.subTest(row=row):
                self.assertEqual((row["n"], row["threads"]), (9001, 0))
                self.assertGreater(min(row["floor_ratio"], row["copy_ratio"], row["ms"]), 0)

    def test_lengths_and_densities_of_kernels(self):
        rows = self.kernel_rows("--counts", "1,64K", "--kernel", "topk_cuda,take", "--density", "1,0.001", "--input", "equal")
        self.assertEqual({(row["kernel"], row["n"], row["density"]) for row in rows},
                         {(kernel, n, d) for kernel in ("topk_cuda", "topk_cuda_norms", "take_cuda")
                          for n in (1, 65536) for d in (1, 0.001)})

    def test_table_of_kernels(self):
        text = self.run_on_double("--kernels", "-n", "1", "--batch", "1", "--counts", "4K", "--kernel", "take",
                                  "--input", "few", ranks=1)
        self.assertIn("device 0 of 1, CUDA", text)
        self.assertEqual(len([line for line in text.splitlines() if line.startswith("take_cuda")]), 3)

    def test_every_algorithm_is_right(self):
        found = json.loads(self.run_on_double("-b", "64K", "-e", "256K", "-f", "4", "-n", "1", "-w", "0", "--json", "--algorithm",
                                              "all,auto,topk", ranks=2))
        self.assertEqual(found["config"]["device"], "cuda")
        self.assertIn("device 0 of 1", found["buffers"])
        self.assertIn("through pinned copies", found["buffers"])
        self.assertEqual({row["size"] for row in found["results"]}, {65536, 262144})
        self.assertGreaterEqual({row["requested"] for row in found["results"]},
                                {"MPI_Allreduce", "auto", "topk", "ring", "nccl", "nccl_star"})
        for row in found["results"]:
            with self.subTest(row=row):
                self.assertEqual(row["wrong"], 0)
                self.assertEqual(row["rel_err"] == 0, row["exact"])
                self.assertGreater(row["time_us"]["median"], 0)

    def test_overlap_and_integers(self):
        rows = json.loads(self.run_on_double("-b", "64K", "-e", "64K", "-n", "2", "-w", "0", "--json", "--overlap", "-d", "int32", "-o",
                                             "max", "--algorithm", "mpi,auto", ranks=2))["results"]
        self.assertEqual([(row["requested"], row["wrong"], row["tests"]) for row in rows],
                         [("MPI_Iallreduce", 0, 64), ("auto", 0, 64)])

    def test_options_of_the_other_place(self):
        for arguments in (("--device", "cuda", "--kernels", "--threads", "2"),
                          ("--device", "cuda", "--kernels", "--table", "scalar"), ("--kernels", "--batch", "3")):
            with self.subTest(arguments=arguments):
                done = run(*arguments, program=ON_DOUBLE, ranks=1)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(arguments[-2], done.stderr)


class Formats(unittest.TestCase):
    SWEEP = ("-b", "4K", "-e", "16K", "--algorithm", "mpi,ring,star_tree", *QUICK)

    def test_csv_has_a_line_a_result(self):
        lines = list(csv.DictReader(io.StringIO(run(*self.SWEEP, "--csv").stdout)))
        rows = json.loads(run(*self.SWEEP, "--json").stdout)["results"]
        self.assertEqual([(int(line["size"]), line["algorithm"]) for line in lines],
                         [(row["size"], row["algorithm"]) for row in rows])
        self.assertEqual(len(lines), 9)
        self.assertTrue(all(float(line["median_us"]) > 0 for line in lines))

    def test_table_ends_as_nccl_tests_do(self):
        done = run(*self.SWEEP)
        rows = [line for line in done.stdout.splitlines() if not line.startswith("#")]
        self.assertEqual(len(rows), 9, done.stdout)
        self.assertIn("# Out of bounds values : 0 OK", done.stdout)
        self.assertIn("# Avg bus bandwidth", done.stdout)

    def test_steps(self):
        rows = run_json("-b", "4K", "-e", "12K", "-i", "4K", "--algorithm", "mpi")["results"]
        self.assertEqual([row["size"] for row in rows], [4096, 8192, 12288])


class Refusals(unittest.TestCase):
    def assert_refused(self, status, arguments, *words, **environment):
        done = run(*arguments, ranks=2, **environment)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout.strip(), "")
        said = [line for line in done.stderr.splitlines() if line.startswith("pliant_bench: ")]
        self.assertEqual(len(said), 1, done.stderr)
        for word in words:
            self.assertIn(word, said[0])

    def test_unknown_algorithm_lists_the_valid_ones(self):
        self.assert_refused(2, ["--algorithm", "rnig"], "rnig", "ring", "allgather_topk", "auto")

    def test_bad_values(self):
        for arguments, words in ((["-b", "4X"], ["4X", "1024"]), (["-b", "2"], ["2", "4 bytes"]),
                                 (["-b", "8K", "-e", "4K"], ["4096", "8192"]), (["-f", "1"], ["1"]),
                                 (["-d", "half"], ["half", "float"]), (["-o", "avg"], ["avg", "sum"]),
                                 (["--density", "1.5"], ["1.5", "(0, 1]"]),
                                 (["-e", "9G"], ["2147483647"]),
                                 (["--overlap", "--overlap-tests", "-1"], ["-1", "[0, 1048576]"]),
                                 (["--overlap-tests", "4"], ["--overlap"]),
                                 (["--overlap", "--kernels"], ["--kernels"]),
                                 (["--algorithm", "star_ring", "-d", "double"], ["star_ring", "float"])):
            with self.subTest(arguments=arguments):
                self.assert_refused(2, arguments, *words)

    def test_no_device(self):
        if run("--device", "cuda", "-b", "64K", "-e", "64K", *QUICK, ranks=1).returncode == 0:
            self.skipTest("there is a device")
        for arguments in (["--device", "cuda"], ["--device", "cuda", "--kernels"]):
            with self.subTest(arguments=arguments):
                self.assert_refused(1, arguments, "CUDA", "--device host")

    def test_setting_that_the_library_refuses(self):
        self.assert_refused(1, ["--algorithm", "ring"], "pliant_density = 2", PLIANT_DENSITY="2")


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    ON_DOUBLE = sys.argv[2]
    MPIRUN = sys.argv[3:]
    sys.argv[1:] = []
    unittest.main()
