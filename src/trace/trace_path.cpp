#include "trace/trace_path.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace pliant {
namespace {

constexpr std::array kJobVariables = {"SLURM_JOB_ID", "PBS_JOBID",    "LSB_JOBID",  "JOB_ID",
                                      "FLUX_JOB_ID",  "COBALT_JOBID", "OAR_JOB_ID", "PJM_JOBID"};

std::string job_of_environment() {
  for (const char* name : kJobVariables)
    if (const auto value = environment_value(name); value && !value->empty()) return *value;
  return {};
}

/// 2031-05-06T07:08:09Z -> 20310506T070809Z, which every file system accepts.
std::string compact(std::string date) {
  std::erase_if(date, [](char c) { return c == '-' || c == ':'; });
  return date;
}

}  // namespace

TracePathValues trace_path_values(const RunInfo& info) {
  return {.job = job_of_environment(),
          .host = info.host,
          .process = std::to_string(::getpid()),
          .rank = std::to_string(info.rank),
          .time = compact(info.start_date)};
}

TracePath trace_path(std::string_view pattern, const TracePathValues& values) {
  TracePath result;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      result.path += pattern[i];
      continue;
    }
    const char letter = ++i < pattern.size() ? pattern[i] : '\0';
    const std::string& job = values.job.empty() ? values.process : values.job;
    std::string value;
    switch (letter) {
      case '%':
        value = "%";
        break;
      case 'j':
        value = job;
        break;
      case 'h':
        value = values.host;
        break;
      case 'p':
        value = values.process;
        break;
      case 'r':
        value = values.rank;
        break;
      case 't':
        value = values.time;
        break;
      default:
        throw Error(ErrorClass::info_value, quoted("PLIANT_TRACE", pattern),
                    "% must be followed by j (job), h (host), p (process), r (rank), t (time) or %",
                    "Write %% for a percent sign");
    }
    std::replace(value.begin(), value.end(), '/', '_');
    result.path += value;
    result.names_process = result.names_process || letter == 'p' || (letter == 'j' && values.job.empty());
  }
  return result;
}

}  // namespace pliant
