// The contexts of this process, and the points at which they end. Ending a context is collective, because it
// frees communicators. The calls that free the program's communicators and requests are local, so they only
// mark. Contexts end where all their ranks call together anyway: when another is made, and in MPI_Finalize.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace pliant {

class Context;

/// Identifies a context: unique, and equal on all its ranks, since its rank 0 makes it. Ranks end several
/// contexts in ascending order of keys, so they never wait for one another in a cycle.
struct ContextKey {
  std::uint64_t process = 0;  ///< random number of rank 0's process
  std::uint64_t number = 0;   ///< contexts made by that process before
  auto operator<=>(const ContextKey&) const = default;
};

class ContextList {
 public:
  void add(std::shared_ptr<Context> context);
  /// Ends the contexts whose ranks all belong to `fresh`, a new context, and have all given them up.
  /// Collective over `fresh`.
  void end_abandoned(Context& fresh);
  /// Ends every context, in MPI_Finalize. Collective over all processes.
  void end_all();

 private:
  std::vector<std::shared_ptr<Context>> abandoned();
  void end(const std::vector<std::shared_ptr<Context>>& contexts);

  std::mutex mutex_;
  std::vector<std::shared_ptr<Context>> contexts_;
};

}  // namespace pliant
