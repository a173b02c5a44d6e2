// Traces: every column reads back, after batches and after a kill, and failures are reported once.
#include "trace/recorder.hpp"

#include <algorithm>
#include <csignal>
#include <type_traits>

#include "trace/columns.hpp"
#include "trace_support.hpp"

namespace pliant {
namespace {

const RunInfo kRun{.software_version = "pliant 0.1.0",
                   .start_date = "2031-05-06T07:08:09Z",
                   .mpi_library = "Some MPI 4.1",
                   .host = "node-1",
                   .ranks = 7,
                   .clock_monotonic_at_zero = 12345.0625};

/// A value that identifies its column and row.
template <class T>
T value_of(std::size_t column, std::int64_t row) {
  if constexpr (std::is_same_v<T, std::string>) return std::to_string(column) + "/" + std::to_string(row);
  if constexpr (std::is_same_v<T, double>)
    return static_cast<double>(row) + 0.01 * static_cast<double>(column);
  if constexpr (std::is_same_v<T, std::int64_t>) return row * 100 + static_cast<std::int64_t>(column);
}

template <class T>
using ValueOf = std::conditional_t<std::is_class_v<T>, std::string, T>;

template <class T>
void fill(TraceEvent& event, T TraceEvent::*member, std::size_t column, std::int64_t row) {
  if constexpr (std::is_class_v<T>) {
    set_text(event.*member, value_of<std::string>(column, row));
  } else {
    event.*member = value_of<T>(column, row);
  }
}

/// Fills every member with value_of, then sets the time.
TraceEvent event_of(std::int64_t row, double time_s) {
  TraceEvent event;
  for (std::size_t i = 0; i < trace_columns().size(); ++i) {
    std::visit([&](auto member) { fill(event, member, i, row); }, trace_columns()[i].member);
  }
  event.time_s = time_s;
  return event;
}

template <class T>
void expect_column(const Hdf5File& file, std::size_t column, std::int64_t rows, T TraceEvent::*) {
  const std::string name = trace_columns()[column].name;
  const auto values = file.read<ValueOf<T>>("/calls/" + name);
  ASSERT_EQ(static_cast<std::int64_t>(values.size()), rows) << name;
  for (std::int64_t row = 0; row < rows; ++row) {
    ASSERT_EQ(values[static_cast<std::size_t>(row)], value_of<ValueOf<T>>(column, row)) << name << " " << row;
  }
}

/// All columns must hold value_of for `rows` rows, and times must be `row_s` seconds apart.
void expect_rows(const std::string& path, std::int64_t rows, double row_s) {
  const Hdf5File file = Hdf5File::open(path);
  const std::vector<double> times = file.read<double>("/calls/time");
  ASSERT_EQ(static_cast<std::int64_t>(times.size()), rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    ASSERT_EQ(times[static_cast<std::size_t>(row)], row_s * static_cast<double>(row));
  }
  for (std::size_t i = 1; i < trace_columns().size(); ++i) {
    std::visit([&](auto member) { expect_column(file, i, rows, member); }, trace_columns()[i].member);
  }
}

void record(Recorder& recorder, std::int64_t rows, double row_s) {
  for (std::int64_t row = 0; row < rows; ++row) {
    ASSERT_EQ(recorder.record(event_of(row, row_s * static_cast<double>(row))), std::nullopt);
  }
}

class RecorderTest : public FolderTest {};

TEST_F(RecorderTest, KeepsEveryColumn) {
  Recorder recorder;
  ASSERT_EQ(recorder.open(path("a.h5"), kRun), std::nullopt);
  record(recorder, 5, 0.25);
  ASSERT_EQ(recorder.close(), std::nullopt);
  EXPECT_FALSE(recorder.is_open());
  expect_rows(path("a.h5"), 5, 0.25);
}

TEST_F(RecorderTest, DescribesTheRunAndTheColumns) {
  Recorder recorder;
  ASSERT_EQ(recorder.open(path("a.h5"), kRun), std::nullopt);
  ASSERT_EQ(recorder.close(), std::nullopt);
  const Hdf5File file = Hdf5File::open(path("a.h5"));
  EXPECT_EQ(file.read_attribute<std::string>("/", "schema"), "pliant-trace");
  EXPECT_EQ(file.read_attribute<std::string>("/", "schema_version"), "1.2");
  EXPECT_GE(file.read_attribute<std::string>("/", "end_date"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(file.read_attribute<std::string>("/", "software_version"), kRun.software_version);
  EXPECT_EQ(file.read_attribute<std::string>("/", "start_date"), kRun.start_date);
  EXPECT_EQ(file.read_attribute<double>("/", "clock_monotonic_at_zero"), kRun.clock_monotonic_at_zero);
  EXPECT_EQ(file.read_attribute<std::string>("/", "mpi_library"), kRun.mpi_library);
  EXPECT_EQ(file.read_attribute<std::string>("/", "host"), kRun.host);
  EXPECT_EQ(file.read_attribute<std::int64_t>("/", "ranks"), kRun.ranks);
  std::vector<std::string> names;
  for (const TraceColumn& column : trace_columns()) {
    const std::string dataset = std::string("/calls/") + column.name;
    EXPECT_EQ(file.read_attribute<std::string>(dataset, "unit"), column.unit);
    EXPECT_EQ(file.read_attribute<std::string>(dataset, "meaning"), column.meaning);
    names.push_back(column.name);
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(file.children("/calls"), names);
}

TEST_F(RecorderTest, KeepsManyRowsInBatchesByNumber) {
  constexpr std::int64_t kRows = 20'000;
  static_assert(kRows > 4 * Recorder::kBatchRows);
  {
    Recorder recorder;
    ASSERT_EQ(recorder.open(path("a.h5"), kRun), std::nullopt);
    record(recorder, kRows, 0);
  }
  expect_rows(path("a.h5"), kRows, 0);
}

TEST_F(RecorderTest, KeepsManyRowsInBatchesByTime) {
  {
    Recorder recorder;
    ASSERT_EQ(recorder.open(path("a.h5"), kRun), std::nullopt);
    record(recorder, 20'000, 1.0 / 512);
  }
  expect_rows(path("a.h5"), 20'000, 1.0 / 512);
}

TEST_F(RecorderTest, BeginsAgainWhenOpenedAgain) {
  Recorder recorder;
  for (const char* name : {"a.h5", "b.h5", "b.h5"}) {
    ASSERT_EQ(recorder.open(path(name), kRun), std::nullopt);
    record(recorder, 3, 0.5);
  }
  ASSERT_EQ(recorder.close(), std::nullopt);
  expect_rows(path("a.h5"), 3, 0.5);
  expect_rows(path("b.h5"), 3, 0.5);
}

/// Dies with rows waiting. Rows are 1/64 s apart, so the file is written at rows 0, 64, 128, ...
[[noreturn]] void record_and_die(const std::string& path, std::int64_t rows, bool flush) {
  Recorder recorder;
  recorder.open(path, kRun);
  record(recorder, rows, 1.0 / 64);
  if (flush) recorder.flush();
  std::raise(SIGKILL);
  std::abort();
}

TEST_F(RecorderTest, LeavesTheRowsOfAKilledRun) {
  EXPECT_EXIT(record_and_die(path("a.h5"), 200, false), testing::KilledBySignal(SIGKILL), "");
  expect_rows(path("a.h5"), 193, 1.0 / 64);
  EXPECT_EXIT(record_and_die(path("b.h5"), 200, true), testing::KilledBySignal(SIGKILL), "");
  expect_rows(path("b.h5"), 200, 1.0 / 64);
  EXPECT_EXIT(record_and_die(path("c.h5"), 0, false), testing::KilledBySignal(SIGKILL), "");
  expect_rows(path("c.h5"), 0, 1.0 / 64);
}

TEST_F(RecorderTest, TellsOnceWhyItCannotBeginAndIsOff) {
  for (const std::string& bad : {path("no/folder/a.h5"), path("")}) {
    Recorder recorder;
    const TraceFailure failure = recorder.open(bad, kRun);
    ASSERT_TRUE(failure.has_value());
    EXPECT_NE(failure->find("'" + bad + "': cannot create it: "), std::string::npos) << *failure;
    EXPECT_FALSE(recorder.is_open());
    EXPECT_EQ(recorder.record(event_of(0, 0)), std::nullopt);
    EXPECT_EQ(recorder.flush(), std::nullopt);
    EXPECT_EQ(recorder.close(), std::nullopt);
  }
}

TEST(Iso8601, IsUtc) {
  EXPECT_EQ(iso8601_utc(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(iso8601_utc(1935904089), "2031-05-07T07:08:09Z");
}

}  // namespace
}  // namespace pliant
