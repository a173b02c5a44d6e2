#include "collectives/two_level/in_host.hpp"

#include <algorithm>
#include <cstring>

#include "collectives/dense/dense.hpp"
#include "collectives/segments.hpp"
#include "collectives/two_level/direct_sum.hpp"
#include "core/partition.hpp"
#include "mpi/host_group.hpp"

namespace pliant {
namespace {

/// [s] from one rank's store to another's look, on one host.
double signal_s(const AllreduceShape& shape, const CostModel& model) {
  constexpr double kBetweenProcessors_s = 0.5e-6;
  return shape.hosts == 1 ? model.link.alpha_s / 2 : kBetweenProcessors_s;
}

/// A call's elements, cut into what fits a slot.
class Segments {
 public:
  explicit Segments(AllreduceCall& call)
      : call_(call), width_(element_bytes(call.shape.type)), longest_(HostLane::kSlotBytes / width_) {}

  std::int64_t count() const { return segments_of(call_.shape.count, longest_); }
  Range at(std::int64_t index) const {
    return {index * longest_, std::min(longest_, call_.shape.count - index * longest_)};
  }
  std::int64_t end(std::int64_t index) const { return at(index).begin + at(index).count; }
  std::byte* data(std::int64_t element) const { return call_.data + element * width_; }
  std::size_t bytes(std::int64_t elements) const { return static_cast<std::size_t>(elements * width_); }
  std::int64_t width() const { return width_; }

 private:
  AllreduceCall& call_;
  std::int64_t width_;
  std::int64_t longest_;
};

/// One rank's part in a sum by slices. Segment i is brought in the step `first` + i.
struct Slices {
  AllreduceCall& call;
  HostLane& lane;
  Segments segments;
  ReduceFunction reduce;
  std::int64_t first;

  /// What of a segment a rank adds up; begins at the segment's beginning.
  Range slice(std::int64_t index, int rank) const {
    return chunk_of(segments.at(index).count, lane.ranks(), rank);
  }

  /// All but the slice that this rank adds up itself.
  void bring(std::int64_t index) const {
    const Range segment = segments.at(index);
    const Range own = slice(index, lane.own());
    std::byte* const to = lane.brought(lane.own(), first + index);
    const std::int64_t behind = own.begin + own.count;
    std::memcpy(to, segments.data(segment.begin), segments.bytes(own.begin));
    std::memcpy(to + behind * segments.width(), segments.data(segment.begin + behind),
                segments.bytes(segment.count - behind));
  }

  void add_up(std::int64_t index) const {
    const Range own = slice(index, lane.own());
    const auto from = [&](int rank) {
      return rank == lane.own() ? segments.data(segments.at(index).begin + own.begin)
                                : lane.brought(rank, first + index) + own.begin * segments.width();
    };
    std::byte* const sum = lane.made(lane.own(), first + index);
    std::memcpy(sum, from(0), segments.bytes(own.count));
    for (int rank = 1; rank < lane.ranks(); ++rank) reduce(sum, from(rank), own.count);
  }

  void take(std::int64_t index) const {
    const std::int64_t begin = segments.at(index).begin;
    for (int rank = 0; rank < lane.ranks(); ++rank) {
      const Range part = slice(index, rank);
      std::memcpy(segments.data(begin + part.begin), lane.made(rank, first + index),
                  segments.bytes(part.count));
    }
  }
};

Task sum_in_slices(AllreduceCall& call, bool takes, std::int64_t& available) {
  HostLane& lane = call.hosts->gathering();
  const Slices slices{call, lane, Segments(call), call.kernels.reduction(call.shape.type, call.op),
                      lane.step()};
  const std::int64_t count = slices.segments.count();
  for (std::int64_t i = 0; i < count + 2; ++i) {
    co_await lane.all_finished(lane.step());
    if (i < count) slices.bring(i);
    if (i >= 1 && i <= count) slices.add_up(i - 1);
    if (i >= 2 && takes) {
      slices.take(i - 2);
      available = slices.segments.end(i - 2);
    }
    lane.finish_step();
  }
}

Task sum_directly(AllreduceCall& call, bool takes) {
  const DirectSum sum{call.hosts->gathering(), call.kernels.reduction(call.shape.type, call.op),
                      call.shape.count, static_cast<std::size_t>(call.shape.bytes())};
  co_await sum.may_bring();
  sum.bring(call.data);
  if (!takes) co_return;
  co_await sum.all_brought();
  sum.add_up(call.data, call.data);
}

}  // namespace

Task sum_in_host(AllreduceCall& call, Takers takers, std::int64_t& available) {
  const bool takes = takers == Takers::all || call.hosts->leads();
  if (call.hosts->local_ranks() > 1 && call.shape.count > 0) {
    if (call.shape.bytes() <= kDirectBytes) {
      co_await sum_directly(call, takes);
    } else {
      co_await sum_in_slices(call, takes, available);
    }
  }
  available = call.shape.count;
}

Task spread_in_host(AllreduceCall& call, const std::int64_t& available) {
  if (call.hosts->local_ranks() == 1) co_return;
  HostLane& lane = call.hosts->spreading();
  const Segments segments(call);
  for (std::int64_t i = 0; i < segments.count(); ++i) {
    const std::int64_t step = lane.step();
    const Range segment = segments.at(i);
    if (call.hosts->leads()) {
      const auto is_there = [&] { return available >= segments.end(i); };
      co_await until(is_there);
      co_await lane.all_finished(step + 1 - HostLane::kSlots);
      std::memcpy(lane.brought(0, step), segments.data(segment.begin), segments.bytes(segment.count));
    } else {
      co_await lane.finished(0, step + 1);
      std::memcpy(segments.data(segment.begin), lane.brought(0, step), segments.bytes(segment.count));
    }
    lane.finish_step();
  }
}

double sum_in_host_s(const AllreduceShape& shape, const CostModel& model) {
  if (shape.most_on_host == 1) return 0;
  const double gamma_s = static_cast<double>(shape.bytes()) * model.compute.gamma_s_per_byte;
  if (shape.bytes() <= kDirectBytes) return signal_s(shape, model) + (1 + shape.most_on_host) * gamma_s;
  const auto segments = static_cast<double>(segments_of(shape.bytes(), HostLane::kSlotBytes));
  return (segments + 2) * signal_s(shape, model) + 3 * gamma_s;
}

double spread_in_host_s(const AllreduceShape& shape, const CostModel& model) {
  if (shape.most_on_host == 1) return 0;
  const auto bytes = static_cast<double>(shape.bytes());
  const auto segments = static_cast<double>(segments_of(shape.bytes(), HostLane::kSlotBytes));
  const double first = std::min(bytes, static_cast<double>(HostLane::kSlotBytes));
  return segments * signal_s(shape, model) + (bytes + first) * model.compute.gamma_s_per_byte;
}

}  // namespace pliant
