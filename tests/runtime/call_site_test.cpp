// One call site for each kind of blocking call (runtime/call_site.hpp).
#include "runtime/call_site.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pliant {
namespace {

TEST(CallSites, EachKindHasItsOwn) {
  CallSites sites;
  std::set<const CallSite*> seen;
  for (const std::int64_t count : {100, 100 + 61, 100 + 4096})
    for (const ElementType type : {ElementType::float32, ElementType::float64})
      for (const ReduceOp op : {ReduceOp::sum, ReduceOp::max})
        for (const Memory memory : {Memory::host, Memory::device}) {
          CallSite& site = sites.of({count, type, op, memory});
          EXPECT_TRUE(seen.insert(&site).second) << count;
          EXPECT_EQ(&sites.of({count, type, op, memory}), &site);
        }
}

TEST(CallSites, AsManyLengthsAsAProgramHasKeepTheirState) {
  constexpr std::int64_t kLengths = 4000;
  CallSites sites;
  for (std::int64_t count = 1; count <= kLengths; ++count)
    sites.of({count}).sync.rounds = static_cast<int>(count);
  for (std::int64_t count = 1; count <= kLengths; ++count) ASSERT_EQ(sites.of({count}).sync.rounds, count);
}

TEST(CallSites, ANewEpochDropsDecisionsAndKeepsWhatWasLearned) {
  const AllreduceAlgorithm some{};
  CallSites sites;
  CallSite& site = sites.of({7});
  site.short_path.algorithm = &some;
  site.sync.rounds = 3;
  site.agreed = LastAgreedInputs{.compute_s = 2, .margin = 1, .gain = {}};
  EXPECT_EQ(sites.of({7}).short_path.algorithm, &some);
  sites.begin_epoch();
  EXPECT_EQ(sites.of({7}).short_path.algorithm, nullptr);
  EXPECT_EQ(site.sync.rounds, 3);
  EXPECT_TRUE(site.agreed.has_value());
}

TEST(CallSites, ALookIsNoUse) {
  CallSites sites;
  EXPECT_EQ(sites.look_at({7}), nullptr);
  CallSite& site = sites.of({7});
  EXPECT_EQ(sites.look_at({7}), &site);
  EXPECT_EQ(sites.look_at({8}), nullptr);
}

}  // namespace
}  // namespace pliant
