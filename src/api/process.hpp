// What one process keeps for all its communicators: its settings, the trace file, the last error. It hangs on
// MPI_COMM_SELF as an attribute, so that it ends with MPI and needs no global variable.
#pragma once

#include <mpi.h>

#include <mutex>
#include <string>
#include <vector>

#include "api/progress.hpp"
#include "core/config.hpp"
#include "core/log.hpp"
#include "kernels/cuda/calls.hpp"
#include "trace/recorder.hpp"

namespace pliant {

class Process {
 public:
  /// This process's state; made on first use, when it warns of environment variables that mean nothing (rank
  /// 0).
  static Process& instance();

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Throws Error(info_value) as long as the environment holds a value that cannot be used.
  const ProcessSettings& settings();
  Logger logger() const { return {settings_.debug, world_rank_}; }

  /// [s] from when this state was made to `wtime_s`, a value of MPI_Wtime: a trace's clock.
  double since_begin_s(double wtime_s) const { return wtime_s - begin_s_; }

  /// CUDA's calls, where the library was built with them and there is a device; null otherwise. Found out
  /// once.
  const cuda::Calls* device_calls();
  /// Is a device's memory given to MPI? As PLIANT_CUDA_AWARE says, or the MPI library.
  bool mpi_reads_device() const;

  void remember_error(int code, const std::string& text);
  /// The message remembered for `code`; empty if another error came last.
  std::string error_text(int code);

  /// Append to the trace, where there is one. Never fails: a trace that cannot be written ends with one
  /// warning.
  void record(const TraceEvent& event);
  bool records() const { return recorder_.is_open(); }

  /// What is under way in this process.
  Progress& progress() { return progress_; }

  /// A number for each communicator, in order of first use.
  std::int64_t next_communicator();

  /// `comm` has state that must go before MPI does: its attribute `keyval` is deleted then.
  void attach(MPI_Comm comm, int keyval);
  void detach(MPI_Comm comm);

 private:
  Process();
  static int keyval();
  static int on_finalize(MPI_Comm comm, int keyval, void* attribute, void* extra);
  void end_communicators();
  void open_trace();
  void end_trace_on(const TraceFailure& failure) const;

  struct Attached {
    MPI_Comm comm;
    int keyval;
  };

  ProcessSettings settings_;
  bool settings_read_ = false;
  double begin_s_ = 0;
  int world_rank_ = 0;
  Recorder recorder_;
  Progress progress_;
  std::mutex mutex_;  // guards what follows, and recorder_'s use: threads may use different communicators
  int last_code_ = MPI_SUCCESS;
  std::string last_text_;
  std::int64_t communicators_ = 0;
  bool devices_sought_ = false;
  const cuda::Calls* device_calls_ = nullptr;
  std::vector<Attached> attached_;
};

}  // namespace pliant
