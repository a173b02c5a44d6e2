// Cutting messages into segments, and the best length of a segment.
#include "collectives/segments.hpp"
#include "planner/papers.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "collectives/registry.hpp"

namespace pliant {
namespace {

TEST(Pieces, CoverBothStretchesInOrderAndNoMore) {
  std::vector<std::byte> memory(1000);
  for (const std::size_t first : {0, 1, 64, 100, 300})
    for (const std::size_t second : {0, 1, 64, 250}) {
      const std::span<std::byte> all(memory);
      const Pieces pieces(64, all.subspan(0, first), all.subspan(500, second));
      std::size_t covered = 0;
      for (std::int64_t i = 0; i < pieces.count(); ++i) {
        const auto piece = pieces.at(i);
        const std::size_t expected = covered < first ? covered : 500 + covered - first;
        EXPECT_EQ(piece.data() - memory.data(), static_cast<std::ptrdiff_t>(expected));
        EXPECT_GT(piece.size(), 0U);
        EXPECT_LE(static_cast<std::int64_t>(piece.size()), pieces.longest());
        covered += piece.size();
      }
      EXPECT_EQ(covered, first + second);
      EXPECT_EQ(pieces.count(), segments_of(static_cast<std::int64_t>(first), 64) +
                                    segments_of(static_cast<std::int64_t>(second), 64));
    }
}

/// 100 Mbit/s and 5 ms: segments hide latency, and none is long enough for a rendezvous.
TEST(Segments, RingHidesLatencyOnALongLink) {
  const CostModel model{.link = {.alpha_s = 5.1e-3, .beta_s_per_byte = 85e-9, .gap_s = 30e-6}, .compute = {}};
  const AllreduceShape shape{{.ranks = 8}, {.count = 1 << 18}};
  const double bytes = static_cast<double>(shape.bytes());
  const double busy_s = 2 * 7 / 8.0 * bytes * model.link.beta_s_per_byte;
  EXPECT_LT(ring_allreduce.cost_s(shape, model), 1.1 * busy_s);
  EXPECT_GT(papers::cost_s(ring_allreduce, shape, model.link), 1.4 * busy_s);
  EXPECT_LE(tuned_for(ring_allreduce, shape, model).segment_bytes, kEagerBytes);
}

TEST(Segments, AreLongWhereEachOneCosts) {
  const AllreduceShape shape{{.ranks = 4}, {.count = 1 << 22}};
  const CostModel cheap{.link = {.alpha_s = 50e-6, .beta_s_per_byte = 1e-9, .gap_s = 1e-9}, .compute = {}};
  CostModel dear = cheap;
  dear.link.gap_s = 50e-6;
  EXPECT_GT(tuned_for(ring_allreduce, shape, dear).segment_bytes,
            tuned_for(ring_allreduce, shape, cheap).segment_bytes / 2);
  EXPECT_GT(ring_allreduce.cost_s(shape, dear), ring_allreduce.cost_s(shape, cheap));
}

/// The ring's formula has two parts with a slope each: latency-bound and bandwidth-bound.
TEST(Segments, RingFormulaByHand) {
  const CostModel model{.link = {.alpha_s = 1e-3, .beta_s_per_byte = 1e-7, .gap_s = 0}, .compute = {}};
  // One byte a rank: 2(P-1) hops of alpha.
  EXPECT_NEAR(ring_allreduce.cost_s({{.ranks = 4}, {.count = 4, .type = ElementType::int32}}, model),
              6 * (1e-3 + 4e-7), 1e-9);
  // 40 MB on 4 ranks: 6 chunks of 10 MB, plus one latency that cannot be hidden.
  EXPECT_NEAR(ring_allreduce.cost_s({{.ranks = 4}, {.count = 10'000'000}}, model), 6 * 1.0 + 1e-3, 6e-2);
}

}  // namespace
}  // namespace pliant
