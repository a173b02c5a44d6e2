// Work for the thread that runs the network, from others.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "apps/netlab/descriptor.hpp"

namespace pliant::netlab {

class Mailbox {
 public:
  Mailbox();

  /// Have `work` done by the thread that calls run_all(); waits for it. What it throws is thrown here.
  void execute(std::function<void()> work);

  /// Readable when there is work.
  const Descriptor& signal() const { return signal_; }
  /// Do what has been posted.
  void run_all();

 private:
  Descriptor signal_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<std::packaged_task<void()>>> tasks_;
};

}  // namespace pliant::netlab
