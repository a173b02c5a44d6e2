// The file name of a trace, and the fate of old files: one in use is never emptied, that of an ended run is
// replaced.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <set>

#include "trace/recorder.hpp"
#include "trace_support.hpp"

namespace {

bool file_system_has_locks = true;

}  // namespace

/// Replaces the C library's function, also for HDF5: a file system without locks.
extern "C" int flock(int descriptor, int operation) {
  if (!file_system_has_locks) {
    errno = ENOLCK;
    return -1;
  }
  return static_cast<int>(syscall(SYS_flock, descriptor, operation));
}

namespace pliant {
namespace {

const RunInfo kRun{.software_version = "0.1.0",
                   .start_date = "2031-05-06T07:08:09Z",
                   .mpi_library = "Some MPI",
                   .host = "node-1",
                   .ranks = 4};

RunInfo on_host(const std::string& host) {
  RunInfo info = kRun;
  info.host = host;
  return info;
}

void record_steps(Recorder& recorder, std::int64_t first, int rows) {
  for (int row = 0; row < rows; ++row) {
    TraceEvent event;
    event.time_s = row;
    event.step = first + row;
    ASSERT_EQ(recorder.record(event), std::nullopt);
  }
}

/// Runs a whole recording and returns its notice.
std::string run(const std::string& path, std::int64_t first, const RunInfo& info = kRun) {
  Recorder recorder;
  EXPECT_EQ(recorder.open(path, info), std::nullopt);
  record_steps(recorder, first, 3);
  EXPECT_EQ(recorder.close(), std::nullopt);
  return recorder.notice();
}

void run_until_killed(const std::string& path, std::int64_t first, const RunInfo& info = kRun) {
  const pid_t child = fork();
  if (child == 0) {
    Recorder recorder;
    recorder.open(path, info);
    record_steps(recorder, first, 3);
    recorder.flush();
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

std::vector<std::int64_t> steps_of(const std::string& path) {
  return Hdf5File::open(path).read<std::int64_t>("/calls/step");
}

std::vector<std::int64_t> steps_from(std::int64_t first) {
  return {first, first + 1, first + 2};
}

class TraceNameTest : public FolderTest {
 protected:
  void TearDown() override {
    file_system_has_locks = true;
    FolderTest::TearDown();
  }
  std::string text_of(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(TraceNameTest, IsAnotherBesideATraceThatIsWritten) {
  Recorder first;
  Recorder second;
  ASSERT_EQ(first.open(path("a.h5"), kRun), std::nullopt);
  EXPECT_EQ(first.notice(), "");
  record_steps(first, 0, 3);
  ASSERT_EQ(second.open(path("a.h5"), kRun), std::nullopt);
  EXPECT_EQ(second.notice(), "the trace is '" + path("a-1.h5") + "': '" + path("a.h5") +
                                 "' is in use by another program, a job or a reader, so it stays as it is");
  record_steps(second, 10, 3);
  EXPECT_NE(run(path("a.h5"), 20).find("a-2.h5"), std::string::npos);
  record_steps(first, 3, 1);
  ASSERT_EQ(first.close(), std::nullopt);
  ASSERT_EQ(second.close(), std::nullopt);
  EXPECT_EQ(steps_of(path("a.h5")), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(steps_of(path("a-1.h5")), steps_from(10));
  EXPECT_EQ(steps_of(path("a-2.h5")), steps_from(20));
}

TEST_F(TraceNameTest, IsThatOfAnEndedRun) {
  EXPECT_EQ(run(path("a.h5"), 0), "");
  EXPECT_EQ(run(path("a.h5"), 10), "");
  EXPECT_EQ(steps_of(path("a.h5")), steps_from(10));
  EXPECT_FALSE(std::filesystem::exists(path("a-1.h5")));
  // A file from another host may be replaced too, because it says that it has ended.
  EXPECT_EQ(run(path("a.h5"), 20, on_host("node-2")), "");
  EXPECT_EQ(steps_of(path("a.h5")), steps_from(20));
}

TEST_F(TraceNameTest, IsThatOfAKilledRunOfThisHost) {
  run_until_killed(path("a.h5"), 0);
  EXPECT_EQ(steps_of(path("a.h5")), steps_from(0));
  EXPECT_EQ(run(path("a.h5"), 10), "");
  EXPECT_EQ(steps_of(path("a.h5")), steps_from(10));
}

TEST_F(TraceNameTest, IsAnotherBesideARunOfAnotherHostThatMayGoOn) {
  run_until_killed(path("a.h5"), 0, on_host("node-2"));
  EXPECT_NE(run(path("a.h5"), 10).find("may be in use: its run on node-2 has not ended"), std::string::npos);
  EXPECT_EQ(steps_of(path("a.h5")), steps_from(0));
  EXPECT_EQ(steps_of(path("a-1.h5")), steps_from(10));
}

TEST_F(TraceNameTest, IsAnotherBesideATraceThatAReaderHasOpen) {
  run(path("a.h5"), 0);
  const int reader = open(path("a.h5").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(flock(reader, LOCK_SH | LOCK_NB), 0);  // as HDF5 does
  EXPECT_NE(run(path("a.h5"), 10).find("a-1.h5"), std::string::npos);
  close(reader);
  EXPECT_EQ(steps_of(path("a.h5")), steps_from(0));
  EXPECT_EQ(run(path("a.h5"), 20), "");
  EXPECT_EQ(steps_of(path("a.h5")), steps_from(20));
}

TEST_F(TraceNameTest, IsAnotherBesideAFileThatIsNoTrace) {
  std::ofstream(path("a.h5")) << "results of a year";
  EXPECT_NE(run(path("a.h5"), 0).find("cannot be read as a trace"), std::string::npos);
  EXPECT_EQ(text_of("a.h5"), "results of a year");
  Hdf5File::create(path("b.h5")).write_attribute("/", "schema", "pliant-state");
  EXPECT_NE(run(path("b.h5"), 0).find("is no trace of Pliant"), std::string::npos);
  EXPECT_EQ(Hdf5File::open(path("b.h5")).read_attribute<std::string>("/", "schema"), "pliant-state");
  EXPECT_EQ(steps_of(path("b-1.h5")), steps_from(0));
}

TEST_F(TraceNameTest, IsThatOfAFileThatHoldsNothing) {
  std::ofstream(path("a.h5")).flush();
  Hdf5File::create(path("b.h5"));
  for (const char* name : {"a.h5", "b.h5"}) {
    EXPECT_EQ(run(path(name), 0), "") << name;
    EXPECT_EQ(steps_of(path(name)), steps_from(0)) << name;
  }
}

TEST_F(TraceNameTest, BelongsToOneOfManyProcessesThatBeginTogether) {
  constexpr int kProcesses = 8;
  run(path("a.h5"), 0);
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  std::vector<pid_t> children;
  for (int i = 1; i <= kProcesses; ++i) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    close(gate[1]);
    char none = 0;
    (void)!read(gate[0], &none, 1);  // ends when all have been started
    Recorder recorder;
    TraceFailure failure = recorder.open(path("a.h5"), kRun);
    if (!failure) {
      record_steps(recorder, 10 * i, 3);
      failure = recorder.close();
    }
    if (failure) ADD_FAILURE() << *failure;
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  close(gate[0]);
  close(gate[1]);
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  // A recorder that ends before the next begins leaves its name to it. There may be fewer files, but each is
  // complete.
  std::set<std::int64_t> firsts;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(path("a")).parent_path())) {
    const std::vector<std::int64_t> steps = steps_of(entry.path().string());
    ASSERT_EQ(steps, steps_from(steps.at(0))) << entry.path();
    EXPECT_TRUE(firsts.insert(steps[0]).second) << entry.path();
  }
  EXPECT_EQ(firsts.count(0), 0U) << "the ended run's file was not replaced";
}

TEST_F(TraceNameTest, OfASpawnedRunHasANumber) {
  RunInfo spawned = kRun;
  spawned.spawned = true;
  EXPECT_EQ(run(path("a.h5"), 0, spawned), "");
  EXPECT_FALSE(std::filesystem::exists(path("a.h5"))) << "that one is the parent's";
  EXPECT_EQ(steps_of(path("a-1.h5")), steps_from(0));
  EXPECT_EQ(run(path("a-%p.h5"), 10, spawned), "");
  EXPECT_EQ(steps_of(path("a-" + std::to_string(getpid()) + ".h5")), steps_from(10));
}

TEST_F(TraceNameTest, FollowsLinks) {
  std::filesystem::create_directory(path("far"));
  std::filesystem::create_symlink("far/b.h5", path("a.h5"));  // leads to nothing yet
  for (const std::int64_t first : {0, 10}) {
    EXPECT_EQ(run(path("a.h5"), first), "");
    EXPECT_TRUE(std::filesystem::is_symlink(path("a.h5")));
    EXPECT_EQ(steps_of(path("far/b.h5")), steps_from(first));
  }
  Recorder first;
  ASSERT_EQ(first.open(path("a.h5"), kRun), std::nullopt);
  EXPECT_NE(run(path("far/b.h5"), 20).find("far/b-1.h5"), std::string::npos) << "another name of one file";
}

TEST_F(TraceNameTest, IsRefusedWhereNoFileCanBe) {
  std::filesystem::create_directory(path("folder"));
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("loop", path("loop"));
  const auto failure = [&](const std::string& name) {
    Recorder recorder;
    return recorder.open(path(name), kRun).value_or("no failure");
  };
  EXPECT_NE(failure("folder").find("Is a directory"), std::string::npos) << failure("folder");
  EXPECT_NE(failure("pipe").find("it is no regular file"), std::string::npos) << failure("pipe");
  EXPECT_NE(failure("loop").find("Too many levels"), std::string::npos) << failure("loop");
  EXPECT_NE(failure("no/folder.h5").find("No such file"), std::string::npos) << failure("no/folder.h5");
  EXPECT_NE(failure("a%q").find("a%q (% must be followed by"), std::string::npos) << failure("a%q");
}

TEST_F(TraceNameTest, IsRefusedInAFolderThatCannotBeWritten) {
  run(path("a.h5"), 0);
  const std::filesystem::path folder = std::filesystem::path(path("a.h5")).parent_path();
  std::filesystem::permissions(folder, std::filesystem::perms{0555});
  // Root may write everywhere, so a child process tries as nobody.
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && seteuid(65534) != 0) _exit(2);
    Recorder recorder;
    const std::string old = recorder.open(path("a.h5"), kRun).value_or("");
    const std::string fresh = recorder.open(path("b.h5"), kRun).value_or("");
    _exit(old.find("Permission denied") != std::string::npos &&
                  fresh.find("Permission denied") != std::string::npos
              ? 0
              : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  std::filesystem::permissions(folder, std::filesystem::perms{0755});
  EXPECT_EQ(steps_of(path("a.h5")), steps_from(0));
}

TEST_F(TraceNameTest, WithoutLocksIsNeverThatOfARunThatMayGoOn) {
  file_system_has_locks = false;
  EXPECT_EQ(run(path("a.h5"), 0), "");
  EXPECT_EQ(run(path("a.h5"), 10), "") << "it says that it ended";
  Recorder first;
  ASSERT_EQ(first.open(path("b.h5"), kRun), std::nullopt);
  record_steps(first, 0, 3);
  EXPECT_NE(run(path("b.h5"), 20).find("its file system has no locks"), std::string::npos);
  ASSERT_EQ(first.close(), std::nullopt);
  file_system_has_locks = true;  // HDF5's readers want them, too
  EXPECT_EQ(steps_of(path("a.h5")), steps_from(10));
  EXPECT_EQ(steps_of(path("b.h5")), steps_from(0));
  EXPECT_EQ(steps_of(path("b-1.h5")), steps_from(20));
}

TEST_F(TraceNameTest, IsLockedForReadersAlone) {
  Recorder recorder;
  ASSERT_EQ(recorder.open(path("a.h5"), kRun), std::nullopt);
  record_steps(recorder, 0, 1);
  const int other = open(path("a.h5").c_str(), O_RDWR | O_CLOEXEC);
  EXPECT_EQ(flock(other, LOCK_SH | LOCK_NB), 0) << "a reader with HDF5's default settings";
  flock(other, LOCK_UN);
  EXPECT_NE(flock(other, LOCK_EX | LOCK_NB), 0) << "a writer";
  ASSERT_EQ(recorder.close(), std::nullopt);
  EXPECT_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
  close(other);
}

TEST_F(TraceNameTest, IsFreeWhenTheRunEndsThoughItsProgramsLiveOn) {
  Recorder recorder;
  ASSERT_EQ(recorder.open(path("a.h5"), kRun), std::nullopt);
  const pid_t daemon = fork();
  if (daemon == 0) {
    execlp("sleep", "sleep", "600", nullptr);
    _exit(1);
  }
  // Its exec closes the trace. The change shows in the link to the program.
  const std::string program = "/proc/" + std::to_string(daemon) + "/exe";
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  while (std::filesystem::read_symlink(program) == self) usleep(1000);
  record_steps(recorder, 0, 3);
  ASSERT_EQ(recorder.close(), std::nullopt);
  EXPECT_EQ(run(path("a.h5"), 10), "");
  kill(daemon, SIGKILL);
  waitpid(daemon, nullptr, 0);
}

}  // namespace
}  // namespace pliant
