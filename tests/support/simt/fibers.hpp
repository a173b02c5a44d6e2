// Fibers and their stacks, kept from launch to launch.
#pragma once

#include <cstddef>
#include <deque>

namespace pliant::simt {

struct Fiber {
  void* context = nullptr;  ///< where to go on; of boost.context
  std::byte* stack = nullptr;
  std::size_t bytes = 0;
  void* shadow = nullptr;  ///< of AddressSanitizer
};

/// Each stack has memory below it that nobody may touch: kGuardBytes.
class Fibers {
 public:
  Fibers() = default;
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;
  ~Fibers();

  /// The fiber of this number, with `bytes` of stack; at its beginning where it is new. Throws
  /// std::system_error.
  Fiber& at(std::size_t number, std::size_t bytes);
  /// The first `count` fibers start anew.
  void restart(std::size_t count);
  /// Whether `address` is in front of one of the first `count` stacks.
  [[nodiscard]] bool guards(const void* address, std::size_t count) const;

 private:
  void release();

  std::deque<Fiber> fibers_;  // addresses stay
  std::size_t bytes_ = 0;
};

/// Goes from one fiber to another; comes back when somebody switches to `from`.
void switch_fiber(Fiber& from, Fiber& to);

/// A fiber of the caller's own stack, to come back to.
[[nodiscard]] Fiber own_stack();

/// What every fiber runs; it never ends. Defined by the machine.
[[noreturn]] void fiber_body();

}  // namespace pliant::simt
