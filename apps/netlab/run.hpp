// pliant_netlab run: a lab for the length of one program.
#pragma once

#include <string>
#include <vector>

#include "apps/netlab/lab.hpp"
#include "apps/netlab/launcher.hpp"

namespace pliant::netlab {

inline constexpr int kTimedOutStatus = 124;  ///< as timeout(1) has it
inline constexpr int kLabDiedStatus = 70;    ///< EX_SOFTWARE of sysexits.h
inline constexpr int kMisplacedStatus = 1;   ///< the program ended well, but not on all hosts

struct RunOptions {
  LabOptions lab;
  Launcher launcher = Launcher::automatic;
  double timeout_s = 0;  ///< 0 = none
  bool statistics = false;
  std::string log;  ///< path for the log of changes; empty = none
  std::vector<std::string> program;
};

/// @return the program's exit status, 128 + the signal that ended this command, or one of the above
/// Throws Error, Refusal or Unsupported if the lab cannot be started. Nothing of it is left afterwards.
int run(const RunOptions& options);

}  // namespace pliant::netlab
