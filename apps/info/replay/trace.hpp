// A schedule of pliant_netlab as a list of links, one for each step.
#pragma once

#include <string>
#include <vector>

#include "core/link_model.hpp"

namespace pliant::info {

inline constexpr double kBitsPerByte = 8;

struct TraceOptions {
  std::string schedule;    ///< a built-in one's name, or a file's path
  LinkModel base;          ///< first link of sine, step, walk and files; c1 and c2 define all their links
  int steps = 50;          ///< a step of a file takes one second
  std::uint64_t seed = 1;  ///< of walk
};

/// Returns the link at the middle of each step [steps]. The rate is the lower one of both directions. Throws
/// Error if the schedule cannot be read, or if it cuts a link.
std::vector<LinkModel> trace_of(const TraceOptions& options);

}  // namespace pliant::info
