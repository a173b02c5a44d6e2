// A bitmap: one bit per element, lowest bit first, for any number of kept elements. Shortest from a density
// of some 40 % on.
#include <algorithm>
#include <bit>
#include <cstring>

#include "compress/index_codec.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kWordBits = 64;
constexpr int kBatch = 8;

std::int64_t bitmap_bytes(std::int64_t count) {
  return (count + 7) / 8;
}

double predicted_bytes(std::int64_t count, std::int64_t) {
  return static_cast<double>(bitmap_bytes(count));
}

std::int64_t max_bytes(std::int64_t count, std::int64_t) {
  return bitmap_bytes(count);
}

/// Word `at` of a bitmap. The last word may be short.
std::uint64_t load_word(std::span<const std::byte> bitmap, std::size_t at) {
  std::uint64_t word = 0;
  const std::span<const std::byte> rest = bitmap.subspan(at * sizeof(word));
  if (rest.size() >= sizeof(word))
    std::memcpy(&word, rest.data(), sizeof(word));
  else
    std::memcpy(&word, rest.data(), rest.size());
  return word;
}

// Each index stores its word again, with the bits set so far. So stores do not wait for one another, and no
// branch depends on the set.
std::int64_t encode(const std::uint32_t* indices, std::int64_t count, std::int64_t kept, std::byte* out) {
  const std::int64_t bytes = bitmap_bytes(count);
  std::fill_n(out, bytes, std::byte{0});
  // The last word may be short, so its indices set single bytes.
  const std::uint32_t* const end = indices + kept;
  const std::uint32_t* const short_word = std::lower_bound(indices, end, count / kWordBits * kWordBits);
  std::uint64_t word = 0;
  std::uint32_t word_at = 0;
  for (const std::uint32_t* index = indices; index != short_word; ++index) {
    const std::uint32_t at = *index / kWordBits;
    const std::uint64_t same_word = std::uint64_t{0} - static_cast<std::uint64_t>(at == word_at);
    word = (word & same_word) | std::uint64_t{1} << *index % kWordBits;
    word_at = at;
    std::memcpy(out + std::size_t{at} * sizeof(word), &word, sizeof(word));
  }
  for (const std::uint32_t* index = short_word; index != end; ++index)
    out[*index / 8] |= static_cast<std::byte>(1U << *index % 8);
  return bytes;
}

void write_indices(std::uint64_t word, std::uint32_t base, int many, std::uint32_t* indices) {
  for (int i = 0; i < many; ++i, word &= word - 1)
    indices[i] = base + static_cast<std::uint32_t>(std::countr_zero(word));
}

// While there is room for a full word, indices are written in batches of 8, and surplus ones are overwritten
// later. So the number of bits does not become a branch to predict, except for words with more than 8 set
// bits.
[[gnu::always_inline]] inline const char* decode_words(std::span<const std::byte> in, std::int64_t kept,
                                                       std::uint32_t* indices) {
  constexpr std::uint64_t kTopBit = std::uint64_t{1} << 63;  // for exhausted words: ctz(0) is undefined
  const std::size_t words = (in.size() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
  std::int64_t found = 0;
  for (std::size_t at = 0; at < words; ++at) {
    std::uint64_t word = load_word(in, at);
    const int many = __builtin_popcountll(word);
    const auto base = static_cast<std::uint32_t>(at * kWordBits);
    if (found + many > kept) return "more bits are set than elements were kept";
    std::uint32_t* to = indices + found;
    const bool has_room = found + kWordBits <= kept;
    found += many;
    if (!has_room) {
      write_indices(word, base, many, to);
      continue;
    }
    for (int left = many; left > 0; left -= kBatch, to += kBatch)
      for (int i = 0; i < kBatch; ++i, word &= word - 1)
        to[i] = base + static_cast<std::uint32_t>(__builtin_ctzll(word | kTopBit));
  }
  return found == kept ? nullptr : "fewer bits are set than elements were kept";
}

#if defined(__x86_64__)
// Without this instruction, counting bits is a function call.
__attribute__((target("popcnt"))) const char* decode_words_popcnt(std::span<const std::byte> in,
                                                                  std::int64_t kept, std::uint32_t* indices) {
  return decode_words(in, kept, indices);
}
#endif

const char* decode(std::span<const std::byte> in, std::int64_t count, std::int64_t kept,
                   std::uint32_t* indices) {
  if (static_cast<std::int64_t>(in.size()) != bitmap_bytes(count)) return "not one bit an element";
  if (count % 8 != 0 && std::to_integer<int>(in.back()) >> count % 8 != 0) return kIndexNotBelowCount;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("popcnt")) return decode_words_popcnt(in, kept, indices);
#endif
  return decode_words(in, kept, indices);
}

}  // namespace

constinit const IndexCodec bitmap_indices{
    .name = "bitmap",
    .summary = "one bit an element; shortest above a density of some 40 %",
    .id = 2,
    .predicted_bytes = predicted_bytes,
    .max_bytes = max_bytes,
    .encode = encode,
    .decode = decode,
};

}  // namespace pliant
