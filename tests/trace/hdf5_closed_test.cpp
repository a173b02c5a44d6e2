// The program calls H5close: traces end with the true reason, and the program's own objects stay untouched.
#include <hdf5.h>

#include <cstdlib>

#include "trace/recorder.hpp"
#include "trace_support.hpp"

namespace pliant {
namespace {

class Hdf5ClosedTest : public FolderTest {};

constexpr const char* kWhy = "the program has closed HDF5 (H5close closes all files of a program";

bool says_why(const TraceFailure& failure) {
  return failure && failure->find(kWhy) != std::string::npos;
}

/// A file and dataset of the program, whose identifiers are those that the trace had before H5close.
hid_t own_dataset(const std::string& path) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hsize_t length = 1;
  const hid_t space = H5Screate_simple(1, &length, nullptr);
  const hid_t type = H5Tcopy(H5T_NATIVE_DOUBLE);
  const hid_t dataset = H5Dcreate2(file, "x", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const double x = 7;
  H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &x);
  return dataset;
}

[[noreturn]] void close_under_a_trace(const std::string& trace, const std::string& own, bool goes_on) {
  int wrong = 0;
  {
    Recorder recorder;
    recorder.open(trace, {});
    TraceEvent event;
    recorder.record(event);
    H5close();
    const hid_t dataset = own_dataset(own);
    event.time_s = 100;
    if (goes_on && !says_why(recorder.record(event))) wrong |= 1;
    if (goes_on && recorder.record(event)) wrong |= 2;
    const TraceFailure at_end = recorder.close();
    if (goes_on ? at_end.has_value() : !says_why(at_end)) wrong |= 4;
    if (recorder.is_open()) wrong |= 8;
    double x = 0;
    if (H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &x) < 0 || x != 7) wrong |= 16;
  }
  std::exit(wrong);
}

TEST_F(Hdf5ClosedTest, EndsATraceAtItsNextRow) {
  EXPECT_EXIT(close_under_a_trace(path("a.h5"), path("own.h5"), true), testing::ExitedWithCode(0), "^$");
  EXPECT_EQ(Hdf5File::open(path("a.h5")).read<double>("/calls/time"), std::vector<double>{0});
}

TEST_F(Hdf5ClosedTest, EndsATraceWithoutFurtherRows) {
  EXPECT_EXIT(close_under_a_trace(path("a.h5"), path("own.h5"), false), testing::ExitedWithCode(0), "^$");
  EXPECT_EQ(Hdf5File::open(path("a.h5")).read<double>("/calls/time"), std::vector<double>{0});
}

[[noreturn]] void close_under_a_state(const std::string& path) {
  bool told = false;
  {
    Hdf5File file = Hdf5File::create_replacing(path);
    H5close();
    const std::string problem = io_error_of([&] { file.make_group("/ranks"); });
    const std::string at_end = io_error_of([&] { file.commit(); });
    told = problem.find(kWhy) != std::string::npos && at_end.find(kWhy) != std::string::npos;
  }
  std::exit(told ? 0 : 1);
}

TEST_F(Hdf5ClosedTest, RefusesAStateFile) {
  EXPECT_EXIT(close_under_a_state(path("a.h5")), testing::ExitedWithCode(0), "^$");
  EXPECT_FALSE(std::filesystem::exists(path("a.h5")));
  EXPECT_FALSE(std::filesystem::exists(path("a.h5.partial")));
}

}  // namespace
}  // namespace pliant
