#include "apps/netlab/mailbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace pliant::netlab {

Mailbox::Mailbox()
    : signal_(check_system(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "making an event descriptor")) {}

void Mailbox::execute(std::function<void()> work) {
  auto task = std::make_shared<std::packaged_task<void()>>(std::move(work));
  std::future<void> done = task->get_future();
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(task);
  }
  const std::uint64_t one = 1;
  check_system(static_cast<int>(write(signal_.get(), &one, sizeof one)), "waking the network");
  done.get();
}

void Mailbox::run_all() {
  std::uint64_t count = 0;
  if (read(signal_.get(), &count, sizeof count) < 0) return;
  std::vector<std::shared_ptr<std::packaged_task<void()>>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) (*task)();
}

}  // namespace pliant::netlab
