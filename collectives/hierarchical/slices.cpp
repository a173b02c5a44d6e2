#include "collectives/hierarchical/slices.hpp"

#include <cstring>

#include "collectives/hierarchical/host_segments.hpp"
#include "mpi/host_group.hpp"

namespace pliant {
namespace {

/// One rank's part of the sum. Segment i uses the slots of step first + i.
class Slices {
 public:
  Slices(AllreduceCall& call, Takers takers)
      : channel_(call.hosts->gathering()),
        segments_(call, channel_.slot_bytes()),
        reduce_(call.kernels.reduction(call.shape.type, call.op)),
        first_(channel_.step()),
        wants_(takers == Takers::all || call.hosts->group().leads()) {}

  std::int64_t steps() const { return slice_steps(segments_.count()); }

  void step(std::int64_t number, std::int64_t& available) const {
    if (is_segment(number)) bring(number);
    if (is_segment(number - 1)) add_up(number - 1);
    if (!wants_ || !is_segment(number - 2)) return;
    take(number - 2);
    available = segments_.end(number - 2);
  }

 private:
  bool is_segment(std::int64_t index) const { return index >= 0 && index < segments_.count(); }

  /// The part of a segment that `rank` adds up, counted from the beginning of the segment.
  Range share(std::int64_t index, int rank) const {
    return chunk_of(segments_.at(index).count, channel_.ranks(), rank);
  }
  std::byte* brought(int rank, std::int64_t index) const { return channel_.brought(rank, first_ + index); }
  std::byte* sum(int rank, std::int64_t index) const { return channel_.made(rank, first_ + index); }

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
    std::memcpy(to, from(0), segments_.bytes(own.count));
    for (int rank = 1; rank < channel_.ranks(); ++rank) reduce_(to, from(rank), own.count);
  }

  void take(std::int64_t index) const {
    std::byte* const to = segments_.data(segments_.at(index).begin);
    for (int rank = 0; rank < channel_.ranks(); ++rank) {
      const Range part = share(index, rank);
      std::memcpy(to + part.begin * segments_.width(), sum(rank, index), segments_.bytes(part.count));
    }
  }

  HostChannel& channel_;
  HostSegments segments_;
  ReduceFunction reduce_;
  std::int64_t first_;
  bool wants_;
};

}  // namespace

Task sum_in_slices(AllreduceCall& call, Takers takers, std::int64_t& available) {
  HostChannel& channel = call.hosts->gathering();
  const Slices slices(call, takers);
  channel.begin(call.shape.bytes());
  for (std::int64_t number = 0; number < slices.steps(); ++number) {
    co_await channel.all_finished(channel.step());
    slices.step(number, available);
    channel.finish_step();
  }
}

}  // namespace pliant
