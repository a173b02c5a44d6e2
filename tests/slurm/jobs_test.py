"""The job scripts on a real Slurm: jobs_test.py ROOT BUILD CMAKE. Skipped (77) where Slurm is not installed.

sbatch, srun, slurmctld, slurmd and PMIx are the real ones. All nodes are on this machine, so the tests cover no
network, no shared file system, and no second host name.
"""
import csv
import gzip
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

import cluster

try:
    import h5py
except ImportError:
    h5py = None

ROOT = BUILD = CMAKE = None
SLURM = None
WORK = None
JOBS = {}
SKIPPED = 77
SOME_ALGORITHMS = {"MPI_Allreduce", "ring", "tree", "rabenseifner", "allgather_topk", "oktopk", "star_ring",
                   "two_level_ring"}


class Job:
    """A submitted job: its folder of results and its output."""

    def __init__(self, script, *options, folder, results=None, **settings):
        self.output = WORK / f"out-{len(JOBS)}"
        if results is not None:
            settings["RESULT_DIR"] = str(results)
        self.id = SLURM.submit(script, f"--output={self.output}", *options, folder=folder, **settings)
        self.results = results or folder / f"pliant-{pathlib.Path(script).stem}-{self.id}"

    def said(self):
        return self.output.read_text() if self.output.exists() else "no output"

    def end_state(self):
        return SLURM.end_state(self.id)


def write_dataset(folder):
    """64 blank images for training and for test each."""
    folder.mkdir()
    for part in ("train", "t10k"):
        for name, lengths in (("images-idx3", (64, 28, 28)), ("labels-idx1", (64,))):
            header = struct.pack(f">{1 + len(lengths)}I", 0x0800 + len(lengths), *lengths)
            elements = bytes(64 * (784 if "images" in name else 1))
            (folder / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(header + elements))


def submit_all():
    """Submits all jobs at once, so that Slurm fills its nodes. Each test waits for its own job."""
    tree = WORK / "a source tree"
    shutil.copytree(ROOT / "slurm", tree / "slurm")
    elsewhere = WORK / "elsewhere"
    elsewhere.mkdir()
    site = WORK / "site.sh"
    site.write_text(f'export PLIANT_TRACE="{WORK}/$SLURM_JOB_ID-${{SLURM_RESTART_COUNT:-0}}.h5"\n'
                    'false\necho "$NOBODY_SETS_THIS"\n')
    write_dataset(WORK / "dataset")
    installed = WORK / "installed"
    subprocess.run([CMAKE, "--install", BUILD, "--prefix", installed, "--component", "slurm"], check=True,
                   stdout=subprocess.DEVNULL)
    (installed / "bin").symlink_to(BUILD / "bin")
    taken = WORK / "taken"
    taken.mkdir()
    (taken / "probe.json").write_text("older")

    build = {"INSTALL_PREFIX": str(BUILD)}
    quick = {"PROBE_MAX_MS": "50"}
    bench = {"PLIANT_PROBE_MAX_MS": "20", **build}
    long = {"ITERATIONS": "200", "MAX_BYTES": "64M", "SETUP_FILE": str(site), **bench}
    script = tree / "slurm" / "probe.sbatch"
    for name in ("killed", "requeued"):
        JOBS[name] = Job(tree / "slurm/bench.sbatch", "--nodes=2", folder=elsewhere, results=WORK / name, **long)
    JOBS["root"] = Job("slurm/probe.sbatch", folder=tree, **quick, **build)
    JOBS["array"] = Job("bench.sbatch", "--array=1-2", "--nodes=2", folder=tree / "slurm", MAX_BYTES="16K",
                        ITERATIONS="1", **bench)
    JOBS["chdir"] = Job(script, f"--chdir={elsewhere}", "--export=INSTALL_PREFIX,PROBE_MAX_MS,RESULT_DIR,SETUP_FILE",
                        folder=WORK, results=WORK / "chdir", SETUP_FILE=str(site), **quick, **build)
    JOBS["installed"] = Job(installed / "share/pliant/slurm/probe.sbatch", "--nodes=1", folder=elsewhere,
                            results=WORK / "of installed", **quick)
    for name, settings in (("no program", {}), ("no MPI type", {"SRUN_MPI": "pmi9", **build}),
                           ("wrong MPI type", {"SRUN_MPI": "pmi2", **build}),
                           ("no setup", {"SETUP_FILE": "/nowhere/site.sh"}),
                           ("taken", {"RESULT_DIR": str(taken), **build})):
        JOBS[name] = Job(script, "--nodes=2" if name == "wrong MPI type" else "--nodes=1", folder=elsewhere,
                         **{"RESULT_DIR": str(WORK / name), **settings})
    JOBS["train"] = Job(tree / "slurm" / "train.sbatch", folder=elsewhere, results=WORK / "train", MODEL="mlp",
                        BATCH="8", EPOCHS="100000", EVAL_EVERY="100", MAX_SECONDS="1", DATASET=str(WORK / "dataset"),
                        **build)


