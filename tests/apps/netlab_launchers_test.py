"""pliant_netlab and MPI's launchers: ranks run on the intended hosts and use the links.

usage: netlab_launchers_test.py PLIANT_NETLAB [MPIRUN [ARGUMENTS...] RANKS_FLAG]
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import netlab_support
from netlab_support import LabTest

MPIRUN = []
RATE_MBIT = 100

# Rank 0 sends 4 MB to rank 1 and waits for the answer, three times. It prints its best rate [Mbit/s].
SEND = """
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char** argv) {
  const int bytes = 4 << 20;
  char* data = calloc((size_t)bytes, 1);
  int rank, ranks, i;
  double best = 0;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  for (i = 0; i < 3 && ranks == 2; ++i) {
    const double begin = MPI_Wtime();
    if (rank == 0) {
      MPI_Send(data, bytes, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
      MPI_Recv(data, 1, MPI_CHAR, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
      MPI_Recv(data, bytes, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      MPI_Send(data, 1, MPI_CHAR, 0, 0, MPI_COMM_WORLD);
    }
    const double rate = bytes * 8e-6 / (MPI_Wtime() - begin);
    if (rate > best) best = rate;
  }
  if (rank == 0) printf("%d %f\\n", ranks, best);
  fflush(stdout);
  MPI_Finalize();
  return 0;
}
"""


class FakeLaunchers(LabTest):
    """An mpirun that places ranks on the wrong hosts."""

    def run_by(self, script, *options):
        launcher = self.folder / "mpirun"
        launcher.write_text(f"#!/bin/sh\nranks=$2\nshift 2\n{script}\n")
        launcher.chmod(0o755)
        path = f"{self.folder}:{os.environ['PATH']}"
        return self.run_netlab("run", *options, "--", "touch", "started", PATH=path)

    def expect_misplaced(self, done, *words):
        self.assertNotEqual(done.returncode, 0, done.stdout + done.stderr)
        said = [line for line in done.stderr.splitlines() if line.startswith("pliant_netlab: ")]
        self.assertTrue(said, done.stderr)
        for word in words:
            self.assertIn(word, said[0])

    def test_all_ranks_on_one_host_are_refused(self):
        script = 'status=0; for i in $(seq "$ranks"); do "$@" || status=$?; done; exit "$status"'
        self.expect_misplaced(self.run_by(script, "--hosts", 3), "host0 holds 2 ranks", "--ppn 1")
        self.expect_misplaced(self.run_by(script, "--hosts", 2, "--ppn", 2), "host0 holds 3 ranks", "--ppn 2")
        self.okay(self.run_by(script, "--hosts", 1, "--ppn", 3))

    def test_too_few_ranks_are_told(self):
        self.expect_misplaced(self.run_by('"$@"', "--hosts", 2), "host1 holds 0 ranks", "2 hosts")
        self.assertTrue((self.folder / "started").exists())
        self.expect_misplaced(self.run_by("true", "--hosts", 1), "host0 holds 0 ranks")

    def test_the_programs_own_failure_is_the_status(self):
        self.assertEqual(self.run_by('"$@"; exit 7', "--hosts", 2).returncode, 7)

    def test_ranks_with_other_memory_or_on_no_host_are_refused(self):
        for words, part in ((["unshare", "-i"], "shared memory"), (["unshare", "-n"], "none of the lab's hosts")):
            with self.subTest(words=words):
                script = f'{" ".join(words)} "$@"'
                self.expect_misplaced(self.run_by(script, "--hosts", 1), part)


class Environment(LabTest):
    def test_every_launcher_finds_the_hosts(self):
        lab = self.up("--hosts", 2, "--ppn", 3)
        found = dict(line.split("=", 1) for line in lab.exec("host1", "env").splitlines() if "=" in line)
        for hosts, shell, text in (("OMPI_MCA_orte_default_hostfile", "OMPI_MCA_plm_rsh_agent", " slots=3"),
                                   ("PRTE_MCA_prte_default_hostfile", "PRTE_MCA_plm_ssh_agent", " slots=3"),
                                   ("HYDRA_HOST_FILE", "HYDRA_LAUNCHER_EXEC", ":3")):
            with self.subTest(hosts=hosts):
                self.assertEqual(pathlib.Path(found[hosts]).read_text(), f"host0{text}\nhost1{text}\n")
                self.assertTrue(os.access(found[shell], os.X_OK))
        for name in ("OMPI_MCA_btl_tcp_if_include", "PRTE_MCA_prte_if_include", "HYDRA_IFACE", "UCX_NET_DEVICES"):
            self.assertEqual(found[name], "eth0")
        self.assertIn("oversubscribe", found["PRTE_MCA_rmaps_default_mapping_policy"])
        self.assertEqual(found["PRTE_MCA_hwloc_default_binding_policy"], "none")


class Memory(LabTest):
    def test_hosts_share_none(self):
        lab = self.up()
        own = [lab.exec(host, "readlink", "/proc/self/ns/ipc") for host in ("host0", "host1")]
        self.assertEqual(len({*own, os.readlink("/proc/self/ns/ipc")}), 3)
        lab.exec("host0", "touch", f"/dev/shm/{self.marker}")
        self.assertEqual(lab.exec("host0", "ls", "/dev/shm"), self.marker)
        self.assertEqual(lab.exec("host1", "ls", "/dev/shm"), "")
        self.assertFalse(pathlib.Path("/dev/shm", self.marker).exists())


class Links(LabTest):
    """No transfer is faster than its link."""

    def rate_of(self, launcher, compiler):
        source = self.folder / "send.c"
        source.write_text(SEND)
        subprocess.run([compiler, "-std=c99", source, "-o", self.folder / "send"], check=True)
        done = self.run_netlab("run", "--hosts", 2, "--rate", f"{RATE_MBIT}mbit", "--launcher", launcher, "--stats",
                               "--", "./send")
        ranks, rate = self.okay(done).split()
        self.assertEqual(ranks, "2", "each rank is alone")
        rows = [line.split() for line in done.stderr.splitlines() if line.startswith("host")][1:]
        self.assertGreater(sum(int(row[1]) for row in rows), 3 * (4 << 20) // 65536, "frames on the links")
        return float(rate)

    def test_with_debians_mpis(self):
        for launcher, compiler, command in (("openmpi", "mpicc.openmpi", "mpirun.openmpi"),
                                            ("mpich", "mpicc.mpich", "mpiexec.hydra")):
            with self.subTest(launcher=launcher):
                if not shutil.which(compiler) or not shutil.which(command):
                    self.skipTest(f"no {compiler} or no {command}")
                rate = self.rate_of(launcher, compiler)
                self.assertGreater(rate, 0)
                self.assertLessEqual(rate, RATE_MBIT)

    def test_as_pliant_probe_finds_them(self):
        probe = pathlib.Path(netlab_support.PROGRAM).with_name("pliant_probe")
        if not MPIRUN or not probe.exists():
            self.skipTest("no MPI, or no pliant_probe")
        command = [*MPIRUN, "3", probe, "--json", "--max-ms", "1500"]
        done = self.run_netlab("run", "--hosts", 3, "--rate", f"{RATE_MBIT}mbit", "--launcher", "none", "--", *command)
        found = json.loads(self.okay(done))
        self.assertEqual([(link["rank"], link["peer"]) for link in found["links"]], [(0, 1), (0, 2), (1, 2)])
        for link in found["links"]:
            self.assertEqual(link["class"], "between-hosts")
        median = sorted(link["bandwidth_gbps"] for link in found["links"])[1]
        self.assertLessEqual(median * 1e3, 1.1 * RATE_MBIT)


if __name__ == "__main__":
    netlab_support.PROGRAM, *MPIRUN = sys.argv[1:]
    netlab_support.skip_without_labs()
    unittest.main(argv=sys.argv[:1])
