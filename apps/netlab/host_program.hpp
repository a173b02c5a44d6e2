// Programs on a host whose output is wanted, several at once.
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
  /// Starts it. Throws Error(io).
  HostProgram(const std::filesystem::path& socket, const std::string& host,
              const std::vector<std::string>& command);
  HostProgram(HostProgram&& other) noexcept
      : process_(std::exchange(other.process_, -1)), output_(std::move(other.output_)) {}
  /// Ends it if it still runs.
  ~HostProgram();

  /// What it wrote to stdout, once it has ended.
  std::string output();

 private:
  pid_t process_ = -1;
  Descriptor output_;
};

void wait_s(double seconds);

}  // namespace pliant::netlab
