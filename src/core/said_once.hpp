// Remembers which messages have been said, so that each is said once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pliant {

/// The keys of the messages said so far. A key names the kind of message and its subject. It holds no value
/// that changes from call to call. At most kMost keys are kept, and later ones are not said.
class SaidOnce {
 public:
  static constexpr std::size_t kMost = 256;

  /// True the first time for a key; false once kMost keys were said.
  bool is_first(std::string_view key) {
    if (said_.size() >= kMost || std::find(said_.begin(), said_.end(), key) != said_.end()) return false;
    said_.emplace_back(key);
    return true;
  }

 private:
  std::vector<std::string> said_;
};

}  // namespace pliant
