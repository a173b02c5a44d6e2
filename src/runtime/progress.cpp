#include "runtime/progress.hpp"

#include <algorithm>
#include <ctime>

#include "runtime/context.hpp"

namespace pliant {
namespace {

/// Sleep of the progress thread between two steps: 50 us. It adds about as much to a message's latency.
/// Without sleep the thread would take a core from the program's computation.
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

// The list may change during the loop: a context that is skipped is advanced the next time.
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
