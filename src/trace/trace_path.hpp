// The path of a trace as PLIANT_TRACE says it: %j job, %h host, %p process, %r rank, %t time of start, %% a
// percent.
#pragma once

#include <string>
#include <string_view>

#include "trace/run_info.hpp"

namespace pliant {

/// What the patterns stand for.
struct TracePathValues {
  std::string job;  ///< the batch system's number of it, or empty
  std::string host;
  std::string process;
  std::string rank;
  std::string time;
};

/// Those of this process. The job is what Slurm, PBS, LSF, Grid Engine, Flux, Cobalt, OAR or Fujitsu's system
/// calls it in the environment.
TracePathValues trace_path_values(const RunInfo& info);

struct TracePath {
  std::string path;
  bool names_process = false;  ///< no other process of this host has it
};

/// The path with values in place of patterns; a '/' in a value becomes '_'. Throws Error(info_value) for a
/// pattern that is none of these.
TracePath trace_path(std::string_view pattern, const TracePathValues& values);

}  // namespace pliant
