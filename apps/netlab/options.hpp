// The command line of pliant_netlab.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/netlab/run.hpp"

namespace pliant::netlab {

struct Options {
  std::string command;  ///< run, up, exec, set, stats, log, down, selftest
  RunOptions run;       ///< run and up
  std::string lab;      ///< socket; empty: PLIANT_NETLAB, or the only running lab
  std::string target;   ///< exec: the host; set: the hosts
  std::vector<std::string> settings;
  bool json = false;
  std::string from;                  ///< log: read this file instead of asking a lab
  std::string into;                  ///< log: write into this trace
  bool quick = false;                ///< of selftest
  std::vector<std::string> program;  ///< everything after --
};

/// Fills `options`. Returns an exit status if there is nothing to run. Throws Error(argument).
std::optional<int> parse_options(int argc, const char* const* argv, Options& options);

}  // namespace pliant::netlab
