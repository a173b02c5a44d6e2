// A test suite that runs once for every kernel table.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "kernels/kernels.hpp"

namespace pliant::test {

/// Skips, with a reason, if this processor cannot run the table.
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

/// The tables that use the loops of streaming_topk.hpp.
inline auto streaming_tables() {
  return testing::ValuesIn(simd_tables().begin(), simd_tables().end());
}

inline std::string table_name(const testing::TestParamInfo<const Kernels*>& info) {
  return std::string(info.param->name);
}

/// Counts around the widths of vector registers, and some that are multiples of none.
inline constexpr std::size_t kCounts[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 1000, 4097};

/// `counts`, and some around block lengths.
inline std::vector<std::size_t> with_blocks(std::vector<std::size_t> counts) {
  constexpr std::size_t kBlock = kSquaresBlock;
  for (const std::size_t count : {kBlock - 1, kBlock, kBlock + 1, 2 * kBlock - 1, 3 * kBlock + 17})
    counts.push_back(count);
  return counts;
}

/// Workspaces with teams of several sizes, used in turn. They are reused, so that a call meets what earlier
/// calls left behind.
class Workspaces {
 public:
  Workspaces() {
    for (std::size_t i = 0; i < teams_.size(); ++i) workspaces_[i + 1].team = teams_[i].get();
  }
  SelectWorkspace& next() { return workspaces_[next_++ % workspaces_.size()]; }
  auto& all() { return workspaces_; }

 private:
  std::array<std::unique_ptr<Team>, 4> teams_ = {std::make_unique<Team>(1), std::make_unique<Team>(2),
                                                 std::make_unique<Team>(3), std::make_unique<Team>(7)};
  std::array<SelectWorkspace, 5> workspaces_;  ///< the first has no team
  std::size_t next_ = 0;
};

}  // namespace pliant::test
