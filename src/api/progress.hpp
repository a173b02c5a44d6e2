// Operations under way: who advances them, and what a call that waits does meanwhile.
//
// A context's operations are advanced by the calls on its communicator, by calls on others while they wait,
// and by a thread if PLIANT_PROGRESS_THREAD asks for one. Whoever advances a context holds its mutex; whoever
// waits holds none.
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

/// One operation, from its start until somebody has been told of its end; then the next of the same kind,
/// which finds its memory warm.
struct UnderWay {
  Workspace workspace;
  Traffic sent;           ///< on this rank
  bool stepping = false;  ///< it is on the stack: a call it makes may wait and advance others, not it
  bool ended = false;
  std::optional<Error> error;  ///< why it ended early
};

/// The contexts of this process that have something under way.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// To be called with the context's mutex held.
  void add(Context& context);
  void remove(const Context& context);

  /// Advance every context but `mine`; those that somebody else is advancing are passed over. Returns whether
  /// there are others.
  bool advance_others(const Context* mine);

  /// From now on a thread of its own does so, too.
  void start_thread();
  /// It ends, and no other begins.
  void stop_thread();

 private:
  void run_thread();

  std::shared_ptr<Context> active(std::size_t place);

  /// Held for a moment only, never while something is advanced.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Context>> active_;
  std::thread thread_;
  bool ending_ = false;
};

}  // namespace pliant
