// One launch: its blocks, who may go on, and how it ends.
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

/// Threads that may go on; never more than reserve() said.
class ReadyQueue {
 public:
  void reserve(std::size_t threads);
  void push(Thread& thread) { ring_[(first_ + count_++) & mask_] = &thread; }
  Thread& pop();
  /// The one that `number` picks goes first.
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
  /// Puts `count` threads of a block, from `first` on, into the queue, in the launch's order: those `which`
  /// accepts.
  template <class Accept>
  void make_ready(Block& block, std::size_t first, std::size_t count, Accept which) {
    for (std::size_t i = 0; i < count; ++i) {
      Thread& thread = block.threads[first + (launch_.order == Order::reversed ? count - 1 - i : i)];
      if (which(thread)) ready_.push(thread);
    }
  }
  /// Others go on until the running thread is made ready, and its turn has come.
  void wait();
  void yield();
  [[nodiscard]] bool random() const { return launch_.order == Order::random; }
  std::uint64_t next_random();

  /// The running thread has ended.
  void finish();
  /// Something happened that others may have polled for.
  void progress() { idle_rounds_ = 0; }
  void idle_poll();
  [[noreturn]] void abandon(std::string text);
  /// For a signal handler: text is made later, from these.
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

/// "ballot of lanes 0xff".
std::string describe(const Meeting& meeting);

/// The one there is: fibers know nothing but the stack they stand on.
Scheduler& scheduler();

}  // namespace pliant::simt