def lines(path):
    """The whole lines of a file that may still grow."""
    return path.read_text().split("\n")[:-1] if path.exists() else []


def processes_of(job, program):
    """This machine's processes that run a program for a job."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text().strip() == program and \
                    f"SLURM_JOB_ID={job}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            pass  # ended, or another user's
    return found


class JobCase(unittest.TestCase):
    def ended(self, name, state):
        job = JOBS[name]
        found = job.end_state()
        self.assertEqual(found, state, f"{job.said()}\n{SLURM.logs() if state == 'COMPLETED' else ''}")
        return job

    def assert_trace_opens(self, path):
        if h5py is None:
            self.skipTest("no h5py (package python3-h5py)")
        with h5py.File(path, "r") as trace:
            self.assertGreater(len(trace), 0)


class Completed(JobCase):
    def test_probe_submitted_from_the_root(self):
        job = self.ended("root", "COMPLETED")
        found = json.loads((job.results / "probe.json").read_text())
        self.assertEqual(found["ranks"], 2)
        self.assertEqual(found["hosts"], [os.uname().nodename] * 2)
        described = (job.results / "job.txt").read_text()
        for words in ("PROBE_MAX_MS=50\n", "SRUN_MPI=pmix\n", f"INSTALL_PREFIX={BUILD}\n", f"JobId={job.id} ",
                      f"SLURM_JOB_ID={job.id}\n", "\nalgorithms\n", f"RESULT_DIR={job.results}\n"):
            self.assertIn(words, described)

    def test_probe_with_another_working_folder_and_few_exported_variables(self):
        job = self.ended("chdir", "COMPLETED")
        self.assertEqual(json.loads((job.results / "probe.json").read_text())["ranks"], 2)

    def test_installed_scripts_find_installed_programs(self):
        job = self.ended("installed", "COMPLETED")
        self.assertTrue((job.results / "probe.json").exists())
        self.assertIn(f"INSTALL_PREFIX={WORK}/installed\n", (job.results / "job.txt").read_text())
        self.assertTrue((WORK / "installed/share/pliant/slurm/README.md").exists())

    def test_array_tasks_have_folders_and_seeds_of_their_own(self):
        job = self.ended("array", "COMPLETED")
        for task in (1, 2):
            SLURM.end_state(f"{job.id}_{task}")
            folder = pathlib.Path(f"{job.results}_{task}")
            self.assertIn(f"\nSEED={task}\n", (folder / "job.txt").read_text())
            with open(folder / "bench.csv", encoding="utf-8") as file:
                measured = {row["requested"] for row in csv.DictReader(file)}
            self.assertGreaterEqual(measured, SOME_ALGORITHMS)

    def test_training_stops_by_the_clock_with_results(self):
        if not (BUILD / "bin" / "pliant_train").exists():
            self.skipTest("no pliant_train")
        job = self.ended("train", "COMPLETED")
        for mode in ("exact", "topk"):
            summary = json.loads((job.results / f"{mode}.json").read_text())
            self.assertEqual((summary["mode"], summary["complete"], summary["ranks"]), (mode, False, 4))
            history = [json.loads(line) for line in lines(job.results / f"{mode}.jsonl")]
            self.assertEqual(history[-1]["step"], summary["steps"])
            self.assertGreaterEqual(history[-1]["clock"], 1)
            self.assertIn(f"{mode}: at most 1 s of training", (job.results / "job.txt").read_text())
            self.assert_trace_opens(job.results / f"{mode}.h5")

    def test_script_in_an_interactive_allocation(self):
        JOBS["train"].end_state()  # it holds all nodes
        results = WORK / "salloc"
        SLURM.run("salloc", "--nodes=1", "--ntasks-per-node=1", "--time=5", "env", f"RESULT_DIR={results}",
                  f"INSTALL_PREFIX={BUILD}", "PROBE_MAX_MS=50", "bash", str(WORK / "a source tree/slurm/probe.sbatch"),
                  cwd=WORK)
        self.assertTrue((results / "probe.json").exists())


class Refused(JobCase):
    def assert_says(self, name, *words):
        said = self.ended(name, "FAILED").said()
        sentences = [line for line in said.splitlines() if line.startswith("pliant-probe: ")]
        self.assertEqual(len(sentences), 1, said)
        for word in words:
            self.assertIn(word, sentences[0])
        return said

    def test_missing_program(self):
        said = self.assert_says("no program", "no pliant_probe on PATH", "Set INSTALL_PREFIX")
        self.assertNotIn("execve", said)

    def test_mpi_type_that_slurm_does_not_have(self):
        self.assert_says("no MPI type", "SRUN_MPI = pmi9", "pmix", "pmi2")

    def test_mpi_type_that_open_mpi_does_not_speak(self):
        self.assert_says("wrong MPI type", "SRUN_MPI = pmi2", "pmix")

    def test_setup_file_that_does_not_exist(self):
        self.assert_says("no setup", "SETUP_FILE = /nowhere/site.sh")

    def test_results_of_another_job_are_kept(self):
        self.assert_says("taken", f"RESULT_DIR = {WORK}/taken has a probe.json", "Set RESULT_DIR")
        self.assertEqual((WORK / "taken/probe.json").read_text(), "older")


class Interrupted(JobCase):
    def wait_for_lines(self, job, path):
        """Waits for some results, with more to come."""
        cluster.wait_for(lambda: len(lines(path)) > 20 or SLURM.state(job.id) not in cluster.RUNNING, 120, path.name)
        self.assertIn(SLURM.state(job.id), cluster.RUNNING, job.said())

    def assert_whole_lines(self, path):
        rows = list(csv.reader(lines(path)))
        self.assertGreater(len(rows), 20)
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})

    def test_a_killed_rank_ends_the_job(self):
        job = JOBS["killed"]
        self.wait_for_lines(job, job.results / "bench.csv")
        ranks = processes_of(job.id, "pliant_bench")
        self.assertEqual(len(ranks), 2)
        os.kill(max(ranks), signal.SIGKILL)
        self.ended("killed", "FAILED")
        self.assertIn("pliant-bench: pliant_bench ended with status", job.said())
        self.assert_whole_lines(job.results / "bench.csv")
        self.assert_trace_opens(WORK / f"{job.id}-0.h5")

    def test_requeue_and_cancel_keep_results(self):
        job = JOBS["requeued"]
        first, second = job.results / "bench.csv", job.results / "restart-1" / "bench.csv"
        self.wait_for_lines(job, first)
        SLURM.run("scontrol", "requeue", job.id)
        self.wait_for_lines(job, second)
        SLURM.run("scancel", job.id)
        self.ended("requeued", "CANCELLED")
        for path in (first, second):
            self.assert_whole_lines(path)
        for attempt in (0, 1):
            self.assert_trace_opens(WORK / f"{job.id}-{attempt}.h5")


def main():
    global ROOT, BUILD, CMAKE, SLURM, WORK
    ROOT, BUILD = (pathlib.Path(argument) for argument in sys.argv[1:3])
    CMAKE = sys.argv[3]
    sys.argv[1:4] = []
    try:
        with cluster.Cluster() as SLURM, tempfile.TemporaryDirectory(prefix="jobs.") as work:
            WORK = pathlib.Path(work)
            submit_all()
            # Tests that hold nodes until they are interrupted come first.
            program = unittest.main(defaultTest=["Interrupted", "Refused", "Completed"], exit=False)
            return 0 if program.result.wasSuccessful() else 1
    except cluster.Unavailable as reason:
        print(f"skipped: {reason}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
