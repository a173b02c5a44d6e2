// Which slots of a numbered supply are in use. All ranks of a communicator take a slot together; each gives
// it back alone, in any order. No messages: whoever takes brings what all ranks hold (agree_or()).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pliant {

class SlotTable {
 public:
  static constexpr std::int64_t kBits = 64;  ///< slots of a word

  /// Bit i of the row of words: this rank holds slot i. As many words on all ranks.
  std::span<const std::uint64_t> held() const { return held_; }
  /// The lowest slot below `most` that no rank holds; this rank holds it from now on. -1: there is none.
  /// @param held_by_any  held() of all ranks, or-ed
  std::int64_t take(std::span<const std::uint64_t> held_by_any, std::int64_t most);
  /// Local.
  void give_back(std::int64_t slot);
  /// Free ones at the end, so that the row has so many words.
  void grow_to(std::size_t words) { held_.resize(words); }
  /// Slots that a row of so many words tells of.
  static constexpr std::int64_t slots(std::size_t words) { return static_cast<std::int64_t>(words) * kBits; }

 private:
  std::vector<std::uint64_t> held_;
};

/// Of a row of words.
bool is_held(std::span<const std::uint64_t> words, std::int64_t slot);
std::int64_t count_held(std::span<const std::uint64_t> words);

}  // namespace pliant
