// Pending operations, and the calls that advance them.
//
// A context's operations are advanced by the calls on its communicator, by calls on others while they wait,
// and by a progress thread if PLIANT_PROGRESS_THREAD is set. A thread holds a context's mutex while it
// advances the context, and no mutex while it waits.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "collectives/allreduce.hpp"
#include "core/error.hpp"

namespace pliant {

class Context;

/// A pending operation, from its start until a call has returned its result. Operations of one request, or of
/// the blocking calls of one communicator, reuse it and its memory.
struct PendingOperation {
  Workspace workspace;
  Traffic sent;           ///< by this rank
  bool stepping = false;  ///< it is on the stack: a call it makes may wait and advance others, not it
  bool ended = false;
  std::optional<Error> error;  ///< the reason if it ended early
};

/// The contexts of this process that have pending operations.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// Both need the context's mutex.
  void add(Context& context);
  void remove(const Context& context);

  /// Advances every context but `mine`, except those that another thread is advancing. Returns whether there
  /// are others.
  bool advance_others(const Context* mine);

  /// Starts the progress thread, unless it runs already.
  void start_thread();
  /// Ends the progress thread for good.
  void stop_thread();

 private:
  void run_thread();

  std::shared_ptr<Context> active(std::size_t place);

  /// Held only briefly, never while an operation is advanced.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Context>> active_;
  std::thread thread_;
  bool ending_ = false;
};

}  // namespace pliant
