// Writes a trace: one HDF5 file with a row for each call, /calls/<column>, and the run's facts on the root.
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

namespace pliant {

/// What the file says about the run, as attributes of the root with these names.
struct RunInfo {
  std::string software_version;
  std::string start_date;  ///< iso8601_utc
  std::string mpi_library;
  std::string host;
  int ranks = 0;
  double clock_monotonic_at_zero = 0;  ///< [s] of CLOCK_MONOTONIC, where the calls' times are 0
};

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

  /// Begin a file; what was at `path` is lost. A trace that is open is closed first.
  TraceFailure open(const std::string& path, const RunInfo& info);
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
  void create(const std::string& path, const RunInfo& info);
  void write_waiting();
  void abandon();

  std::optional<Hdf5File> file_;
  std::vector<Hdf5Column> columns_;  ///< one for each of trace_columns()
  std::vector<TraceEvent> waiting_;
  std::int64_t rows_ = 0;  ///< in the file, complete
  double written_at_s_ = -std::numeric_limits<double>::infinity();
};

}  // namespace pliant
