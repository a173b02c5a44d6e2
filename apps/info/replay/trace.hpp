// A schedule of pliant_netlab as links, one for each of its steps.
#pragma once

#include <string>
#include <vector>

#include "core/link_model.hpp"

namespace pliant::info {

inline constexpr double kBitsPerByte = 8;

struct TraceOptions {
  std::string schedule;    ///< a built-in one's name, or a file's path
  LinkModel base;          ///< what sine, step, walk and files begin with; c1 and c2 say all themselves
  int steps = 50;          ///< of one second in files
  std::uint64_t seed = 1;  ///< walk
};

/// The link in the middle of each step [steps]. The rate is the lower of both directions'. Throws Error where
/// the schedule cannot be read, or cuts a link.
std::vector<LinkModel> trace_of(const TraceOptions& options);

}  // namespace pliant::info
