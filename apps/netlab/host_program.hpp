// Programs on the hosts whose output is collected; several run at once.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "apps/netlab/descriptor.hpp"

namespace pliant::netlab {

class HostProgram {
 public:
  /// Starts the program. Throws Error(io).
  HostProgram(const std::filesystem::path& socket, const std::string& host,
              const std::vector<std::string>& command);
  HostProgram(HostProgram&& other) noexcept
      : process_(std::exchange(other.process_, -1)), output_(std::move(other.output_)) {}
  /// Ends the program if it still runs.
  ~HostProgram();

  /// Its stdout. Waits for the program's end.
  std::string output();

 private:
  pid_t process_ = -1;
  Descriptor output_;
};

void wait_s(double seconds);

}  // namespace pliant::netlab
