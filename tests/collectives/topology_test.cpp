// Rank arithmetic, simulated on sets: the contributions that each rank holds after each step, for 1 to 17
// ranks.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "collectives/topology/binomial.hpp"
#include "collectives/topology/circulant.hpp"
#include "collectives/topology/double_tree.hpp"
#include "collectives/topology/hypercube.hpp"
#include "collectives/topology/ring.hpp"

namespace pliant {
namespace {

class Topology : public testing::TestWithParam<int> {
 protected:
  int ranks() const { return GetParam(); }
};

using Contributions = std::set<int>;

Contributions everybody(int ranks) {
  Contributions all;
  for (int rank = 0; rank < ranks; ++rank) all.insert(rank);
  return all;
}

/// held[rank][chunk]: the ranks whose contributions are summed there.
using Held = std::vector<std::vector<Contributions>>;

Held every_rank_its_own(int ranks) {
  Held held(static_cast<std::size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank)
    held[static_cast<std::size_t>(rank)].assign(static_cast<std::size_t>(ranks), {rank});
  return held;
}

template <class ChunkOf, class Combine>
void ring_steps(Held& held, ChunkOf chunk_of, Combine combine) {
  const int ranks = static_cast<int>(held.size());
  for (int step = 0; step < ranks - 1; ++step) {
    const Held before = held;
    for (int rank = 0; rank < ranks; ++rank) {
      const int from = ring::previous(rank, ranks);
      const auto chunk = static_cast<std::size_t>(chunk_of(from, step, ranks));
      combine(held[static_cast<std::size_t>(rank)][chunk], before[static_cast<std::size_t>(from)][chunk]);
    }
  }
}

TEST_P(Topology, RingNeighboursAreEachOthers) {
  for (int rank = 0; rank < ranks(); ++rank) {
    EXPECT_EQ(ring::previous(ring::next(rank, ranks()), ranks()), rank);
    EXPECT_EQ(ring::next(ring::previous(rank, ranks()), ranks()), rank);
  }
}

TEST_P(Topology, RingSumsEveryContributionOnceThenCopies) {
  Held held = every_rank_its_own(ranks());
  ring_steps(
      held, [](int rank, int step, int n) { return ring::chunk(rank, step, n); },
      [](Contributions& into, const Contributions& from) {
        for (const int contributor : from) EXPECT_TRUE(into.insert(contributor).second) << "summed twice";
      });
  for (int rank = 0; rank < ranks(); ++rank) {
    const auto complete = static_cast<std::size_t>(ring::chunk(rank, ranks() - 1, ranks()));
    EXPECT_EQ(held[static_cast<std::size_t>(rank)][complete], everybody(ranks()));
  }
  ring_steps(
      held, [](int rank, int step, int n) { return ring::chunk(rank, step + n - 1, n); },
      [](Contributions& into, const Contributions& from) { into = from; });
  for (const auto& chunks : held)
    for (const Contributions& chunk : chunks) EXPECT_EQ(chunk, everybody(ranks()));
}

TEST_P(Topology, BinomialTreeReachesEveryRankOnce) {
  for (int v = 1; v < ranks(); ++v) {
    const int parent = binomial::parent(v);
    const int step = v - parent;
    EXPECT_GE(parent, 0);
    EXPECT_LT(parent, v);
    EXPECT_LT(step, binomial::step_limit(parent, ranks())) << "the parent does not send to " << v;
    EXPECT_EQ(step & (step - 1), 0) << "not a power of two";
  }
  std::vector<int> reached(static_cast<std::size_t>(ranks()));
  for (int v = 0; v < ranks(); ++v)
    for (int step = 1; step < binomial::step_limit(v, ranks()); step *= 2)
      if (v + step < ranks()) ++reached[static_cast<std::size_t>(v + step)];
  for (int v = 0; v < ranks(); ++v) EXPECT_EQ(reached[static_cast<std::size_t>(v)], v == 0 ? 0 : 1) << v;
}

TEST_P(Topology, BinomialTreeIsAsDeepAsItsRounds) {
  for (int v = 0; v < ranks(); ++v) {
    int depth = 0;
    for (int at = v; at != 0; at = binomial::parent(at)) ++depth;
    EXPECT_LE(depth, binomial::rounds(ranks())) << v;
  }
}

TEST_P(Topology, BinomialRanksCountFromAnyRoot) {
  for (int root = 0; root < ranks(); ++root) {
    EXPECT_EQ(binomial::relative(root, root, ranks()), 0);
    for (int rank = 0; rank < ranks(); ++rank)
      EXPECT_EQ(binomial::absolute(binomial::relative(rank, root, ranks()), root, ranks()), rank);
  }
}

TEST_P(Topology, HypercubeFoldsTheExtras) {
  const int corners = hypercube::corners(ranks());
  EXPECT_EQ(corners & (corners - 1), 0);
  EXPECT_LE(corners, ranks());
  EXPECT_GT(2 * corners, ranks());
  std::set<int> cube;
  for (int rank = 0; rank < ranks(); ++rank) {
    const int at = hypercube::cube_rank(rank, ranks());
    if (at < 0) {
      ASSERT_LT(rank + 1, ranks());
      EXPECT_GE(hypercube::cube_rank(rank + 1, ranks()), 0) << "folds into a rank that folds";
      continue;
    }
    EXPECT_EQ(hypercube::rank_of(at, ranks()), rank);
    EXPECT_TRUE(cube.insert(at).second);
  }
  EXPECT_EQ(static_cast<int>(cube.size()), corners);
  EXPECT_EQ(*cube.begin(), 0);
  EXPECT_EQ(*cube.rbegin(), corners - 1);
}

TEST_P(Topology, CirculantSumsEveryContributionOnceThenCopies) {
  Held held = every_rank_its_own(ranks());
  const circulant::Rounds rounds = circulant::rounds_of(ranks());
  EXPECT_EQ(rounds.count, binomial::rounds(ranks()));
  const auto at = [&](Held& of, int rank, int chunk) -> Contributions& {
    return of[static_cast<std::size_t>(rank)][static_cast<std::size_t>(chunk % ranks())];
  };
  int sent = 0;
  for (int i = 0; i < rounds.count; ++i) {
    const auto [held_before, half] = rounds.rounds[static_cast<std::size_t>(i)];
    Held before = held;
    sent += held_before - half;
    for (int rank = 0; rank < ranks(); ++rank)
      for (int offset = half; offset < held_before; ++offset)
        for (const int contributor : at(before, rank, rank + offset))
          EXPECT_TRUE(at(held, (rank + half) % ranks(), rank + offset).insert(contributor).second)
              << "summed twice";
  }
  EXPECT_EQ(sent, ranks() - 1);
  for (int rank = 0; rank < ranks(); ++rank) EXPECT_EQ(at(held, rank, rank), everybody(ranks()));
  for (int i = rounds.count - 1; i >= 0; --i) {
    const auto [held_after, half] = rounds.rounds[static_cast<std::size_t>(i)];
    Held before = held;
    for (int rank = 0; rank < ranks(); ++rank)
      for (int offset = half; offset < held_after; ++offset)
        at(held, rank, rank + offset) = at(before, (rank + half) % ranks(), rank + offset);
  }
  for (int rank = 0; rank < ranks(); ++rank)
    for (int chunk = 0; chunk < ranks(); ++chunk) EXPECT_EQ(at(held, rank, chunk), everybody(ranks()));
}

TEST_P(Topology, DoubleTreeIsTwoTreesOfInnerNodesThatAreLeavesOfTheOther) {
  std::vector<int> inner(static_cast<std::size_t>(ranks()));
  for (const int tree : {0, 1}) {
    int roots = 0;
    for (int rank = 0; rank < ranks(); ++rank) {
      const double_tree::Node node = double_tree::node_of(tree, rank, ranks());
      roots += node.parent < 0 ? 1 : 0;
      inner[static_cast<std::size_t>(rank)] += node.child_count > 0 ? 1 : 0;
      for (int i = 0; i < node.child_count; ++i) {
        const int child = node.children[static_cast<std::size_t>(i)];
        EXPECT_EQ(double_tree::node_of(tree, child, ranks()).parent, rank);
      }
      int depth = 0;
      for (int at = rank; double_tree::node_of(tree, at, ranks()).parent >= 0 && depth < 100; ++depth)
        at = double_tree::node_of(tree, at, ranks()).parent;
      EXPECT_LE(depth, double_tree::depth(ranks()));
    }
    EXPECT_EQ(roots, 1) << "tree " << tree;
  }
  int both = 0;
  for (const int trees : inner) both += trees == 2 ? 1 : 0;
  EXPECT_LE(both, ranks() % 2);
}

INSTANTIATE_TEST_SUITE_P(Ranks, Topology, testing::Range(1, 18));

TEST(Rounds, IsTheLogarithmRoundedUp) {
  const int expected[] = {0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5};
  for (int ranks = 1; ranks <= 17; ++ranks) EXPECT_EQ(binomial::rounds(ranks), expected[ranks - 1]) << ranks;
}

}  // namespace
}  // namespace pliant
