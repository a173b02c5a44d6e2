// pliant_netlab run: a lab that lasts as long as one program.
#pragma once

#include <string>
#include <vector>

#include "apps/netlab/lab.hpp"
#include "apps/netlab/launcher.hpp"

namespace pliant::netlab {

inline constexpr int kTimedOutStatus = 124;  ///< the same as timeout(1)
inline constexpr int kLabDiedStatus = 70;    ///< EX_SOFTWARE of sysexits.h
inline constexpr int kMisplacedStatus = 1;   ///< the program ended well, but did not run on all hosts

struct RunOptions {
  LabOptions lab;
  Launcher launcher = Launcher::automatic;
  double timeout_s = 0;  ///< 0 = none
  bool statistics = false;
  std::string log;  ///< path of the log of changes; empty = none
  std::vector<std::string> program;
};

/// @return the program's exit status, 128 + the signal that ended this command, or one of the above
/// Throws Error, Refusal or Unsupported if the lab cannot start; nothing of it is left then.
int run(const RunOptions& options);

}  // namespace pliant::netlab
