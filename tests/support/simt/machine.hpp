// What a running grid is made of, and what kernels call of it (through gpu/language.hpp). All of it is for
// the thread that runs: none of these functions may be called outside a kernel.
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

/// What a thread waits for.
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

/// One call of a warp's collective; lanes that meet have the same.
struct Meeting {
  Wait kind = Wait::nothing;
  unsigned bytes = 0;  ///< of a shuffled value
  unsigned mask = 0;

  bool operator==(const Meeting&) const = default;
};

/// What a thread last saw of memory it asked for more than once.
struct Poll {
  const void* address = nullptr;
  std::uint64_t value = 0;

  bool operator==(const Poll&) const = default;
};

struct Warp {
  unsigned waiting = 0;  ///< lanes that wait in collectives
  unsigned awaited = 0;  ///< lanes that they name
  /// What the lanes `arrived` wait in; where they are all that wait, the next lane has nobody else to be
  /// checked against.
  Meeting meeting;
  unsigned arrived = 0;
  /// Calls of warp_barrier that all its lanes took part in.
  std::uint32_t epoch = 1;
  /// Vector clocks of the calls that some took part in: clock[a][b] is how far lane a knows of lane b.
  std::array<std::array<std::uint32_t, kLanes>, kLanes> clock{};
};

struct Thread {
  unsigned index = 0;  ///< in its block
  unsigned lane = 0;
  Block* block = nullptr;
  Warp* warp = nullptr;
  Fiber* fiber = nullptr;
  bool exited = false;
  Meeting meeting;
  int argument = 0;         ///< of a shuffle
  std::uint64_t value = 0;  ///< brought to a collective, then what it gives back
  std::array<Poll, 4> polls;
  unsigned next_poll = 0;
};

/// The thread that runs. Kernels are plain functions, so there is no other way for them to know; fibers of
/// all launches run on one OS thread at a time (run() holds a lock).
extern Thread* running;

unsigned block_index();
unsigned block_count();
unsigned block_threads();

void barrier();
/// `value` and `argument` are what this lane brings; `bytes` the size of its value, for shuffles.
std::uint64_t collective(Wait kind, unsigned mask, std::uint64_t value = 0, int argument = 0,
                         unsigned bytes = 0);

/// Others may go on here, under Order::random.
void maybe_yield();
/// Memory was looked at, and stood at `value`: true if this thread saw that before, so that it had to wait a
/// turn and is to look again.
bool polled(const void* address, std::uint64_t value);
/// In front of an atomic operation of shared or other memory; `changed`: what to say afterwards.
void before_atomic(const void* address);
void after_atomic(const void* address, std::uint64_t value, bool changed);
/// Reports where `address` is no multiple of 16; notes four floats of shared memory as read or written.
void check_vector_access(const void* address, bool write);

/// Reports where a lane of the running thread's warp waits for it in a collective, while it does something
/// else.
void fail_if_awaited(const char* doing);
/// Ends the launch with this text; "block 1, thread 5: " is put in front.
[[noreturn]] void fail(const std::string& problem);

}  // namespace pliant::simt
