// The indices of one rank to all others, in groups.
//   P = 4, neighbours:  0 > 1 > 2 > 3, group after group     doubling:  0 > 2, 0 > 1, 2 > 3
// A rank passes a group on before it decodes it and gathers its own values there.
#include <algorithm>
#include <cmath>

#include "collectives/exchange.hpp"
#include "collectives/sparse/messages.hpp"
#include "collectives/sparse/sparse.hpp"
#include "collectives/topology/binomial.hpp"
#include "core/partition.hpp"
#include "kernels/long_vectors.hpp"

namespace pliant {
namespace {

/// Most indices of a group: raw, it is still below kEagerBytes.
constexpr std::int64_t kMostIndices = 15'000;
/// Least indices of a group other than the last: below, headers and latency are most of its cost.
constexpr std::int64_t kLeastIndices = 3'000;
/// Groups that suffice to keep a chain busy.
constexpr std::int64_t kEnoughGroups = 16;
constexpr int kTag = 4;  // values travel on the tags below at the same time

int groups_of(const AllreduceShape& shape) {
  if (shape.kept == 0) return 1;
  const std::int64_t least = (shape.kept + kMostIndices - 1) / kMostIndices;
  return static_cast<int>(std::max(least, std::min(kEnoughGroups, shape.kept / kLeastIndices)));
}

WireShape group_shape(const AllreduceShape& shape, int group) {
  return {shape.count, chunk_of(shape.kept, groups_of(shape), group).count};
}

/// Children of a rank, in the order in which it sends to them.
struct Children {
  std::array<int, 32> ranks{};
  int count = 0;
};

Children children_of(Route route, int rank, int root, int ranks) {
  Children children;
  const int v = binomial::relative(rank, root, ranks);
  const auto add = [&](int child) {
    if (child < ranks)
      children.ranks[static_cast<std::size_t>(children.count++)] = binomial::absolute(child, root, ranks);
  };
  if (route == Route::neighbours) {
    add(v + 1);
  } else {
    for (int step = binomial::step_limit(v, ranks) / 2; step > 0; step /= 2) add(v + step);
  }
  return children;
}

int parent_of(Route route, int rank, int root, int ranks) {
  const int v = binomial::relative(rank, root, ranks);
  return binomial::absolute(route == Route::neighbours ? v - 1 : binomial::parent(v), root, ranks);
}

/// The messages of all groups, each with room for the longest possible one.
class Groups {
 public:
  Groups(AllreduceCall& call, const IndexStream& stream)
      : call_(call), stream_(stream), count_(groups_of(call.shape)) {
    for (int group : {0, count_ - 1})
      room_ = std::max(room_,
                       max_message_bytes(group_shape(call.shape, group), *call.shape.index_codec, nullptr));
    begin_ = call.workspace.messages.of<std::byte>(count_ * room_);
  }

  int count() const { return count_; }
  std::span<std::byte> room(int group) const {
    return {begin_ + group * room_, static_cast<std::size_t>(room_)};
  }

  /// Encodes a group. Its indices are relative to the end of the group before.
  std::span<std::byte> encode(int group) {
    const CompressTimer timer(call_.outcome.compress_s);
    const Range range = range_of(group);
    auto* const relative = call_.workspace.indices.of<std::uint32_t>(call_.shape.kept);
    const std::uint32_t base = base_of(group);
    for (std::int64_t i = 0; i < range.count; ++i) relative[i] = stream_.indices[range.begin + i] - base;
    const WireShape shape{call_.shape.count - base, range.count};
    const std::int64_t length =
        encode_message(shape, *call_.shape.index_codec, nullptr, {relative, nullptr}, room(group).data());
    return room(group).first(static_cast<std::size_t>(length));
  }

  void decode(int group, std::span<const std::byte> message, int sender) {
    const CompressTimer timer(call_.outcome.compress_s);
    const Range range = range_of(group);
    const std::uint32_t base = base_of(group);
    std::uint32_t* const out = stream_.indices + range.begin;
    decode_message(message, {{call_.shape.count - base, range.count}, false, sender}, out, nullptr);
    for (std::int64_t i = 0; i < range.count; ++i) out[i] += base;
  }

  void take(int group, IndexStream& stream) {
    const CompressTimer timer(call_.outcome.compress_s);
    const Range range = range_of(group);
    const Selection taken =
        take_sent(call_, stream.indices + range.begin, range.count, stream.values + range.begin);
    call_.outcome.selection.sent_squared += taken.sent_squared;
    call_.outcome.selection.nonfinite += taken.nonfinite;
    stream.available = range.begin + range.count;
  }

 private:
  Range range_of(int group) const { return chunk_of(call_.shape.kept, count_, group); }
  std::uint32_t base_of(int group) const {
    return group == 0 ? 0 : stream_.indices[range_of(group).begin - 1] + 1;
  }

