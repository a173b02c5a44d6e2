#include "core/monotonic.hpp"

#include <ctime>

namespace pliant {

double monotonic_s() {
  std::timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace pliant
