// One launch: its blocks, its ready threads, and its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "block.hpp"
#include "executor.hpp"
#include "fibers.hpp"

namespace pliant::simt {

/// Ready threads, at most as many as reserved.
class ReadyQueue {
 public:
  void reserve(std::size_t threads);
  void push(Thread& thread) { ring_[(first_ + count_++) & mask_] = &thread; }
  Thread& pop();
  /// Moves the thread picked by `number` to the front.
  void pick(std::uint64_t number);
  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  std::vector<Thread*> ring_;
  std::size_t mask_ = 0;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

class Scheduler {
 public:
  Report run(const Launch& launch, const std::function<void()>& kernel);

  [[nodiscard]] const Launch& launch() const { return launch_; }
  Report& report() { return report_; }

  void call_kernel() { (*kernel_)(); }
  /// Queues the accepted ones of `count` threads of a block, from `first` on, in the launch's order.
  template <class Accept>
  void make_ready(Block& block, std::size_t first, std::size_t count, Accept which) {
    for (std::size_t i = 0; i < count; ++i) {
      Thread& thread = block.threads[first + (launch_.order == Order::reversed ? count - 1 - i : i)];
      if (which(thread)) ready_.push(thread);
    }
  }
  /// Runs other threads until the running thread is ready and its turn comes.
  void wait();
  void yield();
  [[nodiscard]] bool random() const { return launch_.order == Order::random; }
  std::uint64_t next_random();

  /// Ends the running thread.
  void finish();
  /// Notes a change that other threads may have polled for.
  void progress() { idle_rounds_ = 0; }
  void idle_poll();
  [[noreturn]] void abandon(std::string text);
  /// For a signal handler, which cannot make the text itself.
  [[noreturn]] void abandon_at(const void* address);

 private:
  void prepare();
  void start_block(Block& block);
  void end_block(Block& block);
  std::string describe_waiting() const;
  std::string describe_fault() const;

  Launch launch_;
  const std::function<void()>* kernel_ = nullptr;
  Report report_;
  Fibers fibers_;
  Fiber main_;
  std::deque<Block> blocks_;
  std::size_t resident_ = 0;
  std::vector<unsigned> order_;  // of blocks
  std::size_t next_block_ = 0;
  std::size_t live_ = 0;  // threads
  ReadyQueue ready_;
  std::uint64_t random_ = 0;
  double idle_rounds_ = 0;  // in which threads polled unchanged memory, since something else happened
  const void* fault_ = nullptr;
  bool faulted_ = false;
};

/// Text such as "ballot of lanes 0xff".
std::string describe(const Rendezvous& meeting);

/// The single scheduler, because fibers know only their own stack.
Scheduler& scheduler();

}  // namespace pliant::simt
