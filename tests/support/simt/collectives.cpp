// Barriers, and warp collectives.
#include <algorithm>
#include <bit>

#include "scheduler.hpp"

namespace pliant::simt {
namespace {

using Lanes = std::array<Thread*, kLanes>;

bool in(unsigned mask, unsigned lane) {
  return (mask >> lane & 1U) != 0;
}

unsigned lanes_of(const Thread& self) {
  return std::min(kLanes, static_cast<unsigned>(self.block->threads.size()) - (self.index - self.lane));
}

unsigned all_lanes(const Thread& self) {
  const unsigned lanes = lanes_of(self);
  return lanes == kLanes ? ~0U : (1U << lanes) - 1;
}

Thread& lane_of(const Thread& self, unsigned lane) {
  return self.block->threads[self.index - self.lane + lane];
}

/// Reports what `other` does instead, if it cannot join the collective that names it.
void check_partner(const Thread& self, const Thread& other) {
  if (other.exited) {
    fail(describe(self.meeting) + " names lane " + std::to_string(other.lane) + ", which has exited");
  }
  if (other.meeting.kind == Wait::barrier) {
    fail(describe(self.meeting) + " names lane " + std::to_string(other.lane) +
         ", which waits at the block's barrier");
  }
  const bool meets = other.meeting.kind != Wait::nothing && in(other.meeting.mask, self.lane);
  if (meets && other.meeting != self.meeting) {
    fail(describe(self.meeting) + " meets " + describe(other.meeting) + " of lane " +
         std::to_string(other.lane) + " (all lanes named come to the same collective, with the same mask)");
  }
}

/// Checks all named lanes; true when all have arrived.
bool check_partners(const Thread& self) {
  const unsigned mask = self.meeting.mask;
  if ((mask & ~all_lanes(self)) != 0)
    fail(describe(self.meeting) + " names lanes that the block does not have");
  bool complete = true;
  for (unsigned lanes = mask; lanes != 0; lanes &= lanes - 1) {
    const Thread& other = lane_of(self, static_cast<unsigned>(std::countr_zero(lanes)));
    if (&other != &self) check_partner(self, other);
    complete = complete && other.meeting == self.meeting;
  }
  return complete;
}

/// True when all named lanes have arrived. A check stays valid: a lane that others wait for fails as soon as
/// it does something else.
bool arrive(const Thread& self) {
  Warp& warp = *self.warp;
  const unsigned mask = self.meeting.mask;
  const unsigned bit = 1U << self.lane;
  if ((mask & bit) == 0)
    fail(describe(self.meeting) + " does not name its caller, lane " + std::to_string(self.lane));
  const bool joins = warp.arrived != 0 && warp.waiting == warp.arrived && warp.meeting == self.meeting;
  if (joins ? (warp.arrived | bit) == mask : check_partners(self)) return true;
  if (warp.waiting == 0) warp.meeting = self.meeting;
  if (warp.waiting == 0 || joins) warp.arrived |= bit;
  warp.waiting |= bit;
  warp.awaited |= mask;
  return false;
}

/// Releases the named lanes.
void leave(const Thread& self) {
  Warp& warp = *self.warp;
  warp.arrived = 0;
  warp.awaited = 0;
  warp.waiting &= ~self.meeting.mask;
  for (unsigned lanes = warp.waiting; lanes != 0; lanes &= lanes - 1) {
    warp.awaited |= lane_of(self, static_cast<unsigned>(std::countr_zero(lanes))).meeting.mask;
  }
}

/// The source lane of a shuffle.
int source_of(const Thread& thread) {
  const int lane = static_cast<int>(thread.lane);
  const int argument = thread.argument;
  int source = lane;
  switch (thread.meeting.kind) {
    case Wait::shuffle:
      return argument & static_cast<int>(kLanes - 1);
    case Wait::shuffle_up:
      source = lane - argument;
      break;
    case Wait::shuffle_down:
      source = lane + argument;
      break;
    default:
      source = lane ^ argument;
      break;
  }
  return source < 0 || source >= static_cast<int>(kLanes) ? lane : source;
}

void exchange(const Thread& self) {
  std::array<std::uint64_t, kLanes> brought{};
  for (unsigned lane = 0; lane < lanes_of(self); ++lane) brought[lane] = lane_of(self, lane).value;
  for (unsigned lanes = self.meeting.mask; lanes != 0; lanes &= lanes - 1) {
    Thread& to = lane_of(self, static_cast<unsigned>(std::countr_zero(lanes)));
    const auto source = static_cast<unsigned>(source_of(to));
    if (!in(self.meeting.mask, source)) {
      fail(describe(self.meeting) + ": lane " + std::to_string(to.lane) + " asks for the value of lane " +
           std::to_string(source) + ", which is not named");
    }
    to.value = brought[source];
  }
}

void vote(const Thread& self) {
  const unsigned mask = self.meeting.mask;
  unsigned votes = 0;
  for (unsigned lanes = mask; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<unsigned>(std::countr_zero(lanes));
    votes |= static_cast<unsigned>(lane_of(self, lane).value != 0) << lane;
  }
  std::uint64_t result = votes;
  if (self.meeting.kind == Wait::any) result = votes != 0;
  if (self.meeting.kind == Wait::all) result = votes == mask;
  for (unsigned lanes = mask; lanes != 0; lanes &= lanes - 1) {
    lane_of(self, static_cast<unsigned>(std::countr_zero(lanes))).value = result;
  }
}

/// Orders what the lanes did before a warp_barrier before what they do next (vector clocks).
void order(const Thread& self) {
  Warp& warp = *self.warp;
  const unsigned mask = self.meeting.mask;
  if (mask == all_lanes(self)) {
    ++warp.epoch;
    return;
  }
  std::array<std::uint32_t, kLanes> known{};
  for (unsigned lanes = mask; lanes != 0; lanes &= lanes - 1) {
    const auto& clock = warp.clock[static_cast<std::size_t>(std::countr_zero(lanes))];
    for (unsigned i = 0; i < kLanes; ++i) known[i] = std::max(known[i], clock[i]);
  }
  for (unsigned lanes = mask; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<unsigned>(std::countr_zero(lanes));
    warp.clock[lane] = known;
    ++warp.clock[lane][lane];
  }
}

void complete(const Thread& self) {
  switch (self.meeting.kind) {
    case Wait::warp_barrier:
      order(self);
      break;
    case Wait::ballot:
    case Wait::any:
    case Wait::all:
      vote(self);
      break;
    default:
      exchange(self);
      break;
  }
}

}  // namespace

void fail_if_awaited(const char* doing) {
  const Thread& self = *running;
  if (!in(self.warp->awaited, self.lane)) return;
  for (unsigned lane = 0; lane < lanes_of(self); ++lane) {
    const Thread& other = lane_of(self, lane);
    const bool waits = other.meeting.kind != Wait::nothing && other.meeting.kind != Wait::barrier;
    if (waits && &other != &self && in(other.meeting.mask, self.lane)) {
      fail(std::string(doing) + " while lane " + std::to_string(lane) + " waits for it at " +
           describe(other.meeting));
    }
  }
}

std::uint64_t collective(Wait kind, unsigned mask, std::uint64_t value, int argument, unsigned bytes) {
  Thread& self = *running;
  self.meeting = {kind, bytes, mask};
  self.value = value;
  self.argument = argument;
  if (!arrive(self)) {
    scheduler().wait();
    return self.value;
  }
  ++scheduler().report().collectives;
  complete(self);
  leave(self);
  scheduler().make_ready(*self.block, self.index - self.lane, lanes_of(self), [&](Thread& thread) {
    if (!in(mask, thread.lane)) return false;
    thread.meeting = {};
    return &thread != &self;
  });
  maybe_yield();
  return self.value;
}

void barrier() {
  Thread& self = *running;
  Block& block = *self.block;
  fail_if_awaited("comes to the block's barrier");
  if (block.exited > 0) {
    fail("comes to a barrier after " + std::to_string(block.exited) +
         " threads of its block have exited (all threads of a block reach a barrier, or none)");
  }
  self.meeting = {.kind = Wait::barrier};
  if (++block.waiting < block.threads.size()) return scheduler().wait();
  ++scheduler().report().barriers;
  if (block.polling == 0) {
    scheduler().progress();
  } else {
    --block.polling;
  }
  block.waiting = 0;
  ++block.epoch;
  scheduler().make_ready(block, 0, block.threads.size(), [&](Thread& thread) {
    thread.meeting = {};
    return &thread != &self;
  });
  maybe_yield();
}

}  // namespace pliant::simt
