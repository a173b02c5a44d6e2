// Tracks which slots of a numbered supply are in use. All ranks of a communicator take a slot together; each
// gives it back alone, in any order. Sends no messages: the caller of take() passes what all ranks hold
// (agree_or()).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pliant {

class SlotTable {
 public:
  static constexpr std::int64_t kBits = 64;  ///< slots per word

  /// Bit i of the row of words: this rank holds slot i. All ranks have the same number of words.
  std::span<const std::uint64_t> held() const { return held_; }
  /// Takes and returns the lowest slot below `most` that no rank holds; -1 if there is none.
  /// @param held_by_any  bitwise or of all ranks' held()
  std::int64_t take(std::span<const std::uint64_t> held_by_any, std::int64_t most);
  /// Local.
  void give_back(std::int64_t slot);
  /// Add words of free slots at the end, up to so many words.
  void grow_to(std::size_t words) { held_.resize(words); }
  /// Number of slots in a row of so many words.
  static constexpr std::int64_t slots(std::size_t words) { return static_cast<std::int64_t>(words) * kBits; }

 private:
  std::vector<std::uint64_t> held_;
};

/// Returns whether a row of words has the slot's bit set.
bool is_held(std::span<const std::uint64_t> words, std::int64_t slot);
std::int64_t count_held(std::span<const std::uint64_t> words);

}  // namespace pliant
