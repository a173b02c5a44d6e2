// Expands the path in PLIANT_TRACE: %j job, %h host, %p process, %r rank, %t start time, %% a percent sign.
#pragma once

#include <string>
#include <string_view>

#include "trace/run_info.hpp"

namespace pliant {

/// The values of the patterns.
struct TracePathValues {
  std::string job;  ///< the batch system's job number, or empty
  std::string host;
  std::string process;
  std::string rank;
  std::string time;
};

/// The values of this process. The job comes from the environment that Slurm, PBS, LSF, Grid Engine, Flux,
/// Cobalt, OAR or Fujitsu's system sets.
TracePathValues trace_path_values(const RunInfo& info);

struct TracePath {
  std::string path;
  bool names_process = false;  ///< no other process of this host has the same path
};

/// Returns the path with values in place of patterns. A '/' in a value becomes '_'. Throws Error(info_value)
/// for an unknown pattern.
TracePath trace_path(std::string_view pattern, const TracePathValues& values);

}  // namespace pliant
