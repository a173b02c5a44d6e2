// A measured network as JSON: what --json prints, --save writes and --load reads.
#pragma once

#include <iosfwd>
#include <string>

#include "apps/probe/network.hpp"

namespace pliant::probe {

/// {"schema":"pliant-probe","schema_version":1,"ranks","hosts":[...],"links_measured","links":[...],"classes":[...],
/// "agreed":{...}}. Nothing to measure: no links, "agreed" is null. A bandwidth without bound is null.
/// Bandwidths, remarks, and what classes have in common follow from the rest.
std::string json_of(const Network& network);

/// Reads that again. Every value is checked for what the probe itself holds to; what follows from others is
/// not read. `name` is the file's, for messages. Throws Error(io): `name: links[3].alpha_us = -4 (rule). ...`
Network network_of(std::istream& file, const std::string& name);

}  // namespace pliant::probe
