#include "compress/bit_packing.hpp"

#include <array>
#include <cstring>
#include <utility>

namespace pliant {
namespace {

// Every compiler turns this type into a 128-bit vector register, which x86-64 and AArch64 always have.
using Lanes = std::uint32_t __attribute__((vector_size(16)));
constexpr std::size_t kRows = 32;
constexpr std::size_t kLanes = 4;
using Rows = std::make_index_sequence<kRows>;

Lanes load(const void* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof(lanes));
  return lanes;
}

void store(void* to, Lanes lanes) {
  std::memcpy(to, &lanes, sizeof(lanes));
}

template <std::size_t kWidth, std::size_t kRow>
inline Lanes unpack_row(const std::byte* in) {
  if constexpr (kWidth == 0) {
    return Lanes{};
  } else {
    constexpr std::size_t kWord = kRow * kWidth / 32;
    constexpr int kShift = kRow * kWidth % 32;
    Lanes row = load(in + kWord * sizeof(Lanes)) >> kShift;
    if constexpr (kShift + kWidth > 32) row |= load(in + (kWord + 1) * sizeof(Lanes)) << (32 - kShift);
    if constexpr (kShift + kWidth != 32) row &= (std::uint32_t{1} << kWidth) - 1;
    return row;
  }
}

/// Running sums within a row, and from row to row: every element of `before` is the last index so far.
inline Lanes add_up(Lanes row, Lanes& before) {
  const Lanes zero{};
  row += 1;
  row += __builtin_shufflevector(zero, row, 0, 4, 5, 6);
  row += __builtin_shufflevector(zero, row, 0, 1, 4, 5);
  row += before;
  before = __builtin_shufflevector(row, row, 3, 3, 3, 3);
  return row;
}

template <std::size_t kWidth>
void unpack_width(const std::byte* __restrict in, std::uint32_t first, std::uint32_t* __restrict sums) {
  Lanes before = Lanes{} + first;
  [&]<std::size_t... kRow>(std::index_sequence<kRow...>) {
    (store(sums + kRow * kLanes, add_up(unpack_row<kWidth, kRow>(in), before)), ...);
  }
  (Rows());
}

/// `word` holds the bits of earlier rows that did not fill a word.
template <std::size_t kWidth, std::size_t kRow>
inline void pack_row(Lanes row, Lanes& word, std::byte* out) {
  constexpr std::size_t kWord = kRow * kWidth / 32;
  constexpr int kShift = kRow * kWidth % 32;
  word |= row << kShift;
  if constexpr (kShift + kWidth >= 32) {
    store(out + kWord * sizeof(Lanes), word);
    word = Lanes{};
    if constexpr (kShift + kWidth > 32) word = row >> (32 - kShift);
  }
}

template <std::size_t kWidth>
void pack_width(const std::uint32_t* __restrict numbers, std::byte* __restrict out) {
  Lanes word{};
  [&]<std::size_t... kRow>(std::index_sequence<kRow...>) {
    (pack_row<kWidth, kRow>(load(numbers + kRow * kLanes), word, out), ...);
  }
  (Rows());
}

struct Width {
  void (*pack)(const std::uint32_t* numbers, std::byte* out);
  void (*unpack)(const std::byte* in, std::uint32_t before, std::uint32_t* sums);
};

template <std::size_t... kWidths>
constexpr std::array<Width, sizeof...(kWidths)> all_widths(std::index_sequence<kWidths...>) {
  return {Width{pack_width<kWidths>, unpack_width<kWidths>}...};
}

constexpr auto kWidths = all_widths(std::make_index_sequence<kMaxWidth + 1>());

}  // namespace

void pack_block(const std::uint32_t* numbers, unsigned width, std::byte* out) {
  kWidths[width].pack(numbers, out);
}

void unpack_sums(const std::byte* in, unsigned width, std::uint32_t before, std::uint32_t* sums) {
  kWidths[width].unpack(in, before, sums);
}

void pack_tail(const std::uint32_t* numbers, std::int64_t count, unsigned width, std::byte* out) {
  std::uint64_t bits = 0;
  unsigned held = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    bits |= std::uint64_t{numbers[i]} << held;
    for (held += width; held >= 8; held -= 8, bits >>= 8) *out++ = static_cast<std::byte>(bits);
  }
  if (held > 0) *out = static_cast<std::byte>(bits);
}

bool unpack_tail(const std::byte* in, std::int64_t count, unsigned width, std::uint32_t* numbers) {
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  std::uint64_t bits = 0;
  unsigned held = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    for (; held < width; held += 8) bits |= std::to_integer<std::uint64_t>(*in++) << held;
    numbers[i] = static_cast<std::uint32_t>(bits & mask);
    bits >>= width;
    held -= width;
  }
  return bits == 0;
}

}  // namespace pliant
