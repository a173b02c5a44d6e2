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
  /// A team of the caller and `members` - 1 threads, which start with the first work. members >= 1.
  explicit Team(int members = 1) : members_(members) {}
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int members() const { return members_; }

  /// Calls work(member) for member in [0, members()), member 0 on the caller, and returns when all have
  /// returned. Any thread may call this. Only one caller at a time has the team; another caller does all of
  /// its work itself. A caller also does the work of threads that the system refused. `work` must not throw,
  /// and its members must not wait for one another.
  void run(const std::function<void(int member)>& work);

 private:
  void hire();
  void help(const std::stop_token& stop, int member);

  int members_;
  std::atomic_flag taken_;  ///< set while a caller has the team
  bool hired_ = false;
  std::mutex mutex_;  ///< guards the members below
  std::condition_variable_any wake_;
  std::condition_variable done_;
  const std::function<void(int)>* work_ = nullptr;
  std::uint64_t round_ = 0;
  int busy_ = 0;
  std::vector<std::jthread> helpers_;  // last, so that they end before the members that they use
};

}  // namespace pliant
