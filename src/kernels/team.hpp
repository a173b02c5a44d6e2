// Threads that help the kernels of one process. They sleep between calls; nothing spins.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace pliant {

class Team {
 public:
  /// The caller and `members` - 1 threads, which are made when there is work for them. members >= 1.
  explicit Team(int members = 1) : members_(members) {}
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int members() const { return members_; }

  /// work(member) for member in [0, members()), member 0 on the caller. Returns when all have returned. Any
  /// thread may call it: one at a time has the team, and another does all of its own work alone meanwhile. So
  /// does a caller for members that the system refuses threads for. `work` must not throw, and its members
  /// must not wait for one another.
  void run(const std::function<void(int member)>& work);

 private:
  void hire();
  void help(const std::stop_token& stop, int member);

  int members_;
  std::atomic_flag taken_;  ///< by the caller that has the team
  bool hired_ = false;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any wake_;
  std::condition_variable done_;
  const std::function<void(int)>* work_ = nullptr;
  std::uint64_t round_ = 0;
  int busy_ = 0;
  std::vector<std::jthread> helpers_;  // last: they end before what they use
};

}  // namespace pliant
