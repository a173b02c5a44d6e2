#include "compress/topk.hpp"

#include <algorithm>
#include <cmath>

namespace pliant {

std::int64_t kept_count(std::int64_t count, double density) {
  if (count == 0) return 0;
  const auto rounded = static_cast<std::int64_t>(std::llround(density * static_cast<double>(count)));
  return std::clamp<std::int64_t>(rounded, 1, count);
}

}  // namespace pliant
