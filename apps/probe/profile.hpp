// A measured network as JSON: --json prints it, --save writes it, --load reads it.
#pragma once

#include <iosfwd>
#include <string>

#include "apps/probe/network.hpp"

namespace pliant::probe {

/// {"schema":"pliant-probe","schema_version":1,"ranks","hosts":[...],"links_measured","links":[...],"classes":[...],
/// "agreed":{...}}. If there was nothing to measure, there are no links and "agreed" is null. An unbounded
/// bandwidth is null. Bandwidths, remarks, and common values of classes follow from the rest.
std::string json_of(const Network& network);

/// Reads that JSON. Checks every value by the rules that the probe itself keeps, and skips derived values.
/// `name` is the file's name for messages. Throws Error(io): `name: links[3].alpha_us = -4 (rule). ...`
Network network_of(std::istream& file, const std::string& name);

}  // namespace pliant::probe
