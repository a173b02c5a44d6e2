"""pliant_netlab: usage: netlab_test.py PLIANT_NETLAB [MPIRUN [ARGUMENTS...] RANKS_FLAG]

Upper limits on times would depend on the machine, so there are none. Lower limits test the emulation on any machine.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import unittest

import netlab_support
from netlab_support import LabTest, first_process, namespaces_in_use, poll, processes_with

MPIRUN = []


class Programs(LabTest):
    def test_the_programs_exit_status_is_the_commands(self):
        for script, status in (("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137),
                               ("kill -15 $$", 143)):
            with self.subTest(script=script):
                done = self.run_one("--", "sh", "-c", script)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (status, "", ""))

    def test_what_is_no_program_is_told(self):
        done = self.run_one("--", "pliant-no-such-program")
        self.assertEqual(done.returncode, 127)
        self.assertRegex(done.stderr, r"\Apliant_netlab: pliant-no-such-program .*\n\Z")
        done = self.run_one("--", str(self.folder))
        self.assertEqual(done.returncode, 126)

    def test_a_program_has_its_arguments_folder_files_and_environment(self):
        done = subprocess.run([netlab_support.PROGRAM, "run", "--launcher", "none", "--", "sh", "-c",
                               'cat; pwd; echo "$1,$2,$OWN"; echo told >&2', "sh", "a  b", "*"], input="given\n",
                              cwd=self.folder, env={**self.environment, "OWN": "kept"}, capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.stdout, f"given\n{self.folder}\na  b,*,kept\n")
        self.assertEqual(done.stderr, "told\n")

    def test_a_launcher_starts_it_on_every_host(self):
        if not MPIRUN or not shutil.which("mpirun"):
            self.skipTest("no mpirun")
        done = self.run_netlab("run", "--hosts", 2, "--", "hostname")
        self.assertEqual(sorted(self.okay(done).split()), ["host0", "host1"])
        done = self.run_netlab("run", "--hosts", 2, "--ppn", 2, "--", "hostname")
        self.assertEqual(sorted(self.okay(done).split()), ["host0", "host0", "host1", "host1"])

    def test_mpich_starts_it_on_every_host(self):
        if not shutil.which("mpiexec.hydra"):
            self.skipTest("no MPICH")
        # Hydra 4.0.2 sometimes dies of SIGPIPE if a program ends before its standard input does.
        script = ("sh", "-c", "hostname; sleep 1")
        done = self.run_netlab("run", "--hosts", 3, "--launcher", "mpich", "--", *script)
        self.assertEqual(sorted(self.okay(done).split()), ["host0", "host1", "host2"])

    def test_a_pliant_program_uses_the_links(self):
        bench = pathlib.Path(netlab_support.PROGRAM).with_name("pliant_bench")
        if not MPIRUN or not bench.exists():
            self.skipTest("no MPI, or no pliant_bench")
        done = self.run_netlab("run", "--hosts", 3, "--rate", "200mbit", "--delay", "1ms", "--stats", "--", bench,
                               "-b", "64K", "-e", "64K", "-n", "3", "-w", "1", PLIANT_PROBE_MAX_MS="20")
        self.okay(done)
        self.assertIn("65536", done.stdout)
        rows = [words for line in done.stderr.splitlines() if (words := line.split()) and words[0][:4] == "host"][1:]
        self.assertEqual([row[0] for row in rows], ["host0", "host1", "host2"])
        for row in rows:
            for column in (1, 2, 7, 8):  # frames and wire bytes, sent and received
                self.assertGreater(float(row[column]), 0, row)


class Hosts(LabTest):
    def test_hosts_have_names_addresses_and_see_each_other(self):
        lab = self.up("--hosts", 3)
        for host in range(3):
            self.assertEqual(lab.exec(f"host{host}", "hostname"), f"host{host}")
            self.assertIn(f"10.77.0.{host + 1}/24", lab.exec(f"host{host}", sys.executable, "-c", SHOW_ADDRESS))
        lab.serve("host1")
        for server in ("host1", "10.77.0.2"):
            for client in ("host0", "host2", "host1"):
                self.assertIsNotNone(lab.client(client, server).ask("connect", 10), f"{client} to {server}")

    def test_a_host_sees_its_own_devices_and_the_labs_processes_only(self):
        lab = self.up()
        self.assertEqual(lab.exec("host0", "ls", "/sys/class/net").split(), ["eth0", "lo"])
        self.assertNotIn(str(os.getpid()), lab.exec("host0", "sh", "-c", "cat /proc/*/status | grep ^Pid:"))

    def test_sixteen_hosts(self):
        lab = self.up("--hosts", 16)
        lab.serve("host15")
        self.assertIsNotNone(lab.client("host0", "host15").ask("connect", 10))
        self.assertEqual(len(lab.stats()["hosts"]), 16)

    def test_two_labs_do_not_see_each_other(self):
        first, second = self.up(), self.up("--delay", "3ms")
        self.assertNotEqual(first.socket, second.socket)
        self.assertNotEqual(first.exec("host1", "readlink", "/proc/self/ns/net"),
                            second.exec("host1", "readlink", "/proc/self/ns/net"))
        first.serve("host1")
        self.assertIsNone(second.client("host0", "host1").ask("connect", 1))
        self.assertIsNotNone(first.client("host0", "host1").ask("connect", 10))
        second.set("all", "rate=5mbit")
        self.assertEqual({entry["up"] for entry in first.log()}, {1e9})
        self.assertEqual([entry["delay"] for entry in second.log()], [0.003] * 4)
        done = self.run_netlab("stats")
        self.assertEqual(done.returncode, 2)
        self.assertIn("2 labs are up", done.stderr)
        self.okay(first.down())
        self.assertEqual(second.exec("host1", "hostname"), "host1")
        self.assertIn("host1", self.okay(self.run_netlab("stats")))  # the only one now

    def test_a_user_namespace_does_as_well(self):
        done = self.run_one("--rootless", "--", "readlink", "/proc/self/ns/user")
        if done.returncode == 69:
            self.skipTest(done.stderr)
        self.assertNotEqual(self.okay(done).strip(), os.readlink("/proc/self/ns/user"))
        lab = self.up("--rootless", "--delay", "10ms")
        lab.serve("host1")
        client = lab.client("host0", "host1")
        self.assertGreaterEqual(client.ask("connect", 10), 0.020)
        self.assertGreaterEqual(client.ask("echo", 10, 3), 0.020)


class Links(LabTest):
    def test_the_round_trip_follows_the_delay(self):
        lab = self.up("--delay", "20ms")
        lab.serve("host1")
        client = lab.client("host0", "host1")
        self.assertGreaterEqual(client.ask("connect", 10), 0.040)
        slow = client.ask("echo", 10, 5)
        self.assertGreaterEqual(slow, 0.040)
        lab.set("all", "delay=1ms")
        quick = client.ask("echo", 10, 20)
        self.assertGreaterEqual(quick, 0.002)
        self.assertLess(quick * 3, slow)
        lab.set("host0", "delay=61ms")  # with the other's 1 ms: 31 ms on average
        self.assertGreaterEqual(client.ask("echo", 10, 3), 0.062)

    def test_a_transfer_takes_its_bits_over_the_rate(self):
        lab = self.up("--rate", "10mbit")
        lab.serve("host1")
        client = lab.client("host0", "host1")
        # The answer follows the last byte, so all segments have passed, each with at least 78 bytes of headers.
        segments = 1_000_000 // 1460
        self.assertGreaterEqual(client.ask("bulk", 1_000_000), (1_000_000 + 78 * segments) * 8 / 10e6)
        lab.set("host1", "down=5mbit")
        self.assertGreaterEqual(client.ask("bulk", 400_000), (400_000 + 78 * (400_000 // 1460)) * 8 / 5e6)

    def test_a_cut_link_carries_nothing_and_goes_on_when_restored(self):
        lab = self.up("--rate", "10mbit")
        lab.serve("host1")
        client = lab.client("host0", "host1")
        self.assertIsNotNone(client.ask("connect", 10))
        self.assertIsNotNone(client.ask("echo", 10, 1))
        lab.set("host1", "rate=0")
        self.assertIsNone(lab.client("host0", "host1").ask("connect", 1))
        self.assertIsNone(client.ask("echo", 1, 1))
        lab.set("host1", "rate=10mbit")
        self.assertIsNotNone(client.ask("wait", 30), "what was sent over the same connection during the cut")
        self.assertIsNotNone(client.ask("echo", 10, 1))
        self.assertIsNotNone(lab.client("host0", "host1").ask("connect", 10))

    def test_every_frame_is_counted(self):
        lab = self.up()
        lab.serve("host1")
        lab.client("host0", "host1").ask("bulk", 500_000)

        def all_arrived():
            first, second = lab.stats()["hosts"]
            return all(a["up"][count] == b["down"][count] for a, b in ((first, second), (second, first))
                       for count in ("frames", "wire_bytes"))
        self.assertTrue(poll(all_arrived), lab.stats())
        stats = lab.stats()
        first, second = stats["hosts"]
        self.assertGreaterEqual(first["up"]["wire_bytes"], 500_000 + 78 * (500_000 // 1460))
        self.assertGreater(first["up"]["wire_bytes"], second["up"]["wire_bytes"])
        self.assertEqual([host[way]["dropped"] for host in stats["hosts"] for way in ("up", "down")], [0] * 4)
        self.assertEqual([host["refused"] for host in stats["hosts"]], [0, 0])
        frames = sum(host["down"]["frames"] for host in stats["hosts"])
        self.assertGreater(frames, 0)
        self.assertEqual(sum(count for _, count in stats["lateness"]["frames_below_us"]), frames)


class Changes(LabTest):
    def schedule(self, text):
        path = self.folder / "plan"
        path.write_text(text)
        return str(path)

    def test_what_is_set_and_what_was_scheduled_are_logged(self):
        plan = self.schedule("# times, hosts, settings\n0 all jitter=0\n0.2 host1 rate=5mbit delay=3ms\n"
                             "400ms all down=7mbit\n")
        lab = self.up("--hosts", 2, "--rate", "100mbit", "--delay", "1ms", "--queue", "128KB", "--schedule", plan)
        self.assertTrue(poll(lambda: len(lab.log()) == 7), lab.log())
        lab.set("host0", "up=2mbit", "jitter=1ms")
        entries = lab.log()
        self.assertEqual([[entry[key] for key in ("cause", "host", "up", "down", "delay", "jitter")]
                          for entry in entries],
                         [["start", 0, 1e8, 1e8, 0.001, 0], ["start", 1, 1e8, 1e8, 0.001, 0],
                          ["schedule", 0, 1e8, 1e8, 0.001, 0], ["schedule", 1, 1e8, 1e8, 0.001, 0],
                          ["schedule", 1, 5e6, 5e6, 0.003, 0],
                          ["schedule", 0, 1e8, 7e6, 0.001, 0], ["schedule", 1, 5e6, 7e6, 0.003, 0],
                          ["set", 0, 2e6, 7e6, 0.001, 0.001]])
        self.assertEqual({entry["queue"] for entry in entries}, {131072})
        times = [entry["time"] for entry in entries]
        self.assertEqual(times, sorted(times))
        scheduled = [entry["scheduled"] for entry in entries]
        self.assertEqual([time is None for time in scheduled], [True] * 2 + [False] * 5 + [True])
        for entry in entries[2:7]:
            self.assertGreaterEqual(entry["time"], entry["scheduled"])
        for time, offset in zip(scheduled[2:7], (0, 0, 0.2, 0.4, 0.4)):
            self.assertAlmostEqual(time - scheduled[2], offset, places=8)

    def test_run_writes_its_log_for_later(self):
        log = self.folder / "changes"
        plan = self.schedule("0.05 host1 rate=5mbit\n")
        self.okay(self.run_one("--schedule", plan, "--log", log, "--", "sleep", "0.2"))
        lines = log.read_text().splitlines()
        self.assertEqual([json.loads(line)["cause"] for line in lines], ["start", "start", "schedule"])
        again = self.okay(self.run_netlab("log", "--json", "--from", log)).splitlines()
        self.assertEqual([json.loads(line) for line in again], [json.loads(line) for line in lines])
        text = self.okay(self.run_netlab("log", "--from", log)).splitlines()
        self.assertEqual(len(text), 2)
        self.assertRegex(text[0], r"^ *0\.000000 s  start  host0 to host1: up 1 Gbit/s, down 1 Gbit/s, delay 100 us$")
        self.assertRegex(text[1], r"^ *0\.\d{6} s  schedule  host1: up 5 Mbit/s, .*\(late by .*s\)$")

    def test_c1_in_a_tenth_of_a_second(self):
        log = self.folder / "changes"
        self.okay(self.run_one("--schedule", "c1", "--schedule-step", "2ms", "--rate-scale", "0.01", "--delay-scale",
                               "0.1", "--log", log, "--", "sleep", "0.3"))
        entries = [json.loads(line) for line in log.read_text().splitlines()][2::2]
        self.assertEqual([(entry["up"], round(entry["delay"], 9)) for entry in entries],
                         [(250e6, 0.0001), (10e6, 0.0001), (10e6, 0.005), (250e6, 0.005)])
        begin = entries[0]["scheduled"]
        for entry, epoch in zip(entries, (0, 12, 24, 36)):
            self.assertAlmostEqual(entry["scheduled"] - begin, epoch * 0.002, places=8)


class Endings(LabTest):
    """After each, no process, folder or namespace of the lab is left."""

    def begin(self, *options, script='read line; eval "$line"', **keywords):
        process = self.start("run", "--hosts", 2, "--launcher", "none", *options, "--", "sh", "-c",
                             f"readlink /proc/self/ns/net; sleep {self.marker} & {script}", **keywords)
        own = process.stdout.readline().strip()
        self.assertTrue(own.startswith("net:"))
        folder, = self.lab_folders()
        other = self.okay(self.run_netlab("exec", "--lab", folder / "control", "host1", "--", "readlink",
                                          "/proc/self/ns/net")).strip()
        self.assertNotEqual(own, other)
        self.assertLessEqual({own, other}, namespaces_in_use())
        self.assertNotEqual(processes_with(self.marker), [])
        return process, {own, other}

    def expect_end(self, status, how, *options, **keywords):
        process, namespaces = self.begin(*options, stderr=subprocess.PIPE, **keywords)
        how(process)
        said = process.communicate(timeout=30)[1]
        self.assertEqual(process.returncode, status, said)
        self.expect_gone(namespaces)
        return said

    def test_program_ends_while_others_run(self):
        self.expect_end(3, lambda process: process.stdin.write("exit 3\n"))

    def test_program_dies(self):
        self.expect_end(137, lambda process: process.stdin.write("kill -9 $$\n"))

    def test_interrupted(self):
        self.expect_end(130, lambda process: process.send_signal(signal.SIGINT), script="wait")

    def test_terminated(self):
        self.expect_end(143, lambda process: process.send_signal(signal.SIGTERM), script="wait")

    def test_terminated_though_the_program_will_not(self):
        self.expect_end(143, lambda process: process.send_signal(signal.SIGTERM),
                        script="trap '' TERM; sleep " + self.marker)

    def test_killed(self):
        self.expect_end(-9, lambda process: process.kill(), script="wait")

    def test_lab_killed(self):
        said = self.expect_end(70, lambda process: os.kill(first_process(self.folder), signal.SIGKILL), script="wait")
        self.assertRegex(said, r"\Apliant_netlab: the lab died.*\n\Z")

    def test_out_of_time(self):
        said = self.expect_end(124, lambda process: None, "--timeout", 4, script="wait")
        self.assertRegex(said, r"\Apliant_netlab: .*--timeout 4 s.*\n\Z")

    def test_down_ends_what_runs_and_is_refused_twice(self):
        lab = self.up()
        namespaces = {lab.exec(host, "readlink", "/proc/self/ns/net") for host in ("host0", "host1")}
        program = lab.popen("host1", "sh", "-c", f"echo ready; sleep {self.marker}")
        self.assertEqual(program.stdout.readline(), "ready\n")
        self.okay(lab.down())
        self.expect_gone(namespaces)
        self.assertEqual(program.wait(timeout=10), 137)
        done = lab.down()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Apliant_netlab: lab = .* does not answer.*\n\Z")
        done = self.run_netlab("down")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"\Apliant_netlab: 0 labs are up.*\n\Z")

    def test_a_lab_that_is_up_is_killed(self):
        lab = self.up()
        namespaces = {lab.exec(host, "readlink", "/proc/self/ns/net") for host in ("host0", "host1")}
        os.kill(first_process(self.folder), signal.SIGKILL)
        self.expect_gone(namespaces)


class Refusals(LabTest):
    def expect_refusal(self, done, statuses, part):
        self.assertIn(done.returncode, statuses, done.stderr)
        self.assertRegex(done.stderr, r"\Apliant_netlab: [^\n]*\n\Z")
        self.assertIn(part, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_bad_input_starts_nothing(self):
        plans = {"back": "1 all rate=1mbit\n0.5 all rate=2mbit\n", "target": "1 host2 rate=1mbit\n",
                 "key": "1 all speed=1mbit\n", "rate": "1 all rate=10\n", "short": "1 all\n", "far": "1e11 all rate=1mbit\n"}
        for name, text in plans.items():
            (self.folder / name).write_text(text)
        for status, part, *options in ((2, "--hosts", "--hosts", 0), (2, "--hosts", "--hosts", 65),
                                       (2, "rate = 100", "--rate", 100), (2, "delay = 5", "--delay", 5),
                                       (2, "rate = 200gbit", "--rate", "200gbit"), (2, "queue = 1KB", "--queue", "1KB"),
                                       (2, "jitter = -1ms", "--jitter=-1ms"), (2, "--mtu", "--mtu", 100),
                                       (2, "back:2", "--schedule", "back"), (2, "target:1", "--schedule", "target"),
                                       (2, "key = speed", "--schedule", "key"), (2, "rate = 10", "--schedule", "rate"),
                                       (2, "short:1", "--schedule", "short"), (1, "c1, c2", "--schedule", "c3"),
                                       (2, "--schedule-step", "--schedule-step", 0),
                                       (2, "--launcher", "--launcher", "x"),
                                       (2, "--timeout = soon", "--timeout", "soon"), (2, "--speed", "--speed", 1),
                                       (1, "--log = no/where", "--log", "no/where"),
                                       (2, "far:1", "--schedule", "far"), (1, "c1, c2", "--schedule", "/"),
                                       (2, "--schedule-step", "--schedule", "sine", "--schedule-step", "100us"),
                                       (2, "--rate-scale", "--schedule", "c1", "--rate-scale", "nan"),
                                       (2, "--rate-scale", "--schedule", "c1", "--rate-scale", "1e6"),
                                       (2, "--delay-scale", "--schedule", "c1", "--delay-scale", "1e12"),
                                       (2, "--schedule-low", "--rate", "1kbit", "--schedule", "step")):
            with self.subTest(options=options):
                self.expect_refusal(self.run_one(*options, "--", "touch", "started"), (status,), part)
                self.assertEqual(self.lab_folders(), [])
                self.assertFalse((self.folder / "started").exists())

    def test_bad_commands(self):
        for part, *words in (("no program", "run"), ("no program", "run", "--"), ("no program", "exec", "host0"),
                             ("program = true", "set", "all", "rate=1mbit", "--", "true"),
                             ("0 labs are up", "set", "all", "rate=1mbit"), ("0 labs are up", "stats"),
                             ("0 labs are up", "exec", "host0", "--", "true"), ("command = nonsense", "nonsense"), ("", ),
                             ("target", "set"), ("settings", "set", "all")):
            with self.subTest(words=words):
                self.expect_refusal(self.run_netlab(*words), (2,), part)
        self.expect_refusal(self.run_netlab("stats", PLIANT_NETLAB=str(self.folder / "none")), (1,), "none")

    def test_a_lab_refuses_and_nothing_changes(self):
        lab = self.up()
        for part, *words in (("target = host2", "host2", "rate=1mbit"), ("key = speed", "all", "speed=1mbit"),
                             ("rate = 10", "all", "delay=1ms", "rate=10"), ("delay = 11s", "host0", "delay=11s")):
            with self.subTest(words=words):
                self.expect_refusal(lab.ask("set", *words), (2,), part)
        for host in ("host2", "all", "server"):
            with self.subTest(host=host):
                self.expect_refusal(lab.ask("exec", host, "--", "true"), (2,), host)
        self.assertEqual([entry["cause"] for entry in lab.log()], ["start", "start"])


SHOW_ADDRESS = """
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    address, mask = (fcntl.ioctl(s, code, struct.pack("256s", b"eth0"))[20:24] for code in (0x8915, 0x891b))
print(socket.inet_ntoa(address) + "/" + str(bin(int.from_bytes(mask, "big")).count("1")))
"""

if __name__ == "__main__":
    netlab_support.PROGRAM, *MPIRUN = sys.argv[1:]
    netlab_support.skip_without_labs()
    unittest.main(argv=sys.argv[:1])
