#include "runtime/together.hpp"

#include <string>

#include "mpi/agree.hpp"

namespace pliant {
namespace {

/// The error of one rank, as sent to all.
struct Told {
  ErrorClass error_class = ErrorClass::other;
  std::string text;
};

Told tell_all(const Communicator& comm, int rank, const std::optional<Error>& mine) {
  std::string own;
  if (mine && comm.rank() == rank) own = static_cast<char>(mine->error_class()) + std::string(mine->what());
  const std::vector<std::byte> all = gather_from_all(comm, std::as_bytes(std::span(own)));
  const std::string text(reinterpret_cast<const char*>(all.data()), all.size());
  const auto error_class = static_cast<ErrorClass>(text.front());
  // Other ranks have no MPI error code of their own to go with this class.
  return {error_class == ErrorClass::mpi ? ErrorClass::other : error_class, text.substr(1)};
}

}  // namespace

void throw_together(const Communicator& comm, const std::optional<Error>& mine, std::string_view what) {
  const int failing = first_rank_where(comm, mine.has_value());
  if (failing < 0) return;
  const Told told = tell_all(comm, failing, mine);
  if (mine) throw *mine;
  throw Error(told.error_class,
              "rank " + std::to_string(failing) + " " + std::string(what) + ": " + told.text,
              "a collective call is made on all ranks or on none", "Correct it on that rank");
}

}  // namespace pliant
