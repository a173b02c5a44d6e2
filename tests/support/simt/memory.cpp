// How memory accesses affect the schedule.
#include <algorithm>
#include <cstdint>
#include <sstream>

#include "scheduler.hpp"

namespace pliant::simt {
namespace {

/// A polling loop with this many barriers in each round is still recognised as stuck.
constexpr unsigned kBarriersOfALoop = 16;

}  // namespace

unsigned block_index() {
  return running->block->index;
}

unsigned block_count() {
  return scheduler().launch().blocks;
}

unsigned block_threads() {
  return scheduler().launch().threads;
}

void maybe_yield() {
  if (scheduler().random() && scheduler().next_random() % 4 == 0) scheduler().yield();
}

bool polled(const void* address, std::uint64_t value) {
  Thread& self = *running;
  const Poll seen{address, value};
  if (std::find(self.polls.begin(), self.polls.end(), seen) == self.polls.end()) {
    self.polls[self.next_poll] = seen;
    self.next_poll = (self.next_poll + 1) % static_cast<unsigned>(self.polls.size());
    scheduler().progress();
    maybe_yield();
    return false;
  }
  self.block->polling = kBarriersOfALoop;
  scheduler().idle_poll();
  scheduler().yield();
  return true;
}

void before_atomic(const void* address) {
  note_address(address, true, true);
  maybe_yield();
}

void after_atomic(const void* address, std::uint64_t value, bool changed) {
  ++scheduler().report().atomics;
  if (!changed) {
    polled(address, value);
    return;
  }
  scheduler().progress();
  maybe_yield();
}

void check_vector_access(const void* address, bool write) {
  if (reinterpret_cast<std::uintptr_t>(address) % 16 != 0) {
    std::ostringstream out;
    out << "misaligned access of 16 bytes at " << address << " (a multiple of 16)";
    fail(out.str());
  }
  for (int i = 0; i < 4; ++i) note_address(static_cast<const float*>(address) + i, write, false);
}

}  // namespace pliant::simt
