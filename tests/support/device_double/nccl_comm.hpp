// A communicator of the NCCL double: its creation, its pending operations, and its end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device_double.hpp"
#include "nccl_collective.hpp"
#include "nccl_double.hpp"

namespace pliant::test {

/// Contents of a unique id.
struct IdContent {
  char mark[8];
  int creator;  ///< the creator's rank in MPI_COMM_WORLD
  int tag;      ///< tag for the creation; the next one is for everything else
};

class DoubleComm : public std::enable_shared_from_this<DoubleComm> {
 public:
  DoubleComm(int ranks, int rank, const IdContent& id, int device);

  /// Returns what comm_get_async_error returns, and advances pending operations.
  int poll();
  /// Starts a collective, which enters the stream later. Returns the call's code.
  int start(const Task& task, const std::shared_ptr<DoubleStream>& stream);
  int finalize();
  /// Whether nothing is pending.
  bool idle() const { return held_ == nullptr && queued_ == 0; }
  /// Whether the next call is allowed.
  bool usable() const { return error_ == 0 && polls_ == 0 && ready_ && held_ == nullptr && !finalizing_; }
  void abort();

  int ranks() const { return ranks_; }
  int device() const { return device_; }

 private:
  struct Run;  ///< a collective, queued in a stream

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
  std::vector<std::unique_ptr<Incoming>> incoming_;  ///< used during creation
  Outgoing outgoing_;
  bool hangs_ = false, ready_ = false, finalizing_ = false, aborted_ = false;
  int error_ = 0;
  int polls_ = 0;              ///< polls that will still return in_progress
  std::shared_ptr<Run> held_;  ///< called, but not yet in its stream
  int queued_ = 0;             ///< number in streams
  std::shared_ptr<DoubleStream> last_stream_;
  std::shared_ptr<Record> last_;  ///< follows the last collective of the stream
};

}  // namespace pliant::test
