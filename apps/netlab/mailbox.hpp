// Passes work from other threads to the thread that runs the network.
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

  /// Has `work` run by the thread that calls run_all(), and waits for it. Rethrows its exceptions here.
  void execute(std::function<void()> work);

  /// Readable when work waits.
  const Descriptor& signal() const { return signal_; }
  /// Runs all waiting work.
  void run_all();

 private:
  Descriptor signal_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<std::packaged_task<void()>>> tasks_;
};

}  // namespace pliant::netlab
