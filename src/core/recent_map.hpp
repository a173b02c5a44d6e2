// A map of limited size that drops the least recently used value. Keys never collide: two keys never share a
// place. Only the order of use decides which value is dropped, so ranks that use keys in the same order keep
// the same ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace pliant {

/// Well mixed bits of two numbers.
constexpr std::uint64_t mixed_hash(std::uint64_t a, std::uint64_t b = 0) {
  std::uint64_t bits = (a + 0x9E3779B97F4A7C15U) ^ (b * 0xC2B2AE3D27D4EB4FU);
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
  return bits ^ (bits >> 31);
}

/// Key: equality comparable, with `std::uint64_t hash() const`. A returned pointer is valid until its value
/// is dropped. Looking up a known key allocates nothing.
template <class Key, class Value>
class RecentMap {
 public:
  /// most >= 1: number of values to keep.
  explicit RecentMap(std::size_t most) : most_(most) {}

  std::size_t size() const { return entries_.size(); }

  /// Returns null if the key is unknown. A value that is found becomes the most recently used.
  Value* find(const Key& key) {
    const std::uint32_t found = look_up(key);
    if (found == kNone) return nullptr;
    if (found != newest_) {
      unlink(found);
      link_newest(found);
    }
    return &entries_[found].value;
  }

  /// find() that does not count as use.
  const Value* look_at(const Key& key) const {
    const std::uint32_t found = look_up(key);
    return found == kNone ? nullptr : &entries_[found].value;
  }

  /// Insert the value of a key that find() does not know.
  Value& add(const Key& key, Value value) {
    std::uint32_t place = static_cast<std::uint32_t>(entries_.size());
    if (entries_.size() < most_) {
      entries_.push_back({key, std::move(value), kNone, kNone, kNone});
      if (entries_.size() > buckets_.size()) return grow(place);
    } else {
      place = oldest_;
      leave_bucket(place);
      unlink(place);
      entries_[place].key = key;
      entries_[place].value = std::move(value);
    }
    enter_bucket(place);
    link_newest(place);
    return entries_[place].value;
  }

  /// Call act(key, value) for each value, most recently used first.
  template <class Act>
  void for_each(Act&& act) const {
    for (std::uint32_t at = newest_; at != kNone; at = entries_[at].older)
      act(entries_[at].key, entries_[at].value);
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFU;
  static constexpr std::size_t kFirstBuckets = 16;

  struct Entry {
    Key key;
    Value value;
    std::uint32_t next;  ///< next entry in the same bucket
    std::uint32_t newer;
    std::uint32_t older;
  };

  /// The mask below needs buckets_.size() to be a power of two.
  std::size_t number_of(const Key& key) const {
    return static_cast<std::size_t>(key.hash()) & (buckets_.size() - 1);
  }
  std::uint32_t& bucket_of(const Key& key) { return buckets_[number_of(key)]; }

  std::uint32_t look_up(const Key& key) const {
    if (buckets_.empty()) return kNone;
    std::uint32_t at = buckets_[number_of(key)];
    while (at != kNone && !(entries_[at].key == key)) at = entries_[at].next;
    return at;
  }

  void enter_bucket(std::uint32_t place) {
    std::uint32_t& first = bucket_of(entries_[place].key);
    entries_[place].next = first;
    first = place;
  }

  void leave_bucket(std::uint32_t place) {
    std::uint32_t* at = &bucket_of(entries_[place].key);
    while (*at != place) at = &entries_[*at].next;
    *at = entries_[place].next;
  }

  void unlink(std::uint32_t place) {
    const Entry& entry = entries_[place];
    (entry.newer == kNone ? newest_ : entries_[entry.newer].older) = entry.older;
    (entry.older == kNone ? oldest_ : entries_[entry.older].newer) = entry.newer;
  }

  void link_newest(std::uint32_t place) {
    entries_[place].newer = kNone;
    entries_[place].older = newest_;
    (newest_ == kNone ? oldest_ : entries_[newest_].newer) = place;
    newest_ = place;
  }

  Value& grow(std::uint32_t added) {
    buckets_.assign(buckets_.empty() ? kFirstBuckets : 2 * buckets_.size(), kNone);
    for (std::uint32_t place = 0; place < entries_.size(); ++place) enter_bucket(place);
    link_newest(added);
    return entries_[added].value;
  }

  std::size_t most_;
  std::deque<Entry> entries_;  ///< a deque: entries never move
  std::vector<std::uint32_t> buckets_;
  std::uint32_t newest_ = kNone;
  std::uint32_t oldest_ = kNone;
};

}  // namespace pliant
