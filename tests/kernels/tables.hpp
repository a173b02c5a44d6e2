// A test suite that runs once for every kernel table.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "kernels/kernels.hpp"

namespace pliant::test {

/// Skips, with the reason, where this processor cannot run the table.
class KernelTest : public testing::TestWithParam<const Kernels*> {
 protected:
  void SetUp() override {
    if (!GetParam()->usable()) GTEST_SKIP() << "this processor cannot run " << GetParam()->name;
  }
  const Kernels& kernels() const { return *GetParam(); }
};

inline auto every_table() {
  return testing::ValuesIn(kernel_tables().begin(), kernel_tables().end());
}

inline std::string table_name(const testing::TestParamInfo<const Kernels*>& info) {
  return std::string(info.param->name);
}

/// Counts around the widths of vector registers, and some that are no multiple of anything.
inline constexpr std::size_t kCounts[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 1000, 4097};

/// `values` copied to a place that is aligned to its element and nothing more.
template <class T>
class Unaligned {
 public:
  Unaligned(const std::vector<T>& values, std::size_t offset)
      : storage_(values.size() + offset), offset_(offset) {
    std::copy(values.begin(), values.end(), storage_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  T* data() { return storage_.data() + offset_; }
  std::vector<T> copy() const {
    return {storage_.begin() + static_cast<std::ptrdiff_t>(offset_), storage_.end()};
  }

 private:
  std::vector<T> storage_;
  std::size_t offset_;
};

}  // namespace pliant::test
