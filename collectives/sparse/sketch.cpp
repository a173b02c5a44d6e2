#include "collectives/sparse/sketch.hpp"

#include <algorithm>
#include <functional>

namespace pliant {
namespace {

/// Draws marks [first, last) from keys [begin, end), which contain them. The middle mark divides both.
void draw_between(std::span<std::uint64_t> keys, std::int64_t begin, std::int64_t end,
                  std::span<std::uint64_t> marks, std::int64_t first, std::int64_t last) {
  if (first == last) return;
  const std::int64_t middle = first + (last - first) / 2;
  const auto entries = static_cast<std::int64_t>(keys.size());
  const std::int64_t at = mark_rank(entries, static_cast<std::int64_t>(marks.size()), middle) - 1;
  std::nth_element(keys.begin() + begin, keys.begin() + at, keys.begin() + end, std::greater<>());
  marks[static_cast<std::size_t>(middle)] = keys[static_cast<std::size_t>(at)];
  draw_between(keys, begin, at, marks, first, middle);
  draw_between(keys, at + 1, end, marks, middle + 1, last);
}

}  // namespace

std::int64_t marks_for(std::int64_t kept) {
  constexpr std::int64_t kLeast = 8;
  constexpr std::int64_t kMost = 128;  // every rank sorts the marks of all ranks
  std::int64_t marks = kLeast;
  while (marks < kMost && marks * marks < kept) marks *= 2;
  return marks;
}

void draw_sketch(std::span<std::uint64_t> keys, Sketch sketch) {
  const auto entries = static_cast<std::int64_t>(keys.size());
  const std::span<std::uint64_t> marks = sketch.subspan(1);
  const auto count = static_cast<std::int64_t>(marks.size());
  sketch[0] = keys.size();
  if (entries > count) return draw_between(keys, 0, entries, marks, 0, count);
  std::sort(keys.begin(), keys.end(), std::greater<>());
  for (std::int64_t j = 0; j < count; ++j)
    marks[static_cast<std::size_t>(j)] =
        entries == 0 ? 0 : keys[static_cast<std::size_t>(mark_rank(entries, count, j) - 1)];
}

std::uint64_t limit_of(std::span<const std::uint64_t> sketches, std::int64_t marks, std::int64_t kept,
                       std::span<Mark> scratch) {
  constexpr std::uint64_t kMostEntries = std::uint64_t{1} << 32;
  const auto width = static_cast<std::size_t>(marks + 1);
  std::size_t used = 0;
  for (std::size_t at = 0; at < sketches.size(); at += width) {
    const auto entries = static_cast<std::int64_t>(std::min(sketches[at], kMostEntries));
    std::int64_t before = 0;
    for (std::int64_t j = 0; j < marks; ++j) {
      const std::int64_t rank = mark_rank(entries, marks, j);
      if (rank > before) scratch[used++] = {sketches[at + 1 + static_cast<std::size_t>(j)], rank - before};
      before = rank;
    }
  }
  const auto end = scratch.begin() + static_cast<std::ptrdiff_t>(used);
  std::sort(scratch.begin(), end, [](const Mark& a, const Mark& b) { return a.key > b.key; });
  std::int64_t reached = 0;
  for (auto mark = scratch.begin(); mark != end; ++mark) {
    reached += mark->entries;
    if (reached >= kept) return mark->key;
  }
  return 0;
}

}  // namespace pliant
