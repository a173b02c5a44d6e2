// Ring allreduce: a reduce-scatter, then an allgather, around one ring, in segments.
//   P = 3, chunks a b c. Sums held after each step (rank 0 | 1 | 2), capital = complete:
//     start             a0 b0 c0  | a1 b1 c1  | a2 b2 c2
//     reduce-scatter 1  a0 b0 c02 | a01 b1 c1 | A... and so on: each step passes on what the last one brought
//     reduce-scatter 2  a0 B  c02 | a01 b1 C  | A  b12 c2
//     allgather 1, 2    A B C on every rank
//
// Steps 2(P-1); bytes sent per rank 2n(P-1)/P, in segments. A segment is passed on as soon as it has been
// reduced, whether or not the others of its chunk have come. So steps overlap, and latency is hidden where a
// chunk has enough segments to fill the link meanwhile. Exact. All ranks end with the same bits: each chunk
// is summed once, then copied. Source: Patarasuk and Yuan, J. Parallel Distrib. Comput. 69(2), 2009; the
// segments and their cost are ours.
#include "collectives/topology/ring.hpp"

#include <algorithm>
#include <cmath>

#include "collectives/dense/dense.hpp"
#include "collectives/exchange.hpp"
#include "core/partition.hpp"

namespace pliant {
namespace {

/// Segments in flight in each direction: enough to hide latency, few enough to stay in cache.
constexpr std::int64_t kWindow = 8;
static_assert(kWindow <= Flow::kMost);

/// A step lasts as long as its chunk keeps the link busy, or until its first segment has arrived, been
/// reduced and can be passed on, whichever is longer. There are 2(P-1) steps. The last segment of the last
/// step has to arrive, too.
double with_segment_s(const AllreduceShape& shape, const CostModel& model, std::int64_t segment_bytes) {
  const double chunk_bytes = static_cast<double>(shape.bytes()) / shape.ranks;
  const double segment = std::min(static_cast<double>(segment_bytes), chunk_bytes);
  const double reduce_s = segment * model.compute.gamma_s_per_byte;
  const double chunk_s = busy_s(chunk_bytes, static_cast<double>(segment_bytes), model.link);
  const double step_s = chunk_s + chunk_bytes * model.compute.gamma_s_per_byte / 2;
  const double hop_s = latency_s(segment, model.link) + reduce_s / 2;
  return (2 * (shape.ranks - 1) - 1) * std::max(step_s, hop_s) + chunk_s + model.link.alpha_s;
}

SegmentChoice choose(const AllreduceShape& shape, const CostModel& model) {
  return best_segment(shape.bytes() / shape.ranks, [&](std::int64_t segment_bytes) {
    return with_segment_s(shape, model, segment_bytes);
  });
}

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  return shape.ranks == 1 ? 0 : choose(shape, model).s;
}

Tuning tuned(const AllreduceShape& shape, const CostModel& model) {
  return {.segment_bytes = choose(shape, model).bytes};
}

Traffic sent(const AllreduceShape& shape, int rank) {
  Traffic total;
  for (int step = 0; step < 2 * (shape.ranks - 1); ++step) {
    const std::int64_t bytes =
        chunk_of(shape.count, shape.ranks, ring::chunk(rank, step, shape.ranks)).count *
        element_bytes(shape.type);
    total.messages += segments_of(bytes, shape.segment_bytes);
    total.bytes += bytes;
  }
  return total;
}

/// The segments that one rank sends, in order, over all steps.
class Cursor {
 public:
  Cursor(const AllreduceCall& call, int sender) : call_(call), sender_(sender) { enter(0); }

  bool at_end() const { return step_ == steps(); }
  int step() const { return step_; }
  bool gathers() const { return step_ >= call_.shape.ranks - 1; }
  /// Until all ranks hold all records.
  bool carries() const { return segment_ == 0 && !gathers(); }
  std::int64_t index() const { return index_; }
  std::span<std::byte> piece() const { return pieces_.at(segment_); }

  void advance() {
    ++index_;
    if (++segment_ == pieces_.count()) enter(step_ + 1);
  }

 private:
  int steps() const { return 2 * (call_.shape.ranks - 1); }

