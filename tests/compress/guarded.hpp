// Memory with guards on both sides, which detect writes before and behind it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace pliant::test {

template <class T>
class Guarded {
 public:
  explicit Guarded(std::int64_t count)
      : bytes_(2 * kGuard + static_cast<std::size_t>(count) * sizeof(T), kMark), count_(count) {}

  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  ~Guarded() {
    const auto marked = [](std::byte byte) { return byte == kMark; };
    EXPECT_TRUE(std::all_of(bytes_.begin(), bytes_.begin() + kGuard, marked)) << "written in front";
    EXPECT_TRUE(std::all_of(bytes_.end() - kGuard, bytes_.end(), marked)) << "written behind";
  }

  T* data() { return reinterpret_cast<T*>(bytes_.data() + kGuard); }
  std::span<T> all() { return {data(), static_cast<std::size_t>(count_)}; }
  std::vector<T> copy() { return std::vector<T>(data(), data() + count_); }

 private:
  static constexpr std::ptrdiff_t kGuard = 64;
  static constexpr std::byte kMark{0xa5};

  std::vector<std::byte> bytes_;
  std::int64_t count_;
};

}  // namespace pliant::test
