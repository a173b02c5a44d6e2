// Raises an error of one rank on all ranks.
#pragma once

#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "mpi/communicator.hpp"

namespace pliant {

/// If any rank has an error, every rank throws. A rank with an error throws its own. The others throw one of
/// the same class, with the number and the message of the lowest failing rank. Collective.
/// @param what  what that rank does, for example "refuses its settings"
void throw_together(const Communicator& comm, const std::optional<Error>& mine, std::string_view what);

}  // namespace pliant
