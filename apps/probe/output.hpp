// Prints a measured network for people. profile.hpp writes it as JSON.
#pragma once

#include <string>

#include "apps/probe/network.hpp"

namespace pliant::probe {

/// One row per link, then per class, then the agreed model. Explanations begin with '#'.
std::string text_of(const Network& network);

}  // namespace pliant::probe
