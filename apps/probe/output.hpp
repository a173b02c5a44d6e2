// A measured network as text for people. As JSON: profile.hpp.
#pragma once

#include <string>

#include "apps/probe/network.hpp"

namespace pliant::probe {

/// One row a link, a class, the agreed model; lines of explanation begin with '#'.
std::string text_of(const Network& network);

}  // namespace pliant::probe
