// For any selection of any vector, messages arrive and no bit is lost. RapidCheck generates the cases, and
// shrinks one that fails.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <set>
#include <vector>

#include "tests/compress/messages.hpp"

namespace pliant {
namespace {

/// Gaps of all widths, so that blocks have mixed ones.
rc::Gen<std::vector<std::uint32_t>> any_indices() {
  const auto gap = rc::gen::mapcat(rc::gen::inRange(0, 24),
                                   [](int width) { return rc::gen::inRange<std::uint32_t>(1, 2U << width); });
  return rc::gen::map(rc::gen::container<std::vector<std::uint32_t>>(gap),
                      [](std::vector<std::uint32_t> gaps) {
                        std::vector<std::uint32_t> indices;
                        std::uint64_t next = 0;
                        for (const std::uint32_t each : gaps) {
                          next += each;
                          if (next < std::uint64_t{1} << 32)
                            indices.push_back(static_cast<std::uint32_t>(next));
                        }
                        return indices;
                      });
}

float any_finite() {
  const auto value = std::bit_cast<float>(*rc::gen::arbitrary<std::uint32_t>());
  return std::isfinite(value) ? value : 0.0F;
}

test::IndexSet any_set() {
  test::IndexSet set{.name = "any", .count = 0, .indices = *any_indices()};
  const std::int64_t smallest = set.indices.empty() ? 0 : std::int64_t{set.indices.back()} + 1;
  set.count = smallest + *rc::gen::inRange<std::int64_t>(0, (std::int64_t{1} << 32) - smallest + 1);
  return set;
}

RC_GTEST_PROP(Codecs, IndexSetsArrive, ()) {
  const test::IndexSet set = any_set();
  for (const IndexCodec* codec : index_codecs()) {
    if (codec->max_bytes(set.count, set.kept()) > 1 << 20) continue;
    const auto decoded =
        test::decode_indices(*codec, test::encode_indices(*codec, set), set.count, set.kept());
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == set.indices);
  }
}

RC_GTEST_PROP(Codecs, ValuesAndTheirErrorsAddUp, ()) {
  test::IndexSet set = any_set();
  std::vector<float> values;
  for (std::size_t i = 0; i < set.indices.size(); ++i) values.push_back(any_finite());
  for (const ValueCodec* codec : value_codecs()) {
    const test::Message message = test::encode(set, values, rice_indices, codec);
    const Expected expected{.shape = message.shape, .with_values = true, .sender = 0};
    const test::Decoded decoded = test::decode(message.bytes, expected);
    RC_ASSERT(decoded.indices == set.indices);
    for (std::size_t i = 0; i < values.size(); ++i)
      RC_ASSERT(decoded.values[i] + message.errors[i] == values[i]);
  }
}

}  // namespace
}  // namespace pliant
