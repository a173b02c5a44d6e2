// Fuzzes a whole message. The receiver expects what the message's own header says. Half of the inputs get a
// valid checksum, so that code after the check runs. For half, the receiver also accepts fewer elements or a
// whole vector.
#include "compress/wire.hpp"
#include "core/error.hpp"
#include "tests/fuzz/input.hpp"

namespace pliant::fuzz {
namespace {

constexpr std::size_t kValueCodecAt = 6;
constexpr std::size_t kCountAt = 8;
constexpr std::size_t kKeptAt = 16;

std::uint64_t read_number(std::span<const std::byte> message, std::size_t at) {
  std::uint64_t number = 0;
  std::memcpy(&number, message.data() + at, sizeof(number));
  return number;
}

Expected expected_of(std::span<const std::byte> message) {
  Expected expected{.shape = {.count = 100, .kept = 10}, .with_values = true, .sender = 0};
  if (message.size() < kHeaderBytes) return expected;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 32;
  expected.shape.count = static_cast<std::int64_t>(std::min(read_number(message, kCountAt), kMost));
  expected.shape.kept =
      static_cast<std::int64_t>(std::min(read_number(message, kKeptAt), std::uint64_t{kMostKept}));
  expected.shape.kept = std::min(expected.shape.kept, expected.shape.count);
  expected.with_values = message[kValueCodecAt] != std::byte{0};
  return expected;
}

void run(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  std::vector<std::byte> message(bytes.begin() + 1, bytes.end());
  Expected expected = expected_of(message);
  if ((bytes[0] & std::byte{2}) != std::byte{0} && expected.shape.count <= kMostKept) {
    expected.keeps = Keeps::at_most_or_whole;
    expected.shape.kept = expected.shape.count;
  }
  if ((bytes[0] & std::byte{1}) != std::byte{0} && message.size() >= kHeaderBytes) seal_message(message);
  std::vector<std::uint32_t> indices(static_cast<std::size_t>(expected.shape.kept));
  std::vector<float> values(expected.with_values ? indices.size() : 0);
  try {
    const Decoded decoded = decode_message(message, expected, indices.data(), values.data());
    expect(decoded.kept <= expected.shape.kept, "no more than expected");
    indices.resize(decoded.whole ? 0 : static_cast<std::size_t>(decoded.kept));
  } catch (const Error&) {
    return;
  }
  expect(is_index_set(indices, expected.shape.count), "indices ascend below count");
  expect(message_bytes(message, 0) == static_cast<std::int64_t>(message.size()),
         "a message knows its length");
}

}  // namespace
}  // namespace pliant::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  pliant::fuzz::run(std::as_bytes(std::span(data, bytes)));
  return 0;
}
