// Slots are taken by all ranks together, and released by each rank alone.
#include "mpi/slot_table.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace pliant {
namespace {

/// The tables of several ranks, and the slots that they hold in common.
class Tables {
 public:
  explicit Tables(std::size_t ranks) : tables_(ranks) {}

  std::int64_t take(std::int64_t most) {
    const std::vector<std::uint64_t> all = held();
    const std::int64_t slot = tables_[0].take(all, most);
    for (std::size_t i = 1; i < tables_.size(); ++i) EXPECT_EQ(tables_[i].take(all, most), slot);
    return slot;
  }
  std::vector<std::uint64_t> held() const {
    std::vector<std::uint64_t> all(tables_[0].held().begin(), tables_[0].held().end());
    for (const SlotTable& table : tables_) {
      EXPECT_EQ(table.held().size(), all.size()) << "ranks bring as many words";
      for (std::size_t i = 0; i < all.size(); ++i) all[i] |= table.held()[i];
    }
    return all;
  }
  SlotTable& of(std::size_t rank) { return tables_[rank]; }

 private:
  std::vector<SlotTable> tables_;
};

TEST(SlotTable, TakesTheLowestThatNoRankHolds) {
  Tables tables(2);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(tables.take(200), i);
  EXPECT_EQ(tables.take(200), -1);
  tables.of(0).give_back(70);
  EXPECT_EQ(tables.take(200), -1) << "rank 1 holds it";
  tables.of(1).give_back(70);
  EXPECT_EQ(tables.take(200), 70);
  EXPECT_EQ(count_held(tables.held()), 200);
}

TEST(SlotTable, WordsGoWithTheSlotsThatNeedThem) {
  Tables tables(2);
  for (int i = 0; i < 1000; ++i) tables.take(1000);
  for (std::size_t rank = 0; rank < 2; ++rank)
    for (int i = 1; i < 1000; ++i) tables.of(rank).give_back(i);
  EXPECT_EQ(tables.take(1000), 1);
  EXPECT_EQ(tables.held().size(), 1U);
}

TEST(SlotTable, IsASetWhateverTheOrder) {
  constexpr std::size_t kRanks = 3;
  Tables tables(kRanks);
  std::vector<std::set<std::int64_t>> held(kRanks);
  std::mt19937 random(1);
  for (int step = 0; step < 5000; ++step) {
    if (random() % 2 == 0) {
      const std::int64_t slot = tables.take(150);
      if (slot < 0) continue;
      for (auto& own : held) EXPECT_TRUE(own.insert(slot).second) << slot;
    } else if (auto& own = held[step % kRanks]; !own.empty()) {
      const auto any = std::next(own.begin(), static_cast<std::ptrdiff_t>(random() % own.size()));
      tables.of(static_cast<std::size_t>(step) % kRanks).give_back(*any);
      own.erase(any);
    }
    std::set<std::int64_t> all;
    for (const auto& own : held) all.insert(own.begin(), own.end());
    const std::vector<std::uint64_t> words = tables.held();
    ASSERT_EQ(count_held(words), static_cast<std::int64_t>(all.size()));
    for (const std::int64_t slot : all) ASSERT_TRUE(is_held(words, slot));
  }
}

TEST(SlotTable, GrowsByFreeSlots) {
  SlotTable table;
  table.grow_to(2);
  EXPECT_EQ(SlotTable::slots(table.held().size()), 128);
  EXPECT_EQ(count_held(table.held()), 0);
  EXPECT_EQ(table.take(std::vector<std::uint64_t>{1, 0}, 100), 1);
}

}  // namespace
}  // namespace pliant
