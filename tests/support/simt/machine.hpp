// The parts of a running grid, and the functions that kernels call through gpu/language.hpp. They act on the
// running thread, and must not be called outside a kernel.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace pliant::simt {

struct Block;
struct Fiber;

inline constexpr unsigned kLanes = 32;
inline constexpr unsigned kMostThreads = 1024;  // of a block

/// The reason why a thread waits.
enum class Wait : std::uint8_t {
  nothing,
  barrier,
  warp_barrier,
  ballot,
  any,
  all,
  shuffle,
  shuffle_up,
  shuffle_down,
  shuffle_xor
};

/// A call of a warp collective. Lanes that take part in one have equal values.
struct Rendezvous {
  Wait kind = Wait::nothing;
  unsigned bytes = 0;  ///< length of a shuffled value
  unsigned mask = 0;

  bool operator==(const Rendezvous&) const = default;
};

/// Memory that a thread has polled, and its last value.
struct Poll {
  const void* address = nullptr;
  std::uint64_t value = 0;

  bool operator==(const Poll&) const = default;
};

struct Warp {
  unsigned waiting = 0;  ///< lanes that wait in collectives
  unsigned awaited = 0;  ///< lanes named by these
  /// The collective that the lanes `arrived` wait in. If these are the only waiting lanes, the next lane need
  /// not be checked against others.
  Rendezvous meeting;
  unsigned arrived = 0;
  /// Calls of warp_barrier in which all lanes took part.
  std::uint32_t epoch = 1;
  /// Vector clocks of calls with some of the lanes: clock[a][b] is the last epoch of lane b that lane a
  /// knows.
  std::array<std::array<std::uint32_t, kLanes>, kLanes> clock{};
};

struct Thread {
  unsigned index = 0;  ///< in the block
  unsigned lane = 0;
  Block* block = nullptr;
  Warp* warp = nullptr;
  Fiber* fiber = nullptr;
  bool exited = false;
  Rendezvous meeting;
  int argument = 0;         ///< of a shuffle
  std::uint64_t value = 0;  ///< a collective's input, then its result
  std::array<Poll, 4> polls;
  unsigned next_poll = 0;
};

/// The running thread. Kernels are plain functions and have no other access to it. Fibers of all launches run
/// on one OS thread at a time (run() holds a lock).
extern Thread* running;

unsigned block_index();
unsigned block_count();
unsigned block_threads();

void barrier();
/// `value` and `argument` are this lane's input; `bytes` is the length of its value, for shuffles.
std::uint64_t collective(Wait kind, unsigned mask, std::uint64_t value = 0, int argument = 0,
                         unsigned bytes = 0);

/// Lets other threads run here, under Order::random.
void maybe_yield();
/// Call after reading `value` from memory. Returns true if this thread has read the same before. It has then
/// waited a turn, and must read again.
bool polled(const void* address, std::uint64_t value);
/// Call before an atomic operation on any memory; call `changed` afterwards.
void before_atomic(const void* address);
void after_atomic(const void* address, std::uint64_t value, bool changed);
/// Reports an address that is no multiple of 16. Records an access to four floats of shared memory.
void check_vector_access(const void* address, bool write);

/// Reports an error if a lane of this warp waits for the running thread in a collective, while the thread
/// does something else.
void fail_if_awaited(const char* doing);
/// Ends the launch with this text, preceded by "block 1, thread 5: ".
[[noreturn]] void fail(const std::string& problem);

}  // namespace pliant::simt
