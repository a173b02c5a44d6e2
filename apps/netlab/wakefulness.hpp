// Processors that do not fall asleep while a network is in use.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace pliant::netlab {

/// One thread a processor that asks for nothing but not to be asleep, in the idle scheduling class, and
/// yields all the time. A virtual machine's processor that has nothing to do is given away, and comes back
/// milliseconds late where others want it, too: on such a machine 8 % of a real-time thread's wake-ups were
/// over 1 ms late, and 0.1 to 1 % with this. Not for programs that compute: ranks that yield while they wait
/// shared their processors with these threads and computed half as fast.
class Wakefulness {
 public:
  /// The threads live as long as the process: it is never destroyed before.
  void begin();
  /// Any thread may call this; cheap where nothing changes.
  void keep(bool awake);

 private:
  void live(int processor);

  std::atomic<bool> awake_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pliant::netlab
