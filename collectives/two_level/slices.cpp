#include "collectives/two_level/slices.hpp"

#include <algorithm>
#include <cstring>

#include "collectives/two_level/host_segments.hpp"
#include "mpi/host_group.hpp"

namespace pliant {
namespace {

/// One rank's part of the sum. Segment i uses the slots of step first + i.
class Slices {
 public:
  Slices(AllreduceCall& call, std::span<const int> groups, Takers takers)
      : channel_(call.hosts->gathering()),
        groups_(groups),
        last_(static_cast<int>(groups.size()) - 2),
        group_(group_of(channel_.own())),
        segments_(call, slice_segment_bytes(channel_.slot_bytes(), last_ + 1)),
        reduce_(call.kernels.reduction(call.shape.type, call.op)),
        first_(channel_.step()),
        steps_(slice_steps(segments_.count(), last_ + 1, takers)),
        wants_(takers == Takers::all || call.hosts->group().leads()),
        copies_(takers == Takers::all && group_ != last_) {}

  std::int64_t steps() const { return steps_; }

  void step(std::int64_t number, std::int64_t& available) const {
    if (const auto i = number - group_; is_segment(i)) bring(i);
    if (const auto i = number - group_ - 1; is_segment(i)) add_up(i);
    const std::int64_t summed = number - last_ - 2;
    if (copies_ && is_segment(summed)) collect(summed, last_, share(summed, channel_.own()), copied(summed));
    const std::int64_t taken = copies_ ? summed - 1 : summed;
    if (!wants_ || !is_segment(taken)) return;
    take(taken);
    available = segments_.end(taken);
  }

 private:
  bool is_segment(std::int64_t index) const { return index >= 0 && index < segments_.count(); }
  int begin_of(int group) const { return groups_[static_cast<std::size_t>(group)]; }
  int end_of(int group) const { return groups_[static_cast<std::size_t>(group) + 1]; }
  int group_of(int rank) const {
    return static_cast<int>(std::upper_bound(groups_.begin(), groups_.end(), rank) - groups_.begin()) - 1;
  }

  /// The part of a segment that `rank` adds up, counted from the beginning of the segment.
  Range share(std::int64_t index, int rank) const {
    const int group = group_of(rank);
    return chunk_of(segments_.at(index).count, end_of(group) - begin_of(group), rank - begin_of(group));
  }
  std::byte* brought(int rank, std::int64_t index) const { return channel_.brought(rank, first_ + index); }
  std::byte* sum(int rank, std::int64_t index) const { return channel_.made(rank, first_ + index); }
  std::byte* copy(int rank, std::int64_t index) const { return sum(rank, index) + channel_.slot_bytes() / 2; }
  std::byte* copied(std::int64_t index) const { return copy(channel_.own(), index); }

  /// Brings all elements but those that this rank adds up itself.
  void bring(std::int64_t index) const {
    const Range segment = segments_.at(index);
    const Range own = share(index, channel_.own());
    std::byte* const to = brought(channel_.own(), index);
    const std::int64_t behind = own.begin + own.count;
    std::memcpy(to, segments_.data(segment.begin), segments_.bytes(own.begin));
    std::memcpy(to + behind * segments_.width(), segments_.data(segment.begin + behind),
                segments_.bytes(segment.count - behind));
  }

  void add_up(std::int64_t index) const {
    const Range own = share(index, channel_.own());
    const auto from = [&](int rank) {
      return rank == channel_.own() ? segments_.data(segments_.at(index).begin + own.begin)
                                    : brought(rank, index) + own.begin * segments_.width();
    };
    std::byte* const to = sum(channel_.own(), index);
    int rank = begin_of(group_);
    if (group_ == 0) {
      std::memcpy(to, from(rank++), segments_.bytes(own.count));
    } else {
      collect(index, group_ - 1, own, to);
    }
    for (; rank < end_of(group_); ++rank) reduce_(to, from(rank), own.count);
  }

  /// Copies elements `range` of a group's sum to `to`.
  void collect(std::int64_t index, int group, Range range, std::byte* to) const {
    const std::int64_t end = range.begin + range.count;
    for (int rank = begin_of(group); rank < end_of(group); ++rank) {
      const Range part = share(index, rank);
      const std::int64_t begins = std::max(part.begin, range.begin);
      const std::int64_t ends = std::min(part.begin + part.count, end);
      if (begins >= ends) continue;
      std::memcpy(to + (begins - range.begin) * segments_.width(),
                  sum(rank, index) + (begins - part.begin) * segments_.width(),
                  segments_.bytes(ends - begins));
    }
  }

  void take(std::int64_t index) const {
    const Range segment = segments_.at(index);
    std::byte* const to = segments_.data(segment.begin);
    if (!copies_) return collect(index, last_, {0, segment.count}, to);
    for (int rank = begin_of(group_); rank < end_of(group_); ++rank) {
      const Range part = share(index, rank);
      std::memcpy(to + part.begin * segments_.width(), copy(rank, index), segments_.bytes(part.count));
    }
  }

  HostChannel& channel_;
  std::span<const int> groups_;
  int last_;   ///< last group
  int group_;  ///< group of this rank
  HostSegments segments_;
  ReduceFunction reduce_;
  std::int64_t first_;
  std::int64_t steps_;
  bool wants_;
  bool copies_;  ///< this rank copies part of the last group's sum for its own group
};

}  // namespace

Task sum_in_slices(AllreduceCall& call, std::span<const int> groups, Takers takers, std::int64_t& available) {
  HostChannel& channel = call.hosts->gathering();
  const Slices slices(call, groups, takers);
  channel.begin(call.shape.bytes());
  for (std::int64_t number = 0; number < slices.steps(); ++number) {
    co_await channel.all_finished(channel.step());
    slices.step(number, available);
    channel.finish_step();
  }
}

}  // namespace pliant
