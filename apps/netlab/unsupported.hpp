// What a machine may lack: said in one line, with what to run instead, and with an exit status of its own.
#pragma once

#include <stdexcept>
#include <string>

namespace pliant::netlab {

/// Exit status where no lab can be started on this machine (EX_UNAVAILABLE of sysexits.h).
inline constexpr int kUnsupportedStatus = 69;

class Unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// @param problem  what is missing, with the system's reason
/// @param rule     what it is needed for
/// @param remedy   how to get it
inline Unsupported unsupported(const std::string& problem, const std::string& rule,
                               const std::string& remedy) {
  return Unsupported(problem + " (" + rule + "). " + remedy +
                     ", or go without emulated links: mpirun -np RANKS PROGRAM");
}

}  // namespace pliant::netlab
