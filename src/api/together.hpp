// Errors that all ranks raise, or none.
#pragma once

#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "mpi/communicator.hpp"

namespace pliant {

/// Collective. Where a rank has an error, every rank throws: that rank its own, the others one of the same
/// class that names the lowest such rank and says what its error says.
/// @param what  what that rank does, for example "refuses its settings"
void throw_together(const Communicator& comm, const std::optional<Error>& mine, std::string_view what);

}  // namespace pliant
