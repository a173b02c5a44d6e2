"""Labs for netlab_test.py: starts them, communicates on their hosts, and finds what is left afterwards.

Other labs may start and end meanwhile. A lab is identified by its TMPDIR, by a word in its program's command line, and
by the inodes of its network namespaces.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = ""
PATIENCE_S = 5
PORT = 7777

# The first line of a connection is a count. If it is 0, all bytes after it are echoed. Otherwise a dot answers that
# many.
SERVER = f"""
import socket, threading
def serve(link):
    count = int(link.makefile("rb", buffering=0).readline())
    while count == 0 and (data := link.recv(65536)):
        link.sendall(data)
    while count > 0:
        count -= len(link.recv(65536))
    link.sendall(b".")
listening = socket.create_server(("", {PORT}))
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""

# Input lines are `connect TIMEOUT`, `echo TIMEOUT TIMES`, `wait TIMEOUT`, `bulk COUNT`. The answer is the time in
# seconds (the least of TIMES) or "no answer".
CLIENT = f"""
import socket, sys, time
link, host = None, sys.argv[1]
def connect(timeout):
    link = socket.create_connection((host, {PORT}), timeout=float(timeout))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link
def ask(name, first=None, times="1"):
    global link
    took = []
    for _ in range(int(times)):
        begin = time.perf_counter()
        if name == "connect":
            link = connect(first)
        elif name == "bulk":
            link = connect(60)
            link.sendall(b"%s\\n" % first.encode() + bytes(int(first)))
            assert link.recv(1) == b"."
        else:
            link.settimeout(float(first))
            if name == "echo":
                link.sendall(b"x")
            assert link.recv(1) == b"x"
        took.append(time.perf_counter() - begin)
        if name == "connect":
            link.sendall(b"0\\n")
    return min(took)
for line in sys.stdin:
    try:
        print(ask(*line.split()), flush=True)
    except OSError:
        print("no answer", flush=True)
"""


def poll(condition, patience_s=PATIENCE_S):
    """Returns whether the condition became true in time."""
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def entries(pattern):
    """(process, target of the link) for files of all processes; skips processes that end meanwhile."""
    for path in pathlib.Path("/proc").glob(pattern):
        try:
            yield path.parts[2], os.readlink(path)
        except OSError:
            continue


def namespaces_in_use():
    found = {target for pattern in ("[0-9]*/ns/net", "[0-9]*/fd/*") for _, target in entries(pattern)}
    return {target for target in found if target.startswith("net:")}


def processes_with(word):
    """Living processes only: zombies have no command line."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                found.append(int(path.parts[2]))
        except OSError:
            continue
    return found


def first_process(folder):
    """PID 1 of the lab with this TMPDIR."""
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            numbers = [line.split()[1:] for line in (path / "status").read_text().splitlines()
                       if line.startswith("NSpid:")][0]
            if len(numbers) > 1 and numbers[-1] == "1" and str(folder).encode() in (path / "environ").read_bytes():
                return int(path.name)
        except OSError:
            continue
    raise AssertionError(f"no lab of {folder}")


class LabTest(unittest.TestCase):
    """Each test has its own TMPDIR and must leave it empty."""

    number = 0

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="nl")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PLIANT_")}
        self.environment = {**kept, "TMPDIR": str(self.folder)}
        LabTest.number += 1
        self.marker = f"{12345 + LabTest.number}.{os.getpid()}"  # seconds, for sleep
        self.addCleanup(self.expect_no_labs)

    def run_netlab(self, *arguments, **environment):
        return subprocess.run([PROGRAM, *map(str, arguments)], env={**self.environment, **environment},
                              cwd=self.folder, capture_output=True, text=True, timeout=60)

    def run_one(self, *arguments, hosts=2):
        """Runs a program on host0."""
        return self.run_netlab("run", "--hosts", hosts, "--launcher", "none", *arguments)

    def start(self, *arguments, **keywords):
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], env=self.environment, cwd=self.folder, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, **keywords)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def okay(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def lab_folders(self):
        return list(self.folder.glob("pliant_netlab_*/*"))

    def expect_no_labs(self):
        self.assertTrue(poll(lambda: not self.lab_folders()), self.lab_folders())
        self.assertTrue(poll(lambda: not processes_with(str(self.folder)) + processes_with(self.marker)), "processes")

    def expect_gone(self, namespaces):
        self.expect_no_labs()
        self.assertTrue(poll(lambda: not namespaces & namespaces_in_use()), "network namespaces")

    def up(self, *arguments):
        return Lab(self, *arguments)


class Lab:
    """A lab by pliant_netlab up, which lasts until the test ends."""

    def __init__(self, test, *arguments):
        self.test = test
        words = test.okay(test.run_netlab("up", *arguments)).strip().split("=", 1)
        test.assertEqual(words[0], "export PLIANT_NETLAB")
        self.socket = words[1]
        test.addCleanup(self.down)

    def down(self):
        return self.ask("down")

    def ask(self, command, *arguments):
        return self.test.run_netlab(command, "--lab", self.socket, *arguments)

    def exec(self, host, *words):
        return self.test.okay(self.ask("exec", host, "--", *words)).strip()

    def set(self, *words):
        self.test.okay(self.ask("set", *words))

    def stats(self):
        return json.loads(self.test.okay(self.ask("stats", "--json")))

    def log(self):
        return [json.loads(line) for line in self.test.okay(self.ask("log", "--json")).splitlines()]

    def popen(self, host, *words):
        return self.test.start("exec", "--lab", self.socket, host, "--", *words)

    def serve(self, host):
        server = self.popen(host, sys.executable, "-c", SERVER)
        self.test.assertEqual(server.stdout.readline(), "ready\n")

    def client(self, host, server):
        return Client(self.popen(host, sys.executable, "-c", CLIENT, server))


class Client:
    """Asks a server on another host; see CLIENT."""

    def __init__(self, process):
        self.process = process

    def begin(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def answer(self):
        """[s] until the answer, or None without one."""
        line = self.process.stdout.readline().strip()
        return None if line == "no answer" else float(line)

    def ask(self, *words):
        self.begin(*words)
        return self.answer()


def skip_without_labs():
    """Exits with CTest's status for skipped tests if no lab can be started."""
    done = subprocess.run([PROGRAM, "run", "--hosts", "2", "--launcher", "none", "--", "true"], capture_output=True,
                          text=True, timeout=60)
    if done.returncode == 69:
        print(f"skipped: {done.stderr.strip()}")
        sys.exit(77)

