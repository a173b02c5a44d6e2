#include "mpi/slot_table.hpp"

#include <bit>

namespace pliant {
namespace {

constexpr std::int64_t kBits = SlotTable::kBits;

std::uint64_t bit_of(std::int64_t slot) {
  return std::uint64_t{1} << (slot % kBits);
}

std::size_t word_of(std::int64_t slot) {
  return static_cast<std::size_t>(slot / kBits);
}

}  // namespace

std::int64_t SlotTable::take(std::span<const std::uint64_t> held_by_any, std::int64_t most) {
  // Drop unused words at the end, so that the row is only as long as the slots in use require.
  std::size_t used = held_by_any.size();
  while (used > 0 && held_by_any[used - 1] == 0) --used;
  held_.resize(used);
  std::int64_t slot = 0;
  for (const std::uint64_t word : held_by_any.first(used)) {
    const int ones = std::countr_one(word);
    slot += ones;
    if (ones < kBits) break;
  }
  if (slot >= most) return -1;
  if (word_of(slot) >= used) held_.resize(used + 1);
  held_[word_of(slot)] |= bit_of(slot);
  return slot;
}

void SlotTable::give_back(std::int64_t slot) {
  held_[word_of(slot)] &= ~bit_of(slot);
}

bool is_held(std::span<const std::uint64_t> words, std::int64_t slot) {
  return word_of(slot) < words.size() && (words[word_of(slot)] & bit_of(slot)) != 0;
}

std::int64_t count_held(std::span<const std::uint64_t> words) {
  std::int64_t held = 0;
  for (const std::uint64_t word : words) held += std::popcount(word);
  return held;
}

}  // namespace pliant
