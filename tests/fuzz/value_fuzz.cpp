// Fuzzes a value codec both ways: decoded values are finite unless the codec is lossless. For any encoded
// value, the sent part and the error add up to the value.
#include <cmath>

#include "compress/value_codec.hpp"
#include "tests/fuzz/input.hpp"

namespace pliant::fuzz {
namespace {

void expect_exact(const ValueCodec& codec, const std::vector<float>& values) {
  const auto kept = static_cast<std::int64_t>(values.size());
  std::vector<float> errors = values;
  std::vector<std::byte> encoded(static_cast<std::size_t>(codec.bytes(kept)));
  codec.encode(errors.data(), kept, encoded.data());
  std::vector<float> sent(values.size());
  expect(codec.decode(encoded, kept, sent.data()) == nullptr, "what is encoded is decoded");
  for (std::size_t i = 0; i < values.size(); ++i)
    expect(std::isnan(values[i]) || sent[i] + errors[i] == values[i], "sent + error == value");
}

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

void run(std::span<const std::byte> bytes) {
  static const ValueCodec& codec = find_value_codec(PLIANT_FUZZ_CODEC);
  const Input input = read_input(bytes);
  std::vector<float> values(static_cast<std::size_t>(input.kept));
  if (codec.decode(input.payload, input.kept, values.data()) == nullptr) {
    expect(all_finite(values) || !codec.lossy, "what a lossy codec decodes is finite");
    expect_exact(codec, values);
  }
  // Interprets the same bytes as values.
  values.resize(input.payload.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), input.payload.data(), values.size() * sizeof(float));
  if (all_finite(values) || !codec.lossy) expect_exact(codec, values);
}

}  // namespace
}  // namespace pliant::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  pliant::fuzz::run(std::as_bytes(std::span(data, bytes)));
  return 0;
}
