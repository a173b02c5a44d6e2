#include "api/progress.hpp"

#include <algorithm>
#include <ctime>

#include "api/context.hpp"

namespace pliant {
namespace {

/// Between two looks of the thread: 50 us. A message's latency grows by about this much; a thread that never
/// slept would take the core from the computation it is to hide behind.
constexpr timespec kNap{.tv_sec = 0, .tv_nsec = 50'000};

}  // namespace

Progress::~Progress() {
  stop_thread();
}

void Progress::stop_thread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Progress::add(Context& context) {
  {
    const std::lock_guard lock(mutex_);
    active_.push_back(context.shared_from_this());
  }
  changed_.notify_all();
}

void Progress::remove(const Context& context) {
  const std::lock_guard lock(mutex_);
  std::erase_if(active_, [&](const auto& each) { return each.get() == &context; });
}

std::shared_ptr<Context> Progress::active(std::size_t place) {
  const std::lock_guard lock(mutex_);
  return place < active_.size() ? active_[place] : nullptr;
}

// Contexts come and go meanwhile: one that is passed over is advanced the next time.
bool Progress::advance_others(const Context* mine) {
  bool others = false;
  std::size_t place = 0;
  while (const std::shared_ptr<Context> context = active(place++)) {
    if (context.get() == mine) continue;
    others = true;
    const std::unique_lock entered(context->mutex(), std::try_to_lock);
    if (entered.owns_lock()) context->advance_all();
  }
  return others;
}

void Progress::start_thread() {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable() && !ending_) thread_ = std::thread([this] { run_thread(); });
}

void Progress::run_thread() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ending_ || !active_.empty(); });
      if (ending_) return;
    }
    advance_others(nullptr);
    nanosleep(&kNap, nullptr);
  }
}

}  // namespace pliant
