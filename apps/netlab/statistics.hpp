// A lab's counts as JSON and as text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "apps/netlab/network.hpp"

namespace pliant::netlab {

/// {"hosts": [{"up": {"frames", "wire_bytes", "dropped", "most_queued_bytes"}, "down": {...}, "refused"}],
///  "lateness": {"most_us", "frames_below_us": [[1, n], [2, n], ...]}, "busy_s", "running_s", "realtime"}
nlohmann::ordered_json json_of(const NetworkCounts& counts);

/// Formats that JSON for people.
std::string statistics_text(const nlohmann::ordered_json& json);

}  // namespace pliant::netlab
