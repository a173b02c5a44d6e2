// Keeps processors awake while a network is in use.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace pliant::netlab {

/// One thread per processor, in the idle scheduling class, that only yields. An idle processor of a virtual
/// machine is given to others, and may come back milliseconds late. On such a machine, 8 % of a real-time
/// thread's wake-ups were over 1 ms late, and 0.1 to 1 % with these threads. Not for programs that compute:
/// ranks that yield while they wait shared their processors with these threads, and computed half as fast.
class Wakefulness {
 public:
  /// Starts the threads. They live as long as the process, so this object must too.
  void begin();
  /// Any thread may call this. Cheap if nothing changes.
  void keep(bool awake);

 private:
  void live(int processor);

  std::atomic<bool> awake_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pliant::netlab
