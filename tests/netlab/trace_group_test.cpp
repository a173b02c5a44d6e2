// A lab's log in a trace: on the trace's clock, next to its calls, written repeatedly.
#include "apps/netlab/trace_group.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "core/error.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant::netlab {
namespace {

constexpr double kZero_s = 1000;
const std::vector<double> kCalls = {0.5, 1.5};

class TraceGroup : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "netlab_trace_group.h5";
    Hdf5File file = Hdf5File::create(path_);
    file.write("/calls/time", std::span<const double>(kCalls));
    file.write_attribute("/", "clock_monotonic_at_zero", kZero_s);
    file.close();
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::string path_;
};

const std::vector<JournalEntry> kJournal = {
    {to_ns(999.5), std::nullopt, 0, {100e6, 50e6, 0.001, 0, 0}, Cause::start},
    {to_ns(1002.25), to_ns(1002), 3, {20e6, 0, 0.005, 0.002, 1 << 20}, Cause::schedule},
};

TEST_F(TraceGroup, HoldsEveryEntryOnTheTracesClock) {
  write_network_group(kJournal, path_);
  const Hdf5File file = Hdf5File::open(path_);
  EXPECT_EQ(file.read<double>("/network/time"), (std::vector<double>{-0.5, 2.25}));
  const std::vector<double> scheduled = file.read<double>("/network/scheduled");
  ASSERT_EQ(scheduled.size(), 2U);
  EXPECT_TRUE(std::isnan(scheduled[0]));
  EXPECT_EQ(scheduled[1], 2);
  EXPECT_EQ(file.read<std::int64_t>("/network/host"), (std::vector<std::int64_t>{0, 3}));
  EXPECT_EQ(file.read<double>("/network/up"), (std::vector<double>{100e6, 20e6}));
  EXPECT_EQ(file.read<double>("/network/down"), (std::vector<double>{50e6, 0}));
  EXPECT_EQ(file.read<double>("/network/delay"), (std::vector<double>{0.001, 0.005}));
  EXPECT_EQ(file.read<double>("/network/jitter"), (std::vector<double>{0, 0.002}));
  EXPECT_EQ(file.read_attribute<std::string>("/network/up", "unit"), "bit/s");
  EXPECT_EQ(file.read<double>("/calls/time"), kCalls) << "the calls stay as they are";
}

TEST_F(TraceGroup, IsReplacedByTheNextOne) {
  write_network_group(kJournal, path_);
  write_network_group({kJournal[1]}, path_);
  EXPECT_EQ(Hdf5File::open(path_).read<double>("/network/time"), std::vector<double>{2.25});
}

TEST_F(TraceGroup, GoesIntoTracesOnly) {
  {
    Hdf5File file = Hdf5File::create(path_);
    file.make_group("/other");
    file.close();
  }
  EXPECT_THROW(write_network_group(kJournal, path_), Error);
  EXPECT_EQ(Hdf5File::open(path_).children("/"), std::vector<std::string>{"other"});
}

}  // namespace
}  // namespace pliant::netlab
