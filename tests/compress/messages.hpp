// Messages for tests, encoded and decoded with guarded buffers.
#pragma once

#include <random>
#include <vector>

#include "compress/wire.hpp"
#include "tests/compress/index_sets.hpp"

namespace pliant::test {

struct Message {
  WireShape shape;
  std::vector<std::uint32_t> indices;
  std::vector<float> values;  ///< before encoding
  std::vector<float> errors;
  Bytes bytes;

  Expected expected(int sender = 3) const {
    return {.shape = shape, .with_values = !values.empty(), .sender = sender};
  }
};

inline std::vector<float> random_values(Random& random, std::int64_t kept) {
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(kept));
  for (float& value : values) value = normal(random);
  return values;
}

/// values: [set.kept()], or empty with a null codec.
inline Message encode(const IndexSet& set, std::vector<float> values, const IndexCodec& index_codec,
                      const ValueCodec* value_codec) {
  Message message{.shape = {.count = set.count, .kept = set.kept()},
                  .indices = set.indices,
                  .values = values,
                  .errors = {},
                  .bytes = {}};
  Guarded<std::byte> out(max_message_bytes(message.shape, index_codec, value_codec));
  const std::int64_t bytes =
      encode_message(message.shape, index_codec, value_codec,
                     {.indices = set.indices.data(), .values = values.data()}, out.data());
  EXPECT_LE(bytes, max_message_bytes(message.shape, index_codec, value_codec));
  message.errors = std::move(values);
  message.bytes = out.copy();
  message.bytes.resize(static_cast<std::size_t>(bytes));
  return message;
}

struct Decoded {
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
};

/// Throws if decode_message() throws.
inline Decoded decode(std::span<const std::byte> bytes, const Expected& expected) {
  Guarded<std::uint32_t> indices(expected.shape.kept);
  Guarded<float> values(expected.with_values ? expected.shape.kept : 0);
  decode_message(bytes, expected, indices.data(), expected.with_values ? values.data() : nullptr);
  return {.indices = indices.copy(), .values = values.copy()};
}

}  // namespace pliant::test
