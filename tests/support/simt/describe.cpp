// Texts of reports.
#include <array>
#include <cstdint>
#include <sstream>

#include "scheduler.hpp"

namespace pliant::simt {
namespace {

/// Runs of threads that wait for the same thing. Further runs are only counted.
constexpr int kMostRuns = 16;

constexpr std::array<const char*, 10> kWaitNames = {
    "nothing", "barrier", "warp_barrier", "ballot",       "any",
    "all",     "shuffle", "shuffle_up",   "shuffle_down", "shuffle_xor"};

void put_waiting(std::ostream& out, const Thread& thread) {
  if (thread.meeting.kind == Wait::nothing) {
    out << " may go on";
    const Poll& last = thread.polls[(thread.next_poll + thread.polls.size() - 1) % thread.polls.size()];
    if (last.address != nullptr) out << " (last read " << last.address << ": " << last.value << ")";
    return;
  }
  out << " at " << kWaitNames[static_cast<std::size_t>(thread.meeting.kind)];
  if (thread.meeting.kind != Wait::barrier)
    out << " of lanes 0x" << std::hex << thread.meeting.mask << std::dec;
}

bool same_state(const Thread& a, const Thread& b) {
  return a.exited == b.exited && a.meeting == b.meeting &&
         (a.meeting.kind != Wait::nothing || a.polls == b.polls);
}

}  // namespace

std::string describe(const Rendezvous& meeting) {
  std::ostringstream out;
  out << kWaitNames[static_cast<std::size_t>(meeting.kind)] << " of lanes 0x" << std::hex << meeting.mask
      << std::dec;
  if (meeting.bytes != 0) out << " (" << meeting.bytes << " bytes)";
  return out.str();
}

std::string Scheduler::describe_waiting() const {
  std::ostringstream out;
  int runs = 0;
  for (std::size_t slot = 0; slot < resident_; ++slot) {
    const std::vector<Thread>& threads = blocks_[slot].threads;
    for (std::size_t first = 0, end = 0; first < threads.size(); first = end) {
      for (end = first + 1; end < threads.size() && same_state(threads[first], threads[end]);) ++end;
      if (threads[first].exited || ++runs > kMostRuns) continue;
      out << "block " << blocks_[slot].index << " threads " << first << " to " << end - 1;
      put_waiting(out, threads[first]);
      out << "; ";
    }
  }
  if (runs > kMostRuns) out << runs - kMostRuns << " more";
  return out.str();
}

std::string Scheduler::describe_fault() const {
  std::ostringstream out;
  out << "block " << running->block->index << ", thread " << running->index;
  if (fibers_.guards(fault_, resident_ * launch_.threads)) {
    out << ": stack overflow (" << launch_.stack_bytes << " bytes: Launch::stack_bytes)";
  } else {
    out << ": there is no memory at " << fault_;
  }
  return out.str();
}

void fail(const std::string& problem) {
  scheduler().abandon("block " + std::to_string(running->block->index) + ", thread " +
                      std::to_string(running->index) + ": " + problem);
}

}  // namespace pliant::simt
