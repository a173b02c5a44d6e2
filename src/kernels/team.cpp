#include "kernels/team.hpp"

#include <system_error>

namespace pliant {

void Team::hire() {
  hired_ = true;
  helpers_.reserve(static_cast<std::size_t>(members_ - 1));
  try {
    for (int member = 1; member < members_; ++member)
      helpers_.emplace_back([this, member](const std::stop_token& stop) { help(stop, member); });
  } catch (const std::system_error&) {
    // Fewer threads give the same answers, more slowly.
  }
}

void Team::run(const std::function<void(int)>& work) {
  if (members_ == 1 || taken_.test_and_set(std::memory_order_acquire)) {
    for (int member = 0; member < members_; ++member) work(member);
    return;
  }
  if (!hired_) hire();
  const int helpers = static_cast<int>(helpers_.size());
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    busy_ = helpers;
    ++round_;
  }
  wake_.notify_all();
  work(0);
  for (int member = helpers + 1; member < members_; ++member) work(member);
  {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
  }
  taken_.clear(std::memory_order_release);
}

void Team::help(const std::stop_token& stop, int member) {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!wake_.wait(lock, stop, [&] { return round_ != seen; })) return;
    seen = round_;
    const std::function<void(int)>& work = *work_;
    lock.unlock();
    work(member);
    lock.lock();
    if (--busy_ == 0) done_.notify_one();
  }
}

}  // namespace pliant
