// A measured network as text for people and as JSON for programs.
#pragma once

#include <string>

#include "apps/probe/network.hpp"

namespace pliant::probe {

/// One row a link, a class, the agreed model; lines of explanation begin with '#'.
std::string text_of(const Network& network);

/// {"ranks","links":[...],"classes":[...],"agreed":{...}}. Nothing to measure: no links, "agreed" is null.
/// A bandwidth without bound is null.
std::string json_of(const Network& network);

}  // namespace pliant::probe
