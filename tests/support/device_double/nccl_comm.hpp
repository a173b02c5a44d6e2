// One communicator of the NCCL double: how it comes to be, what it has under way, how it ends.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device_double.hpp"
#include "nccl_collective.hpp"
#include "nccl_double.hpp"

namespace pliant::test {

/// What a unique id holds.
struct IdContent {
  char mark[8];
  int creator;  ///< rank in MPI_COMM_WORLD of who made it
  int tag;      ///< this one for making the communicator, the next for all else
};

class DoubleComm : public std::enable_shared_from_this<DoubleComm> {
 public:
  DoubleComm(int ranks, int rank, const IdContent& id, int device);

  /// What comm_get_async_error says; brings on what is under way.
  int poll();
  /// Puts the collective into the stream, by and by; what the call returns.
  int start(const Task& task, const std::shared_ptr<DoubleStream>& stream);
  int finalize();
  /// Is nothing left to be done?
  bool idle() const { return held_ == nullptr && queued_ == 0; }
  /// May the next call be made?
  bool usable() const { return error_ == 0 && polls_ == 0 && ready_ && held_ == nullptr && !finalizing_; }
  void abort();

  int ranks() const { return ranks_; }
  int device() const { return device_; }

 private:
  struct Run;  ///< a collective in a stream

  void begin_init();
  void advance_init();
  void answer();
  void enqueue();
  Step step(Run& run);
  bool begin(Run& run);
  void finish(Run& run);

  const int ranks_, device_;
  const IdContent id_;
  Members members_;
  std::vector<std::unique_ptr<Incoming>> incoming_;  ///< while it is made
  Outgoing outgoing_;
  bool hangs_ = false, ready_ = false, finalizing_ = false, aborted_ = false;
  int error_ = 0;
  int polls_ = 0;              ///< that still say in_progress
  std::shared_ptr<Run> held_;  ///< called for, and not yet in its stream
  int queued_ = 0;             ///< in streams
  std::shared_ptr<DoubleStream> last_stream_;
  std::shared_ptr<Record> last_;  ///< after the last collective in it
};

}  // namespace pliant::test
