// Both ends of a link agree, and everything not sent is kept.
#include "apps/research/quadratic/estimate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "tests/support/bits.hpp"
#include "tests/support/errors.hpp"

namespace pliant::quadratic {
namespace {

using Message = std::vector<std::byte>;

const std::vector<std::int64_t> kLayers = {0, 3, 50, 51, 300};
constexpr std::size_t kCount = 300;

std::vector<float> drawn(std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(kCount);
  for (float& value : values) value = normal(random);
  return values;
}

double squared(std::span<const float> values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
}

std::vector<std::int64_t> counts(std::mt19937& random) {
  std::vector<std::int64_t> kept;
  for (std::size_t l = 0; l + 1 < kLayers.size(); ++l)
    kept.push_back(std::uniform_int_distribution<std::int64_t>(1, kLayers[l + 1] - kLayers[l])(random));
  return kept;
}

TEST(Estimate, BothEndsHaveTheSameBits) {
  std::mt19937 random(5);
  Sender sender(kLayers);
  std::vector<float> far_end(kCount);
  Message message;
  for (int round = 0; round < 50; ++round) {
    const std::vector<float> vector = drawn(random);
    sender.look_at(vector);
    sender.send(vector, counts(random), message);
    receive(message, 0, far_end);
    ASSERT_EQ(test::first_difference<float>(far_end, sender.estimate()), -1) << "round " << round;
  }
}

TEST(Estimate, SentAndRestAreTheChange) {
  std::mt19937 random(6);
  Sender sender(kLayers);
  Message message;
  for (int round = 0; round < 20; ++round) {
    const std::vector<float> vector = drawn(random);
    sender.look_at(vector);
    const std::vector<float> change(sender.change().begin(), sender.change().end());
    const std::vector<float> before(sender.estimate().begin(), sender.estimate().end());
    const std::vector<std::int64_t> kept = counts(random);
    sender.send(vector, kept, message);

    for (std::size_t l = 0; l < kept.size(); ++l) {
      std::int64_t sent = 0;
      for (auto i = static_cast<std::size_t>(kLayers[l]); i < static_cast<std::size_t>(kLayers[l + 1]); ++i) {
        const bool stayed = sender.change()[i] == change[i] && sender.estimate()[i] == before[i];
        const bool went = sender.change()[i] == 0 && sender.estimate()[i] == vector[i];
        EXPECT_TRUE(stayed || went) << i;
        sent += went ? 1 : 0;
      }
      EXPECT_EQ(sent, kept[l]);
      // Top-k contracts by k / n, the papers' alpha.
      const auto begin = static_cast<std::size_t>(kLayers[l]);
      const auto length = static_cast<std::size_t>(kLayers[l + 1]) - begin;
      EXPECT_LE(squared(sender.change().subspan(begin, length)),
                (1 - static_cast<double>(kept[l]) / static_cast<double>(length)) *
                    squared(std::span(change).subspan(begin, length)) * (1 + 1e-12));
    }
    const std::int64_t total = std::accumulate(kept.begin(), kept.end(), std::int64_t{0});
    EXPECT_EQ(message.size(), static_cast<std::size_t>(message_bytes_of(total, kCount)));
  }
}

TEST(Estimate, EverythingTravelsWithoutIndices) {
  std::mt19937 random(7);
  Sender sender(kLayers);
  std::vector<float> far_end(kCount);
  const std::vector<float> vector = drawn(random);
  Message message;
  sender.look_at(vector);
  sender.send(vector, std::vector<std::int64_t>{3, 47, 1, 249}, message);
  receive(message, 0, far_end);
  EXPECT_EQ(message.size(), static_cast<std::size_t>(whole_message_bytes(kCount)));
  EXPECT_EQ(test::first_difference(far_end, vector), -1);
  EXPECT_EQ(squared(sender.change()), 0);
}

TEST(Estimate, ElementsWithinIsTheInverseOfBytes) {
  for (const std::int64_t count : {1, 2, 9, 300}) {
    for (double bytes = 0; bytes < 3000; bytes += 0.5) {
      const std::int64_t kept = elements_within(bytes, count);
      ASSERT_LE(kept, count);
      if (kept > 0) {
        ASSERT_LE(static_cast<double>(message_bytes_of(kept, count)), bytes);
      }
      for (const std::int64_t more : {std::min(kept + 1, count), count}) {
        const bool fits = static_cast<double>(message_bytes_of(more, count)) <= bytes;
        ASSERT_TRUE(more == kept || !fits) << more << " of " << count << " in " << bytes;
      }
    }
  }
}

TEST(Estimate, ForeignMessagesAreRefused) {
  std::mt19937 random(8);
  Sender sender(kLayers);
  const std::vector<float> vector = drawn(random);
  Message message;
  sender.look_at(vector);
  sender.send(vector, std::vector<std::int64_t>{1, 2, 1, 4}, message);
  std::vector<float> far_end(kCount);
  message[60] ^= std::byte{1};
  const std::string said = test::error_text(ErrorClass::other, [&] { receive(message, 3, far_end); });
  EXPECT_NE(said.find("rank 3"), std::string::npos) << said;
}

}  // namespace
}  // namespace pliant::quadratic
