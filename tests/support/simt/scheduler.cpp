#include "scheduler.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <utility>

#include "faults.hpp"

namespace pliant::simt {

Thread* running = nullptr;

Scheduler& scheduler() {
  static Scheduler one;
  return one;
}

void ReadyQueue::reserve(std::size_t threads) {
  ring_.assign(std::bit_ceil(threads + 1), nullptr);
  mask_ = ring_.size() - 1;
  first_ = count_ = 0;
}

Thread& ReadyQueue::pop() {
  Thread& thread = *ring_[first_ & mask_];
  ++first_;
  --count_;
  return thread;
}

void ReadyQueue::pick(std::uint64_t number) {
  std::swap(ring_[first_ & mask_], ring_[(first_ + number % count_) & mask_]);
}

std::uint64_t Scheduler::next_random() {
  // splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
  std::uint64_t z = random_ += 0x9e3779b97f4a7c15U;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
  z = (z ^ z >> 27) * 0x94d049bb133111ebU;
  return z ^ z >> 31;
}

void Scheduler::wait() {
  Thread& self = *running;
  if (ready_.size() == 0) abandon("deadlock: no thread can go on. " + describe_waiting());
  if (random()) ready_.pick(next_random());
  Thread& next = ready_.pop();
  if (&next == &self) return;
  ++report_.switches;
  running = &next;
  switch_fiber(*self.fiber, *next.fiber);
}

void Scheduler::yield() {
  ready_.push(*running);
  wait();
}

void Scheduler::idle_poll() {
  // In one round, each ready thread polls once.
  idle_rounds_ += 1.0 / static_cast<double>(ready_.size() + 1);
  if (idle_rounds_ > static_cast<double>(launch_.spin_rounds)) {
    abandon("deadlock: threads poll memory that nobody changes (of " + std::to_string(launch_.blocks) +
            " blocks, " + std::to_string(resident_) + " are resident). " + describe_waiting());
  }
}

void Scheduler::prepare() {
  resident_ = std::min<std::size_t>(launch_.resident, launch_.blocks);
  while (blocks_.size() < resident_) blocks_.emplace_back();
  ready_.reserve(resident_ * launch_.threads);
  random_ = launch_.seed;
  order_.resize(launch_.blocks);
  std::iota(order_.begin(), order_.end(), 0U);
  if (launch_.order == Order::reversed) std::reverse(order_.begin(), order_.end());
  for (std::size_t i = order_.size(); random() && i > 1; --i) {
    std::swap(order_[i - 1], order_[next_random() % i]);
  }
  next_block_ = live_ = 0;
  idle_rounds_ = 0;
  std::size_t number = 0;
  for (std::size_t slot = 0; slot < resident_; ++slot) {
    Block& block = blocks_[slot];
    block.threads.assign(launch_.threads, {});
    block.warps.resize((launch_.threads + kLanes - 1) / kLanes);
    for (Thread& thread : block.threads) thread.fiber = &fibers_.at(number++, launch_.stack_bytes);
    start_block(block);
  }
}

void Scheduler::start_block(Block& block) {
  block.index = order_[next_block_++];
  block.waiting = block.exited = 0;
  block.polling = 0;
  ++block.epoch;
  block.shared.clear();
  for (unsigned i = 0; i < block.threads.size(); ++i) {
    Thread& thread = block.threads[i];
    thread = {.index = i,
              .lane = i % kLanes,
              .block = &block,
              .warp = &block.warps[i / kLanes],
              .fiber = thread.fiber,
              .meeting = {},
              .polls = {}};
  }
  for (Warp& warp : block.warps) {
    warp.waiting = warp.awaited = warp.arrived = 0;
    for (unsigned lane = 0; lane < kLanes; ++lane)
      warp.clock[lane][lane] = std::max(1U, warp.clock[lane][lane]);
  }
  live_ += block.threads.size();
  make_ready(block, 0, block.threads.size(), [](const Thread&) { return true; });
}

void Scheduler::end_block(Block& block) {
  const char* damaged = block.shared.damaged();
  if (damaged != nullptr) fail(std::string("somebody wrote beside the shared variable ") + damaged);
  if (next_block_ < order_.size()) start_block(block);
}

void Scheduler::finish() {
  Thread& self = *running;
  Block& block = *self.block;
  self.exited = true;
  ++block.exited;
  --live_;
  progress();
  if (block.waiting > 0) {
    fail("exits while " + std::to_string(block.waiting) +
         " threads of its block wait at a barrier (all threads of a block reach a barrier, or none)");
  }
  fail_if_awaited("exits");
  if (block.exited == block.threads.size()) end_block(block);
  if (live_ > 0) return wait();
  switch_fiber(*self.fiber, main_);
}

void Scheduler::abandon(std::string text) {
  report_.ok = false;
  report_.text = std::move(text);
  switch_fiber(*running->fiber, main_);
  std::abort();  // nobody comes back to an abandoned launch
}

void Scheduler::abandon_at(const void* address) {
  faulted_ = true;
  fault_ = address;
  switch_fiber(*running->fiber, main_);
  std::abort();
}

Report Scheduler::run(const Launch& launch, const std::function<void()>& kernel) {
  launch_ = launch;
  kernel_ = &kernel;
  report_ = {};
  faulted_ = false;
  prepare();
  main_ = own_stack();
  {
    const FaultCatcher catcher;
    if (random()) ready_.pick(next_random());
    running = &ready_.pop();
    switch_fiber(main_, *running->fiber);
  }
  if (faulted_) {
    report_.ok = false;
    report_.text = describe_fault();
  }
  if (!report_.ok) fibers_.restart(resident_ * launch_.threads);
  running = nullptr;
  return std::exchange(report_, {});
}

void fiber_body() {
  for (;;) {
    try {
      scheduler().call_kernel();
    } catch (const std::exception& error) {
      fail(std::string("an exception left the kernel: ") + error.what());
    } catch (...) {
      fail("an exception left the kernel");
    }
    scheduler().finish();
  }
}

namespace {

std::string problem_of(const Launch& launch) {
  if (launch.blocks == 0 || launch.resident == 0) return "a launch has at least one block, and one resident";
  if (launch.threads == 0 || launch.threads > kMostThreads) {
    return "a block of " + std::to_string(launch.threads) + " threads (1 to 1024)";
  }
  return launch.stack_bytes < 4096 ? "a stack of less than 4096 bytes" : "";
}

}  // namespace

Report run(const Launch& launch, const std::function<void()>& kernel) {
  static std::recursive_mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  if (running != nullptr) fail("a kernel launches a kernel");
  const std::string problem = problem_of(launch);
  if (!problem.empty()) return {.ok = false, .text = problem};
  return scheduler().run(launch, kernel);
}

}  // namespace pliant::simt
