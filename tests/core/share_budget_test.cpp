// A budget never spends more than its share, and finally nearly all of it.
#include "core/share_budget.hpp"

#include <gtest/gtest.h>

namespace pliant {
namespace {

TEST(ShareBudget, SpendsItsShareAtMost) {
  ShareBudget budget(0.005);
  double spent_s = 0, earned_s = 0;
  for (int call = 0; call < 10'000; ++call) {
    budget.earn(0.01);
    earned_s += 0.01;
    if (!budget.affords(0.003)) continue;
    budget.spend(0.003);
    spent_s += 0.003;
    ASSERT_LE(spent_s, 0.005 * earned_s * (1 + 1e-9));
  }
  EXPECT_GT(spent_s, 0.0049 * earned_s);
}

}  // namespace
}  // namespace pliant
