// Fuzzes an index decoder: an accepted input is an index set, and survives encoding and decoding.
#include "compress/index_codec.hpp"
#include "tests/fuzz/input.hpp"

namespace pliant::fuzz {
namespace {

void run(std::span<const std::byte> bytes) {
  static const IndexCodec& codec = find_index_codec(PLIANT_FUZZ_CODEC);
  const Input input = read_input(bytes);
  std::vector<std::uint32_t> indices(static_cast<std::size_t>(input.kept));
  if (codec.decode(input.payload, input.count, input.kept, indices.data()) != nullptr) return;
  expect(is_index_set(indices, input.count), "indices ascend below count");

  std::vector<std::byte> encoded(static_cast<std::size_t>(codec.max_bytes(input.count, input.kept)));
  const std::int64_t length = codec.encode(indices.data(), input.count, input.kept, encoded.data());
  encoded.resize(static_cast<std::size_t>(length));
  encoded.shrink_to_fit();
  // Rice counts bits. It does not count the unused ends of a tail's low bits and quotients, which are below 2
  // bytes.
  expect(encoded.size() <= input.payload.size() + 1, "no other encoding is much shorter");
  std::vector<std::uint32_t> again(indices.size());
  expect(codec.decode(encoded, input.count, input.kept, again.data()) == nullptr,
         "what is encoded is decoded");
  expect(again == indices, "indices arrive");
}

}  // namespace
}  // namespace pliant::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  pliant::fuzz::run(std::as_bytes(std::span(data, bytes)));
  return 0;
}
