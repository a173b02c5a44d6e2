#include "core/log.hpp"

#include <cstdio>
#include <string>

namespace pliant {

void Logger::write(std::string_view kind, std::string_view text) const {
  std::string line = "pliant rank " + std::to_string(rank_) + ": ";
  line.append(kind).append(text).append("\n");
  std::fputs(line.c_str(), stderr);
}

}  // namespace pliant
