// The state of one process for all its communicators: its settings, the trace file, the last error. It is an
// attribute of MPI_COMM_SELF, so it ends with MPI and needs no global variable. An attribute of
// MPI_COMM_WORLD marks that it has ended, and it is not made again then.
#pragma once

#include <mpi.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/log.hpp"
#include "kernels/cuda/device.hpp"
#include "kernels/team.hpp"
#include "runtime/context_list.hpp"
#include "runtime/progress.hpp"
#include "trace/recorder.hpp"

namespace pliant {

class Process {
 public:
  /// Returns this process's state. The first call makes it, and warns on rank 0 of unknown PLIANT_*
  /// environment variables. Throws Error(other) after MPI_Finalize has ended Pliant, in its later callbacks.
  static Process& instance();
  /// Returns the state, or null if it has not been made or has ended.
  static Process* find();
  /// Has MPI_Finalize ended it?
  static bool has_ended();

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Throws Error(info_value) while the environment holds a value that cannot be used. Ranks may differ in
  /// that, so a collective call must agree on problem() before it raises.
  const ProcessSettings& settings();
  /// The error that settings() would throw, if any.
  std::optional<Error> problem();
  Logger logger() const { return {settings_.debug, world_rank_}; }

  /// The clock of traces: [s] from the making of this state to `wtime_s`, a value of MPI_Wtime.
  double since_begin_s(double wtime_s) const { return wtime_s - begin_s_; }

  /// Work of this process on devices that may wait for other ranks.
  cuda::WaitingWork& waiting_work() { return waiting_work_; }
  /// May device memory be passed to MPI? PLIANT_CUDA_AWARE decides, or else the MPI library.
  bool mpi_reads_device() const;

  void remember_error(int code, const std::string& text);
  /// The message remembered for `code`; empty if another error came last.
  std::string error_text(int code);

  /// Appends to the trace, if there is one. Never fails: a write error ends the trace with one warning.
  void record(const TraceEvent& event);
  bool records() const { return recorder_.is_open(); }

  /// The PLIANT_THREADS threads that run kernels, shared by all communicators. Null if PLIANT_THREADS is 1.
  Team* team();

  /// The pending operations of this process.
  Progress& progress() { return progress_; }

  ContextList& contexts() { return contexts_; }
  /// A number for each communicator, in order of first use.
  std::int64_t next_communicator();
  ContextKey next_key();
  /// Does MPI provide MPI_THREAD_MULTIPLE? If so, another thread may start operations while one waits.
  bool threads_call_mpi() const { return threads_call_mpi_; }

 private:
  Process();
  static int keyval();
  static int on_finalize(MPI_Comm comm, int keyval, void* attribute, void* extra);
  void open_trace();
  void end_trace_on(const TraceFailure& failure) const;

  ProcessSettings settings_;
  bool settings_read_ = false;
  double begin_s_ = 0;
  int world_rank_ = 0;
  Recorder recorder_;
  Progress progress_;
  ContextList contexts_;
  bool threads_call_mpi_ = false;
  std::uint64_t random_ = 0;  ///< identifies this process; part of ContextKey
  std::mutex mutex_;  // guards the members below and recorder_: threads may use different communicators
  std::optional<Team> team_;
  int last_code_ = MPI_SUCCESS;
  std::string last_text_;
  std::int64_t communicators_ = 0;
  std::uint64_t keys_ = 0;
  cuda::WaitingWork waiting_work_{0};
};

}  // namespace pliant
