#include "collectives/sparse/quota_union.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <span>

namespace pliant::quota {
namespace {

/// Tells whether magnitudes are among the `wanted` largest. Ask in order of index, which decides ties.
class Cut {
 public:
  /// `magnitudes`: [count] of all, in any order; reordered. 0 < wanted <= count.
  Cut(std::uint32_t* magnitudes, std::int64_t count, std::int64_t wanted) {
    std::nth_element(magnitudes, magnitudes + wanted - 1, magnitudes + count, std::greater<>());
    lowest_ = magnitudes[wanted - 1];
    ties_ = std::count(magnitudes, magnitudes + wanted, lowest_);
  }

  bool takes(std::uint32_t magnitude) { return magnitude == lowest_ ? ties_-- > 0 : magnitude > lowest_; }

 private:
  std::uint32_t lowest_ = 0;
  std::int64_t ties_ = 0;  // number of the lowest still to be taken
};

std::uint32_t magnitude_of(float value) {
  return std::bit_cast<std::uint32_t>(value) << 1;
}

/// std::set_union of two lists without repetition. Its branches would be unpredictable, so none depends on
/// the data.
std::uint32_t* join(std::span<const std::uint32_t> left, std::span<const std::uint32_t> right,
                    std::uint32_t* out) {
  const std::uint32_t* a = left.data();
  const std::uint32_t* b = right.data();
  const std::uint32_t* const a_end = a + left.size();
  const std::uint32_t* const b_end = b + right.size();
  while (a != a_end && b != b_end) {
    const std::uint32_t from_a = *a;
    const std::uint32_t from_b = *b;
    *out++ = std::min(from_a, from_b);
    a += from_a <= from_b ? 1 : 0;
    b += from_b <= from_a ? 1 : 0;
  }
  return std::copy(b, b_end, std::copy(a, a_end, out));
}

/// Writes the union of the primaries in slots [first, last) to the position of the first of them in `into`;
/// returns its length. Both arrays hold the primaries; `from` is scratch.
std::int64_t unite_slots(const Quotas& quotas, std::uint32_t* from, std::uint32_t* into, int first,
                         int last) {
  if (last - first == 1) return quotas.primary_in(first).count;
  const int middle = (first + last) / 2;
  const std::int64_t lower = unite_slots(quotas, into, from, first, middle);
  const std::int64_t upper = unite_slots(quotas, into, from, middle, last);
  const std::int64_t begin = quotas.primary_in(first).begin;
  const std::span left(from + begin, static_cast<std::size_t>(lower));
  const std::span right(from + quotas.primary_in(middle).begin, static_cast<std::size_t>(upper));
  return join(left, right, into + begin) - (into + begin);
}

constexpr int kPlaceBits = 32;  // low bits of an entry: the turn of naming; above: the place

std::uint32_t place_of(std::uint64_t entry) {
  return static_cast<std::uint32_t>(entry >> kPlaceBits);
}

/// Writes up to `wanted` of the reserves that are not among the `known` places to the front of `nominations`,
/// ascending; returns how many. This overwrites primaries, which are no longer needed.
std::int64_t draw_reserves(const Quotas& quotas, std::uint32_t* nominations, std::uint64_t* turns,
                           const std::uint32_t* places, std::int64_t known) {
  const std::int64_t wanted = quotas.kept() - known;
  const int ranks = quotas.ranks();
  std::uint64_t* end = turns;
  // Usually few are wanted. More reserves are examined only if ranks name the same places.
  for (std::int64_t turn = 0, enough = wanted; turn < quotas.reserves() && end - turns < wanted;
       enough *= 2) {
    for (; turn < quotas.reserves() && end - turns < enough; ++turn) {
      const Range reserve = quotas.reserve(static_cast<int>((quotas.first() + turn) % ranks));
      if (turn / ranks >= reserve.count) continue;
      const std::uint32_t place = nominations[reserve.begin + turn / ranks];
      if (!std::binary_search(places, places + known, place))
        *end++ = std::uint64_t{place} << kPlaceBits | static_cast<std::uint64_t>(turn);
    }
    std::sort(turns, end);
    end =
        std::unique(turns, end, [](std::uint64_t a, std::uint64_t b) { return place_of(a) == place_of(b); });
  }
  if (end - turns > wanted) {
    const auto turn_of = [](std::uint64_t entry) { return static_cast<std::uint32_t>(entry); };
    std::nth_element(turns, turns + wanted, end,
                     [&](std::uint64_t a, std::uint64_t b) { return turn_of(a) < turn_of(b); });
    end = turns + wanted;
    std::sort(turns, end);
  }
  std::transform(turns, end, nominations, place_of);
  return end - turns;
}

/// Writes the `wanted` lowest places that are not among the `known` ones, ascending.
void lowest_others(const std::uint32_t* places, std::int64_t known, std::int64_t wanted,
                   std::uint32_t* others) {
  std::int64_t passed = 0;
  std::int64_t found = 0;
  for (std::uint32_t place = 0; found < wanted; ++place) {
    if (passed < known && places[passed] == place) {
      ++passed;
    } else {
      others[found++] = place;
    }
  }
}

/// Merges `more` into the `known` places, from behind: there is room for both. Returns how many there are.
std::int64_t insert(std::uint32_t* places, std::int64_t known, const std::uint32_t* more,
                    std::int64_t count) {
  std::int64_t old = known;
  for (std::int64_t added = count; added > 0;) {
    std::uint32_t& last = places[old + added - 1];
    last = old > 0 && places[old - 1] > more[added - 1] ? places[--old] : more[--added];
  }
  return known + count;
}

}  // namespace

Quota Quotas::in_slot(int slot) const {
  const std::int64_t primary = primary_in(slot).count;
  // At most kept_ - primary places can be missing. That is below primary / 8 + 1 only for k = 1 and for P =
  // 1. So a rank that has selected its top-k finds all its nominations there.
  const std::int64_t reserve = primary == 0 ? 0 : std::min(primary / 8 + 1, kept_ - primary);
  return {primary, reserve};
}

void nominate(const Quotas& quotas, int rank, const Picked& picked, std::uint32_t* magnitudes,
              std::uint32_t* nominations) {
  const Quota quota = quotas.of(rank);
  if (quota.all() == 0) return;
  std::transform(picked.values, picked.values + picked.count, magnitudes, magnitude_of);
  Cut both(magnitudes, picked.count, quota.all());
  Cut first(magnitudes, picked.count, quota.primary);
  std::uint32_t* primary = nominations + quotas.primary(rank).begin;
  std::uint32_t* reserve = nominations + quotas.reserve(rank).begin;
  for (std::int64_t i = 0; i < picked.count; ++i) {
    const std::uint32_t magnitude = magnitude_of(picked.values[i]);
    if (!both.takes(magnitude)) continue;
    *(first.takes(magnitude) ? primary : reserve)++ = picked.indices[i];
  }
}

void unite(const Quotas& quotas, std::uint32_t* nominations, std::uint64_t* turns, std::uint32_t* places) {
  const std::int64_t kept = quotas.kept();
  std::copy_n(nominations, kept, places);
  std::int64_t known = unite_slots(quotas, nominations, places, 0, quotas.ranks());
  if (known == kept) return;
  const std::int64_t drawn = draw_reserves(quotas, nominations, turns, places, known);
  known = insert(places, known, nominations, drawn);
  lowest_others(places, known, kept - known, nominations);
  insert(places, known, nominations, kept - known);
}

}  // namespace pliant::quota
