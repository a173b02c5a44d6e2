// Every value codec returns its rounding errors exactly: decoded + error == value, in float32 and float64.
#include "compress/value_codec.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/compress/guarded.hpp"
#include "tests/support/bits.hpp"
#include "tests/support/errors.hpp"

namespace pliant {
namespace {

using Values = std::vector<float>;
using Random = std::mt19937_64;

struct Encoded {
  std::vector<std::byte> bytes;
  Values errors;
  Values decoded;
};

Encoded encode(const ValueCodec& codec, const Values& values) {
  const auto kept = static_cast<std::int64_t>(values.size());
  test::Guarded<float> errors(kept);
  std::copy(values.begin(), values.end(), errors.data());
  test::Guarded<std::byte> bytes(codec.bytes(kept));
  codec.encode(errors.data(), kept, bytes.data());
  test::Guarded<float> decoded(kept);
  const char* problem = codec.decode(bytes.all(), kept, decoded.data());
  EXPECT_EQ(problem, nullptr) << problem;
  return {.bytes = bytes.copy(), .errors = errors.copy(), .decoded = decoded.copy()};
}

void expect_exact(const ValueCodec& codec, const Values& values) {
  const Encoded encoded = encode(codec, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float decoded = encoded.decoded[i];
    const float error = encoded.errors[i];
    ASSERT_TRUE(std::isfinite(decoded)) << values[i];
    ASSERT_EQ(decoded + error, values[i]) << codec.name << ": " << decoded << " + " << error;
    ASSERT_EQ(static_cast<double>(decoded) + static_cast<double>(error), static_cast<double>(values[i]))
        << codec.name << ": " << decoded << " + " << error;
    ASSERT_LE(std::abs(error), std::abs(values[i])) << codec.name << ": sent away from zero";
  }
}

/// Any finite float32; all exponents are equally likely.
float any_finite(Random& random) {
  for (;;) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value)) return value;
  }
}

/// Exponents from `top` - `spread` to `top`.
float near(Random& random, int top, int spread) {
  const auto fraction = 1 + static_cast<float>(random() >> 41) * 0x1p-23F;
  const int exponent = top - static_cast<int>(random() % static_cast<std::uint64_t>(spread));
  return std::ldexp(random() % 2 == 0 ? fraction : -fraction, exponent);
}

class EveryValueCodec : public testing::TestWithParam<const ValueCodec*> {};

