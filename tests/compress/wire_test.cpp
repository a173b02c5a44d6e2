// Messages arrive intact with any codecs, and a rank keeps its rounding errors.
#include "compress/wire.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "tests/compress/messages.hpp"
#include "tests/support/bits.hpp"

namespace pliant {
namespace {

/// A small message whose bytes are all known: indices 1 and 3 of 10, raw; 1.5 and -2 as bfloat16.
test::Message small_message() {
  return test::encode({.name = "small", .count = 10, .indices = {1, 3}}, {1.5F, -2.0F}, raw_indices,
                      &bfloat16_values);
}

void expect_arrival(const test::Message& message) {
  const test::Decoded decoded = test::decode(message.bytes, message.expected());
  EXPECT_EQ(decoded.indices, message.indices);
  for (std::size_t i = 0; i < message.values.size(); ++i)
    ASSERT_EQ(decoded.values[i] + message.errors[i], message.values[i]) << i;
  EXPECT_EQ(message_bytes(message.bytes, 0), static_cast<std::int64_t>(message.bytes.size()));
}

TEST(Wire, CarriesEveryPairOfCodecs) {
  test::Random random(1);
  for (const IndexCodec* index_codec : index_codecs())
    for (const ValueCodec* value_codec : value_codecs())
      for (const std::int64_t kept : {1, 2, 3, 5, 127, 128, 129, 256, 1000}) {
        const test::IndexSet set = test::random_set(random, 3000, kept);
        expect_arrival(test::encode(set, test::random_values(random, kept), *index_codec, value_codec));
        expect_arrival(test::encode(set, {}, *index_codec, nullptr));
      }
}

TEST(Wire, CarriesNothing) {
  for (const std::int64_t count : {0, 1, 1000})
    for (const bool with_values : {false, true}) {
      const test::Message message = test::encode({.name = "empty", .count = count, .indices = {}}, {},
                                                 rice_indices, with_values ? &int8_values : nullptr);
      EXPECT_EQ(message.bytes.size(), 40U);
      const Expected expected{.shape = message.shape, .with_values = with_values, .sender = 0};
      EXPECT_TRUE(test::decode(message.bytes, expected).indices.empty());
    }
}

TEST(Wire, LooksAsDescribed) {
  const test::Bytes bytes = small_message().bytes;
  const std::array<unsigned char, 52> expected = {
      'P',  'L',  'T',  0x9c, 1, 1, 2, 1,  // magic, version, raw, bfloat16, float32
      10,   0,    0,    0,    0, 0, 0, 0,  // count
      2,    0,    0,    0,    0, 0, 0, 0,  // kept
      12,   0,    0,    0,    0, 0, 0, 0,  // payload_bytes
      0,    0,    0,    0,    0, 0, 0, 0,  // padding_bytes, checksum (below)
      1,    0,    0,    0,    3, 0, 0, 0,  // indices
      0xc0, 0x3f, 0x00, 0xc0};             // values
  ASSERT_EQ(bytes.size(), expected.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool is_checksum = i >= 36 && i < 40;
    EXPECT_TRUE(is_checksum || std::to_integer<int>(bytes[i]) == expected[i]) << "byte " << i;
  }
}

TEST(Wire, PadsIndicesForTheValues) {
  const test::IndexSet set{.name = "four", .count = 10, .indices = {1, 3, 5, 7}};
  std::vector<std::byte> code(static_cast<std::size_t>(block_indices.max_bytes(10, 4)));
  const std::int64_t bytes = block_indices.encode(set.indices.data(), 10, 4, code.data());
  const std::int64_t padding = (4 - bytes % 4) % 4;
  ASSERT_GT(padding, 0) << "the test needs a code that is padded";
  const test::Message message = test::encode(set, {1, 2, 3, 4}, block_indices, &float32_values);
  EXPECT_EQ(message.bytes.size(), static_cast<std::size_t>(40 + bytes + padding + 16));
  EXPECT_EQ(message.bytes[32], static_cast<std::byte>(padding));
  expect_arrival(message);
}

TEST(Wire, TakesRawIndicesWhereTheCodecIsNotShorter) {
  const test::IndexSet lone{.name = "lone", .count = 1 << 20, .indices = {7, 900'000}};
  for (const IndexCodec* codec : index_codecs()) {
    const test::Message message = test::encode(lone, {1.0F, 2.0F}, *codec, &float32_values);
    EXPECT_LE(message.bytes.size(), 40U + 8 + 8) << codec->name;
    expect_arrival(message);
  }
  const test::IndexSet far{.name = "far", .count = std::int64_t{1} << 32, .indices = {4'000'000'000}};
  EXPECT_EQ(test::encode(far, {}, block_indices, nullptr).bytes[5], std::byte{raw_indices.id});
}

TEST(Wire, TakesFloat32WhereAValueIsNotFinite) {
  const test::IndexSet set{.name = "three", .count = 100, .indices = {1, 2, 3}};
  for (const ValueCodec* codec : value_codecs())
    for (const float odd : {INFINITY, -INFINITY, std::numeric_limits<float>::quiet_NaN()}) {
      const std::vector<float> values = {1.0F, odd, 3.3F};
      const test::Message message = test::encode(set, values, block_indices, codec);
      EXPECT_EQ(message.bytes[6], std::byte{float32_values.id});
      EXPECT_EQ(test::first_difference(test::decode(message.bytes, message.expected()).values, values), -1);
      EXPECT_EQ(test::first_difference(message.errors, std::vector<float>(3)), -1);
    }
}

TEST(Wire, PredictsItsLength) {
  test::Random random(2);
  for (const IndexCodec* index_codec : index_codecs())
    for (const ValueCodec* value_codec : value_codecs())
      for (const std::int64_t kept : {1000, 20'000, 150'000}) {
        const auto message = test::encode(test::random_set(random, 200'000, kept),
                                          test::random_values(random, kept), *index_codec, value_codec);
        const double predicted = predicted_message_bytes(message.shape, *index_codec, value_codec);
        EXPECT_NEAR(predicted / static_cast<double>(message.bytes.size()), 1, 0.02)
            << index_codec->name << ", " << value_codec->name << ", " << kept;
      }
}

TEST(Wire, SplitsMessagesThatStandTogether) {
  test::Random random(3);
  std::vector<test::Message> messages;
  test::Bytes stream(1);  // So that none of them is aligned
  for (const ValueCodec* codec : value_codecs()) {
    const std::int64_t kept = 301;
    messages.push_back(test::encode(test::random_set(random, 4000, kept), test::random_values(random, kept),
                                    rice_indices, codec));
    stream.insert(stream.end(), messages.back().bytes.begin(), messages.back().bytes.end());
  }
  std::span<const std::byte> rest = std::span<const std::byte>(stream).subspan(1);
  for (const test::Message& message : messages) {
    const auto bytes = static_cast<std::size_t>(message_bytes(rest, 0));
    ASSERT_EQ(bytes, message.bytes.size());
    EXPECT_EQ(test::decode(rest.first(bytes), message.expected()).indices, message.indices);
    rest = rest.subspan(bytes);
  }
  EXPECT_TRUE(rest.empty());
}

TEST(Wire, IsTheSameOnEveryRun) {
  EXPECT_EQ(small_message().bytes, small_message().bytes);
}

TEST(Wire, TellsHowMuchItKeeps) {
  test::Random random(4);
  for (const IndexCodec* codec : index_codecs())
    for (const std::int64_t kept : {0, 1, 70, 100}) {
      const auto message = test::encode(test::random_set(random, 1000, kept),
                                        test::random_values(random, kept), *codec, &float32_values);
      std::vector<std::uint32_t> indices(100);
      std::vector<float> values(1000);
      const Expected expected{
          .shape = {1000, 100}, .with_values = true, .sender = 0, .keeps = Keeps::at_most_or_whole};
      const Decoded decoded = decode_message(message.bytes, expected, indices.data(), values.data());
      EXPECT_EQ(decoded.kept, kept);
      EXPECT_FALSE(decoded.whole);
      indices.resize(static_cast<std::size_t>(kept));
      values.resize(static_cast<std::size_t>(kept));
      EXPECT_EQ(indices, message.indices);
      EXPECT_EQ(test::first_difference(values, message.values), -1);
    }
}

TEST(Wire, CarriesWholeVectorsWithoutIndices) {
  test::Random random(5);
  for (const std::int64_t count : {0, 1, 1000}) {
    const std::vector<float> sent = test::random_values(random, count);
    test::Bytes bytes(static_cast<std::size_t>(whole_message_bytes(count)));
    EXPECT_EQ(encode_whole_message(sent, bytes.data()), whole_message_bytes(count));
    std::vector<float> values(sent.size());
    const Expected expected{
        .shape = {count, 0}, .with_values = true, .sender = 0, .keeps = Keeps::at_most_or_whole};
    const Decoded decoded = decode_message(bytes, expected, nullptr, values.data());
    EXPECT_EQ(decoded.kept, count);
    EXPECT_TRUE(decoded.whole);
    EXPECT_EQ(test::first_difference(values, sent), -1);
  }
}

TEST(Wire, HasRoomForFewerElementsThanTheMost) {
  for (const IndexCodec* codec : index_codecs())
    for (const std::int64_t count : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{1} << 32})
      for (std::int64_t most = 1; most <= std::min<std::int64_t>(count, 1 << 24); most *= 5) {
        const std::int64_t room = max_message_bytes_up_to({count, most}, *codec);
        for (std::int64_t kept = most; kept > 0; kept -= 1 + kept / 100)
          EXPECT_GE(room, max_message_bytes({count, kept}, *codec, &float32_values))
              << codec->name << ", " << count << ", " << kept << " of " << most;
      }
}

}  // namespace
}  // namespace pliant
