// Writes a trace: one HDF5 file with a row for each call, /calls/<column>, and the run's facts on the root.
//
// The name is free, or an old trace's whose run has ended; otherwise the trace is name-1.h5, name-2.h5, ... A
// run has ended if its trace says so (end_date), or if it ran on this host and nobody holds its trace's lock.
// While it is written, a trace opens in every reader.
//
// Nothing here throws: a trace must never break a run. What goes wrong comes back once, as the text for a
// warning, and the recorder is off from then on; the columns of the file are equally long even then, and only
// rows of the last batch may be missing, as zeros. It is used on one rank, by one thread, and talks to nobody
// but its file.
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

/// 2031-05-06T07:08:09Z
std::string iso8601_utc(std::time_t seconds_since_1970);

/// Why tracing ended, or nothing.
using TraceFailure = std::optional<std::string>;

class Recorder {
 public:
  /// Rows wait in memory until there are this many: 1 MB, and a chunk-sized write for each column.
  static constexpr std::size_t kBatchRows = 4096;
  /// Rows wait no longer than this by the events' clock, if more calls follow: what a killed run may lose,
  /// against a write of about a thousandth of it.
  static constexpr double kBatchTime_s = 1;

  Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder();

  /// Begin a file at a path that may have patterns (trace_path.hpp). A trace that is open is closed first.
  TraceFailure open(const std::string& pattern, const RunInfo& info);
  /// After open(): why the trace has another name than the user gave, and which; empty if it has that name.
  const std::string& notice() const { return notice_; }
  bool is_open() const { return file_.has_value(); }
  /// Keep a row. The first is written at once, so that a full disk shows early; later ones in batches. When
  /// off: nothing.
  TraceFailure record(const TraceEvent& event);
  /// Write what waits. A process killed after this leaves a file that opens, with all rows so far.
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
  std::vector<Hdf5Column> columns_;  ///< one for each of trace_columns()
  std::vector<TraceEvent> waiting_;
  std::string notice_;
  std::int64_t rows_ = 0;  ///< in the file, complete
  double written_at_s_ = -std::numeric_limits<double>::infinity();
};

}  // namespace pliant