  void enter(int step) {
    segment_ = 0;
    for (step_ = step; step_ < steps(); ++step_) {
      const Range chunk =
          chunk_of(call_.shape.count, call_.shape.ranks, ring::chunk(sender_, step_, call_.shape.ranks));
      pieces_ =
          Pieces(call_.shape.segment_bytes, elements(call_.data, chunk.begin, chunk.count, call_.shape.type));
      if (chunk.count > 0) return;
    }
  }

  const AllreduceCall& call_;
  int sender_;
  int step_ = 0;
  std::int64_t segment_ = 0;
  std::int64_t index_ = 0;
  Pieces pieces_;
};

/// Segments of the chunk a rank begins with: those it can send before anything arrives.
std::int64_t own_segments(const AllreduceShape& shape, int rank) {
  return segments_of(chunk_of(shape.count, shape.ranks, rank).count * element_bytes(shape.type),
                     shape.segment_bytes);
}

Task run(AllreduceCall& call) {
  const AllreduceShape& shape = call.shape;
  const int rank = call.comm.rank();
  const int next = ring::next(rank, shape.ranks);
  const int previous = ring::previous(rank, shape.ranks);
  const ReduceFunction reduce = call.kernels.reduction(shape.type, call.op);
  const std::int64_t width = element_bytes(shape.type);
  const std::int64_t slot_bytes =
      std::min(shape.segment_bytes, chunk_of(shape.count, shape.ranks, 0).count * width);
  std::byte* const slots = call.workspace.receive.of<std::byte>(kWindow * slot_bytes);
  const auto slot = [&](std::int64_t index) { return slots + index % kWindow * slot_bytes; };

  const std::int64_t own = own_segments(shape, rank);
  Flow flow(call.comm, call.tag, call.telemetry);
  Cursor to_send(call, rank);
  Cursor to_post(call, previous);
  Cursor arriving(call, previous);
  std::int64_t first_gathered = -1;  // index of the first segment that is placed
  const auto available = [&](std::span<std::byte> piece) {
    return call.available == nullptr || piece.data() + piece.size() <= call.data + *call.available * width;
  };
  while (!arriving.at_end() || !to_send.at_end() || flow.sending() > 0) {
    // In the allgather an arriving segment replaces one sent P-1 steps before, which has to have gone out.
    const auto replaces_unsent = [&] {
      if (!to_post.gathers()) return false;
      if (first_gathered < 0) first_gathered = to_post.index();
      return flow.sent() <= to_post.index() - first_gathered;
    };
    while (!to_post.at_end() && flow.receiving() < kWindow && !replaces_unsent()) {
      const auto piece = to_post.piece();
      flow.receive(to_post.gathers() ? piece : std::span(slot(to_post.index()), piece.size()), previous,
                   to_post.carries());
      to_post.advance();
    }
    // Segment i is own, or the one that arrived `own` segments before.
    const std::int64_t may_send = arriving.index() + std::min(own, kWindow);
    while (!to_send.at_end() && to_send.index() < may_send && flow.can_send()) {
      const auto is_there = [&] { return available(to_send.piece()); };
      co_await until(is_there);
      flow.send(to_send.piece(), next, to_send.carries());
      to_send.advance();
    }
    const bool waits_for_sends =
        (!to_send.at_end() && !flow.can_send()) || (!to_post.at_end() && flow.receiving() < kWindow);
    if (co_await flow.next(waits_for_sends) == Flow::Event::sent) continue;
    if (!arriving.gathers()) {
      const auto target = arriving.piece();
      const auto is_there = [&] { return available(target); };
      co_await until(is_there);
      reduce(target.data(), slot(arriving.index()), static_cast<std::int64_t>(target.size()) / width);
    }
    arriving.advance();
  }
}

}  // namespace

constinit const AllreduceAlgorithm ring_allreduce{
    .name = "ring",
    .summary = "reduce-scatter + allgather on a ring, in segments; best for large messages",
    .exact = true,
    .deterministic = false,
    .supports = supports_all,
    .cost_s = cost_s,
    .tuned = tuned,
    .sent = sent,
    .run = run,
    .streams = true,
    .carries = true,
};

}  // namespace pliant
