#include "collectives/hierarchical/in_host.hpp"

#include <algorithm>
#include <cstring>

#include "collectives/hierarchical/direct_sum.hpp"
#include "collectives/hierarchical/host_segments.hpp"
#include "collectives/hierarchical/slices.hpp"
#include "collectives/segments.hpp"
#include "mpi/host_group.hpp"

namespace pliant {
namespace {

static_assert(kDirectBytes <= HostChannels::kRequestSlotBytes, "it goes into one slot");

/// [s] from one rank's store until another rank on the host sees it.
double signal_s(const AllreduceShape& shape, const CostModel& model) {
  constexpr double kBetweenProcessors_s = 0.5e-6;
  return shape.hosts == 1 ? model.link.alpha_s / 2 : kBetweenProcessors_s;
}

double in_slices_s(const AllreduceShape& shape, const CostModel& model) {
  constexpr int kPasses = 3;  // bring, add up, take
  const auto steps = static_cast<double>(slice_steps(segments_of(shape.bytes(), shape.slot_bytes)));
  return steps * signal_s(shape, model) +
         static_cast<double>(shape.bytes()) * kPasses * model.compute.gamma_s_per_byte;
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
  const HostGroup& group = call.hosts->group();
  const bool takes = takers == Takers::all || group.leads();
  if (group.local_ranks() > 1 && call.shape.count > 0) {
    if (call.shape.bytes() <= kDirectBytes) {
      co_await sum_directly(call, takes);
    } else {
      co_await sum_in_slices(call, takers, available);
    }
  }
  available = call.shape.count;
}

Task spread_in_host(AllreduceCall& call, const std::int64_t& available) {
  const HostGroup& group = call.hosts->group();
  if (group.local_ranks() == 1) co_return;
  HostChannel& channel = call.hosts->spreading();
  const HostSegments segments(call, channel.slot_bytes());
  channel.begin(call.shape.bytes());
  for (std::int64_t i = 0; i < segments.count(); ++i) {
    const std::int64_t step = channel.step();
    const Range segment = segments.at(i);
    if (group.leads()) {
      const auto is_there = [&] { return available >= segments.end(i); };
      co_await until(is_there);
      co_await channel.all_finished(step + 1 - HostChannel::kSlots);
      std::memcpy(channel.brought(0, step), segments.data(segment.begin), segments.bytes(segment.count));
    } else {
      co_await channel.finished(0, step + 1);
      std::memcpy(segments.data(segment.begin), channel.brought(0, step), segments.bytes(segment.count));
    }
    channel.finish_step();
  }
}

double sum_in_host_s(const AllreduceShape& shape, const CostModel& model) {
  if (shape.most_on_host == 1) return 0;
  const double gamma_s = static_cast<double>(shape.bytes()) * model.compute.gamma_s_per_byte;
  if (shape.bytes() <= kDirectBytes) return signal_s(shape, model) + (1 + shape.most_on_host) * gamma_s;
  return in_slices_s(shape, model);
}

double spread_in_host_s(const AllreduceShape& shape, const CostModel& model) {
  if (shape.most_on_host == 1) return 0;
  const auto bytes = static_cast<double>(shape.bytes());
  const auto segments = static_cast<double>(segments_of(shape.bytes(), shape.slot_bytes));
  const double first = std::min(bytes, static_cast<double>(shape.slot_bytes));
  return segments * signal_s(shape, model) + (bytes + first) * model.compute.gamma_s_per_byte;
}

}  // namespace pliant
