#include "collectives/two_level/in_host.hpp"

#include <algorithm>
#include <cstring>

#include "collectives/segments.hpp"
#include "collectives/two_level/direct_sum.hpp"
#include "collectives/two_level/host_segments.hpp"
#include "collectives/two_level/slices.hpp"
#include "mpi/host_group.hpp"

namespace pliant {
namespace {

static_assert(kDirectBytes <= HostChannels::kRequestSlotBytes, "it goes into one slot");

/// [s] from one rank's store until another rank on the host sees it.
double signal_s(const AllreduceShape& shape, const CostModel& model) {
  constexpr double kBetweenProcessors_s = 0.5e-6;
  return shape.hosts == 1 ? model.link.alpha_s / 2 : kBetweenProcessors_s;
}

/// [s/byte] between the caches of a host, for all that its ranks move at once. One link between sockets is
/// assumed (UPI, 10.4 GT/s of 2 bytes: 20.8 GB/s each way, Intel's data sheets). Nothing measures it.
constexpr double kBetweenDomains_s_per_byte = 1 / 20.8e9;

/// [s] of a sum in slices, with one group or one per domain. Bytes that cross between domains, in units of n,
/// for D domains of m ranks each:
/// - one group: 2 m (D - 1) / D leave each domain, half of them as terms of the sum and half as the sum;
/// - one group per domain: D - 1, from the last group to the others.
double in_slices_s(const AllreduceShape& shape, const CostModel& model, int groups) {
  const double domains = shape.domains;
  const double in_domain = shape.most_on_host / domains;
  const auto bytes = static_cast<double>(shape.bytes());
  const auto steps = static_cast<double>(slice_steps(
      segments_of(shape.bytes(), slice_segment_bytes(shape.slot_bytes, groups)), groups, Takers::all));
  const double crossings = groups == 1 ? 2 * in_domain * (domains - 1) / domains : domains - 1;
  const double passes = groups == 1 ? 3 : 3 + 2 / in_domain;
  return steps * signal_s(shape, model) +
         bytes * (passes * model.compute.gamma_s_per_byte + crossings * kBetweenDomains_s_per_byte);
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

/// The number of groups that is faster: one, or one per domain. One group is faster if each domain has one
/// rank. Short messages are not summed in slices at all.
int groups_of_slices(const AllreduceShape& shape, const CostModel& model) {
  if (shape.domains == 1 || shape.bytes() <= kDirectBytes) return 1;
  return in_slices_s(shape, model, shape.domains) < in_slices_s(shape, model, 1) ? shape.domains : 1;
}

}  // namespace

Task sum_in_host(AllreduceCall& call, Takers takers, std::int64_t& available) {
  const HostGroup& group = call.hosts->group();
  const bool takes = takers == Takers::all || group.leads();
  if (group.local_ranks() > 1 && call.shape.count > 0) {
    if (call.shape.bytes() <= kDirectBytes) {
      co_await sum_directly(call, takes);
    } else {
      co_await sum_in_slices(call, call.shape.by_domains ? group.domains() : group.undivided(), takers,
                             available);
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
  return in_slices_s(shape, model, groups_of_slices(shape, model));
}

AllreduceShape tuned_in_host(AllreduceShape shape, const CostModel& model) {
  shape.by_domains = groups_of_slices(shape, model) > 1;
  return shape;
}

double spread_in_host_s(const AllreduceShape& shape, const CostModel& model) {
  if (shape.most_on_host == 1) return 0;
  const auto bytes = static_cast<double>(shape.bytes());
  const auto segments = static_cast<double>(segments_of(shape.bytes(), shape.slot_bytes));
  const double first = std::min(bytes, static_cast<double>(shape.slot_bytes));
  return segments * signal_s(shape, model) + (bytes + first) * model.compute.gamma_s_per_byte;
}

}  // namespace pliant