TEST_P(EveryValueCodec, IsExactOnAllBitPatterns) {
  Random random(1);
  Values values(10'007);
  for (int round = 0; round < 300 && !HasFatalFailure(); ++round) {
    for (float& value : values) value = any_finite(random);
    expect_exact(*GetParam(), values);
  }
}

TEST_P(EveryValueCodec, IsExactOnValuesOfLikeMagnitude) {
  Random random(2);
  Values values(513);
  for (int top = 127; top >= -149 && !HasFatalFailure(); --top)
    for (const int spread : {1, 2, 8, 16, 24, 40}) {
      for (float& value : values) value = near(random, top, spread);
      expect_exact(*GetParam(), values);
    }
}

/// Values near every multiple of 1/508 of the largest, where codecs round, and one and two floats beside it.
TEST_P(EveryValueCodec, IsExactWhereRoundingTurns) {
  for (const float largest : {FLT_MAX, 0x1p127F, 0x1.fep127F, 1.0F, 127.0F, 0x1.0204p100F, 0x1p-111F,
                              0x1p-119F, FLT_MIN, 127 * FLT_MIN, 0x1p-140F, FLT_TRUE_MIN}) {
    Values values;
    for (int step = 0; step <= 254 * 2; ++step) {
      const float at = largest * (static_cast<float>(step) / 508);
      const float below = std::nextafter(at, 0.0F);
      for (const float value : {at, below, std::nextafter(below, 0.0F), std::nextafter(at, largest)}) {
        values.push_back(largest);  // So that each block has the same scale
        values.push_back(value);
        values.push_back(-value);
      }
    }
    expect_exact(*GetParam(), values);
  }
}

TEST_P(EveryValueCodec, IsExactOnHardCases) {
  const Values hard = {0.0F,          -0.0F,     FLT_TRUE_MIN,  -FLT_TRUE_MIN,
                       FLT_MIN,       -FLT_MIN,  FLT_MAX,       -FLT_MAX,
                       1.0F,          -1.0F,     0x1.fffffep0F, 0x1.ffp0F,
                       0x1.fffffp-2F, 0x1p-149F, 0x1.8p-148F,   0x1.fffffcp-127F,
                       65504.0F,      65520.0F};
  expect_exact(*GetParam(), hard);
  for (const float a : hard) {
    expect_exact(*GetParam(), {a});
    for (const float b : hard) expect_exact(*GetParam(), {a, b});
  }
}

TEST_P(EveryValueCodec, IsExactForEveryLength) {
  Random random(3);
  for (std::size_t kept = 0; kept <= 600; ++kept) {
    Values values(kept);
    for (float& value : values) value = near(random, 3, 6);
    expect_exact(*GetParam(), values);
  }
}

TEST_P(EveryValueCodec, RefusesEveryOtherLength) {
  for (const std::int64_t kept : {0, 1, 255, 256, 257}) {
    const std::vector<std::byte> bytes =
        encode(*GetParam(), Values(static_cast<std::size_t>(kept), 1.5F)).bytes;
    EXPECT_EQ(static_cast<std::int64_t>(bytes.size()), GetParam()->bytes(kept));
    for (std::size_t length = 0; length < bytes.size() + 5; ++length) {
      std::vector<std::byte> other = bytes;
      other.resize(length);
      test::Guarded<float> out(kept);
      const bool accepted = GetParam()->decode(other, kept, out.data()) == nullptr;
      ASSERT_EQ(accepted, length == bytes.size()) << length;
    }
  }
}

TEST_P(EveryValueCodec, AcceptsFiniteValuesOnly) {
  if (!GetParam()->lossy) GTEST_SKIP() << "float32 passes everything";
  Random random(4);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto kept = static_cast<std::int64_t>(random() % 12);
    std::vector<std::byte> bytes(static_cast<std::size_t>(GetParam()->bytes(kept)));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    test::Guarded<float> out(kept);
    if (GetParam()->decode(bytes, kept, out.data()) != nullptr) continue;
    ++accepted;
    for (const float value : out.all()) ASSERT_TRUE(std::isfinite(value));
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_LT(accepted, 20'000);
}

TEST_P(EveryValueCodec, NeedsNoMemoryForNothing) {
  EXPECT_EQ(GetParam()->bytes(0), 0);
  GetParam()->encode(nullptr, 0, nullptr);
  EXPECT_EQ(GetParam()->decode({}, 0, nullptr), nullptr);
}

TEST_P(EveryValueCodec, IsFoundByNameAndId) {
  EXPECT_EQ(&find_value_codec(GetParam()->name), GetParam());
  EXPECT_EQ(value_codec_of(GetParam()->id), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Compress, EveryValueCodec,
                         testing::ValuesIn(value_codecs().begin(), value_codecs().end()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(ValueCodecs, KeepTheirNumbers) {
  // These numbers are on the wire; 0 means no values.
  EXPECT_EQ(find_value_codec("float32").id, 1);
  EXPECT_EQ(find_value_codec("bfloat16").id, 2);
  EXPECT_EQ(find_value_codec("int8").id, 4);
  EXPECT_EQ(value_codec_of(0), nullptr);
  EXPECT_EQ(value_codec_of(3), nullptr) << "a codec that is gone";
  EXPECT_EQ(value_codec_of(5), nullptr);
}

TEST(ValueCodecs, RefuseOtherNames) {
  const std::string text = test::error_text(ErrorClass::info_value, [] { find_value_codec("fp16"); });
  EXPECT_TRUE(text.starts_with("pliant_value_codec = fp16 (")) << text;
  for (const ValueCodec* codec : value_codecs()) EXPECT_NE(text.find(codec->name), std::string::npos) << text;
}

TEST(Float32, PassesEveryBitAndLeavesZeros) {
  const Values values = {0.0F, -0.0F, INFINITY, -INFINITY, std::numeric_limits<float>::signaling_NaN(), 1.0F};
  const Encoded encoded = encode(float32_values, values);
  EXPECT_EQ(test::first_difference(encoded.decoded, values), -1);
  EXPECT_EQ(test::first_difference(encoded.errors, Values(values.size())), -1);
  EXPECT_EQ(float32_values.bytes(5), 20);
}

TEST(Bfloat16, RoundsToNearestAndSaturates) {
  const Values values = {1.0F,    0x1.01p0F, 0x1.03p0F, 0x1.0101p0F, -0x1.ffp0F,
                         FLT_MAX, -FLT_MAX,  0x1p-149F, -0.0F};
  const Values expected = {1.0F, 1.0F, 0x1.04p0F, 0x1.02p0F, -2.0F, 0x1.fep127F, -0x1.fep127F, 0.0F, -0.0F};
  EXPECT_EQ(test::first_difference(encode(bfloat16_values, values).decoded, expected), -1);
  EXPECT_EQ(bfloat16_values.bytes(5), 10);
}

/// Codes first, then scales: the wire format may not change.
TEST(ValueCodecs, LayOutTheirBytesAsDescribed) {
  const auto bytes = [](std::vector<int> numbers) {
    std::vector<std::byte> all;
    for (const int number : numbers) all.push_back(static_cast<std::byte>(number));
    return all;
  };
  EXPECT_EQ(encode(float32_values, {-1.5F}).bytes, bytes({0, 0, 0xc0, 0xbf}));
  EXPECT_EQ(encode(bfloat16_values, {1.0F, -1.5F}).bytes, bytes({0x80, 0x3f, 0xc0, 0xbf}));
  EXPECT_EQ(encode(int8_values, {127.0F, -3.0F}).bytes, bytes({127, 0xfd, 0x80, 0x3f}));
}

TEST(Int8, ErrsByHalfAStepAtMost) {
  Random random(5);
  for (int round = 0; round < 2000; ++round) {
    Values values(256);
    for (float& value : values) value = near(random, round % 200 - 80, 6);
    float largest = 0;
    for (const float value : values) largest = std::max(largest, std::abs(value));
    // A scale has 8 bits and is rounded up.
    const float half_a_step = largest / 127 * 0x1.02p0F / 2 * 0x1.0001p0F;
    for (const float error : encode(int8_values, values).errors) ASSERT_LE(std::abs(error), half_a_step);
  }
  EXPECT_EQ(int8_values.bytes(0), 0);
  EXPECT_EQ(int8_values.bytes(256), 258);
  EXPECT_EQ(int8_values.bytes(257), 261);
}

TEST(Int8, RefusesWhatNoEncoderWrites) {
  std::vector<std::byte> bytes = encode(int8_values, Values{127.0F}).bytes;  // The code 127 and the scale 1
  float out = 0;
  EXPECT_EQ(int8_values.decode(bytes, 1, &out), nullptr);
  bytes[0] = std::byte{0x80};
  EXPECT_STREQ(int8_values.decode(bytes, 1, &out), "a code is -128");
  bytes[0] = std::byte{1};
  for (const std::uint16_t scale : std::vector<std::uint16_t>{0, 0x007f, 0x7c02, 0x7f80, 0x7fc0, 0xbf80}) {
    std::memcpy(&bytes[1], &scale, sizeof(scale));
    EXPECT_STREQ(int8_values.decode(bytes, 1, &out), "a block's scale is out of range") << scale;
  }
}

}  // namespace
}  // namespace pliant
