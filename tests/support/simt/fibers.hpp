// Fibers and their stacks, reused from launch to launch.
#pragma once

#include <cstddef>
#include <deque>

namespace pliant::simt {

struct Fiber {
  void* context = nullptr;  ///< boost.context's point to resume
  std::byte* stack = nullptr;
  std::size_t bytes = 0;
  void* shadow = nullptr;  ///< AddressSanitizer's
};

/// Below each stack are kGuardBytes of inaccessible memory.
class Fibers {
 public:
  Fibers() = default;
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;
  ~Fibers();

  /// The fiber of this number, with `bytes` of stack. A new one starts at its beginning. Throws
  /// std::system_error.
  Fiber& at(std::size_t number, std::size_t bytes);
  /// Restarts the first `count` fibers.
  void restart(std::size_t count);
  /// Whether `address` is in the guard of one of the first `count` stacks.
  [[nodiscard]] bool guards(const void* address, std::size_t count) const;

 private:
  void release();

  std::deque<Fiber> fibers_;  // addresses stay
  std::size_t bytes_ = 0;
};

/// Switches from one fiber to another. Returns when somebody switches to `from`.
void switch_fiber(Fiber& from, Fiber& to);

/// A fiber for the caller's own stack, to return to.
[[nodiscard]] Fiber own_stack();

/// Main function of every fiber; never ends. The machine defines it.
[[noreturn]] void fiber_body();

}  // namespace pliant::simt
