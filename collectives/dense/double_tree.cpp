// Double binary tree. Each half of the elements is reduced up one of two trees and broadcast down it again,
// in segments. All four streams run at the same time.
//   P = 4:   0        3       first half: 1 and 3 send to 2, 2 to 0, and back
//            2        1       second half: 2 and 0 send to 1, 1 to 3, and back
//           1 3      2 0
//
// Hops 2 ceil(log2 P) for the first segment, the others right behind it. Bytes sent per rank at most 2n: as
// an inner node of one tree (n/2 up, n down) and a leaf of the other (n/2 up). Exact. All ranks end with the
// same bits: the root's sum. Source: Sanders, Speck and Traeff, Parallel Computing 35(12), 2009.
#include <algorithm>
#include <cmath>

#include "collectives/dense/dense.hpp"
#include "collectives/exchange.hpp"
#include "collectives/topology/double_tree.hpp"
#include "core/partition.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kWindow = 8;  ///< segments in flight, each way and stream
constexpr int kTrees = 2;

double with_segment_s(const AllreduceShape& shape, const CostModel& model, std::int64_t segment_bytes) {
  const double half = static_cast<double>(shape.bytes()) / kTrees;
  const double segment = std::min(half, static_cast<double>(segment_bytes));
  const double segments = std::max(1.0, std::ceil(half / static_cast<double>(segment_bytes)));
  const double streams = shape.ranks == 2 ? 2 : 4;  // of n/2 each, that the busiest rank sends
  const double first_s = 2 * double_tree::depth(shape.ranks) *
                         (latency_s(segment, model.link) + segment * model.compute.gamma_s_per_byte);
  const double rest = (segments - 1) / segments;
  return first_s + rest * streams * busy_s(half, static_cast<double>(segment_bytes), model.link) +
         rest * 3 * half * model.compute.gamma_s_per_byte;
}

SegmentChoice choose(const AllreduceShape& shape, const CostModel& model) {
  return best_segment(shape.bytes() / kTrees, [&](std::int64_t segment_bytes) {
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
  for (int tree = 0; tree < kTrees; ++tree) {
    const double_tree::Node node = double_tree::node_of(tree, rank, shape.ranks);
    const int messages = node.child_count + (node.parent >= 0 ? 1 : 0);
    const std::int64_t bytes = chunk_of(shape.count, kTrees, tree).count * element_bytes(shape.type);
    total.messages += messages * segments_of(bytes, shape.segment_bytes);
    total.bytes += messages * bytes;
  }
  return total;
}

/// One tree, as one rank sees it.
struct Branch {
  double_tree::Node node;
  Pieces pieces;
  std::byte* slots = nullptr;      ///< [kWindow] of the longest piece
  int tag = 0;                     ///< of messages that go up; those that go down have the next one
  Telemetry* telemetry = nullptr;  ///< one tree carries it
  std::int64_t free = 0;           ///< segments that may come down: at the root summed, elsewhere sent up
};

Task reduce_up(AllreduceCall& call, Branch& branch) {
  const double_tree::Node& node = branch.node;
  const std::int64_t width = element_bytes(call.shape.type);
  const std::int64_t segments = branch.pieces.count();
  const std::int64_t arrivals = segments * node.child_count;
  const std::int64_t sends = node.parent >= 0 ? segments : 0;
  const ReduceFunction reduce = call.kernels.reduction(call.shape.type, call.op);
  // Children take turns: child i mod child_count brings segment i / child_count.
  const auto piece_of = [&](std::int64_t i) { return branch.pieces.at(i / node.child_count); };
  const auto slot = [&](std::int64_t i) { return branch.slots + i % kWindow * branch.pieces.longest(); };

  Flow flow(call.comm, call.tag + branch.tag, branch.telemetry);
  std::int64_t posted = 0;
  std::int64_t sent = 0;
  while (flow.received() < arrivals || flow.sent() < sends) {
    for (; posted < arrivals && flow.receiving() < kWindow; ++posted)
      flow.receive({slot(posted), piece_of(posted).size()},
                   node.children[static_cast<std::size_t>(posted % node.child_count)],
                   posted < node.child_count);
    const std::int64_t summed = node.child_count == 0 ? segments : flow.received() / node.child_count;
    for (; sent < std::min(summed, sends) && flow.can_send(); ++sent)
      flow.send(branch.pieces.at(sent), node.parent, sent == 0);
    if (co_await flow.next(flow.sending() > 0) == Flow::Event::sent) {
      branch.free = flow.sent();
      continue;
    }
    const std::int64_t arrived = flow.received() - 1;
    const auto target = piece_of(arrived);
    reduce(target.data(), slot(arrived), static_cast<std::int64_t>(target.size()) / width);
    if (sends == 0) branch.free = flow.received() / node.child_count;
  }
}

Task send_down(AllreduceCall& call, Branch& branch) {
  const double_tree::Node& node = branch.node;
  const std::int64_t segments = branch.pieces.count();
  const bool root = node.parent < 0;
  Flow flow(call.comm, call.tag + branch.tag + 1, branch.telemetry);
  std::int64_t posted = 0;
  std::int64_t passed_on = 0;
  const auto may_go_on = [&] { return branch.free > posted; };
  while (passed_on < segments || flow.sending() > 0) {
    if (root) posted = branch.free;
    for (; !root && posted < branch.free && flow.receiving() < kWindow; ++posted)
      flow.receive(branch.pieces.at(posted), node.parent, posted == 0);
    const std::int64_t complete = root ? branch.free : flow.received();
    for (; passed_on < complete && flow.sending() + node.child_count <= Flow::kMost; ++passed_on)
      for (int i = 0; i < node.child_count; ++i)
        flow.send(branch.pieces.at(passed_on), node.children[static_cast<std::size_t>(i)], passed_on == 0);
    if (flow.receiving() + flow.sending() > 0) {
      co_await flow.next(true);
    } else if (passed_on < segments) {
      co_await until(may_go_on);
    }
  }
}

Task run(AllreduceCall& call) {
  if (call.comm.ranks() == 1) co_return;
  std::array<Branch, kTrees> branches;
  std::int64_t slots_bytes = 0;
  for (int tree = 0; tree < kTrees; ++tree) {
    const Range half = chunk_of(call.shape.count, kTrees, tree);
    const Pieces pieces(call.shape.segment_bytes,
                        elements(call.data, half.begin, half.count, call.shape.type));
    branches[static_cast<std::size_t>(tree)] = {
        double_tree::node_of(tree, call.comm.rank(), call.comm.ranks()), pieces, nullptr, 2 * tree,
        tree == 0 ? call.telemetry : nullptr};
    slots_bytes = std::max(slots_bytes, kWindow * pieces.longest());
  }
  std::byte* const slots = call.workspace.receive.of<std::byte>(kTrees * slots_bytes);
  for (int tree = 0; tree < kTrees; ++tree)
    branches[static_cast<std::size_t>(tree)].slots = slots + tree * slots_bytes;
  co_await together(call, together(call, reduce_up(call, branches[0]), send_down(call, branches[0])),
                    together(call, reduce_up(call, branches[1]), send_down(call, branches[1])));
}

}  // namespace

constinit const AllreduceAlgorithm double_tree_allreduce{
    .name = "double_tree",
    .summary = "two binary trees, half the elements each, in segments; few hops and nearly full bandwidth",
    .exact = true,
    .deterministic = false,
    .supports = supports_all,
    .cost_s = cost_s,
    .tuned = tuned,
    .sent = sent,
    .run = run,
    .carries = true,
    .ends_apart = true,
};

}  // namespace pliant
