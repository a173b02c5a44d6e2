// The contexts of this process, and where they end. Ending one is collective: it frees communicators. The
// calls in which a program frees its communicators and requests are local, so they only mark. Contexts end
// where their ranks are together anyway: when another is made, and in MPI_Finalize.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace pliant {

class Context;

/// The same on all ranks of a context, and no other context's: its rank 0 gives it. Ranks that end several
/// contexts do so in ascending order, and so never wait for one another in a circle.
struct ContextKey {
  std::uint64_t process = 0;  ///< a random number of rank 0's process
  std::uint64_t number = 0;   ///< in it
  auto operator<=>(const ContextKey&) const = default;
};

class ContextList {
 public:
  void add(std::shared_ptr<Context> context);
  /// Collective over `fresh`, a context that was just made: those end whose ranks are all here and have all
  /// given them up.
  void end_abandoned(Context& fresh);
  /// Collective over all processes: MPI_Finalize. Every context ends.
  void end_all();

 private:
  std::vector<std::shared_ptr<Context>> abandoned();
  void end(const std::vector<std::shared_ptr<Context>>& contexts);

  std::mutex mutex_;
  std::vector<std::shared_ptr<Context>> contexts_;
};

}  // namespace pliant
