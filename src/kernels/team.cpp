#include "kernels/team.hpp"

namespace pliant {

Team::Team(int members) {
  for (int member = 1; member < members; ++member)
    helpers_.emplace_back([this, member](const std::stop_token& stop) { help(stop, member); });
}

void Team::run(const std::function<void(int)>& work) {
  if (helpers_.empty()) return work(0);
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    busy_ = static_cast<int>(helpers_.size());
    ++round_;
  }
  wake_.notify_all();
  work(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
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