  AllreduceCall& call_;
  const IndexStream& stream_;
  int count_;
  std::int64_t room_ = 0;
  std::byte* begin_ = nullptr;
};

Task from_root(AllreduceCall& call, IndexStream& stream, Groups& groups) {
  const Children children = children_of(call.shape.route, stream.root, stream.root, call.comm.ranks());
  Flow flow(call.comm, call.tag + kTag);
  for (int group = 0; group < groups.count(); ++group) {
    if (children.count > 0) {
      const auto message = groups.encode(group);
      for (int i = 0; i < children.count; ++i) {
        while (!flow.can_send()) co_await flow.next();
        flow.send(message, children.ranks[static_cast<std::size_t>(i)]);
      }
    }
    groups.take(group, stream);
  }
  while (flow.sending() > 0) co_await flow.next();
  stream.passed_on = true;
}

Task from_parent(AllreduceCall& call, IndexStream& stream, Groups& groups) {
  const int rank = call.comm.rank();
  const int ranks = call.comm.ranks();
  const Children children = children_of(call.shape.route, rank, stream.root, ranks);
  const int parent = parent_of(call.shape.route, rank, stream.root, ranks);
  Flow in(call.comm, call.tag + kTag);
  Flow out(call.comm, call.tag + kTag);
  int posted = 0;
  stream.passed_on = children.count == 0;
  for (int group = 0; group < groups.count(); ++group) {
    for (; posted < groups.count() && in.can_receive(); ++posted)
      in.receive_up_to(groups.room(posted), parent);
    co_await in.next();
    const auto message = groups.room(group).first(in.received_bytes());
    for (int i = 0; i < children.count; ++i) {
      while (!out.can_send()) co_await out.next();
      out.send(message, children.ranks[static_cast<std::size_t>(i)]);
    }
    groups.decode(group, message, parent);
    groups.take(group, stream);
  }
  while (out.sending() > 0) co_await out.next();
  stream.passed_on = true;
}

/// Groups that are sent one behind the other.
struct GroupCost {
  int number = 1;
  double bytes = 0;    ///< of each
  double codec_s = 0;  ///< [s] to encode or decode it
};

GroupCost group_cost(const AllreduceShape& shape, const CostModel& model) {
  AllreduceShape coded = shape;
  coded.index_codec = &index_codec_for(shape, model);
  const int groups = groups_of(coded);
  const MessageCost message = message_cost(coded, model, false);
  return {groups, kHeaderBytes + (message.bytes - kHeaderBytes) / groups, message.codec_s / groups};
}

/// The first group crosses all hops; the others follow as fast as the busiest rank can send them.
double with_route_s(const AllreduceShape& shape, const CostModel& model, const GroupCost& group,
                    Route route) {
  const int hops = route == Route::neighbours ? shape.ranks - 1 : binomial::rounds(shape.ranks);
  const int copies = route == Route::neighbours ? 1 : hops;
  return hops * latency_s(group.bytes, model.link) + 2 * group.codec_s +
         (group.number - 1) * std::max(copies * occupancy_s(group.bytes, model.link), group.codec_s);
}

}  // namespace

Task stream_indices(AllreduceCall& call, IndexStream& stream) {
  Groups groups(call, stream);
  call.outcome.selection.sent_squared = 0;
  call.outcome.selection.nonfinite = 0;
  if (call.comm.rank() == stream.root) {
    co_await from_root(call, stream, groups);
  } else {
    co_await from_parent(call, stream, groups);
  }
}

double stream_indices_s(const AllreduceShape& shape, const CostModel& model) {
  if (shape.ranks == 1) return 0;
  const GroupCost group = group_cost(shape, model);
  return std::min(with_route_s(shape, model, group, Route::neighbours),
                  with_route_s(shape, model, group, Route::doubling));
}

Route index_route(const AllreduceShape& shape, const CostModel& model) {
  const GroupCost group = group_cost(shape, model);
  return with_route_s(shape, model, group, Route::neighbours) <
                 with_route_s(shape, model, group, Route::doubling)
             ? Route::neighbours
             : Route::doubling;
}

Traffic stream_indices_sent(const AllreduceShape& shape, int rank, int root) {
  AllreduceShape coded = shape;
  if (coded.index_codec == nullptr) coded.index_codec = &raw_indices;
  Traffic once;
  for (int group = 0; group < groups_of(coded); ++group) {
    AllreduceShape part = shape;
    part.kept = group_shape(coded, group).kept;
    ++once.messages;
    once.bytes += predicted_bytes(part, false);
  }
  const int copies = children_of(shape.route, rank, root, shape.ranks).count;
  return {copies * once.messages, copies * once.bytes};
}

}  // namespace pliant
