"""A Slurm cluster of four emulated nodes on this machine's loopback interface, which lasts as long as a test.

Each node is a slurmd of its own. The daemons run as the user of the test. They have their own ports, sockets and files,
read nothing in /etc, and need neither root nor a system service.
"""
import getpass
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

NODES = 4
CPUS = 4  # of a node, whatever this machine has
PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "scontrol")
PACKAGES = "slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins"
START_S = 60
RUNNING = ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING")

# Short waiting times: 5 s until a requeued job starts, and 3 s from SIGTERM to SIGKILL. MpiDefault is none, as at many
# sites, so job scripts name the MPI type themselves.
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_min_interval=0,bf_interval=2
KillWait=3
ReturnToService=2
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/log/slurmctld
SlurmdPidFile={folder}/%n.pid
SlurmdLogFile={folder}/log/%n
SlurmdSpoolDir={folder}/spool/%n
TmpFS={folder}/tmp/%n
NodeName=DEFAULT CPUs={cpus} CoresPerSocket={cpus} RealMemory=4000
NodeName=n[1-{nodes}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}]
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Unavailable(Exception):
    """This machine cannot run the cluster; the text is the reason."""


def wait_for(condition, seconds, what):
    """Calls `condition` until it is true, and returns its value; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"no {what} within {seconds} s")
        time.sleep(0.1)
    return value


def free_ports(count):
    """The first of `count` consecutive free ports."""
    for first in range(20000 + os.getpid() % 900 * 10, 32000, count):
        sockets = [socket.socket() for _ in range(count)]
        try:
            for offset, port in enumerate(sockets):
                port.bind(("127.0.0.1", first + offset))
            return first
        except OSError:
            continue
        finally:
            for port in sockets:
                port.close()
    raise Unavailable("no free ports")


class Cluster:
    """Use it in a `with` statement. Commands of the cluster need `environment`."""

    def __init__(self):
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
        if missing:
            raise Unavailable(f"no {', '.join(missing)} (packages {PACKAGES})")
        # Paths of sockets have at most 108 characters.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="slurm."))
        self.folder.chmod(0o755)
        # In a common TMPDIR the nodes' PMIx folders would collide. A test may itself run in a job.
        foreign = ("TMPDIR", "SLURM", "SBATCH", "SRUN", "SALLOC", "PMI", "PLIANT_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self.environment = {**inherited, "PATH": path, "SLURM_CONF": f"{self.folder}/slurm.conf"}
        self.daemons = []

    def __enter__(self):
        try:
            self.write_files()
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def run(self, *command, **keywords):
        """Runs a command of Slurm and returns its output."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False,
                              **keywords)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stderr}{done.stdout}")
        return done.stdout + done.stderr

    def write_files(self):
        names = [f"n{i + 1}" for i in range(NODES)]
        for name in ("log", "state", *(f"{kind}/{node}" for kind in ("spool", "tmp") for node in names)):
            (self.folder / name).mkdir(parents=True)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        port = free_ports(1 + NODES)
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            host=socket.gethostname().split(".")[0], user=getpass.getuser(), folder=self.folder, nodes=NODES, cpus=CPUS,
            port=port, first=port + 1, last=port + NODES))
        # With this file slurmd needs no control groups, which a container may lack.
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")

    def start(self):
        self.start_daemon("munged", f"--socket={self.folder}/munge.socket", f"--key-file={self.folder}/munge.key",
                          f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/log/munged",
                          f"--seed-file={self.folder}/munge.seed", "--num-threads=2", pid_file="munged.pid")
        self.start_daemon("slurmctld", "-c", pid_file="slurmctld.pid")
        for i in range(NODES):
            self.start_daemon("slurmd", "-N", f"n{i + 1}", pid_file=f"n{i + 1}.pid")
        wait_for(lambda: self.run("sinfo", "--noheader", "--states=idle", "--format=%D").strip() == str(NODES), START_S,
                 "idle nodes")
        self.mpi_types = self.run("srun", "--mpi=list").split()
        if "pmix" not in self.mpi_types:
            raise Unavailable(f"no PMIx in this Slurm, but {' '.join(self.mpi_types)} (packages {PACKAGES})")

    def start_daemon(self, *command, pid_file):
        self.run(*command)
        path = self.folder / pid_file
        # The daemon removes this file when it ends, so the process number is kept here.
        self.daemons.append(int(wait_for(lambda: path.exists() and path.read_text().strip(), START_S, pid_file)))

    def stop(self):
        if (self.folder / "slurmctld.pid").exists():
            subprocess.run(["scancel", f"--user={getpass.getuser()}"], env=self.environment, timeout=60, check=False)
            try:
                wait_for(lambda: not self.run("squeue", "--noheader").strip(), 20, "empty queue")
            except AssertionError as error:
                print(error)
        for daemon in reversed(self.daemons):
            end_process(daemon)
        shutil.rmtree(self.folder, ignore_errors=True)

    def logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-2000:]}"
                         for path in sorted((self.folder / "log").iterdir()))

    def submit(self, script, *options, folder, **settings):
        """Submits a job from `folder`, where it will run. Returns its id."""
        command = ["sbatch", "--parsable", "--time=5", *options, str(script)]
        done = subprocess.run(command, env={**self.environment, **settings}, cwd=folder, capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout.strip()

    def describe(self, job):
        """The output of scontrol for a job: key -> value."""
        words = self.run("scontrol", "--oneliner", "show", "job", job).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def state(self, job):
        return self.describe(job)["JobState"]

    def end_state(self, job, seconds=400):
        """Waits until a job has ended. (sbatch --wait would poll at long intervals.)"""
        wait_for(lambda: self.state(job) not in RUNNING, seconds, f"end of job {job}")
        return self.state(job)


def lives(process):
    """False for a zombie too, since a container without init does not reap them."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def end_process(process):
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(process, number)
            wait_for(lambda: not lives(process), 5, f"end of process {process}")
            return
        except ProcessLookupError:
            return
        except AssertionError:
            continue
