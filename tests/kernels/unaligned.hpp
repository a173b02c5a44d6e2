// A vector aligned to its element and no more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace pliant::test {

/// A copy of `values` at such a place, with guard elements on both sides.
template <class T>
class Unaligned {
 public:
  Unaligned(const std::vector<T>& values, std::size_t offset)
      : storage_(offset + values.size() + kAfter, kGuard), offset_(offset), count_(values.size()) {
    std::copy(values.begin(), values.end(), data());
  }
  T* data() { return storage_.data() + offset_; }
  std::vector<T> copy() const {
    const auto begin = storage_.begin() + static_cast<std::ptrdiff_t>(offset_);
    return {begin, begin + static_cast<std::ptrdiff_t>(count_)};
  }
  bool surroundings_are_whole() const {
    const auto is_guard = [](T value) { return value == kGuard; };
    return std::all_of(storage_.begin(), storage_.begin() + static_cast<std::ptrdiff_t>(offset_), is_guard) &&
           std::all_of(storage_.end() - kAfter, storage_.end(), is_guard);
  }

 private:
  static constexpr std::ptrdiff_t kAfter = 32;
  static constexpr T kGuard = T(77);

  std::vector<T> storage_;
  std::size_t offset_;
  std::size_t count_;
};

}  // namespace pliant::test
