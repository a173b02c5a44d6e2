// Threads that help one rank's kernels. They sleep between calls; nothing spins.
#pragma once

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
  /// The caller and `members` - 1 threads. members >= 1; throws std::system_error where threads are refused.
  explicit Team(int members = 1);
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int members() const { return static_cast<int>(helpers_.size()) + 1; }

  /// work(member) for member in [0, members()), member 0 on the caller. Returns when all have returned.
  /// `work` must not throw.
  void run(const std::function<void(int member)>& work);

 private:
  void help(const std::stop_token& stop, int member);

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable done_;
  const std::function<void(int)>* work_ = nullptr;
  std::uint64_t round_ = 0;
  int busy_ = 0;
  std::vector<std::jthread> helpers_;  // last: they end before what they use
};

}  // namespace pliant
