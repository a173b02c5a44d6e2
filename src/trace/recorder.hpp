// Writes a trace: one HDF5 file with one row per call in /calls/<column>. Attributes of the root describe the
// run.
//
// A trace takes its name if it is free, or if it belongs to the trace of a run that has ended. Otherwise the
// trace is name-1.h5, name-2.h5, ... A run has ended if its trace says so (end_date), or if it ran on this
// host and its trace is not locked. Any reader can open a trace while it is written.
//
// No function throws, since a trace must never break a run. The first failure is returned as the text for a
// warning, and turns the recorder off. Even then all columns are equally long, and only rows of the last
// batch may be missing, as zeros. One thread on one rank uses the recorder, which communicates with no other
// rank.
#pragma once

#include <cstddef>
#include <ctime>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "trace/event.hpp"
#include "trace/hdf5_file.hpp"
#include "trace/run_info.hpp"

namespace pliant {

/// For example 2031-05-06T07:08:09Z.
std::string iso8601_utc(std::time_t seconds_since_1970);

/// Why tracing ended, if it did.
using TraceFailure = std::optional<std::string>;

class Recorder {
 public:
  /// Rows are written once there are this many: 1 MB, and four chunks per column.
  static constexpr std::size_t kBatchRows = 4096;
  /// Longest time that rows wait, by the events' clock, if more calls follow. A killed run may lose this
  /// much; a write takes about a thousandth of it.
  static constexpr double kBatchTime_s = 1;

  Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder();

  /// Begin a file at a path that may have patterns (trace_path.hpp). Closes an open trace first.
  TraceFailure open(const std::string& pattern, const RunInfo& info);
  /// After open(): the trace's name, and why it is not the user's; empty if it is.
  const std::string& notice() const { return notice_; }
  bool is_open() const { return file_.has_value(); }
  /// Store a row. The first one is written at once, so that a full disk shows early; later ones are written
  /// in batches. Does nothing if the recorder is off.
  TraceFailure record(const TraceEvent& event);
  /// Write the stored rows. A process killed after this leaves a file that opens, with all rows so far.
  TraceFailure flush();
  TraceFailure close();

 private:
  template <class Action>
  TraceFailure attempt(Action action);
  void create(const std::string& pattern, const RunInfo& info);
  void describe(const RunInfo& info);
  void write_waiting();
  void abandon();

  std::optional<Hdf5File> file_;
  std::vector<Hdf5Column> columns_;  ///< one per element of trace_columns()
  std::vector<TraceEvent> waiting_;
  std::string notice_;
  std::int64_t rows_ = 0;  ///< complete rows in the file
  double written_at_s_ = -std::numeric_limits<double>::infinity();
};

}  // namespace pliant
