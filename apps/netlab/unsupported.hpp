// The error for a facility that this machine lacks: one line with a remedy, and an exit status of its own.
#pragma once

#include <stdexcept>
#include <string>

namespace pliant::netlab {

/// Exit status if no lab can start on this machine (EX_UNAVAILABLE of sysexits.h).
inline constexpr int kUnsupportedStatus = 69;

class Unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// @param problem  the missing facility, with the system's reason
/// @param rule     why it is needed
/// @param remedy   how to get it
inline Unsupported unsupported(const std::string& problem, const std::string& rule,
                               const std::string& remedy) {
  return Unsupported(problem + " (" + rule + "). " + remedy +
                     ", or go without emulated links: mpirun -np RANKS PROGRAM");
}

}  // namespace pliant::netlab
