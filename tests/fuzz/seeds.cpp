// Seeds for fuzzing: fuzz_seeds DIR writes DIR/<target>/<number>, made by the encoders.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "compress/wire.hpp"
#include "tests/fuzz/input.hpp"

namespace pliant::fuzz {
namespace {

using Bytes = std::vector<std::byte>;

struct Set {
  std::int64_t count;
  std::vector<std::uint32_t> indices;

  std::int64_t kept() const { return static_cast<std::int64_t>(indices.size()); }
};

/// `kept` indices from `first`, with gaps around `step`.
Set spread(std::uint64_t first, std::size_t kept, std::uint64_t step, std::mt19937_64& random) {
  Set set{.count = 0, .indices = {}};
  for (std::uint64_t at = first; set.indices.size() < kept; at += 1 + random() % (2 * step - 1))
    set.indices.push_back(static_cast<std::uint32_t>(at));
  set.count = kept == 0 ? 100 : std::int64_t{set.indices.back()} + 1;
  return set;
}

std::vector<Set> sets() {
  std::mt19937_64 random(1);
  std::vector<Set> all;
  for (const std::size_t kept : {0U, 1U, 5U, 127U, 128U, 129U, 300U})
    for (const std::uint64_t step : {1U, 10U, 1000U, 1'000'000U})
      all.push_back(spread(3, kept, step, random));
  all.push_back(spread((std::uint64_t{1} << 32) - 128, 128, 1, random));
  return all;
}

class Writer {
 public:
  explicit Writer(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void write(const std::string& target, const Bytes& bytes) {
    const std::filesystem::path folder = folder_ / target;
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / std::to_string(written_++), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path folder_;
  int written_ = 0;
};

void write_indices(Writer& writer, const IndexCodec& codec, const Set& set) {
  constexpr std::int64_t kMostBytes = 1 << 16;
  if (codec.max_bytes(set.count, set.kept()) > kMostBytes) return;
  Bytes encoded(static_cast<std::size_t>(codec.max_bytes(set.count, set.kept())));
  const std::int64_t bytes = codec.encode(set.indices.data(), set.count, set.kept(), encoded.data());
  encoded.resize(static_cast<std::size_t>(bytes));
  writer.write(std::string(codec.name),
               write_input({.count = set.count, .kept = set.kept(), .payload = encoded}));
}

std::vector<float> values_for(const Set& set) {
  std::vector<float> values;
  for (const std::uint32_t index : set.indices)
    values.push_back(std::ldexp(static_cast<float>(index % 1000) - 500, static_cast<int>(index % 40)));
  return values;
}

void write_values(Writer& writer, const ValueCodec& codec, const Set& set) {
  std::vector<float> values = values_for(set);
  Bytes encoded(static_cast<std::size_t>(codec.bytes(set.kept())));
  codec.encode(values.data(), set.kept(), encoded.data());
  writer.write(std::string(codec.name),
               write_input({.count = set.count, .kept = set.kept(), .payload = encoded}));
}

void write_message(Writer& writer, const IndexCodec& index_codec, const ValueCodec* value_codec,
                   const Set& set) {
  constexpr std::int64_t kMostBytes = 1 << 16;
  const WireShape shape{.count = set.count, .kept = set.kept()};
  if (max_message_bytes(shape, index_codec, value_codec) > kMostBytes) return;
  std::vector<float> values = values_for(set);
  Bytes message(static_cast<std::size_t>(max_message_bytes(shape, index_codec, value_codec)));
  const Kept kept{.indices = set.indices.data(), .values = values.data()};
  const std::int64_t bytes = encode_message(shape, index_codec, value_codec, kept, message.data());
  message.resize(static_cast<std::size_t>(bytes));
  message.insert(message.begin(), std::byte{1});  // message_fuzz.cpp's: with a right checksum
  writer.write("message", message);
}

void write_all(Writer writer) {
  for (const Set& set : sets()) {
    for (const IndexCodec* index_codec : index_codecs()) {
      write_indices(writer, *index_codec, set);
      write_message(writer, *index_codec, nullptr, set);
      for (const ValueCodec* value_codec : value_codecs())
        write_message(writer, *index_codec, value_codec, set);
    }
    for (const ValueCodec* value_codec : value_codecs()) write_values(writer, *value_codec, set);
  }
}

}  // namespace
}  // namespace pliant::fuzz

int main(int arguments, char** values) {
  if (arguments != 2) {
    std::fprintf(stderr, "fuzz_seeds: %d arguments (it takes one). Name a folder\n", arguments - 1);
    return 2;
  }
  pliant::fuzz::write_all(pliant::fuzz::Writer(values[1]));
  return 0;
}
