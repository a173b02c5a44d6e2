// A bounded map: keys never share a place, and the least recently used one is evicted.
#include "core/recent_map.hpp"

#include <gtest/gtest.h>

#include <list>
#include <random>
#include <string>
#include <vector>

namespace pliant {
namespace {

struct Key {
  std::int64_t number = 0;
  std::uint64_t hash() const { return mixed_hash(static_cast<std::uint64_t>(number)); }
  friend bool operator==(const Key&, const Key&) = default;
};

/// A key whose hash puts all keys into one bucket.
struct CollidingKey {
  std::int64_t number = 0;
  std::uint64_t hash() const { return 7; }
  friend bool operator==(const CollidingKey&, const CollidingKey&) = default;
};

TEST(RecentMap, KnowsWhatItWasGiven) {
  RecentMap<Key, std::string> map(100);
  EXPECT_EQ(map.find({1}), nullptr);
  for (int i = 0; i < 100; ++i) map.add({i}, std::to_string(i));
  for (int i = 0; i < 100; ++i) {
    ASSERT_NE(map.find({i}), nullptr) << i;
    EXPECT_EQ(*map.find({i}), std::to_string(i));
  }
  EXPECT_EQ(map.size(), 100U);
}

TEST(RecentMap, TheOneUsedLongestAgoGoes) {
  RecentMap<Key, int> map(3);
  for (int i = 0; i < 3; ++i) map.add({i}, i);
  ASSERT_NE(map.find({0}), nullptr);  // 1 is the oldest now
  map.add({3}, 3);
  EXPECT_EQ(map.find({1}), nullptr);
  std::vector<std::int64_t> order;
  map.for_each([&](const Key& key, int value) {
    EXPECT_EQ(key.number, value);
    order.push_back(key.number);
  });
  EXPECT_EQ(order, (std::vector<std::int64_t>{3, 0, 2}));
}

TEST(RecentMap, LookingIsNoUse) {
  RecentMap<Key, int> map(2);
  map.add({0}, 0);
  map.add({1}, 1);
  ASSERT_NE(map.look_at({0}), nullptr);
  EXPECT_EQ(*map.look_at({0}), 0);
  EXPECT_EQ(map.look_at({7}), nullptr);
  map.add({2}, 2);  // 0 is still the oldest
  EXPECT_EQ(map.look_at({0}), nullptr);
  EXPECT_NE(map.look_at({1}), nullptr);
}

TEST(RecentMap, PointersStayGoodWhileTheirValueIsThere) {
  RecentMap<Key, int> map(1000);
  int* const first = &map.add({0}, 42);
  for (int i = 1; i < 1000; ++i) map.add({i}, i);
  EXPECT_EQ(map.find({0}), first);
  EXPECT_EQ(*first, 42);
}

/// Behaves like a list that is searched, for any sequence of keys.
template <class AnyKey>
void expect_as_a_list(std::size_t most, int keys) {
  RecentMap<AnyKey, int> map(most);
  std::list<std::pair<std::int64_t, int>> model;
  std::mt19937 random(1);
  for (int step = 0; step < 20'000; ++step) {
    const auto number = static_cast<std::int64_t>(random() % static_cast<unsigned>(keys));
    const auto known = std::find_if(model.begin(), model.end(), [&](auto& e) { return e.first == number; });
    int* const found = map.find({number});
    ASSERT_EQ(found != nullptr, known != model.end()) << step;
    if (found != nullptr) {
      ASSERT_EQ(*found, known->second);
      model.splice(model.begin(), model, known);
      continue;
    }
    if (model.size() == most) model.pop_back();
    model.emplace_front(number, step);
    map.add({number}, step);
    ASSERT_EQ(map.size(), model.size());
  }
}

TEST(RecentMap, IsWhatAListWouldBe) {
  for (const std::size_t most : {1U, 2U, 15U, 16U, 17U, 100U}) {
    expect_as_a_list<Key>(most, 60);
    expect_as_a_list<CollidingKey>(most, 60);
  }
}

}  // namespace
}  // namespace pliant
