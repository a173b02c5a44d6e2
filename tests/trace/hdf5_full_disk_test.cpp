// A full disk: the error is reported, existing data stays, and the program ends normally. Without
// precautions, HDF5 1.10 crashes at exit after a file that it could not close.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <limits>

#include "trace/recorder.hpp"
#include "trace_support.hpp"

namespace {

/// [byte] named files cannot grow beyond this, which simulates the room on the disk.
off_t room_bytes = std::numeric_limits<off_t>::max();

bool has_name(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 && status.st_nlink > 0;
}

}  // namespace

/// Replaces the C library's function, also for HDF5: data that does not fit is not written, as on a full
/// disk.
extern "C" ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  if (has_name(descriptor) && offset + static_cast<off_t>(count) > room_bytes) {
    if (offset >= room_bytes) {
      errno = ENOSPC;
      return -1;
    }
    count = static_cast<size_t>(room_bytes - offset);
  }
  return syscall(SYS_pwrite64, descriptor, bytes, count, offset);
}

namespace pliant {
namespace {

[[noreturn]] void save_until_full(const std::string& path) {
  room_bytes = 100'000;
  const std::vector<float> values(10'000, 2.0f);
  std::string failure;
  try {
    Hdf5File file = Hdf5File::create_replacing(path);
    for (int i = 0; i < 100; ++i) file.write("/" + std::to_string(i), std::span<const float>(values));
    file.commit();
  } catch (const Error& error) {
    failure = error.what();
  }
  std::exit(failure.find("No space left on device") != std::string::npos ? 0 : 1);
}

/// Exits with the number of reported failures.
[[noreturn]] void record_until_full(const std::string& path, off_t room) {
  room_bytes = room;
  int told = 0;
  const auto count = [&](const TraceFailure& failure) {
    if (!failure) return;
    told += failure->find("No space left on device") != std::string::npos ? 1 : 100;
  };
  Recorder recorder;
  count(recorder.open(path, {}));
  for (int row = 0; row < 5000; ++row) {
    TraceEvent event;
    event.time_s = row / 64.0;
    event.step = row;
    event.beta_s_per_byte = 0.5;
    count(recorder.record(event));
  }
  if (recorder.is_open()) std::exit(50);
  count(recorder.flush());
  count(recorder.close());
  std::exit(told);
}

class FullDiskTest : public FolderTest {};

TEST_F(FullDiskTest, LeavesTheOldStateAsItWas) {
  const std::vector<float> old{1, 2, 3};
  {
    Hdf5File file = Hdf5File::create_replacing(path("state.h5"));
    file.write("/x", std::span<const float>(old));
    file.commit();
  }
  EXPECT_EXIT(save_until_full(path("state.h5")), testing::ExitedWithCode(0), "^$");
  EXPECT_EQ(Hdf5File::open(path("state.h5")).read<float>("/x"), old);
  EXPECT_FALSE(std::filesystem::exists(path("state.h5.partial")));
}

class FullDiskTraceTest : public FullDiskTest, public testing::WithParamInterface<off_t> {};

TEST_P(FullDiskTraceTest, EndsTracingWithOneWarning) {
  EXPECT_EXIT(record_until_full(path("a.h5"), GetParam()), testing::ExitedWithCode(1), "^$");
}

// Some limits fail in open, some in the first row, some later. Found by trying.
INSTANTIATE_TEST_SUITE_P(Limits, FullDiskTraceTest,
                         testing::Values(2'048, 8'192, 20'000, 40'000, 60'000, 100'000, 300'000, 600'000));

TEST_F(FullDiskTest, LosesAtMostTheLastBatch) {
  constexpr std::size_t kBatch = 64;
  // The first row takes a chunk of 1,024 rows in each column. This much, with the file's own tables, always
  // fits.
  constexpr off_t kFirstChunks = 1024 * sizeof(TraceEvent) + 70'000;
  for (off_t room = kFirstChunks; room < kFirstChunks + 700'000; room += 20'000) {
    EXPECT_EXIT(record_until_full(path("a.h5"), room), testing::ExitedWithCode(1), "^$") << room;
    const Hdf5File file = Hdf5File::open(path("a.h5"));
    const std::vector<std::int64_t> steps = file.read<std::int64_t>("/calls/step");
    const std::vector<double> betas = file.read<double>("/calls/beta");
    ASSERT_GT(steps.size(), 10 * kBatch) << room;
    EXPECT_EQ(betas.size(), steps.size()) << room;
    EXPECT_EQ(file.read<std::string>("/calls/tensor").size(), steps.size()) << room;
    for (std::size_t row = 0; row < steps.size() - kBatch; ++row) {
      ASSERT_EQ(steps[row], static_cast<std::int64_t>(row)) << room;
      ASSERT_EQ(betas[row], 0.5) << room;
    }
  }
}

}  // namespace
}  // namespace pliant
