#include "collectives/exchange.hpp"

#include <algorithm>
#include <cstring>

#include "collectives/topology/binomial.hpp"
#include "core/total_order.hpp"

namespace pliant {

Task exchange(AllreduceCall& call, Pieces out, Pieces in, Partners partners, Arrival arrival,
              Telemetry* telemetry) {
  const std::int64_t to_send = partners.to == MPI_PROC_NULL ? 0 : out.count();
  const std::int64_t to_receive = partners.from == MPI_PROC_NULL ? 0 : in.count();
  const bool reduces = arrival == Arrival::reduce;
  const std::int64_t slot_bytes = in.longest();
  std::byte* const slots =
      reduces
          ? call.workspace.receive.of<std::byte>(slot_bytes * std::min<std::int64_t>(Flow::kMost, to_receive))
          : nullptr;
  const ReduceFunction reduce = call.kernels.reduction(call.shape.type, call.op);
  const auto room = [&](std::int64_t i) {
    const auto piece = in.at(i);
    return reduces ? std::span(slots + i % Flow::kMost * slot_bytes, piece.size()) : piece;
  };

  Flow flow(call.comm, call.tag, telemetry);
  std::int64_t sent = 0;
  std::int64_t posted = 0;
  while (flow.received() < to_receive || flow.sent() < to_send) {
    for (; posted < to_receive && flow.can_receive(); ++posted)
      flow.receive(room(posted), partners.from, posted == 0);
    for (; sent < to_send && flow.can_send(); ++sent) flow.send(out.at(sent), partners.to, sent == 0);
    if (co_await flow.next(sent < to_send) == Flow::Event::sent || !reduces) continue;
    const std::int64_t arrived = flow.received() - 1;
    const auto target = in.at(arrived);
    reduce(target.data(), room(arrived).data(),
           static_cast<std::int64_t>(target.size()) / element_bytes(call.shape.type));
  }
}

// A piece shorter than kPieceBytes, empty if need be, is the last: no length has to travel first.
Task exchange_some(AllreduceCall& call, std::span<const std::byte> out, std::span<std::byte> room,
                   Partners partners, std::size_t& received, Telemetry* telemetry) {
  constexpr auto kPiece = static_cast<std::size_t>(Communicator::kPieceBytes);
  Flow flow(call.comm, call.tag, telemetry);
  std::size_t sent = 0;
  received = 0;
  bool sends = partners.to != MPI_PROC_NULL;
  bool receives = partners.from != MPI_PROC_NULL;
  while (sends || receives || flow.sending() > 0) {
    if (receives && flow.receiving() == 0)
      flow.receive_up_to(room.subspan(received, std::min(kPiece, room.size() - received)), partners.from,
                         received == 0);
    for (; sends && flow.can_send(); sent += kPiece) {
      const auto piece = out.subspan(sent, std::min(kPiece, out.size() - sent));
      flow.send(piece, partners.to, sent == 0);
      sends = piece.size() == kPiece;
    }
    if (co_await flow.next(sends) == Flow::Event::sent) continue;
    received += flow.received_bytes();
    receives = flow.received_bytes() == kPiece;
  }
}

Task broadcast(AllreduceCall& call, std::span<std::byte> bytes, int root, Telemetry* telemetry) {
  const int ranks = call.comm.ranks();
  const int v = binomial::relative(call.comm.rank(), root, ranks);
  const Pieces pieces(call.shape.segment_bytes, bytes);
  if (v != 0) {
    const Partners from_parent{MPI_PROC_NULL, binomial::absolute(binomial::parent(v), root, ranks)};
    co_await exchange(call, pieces, pieces, from_parent, Arrival::place, telemetry);
  }
  for (int step = binomial::step_limit(v, ranks) / 2; step > 0; step /= 2) {
    if (v + step >= ranks) continue;
    const Partners to_child{binomial::absolute(v + step, root, ranks), MPI_PROC_NULL};
    co_await exchange(call, pieces, pieces, to_child, Arrival::place, telemetry);
  }
}

Traffic broadcast_sent(const AllreduceShape& shape, std::int64_t bytes, int rank, int root) {
  const int v = binomial::relative(rank, root, shape.ranks);
  std::int64_t children = 0;
  for (int step = binomial::step_limit(v, shape.ranks) / 2; step > 0; step /= 2)
    if (v + step < shape.ranks) ++children;
  return {children * segments_of(bytes, shape.segment_bytes), children * bytes};
}

// Bruck's allgather: in round i a rank passes on its first 2^i blocks to the rank 2^i below it.
//   P = 3, blocks 0 1 2 (rank 0 | 1 | 2):   start 0 | 1 | 2    round 1: 01 | 12 | 20    round 2: 012 | 120 | 201
// Source: Bruck et al., IEEE TPDS 8(11), 1997.
Task allgather(AllreduceCall& call, std::byte* blocks, std::int64_t block_bytes, Telemetry* telemetry) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  const auto part = [&](int first, int count) {
    return Pieces(call.shape.segment_bytes,
                  {blocks + first * block_bytes, static_cast<std::size_t>(count * block_bytes)});
  };
  for (int held = 1; held < ranks; held *= 2) {
    const int moved = std::min(held, ranks - held);
    const Partners partners{(rank - held + ranks) % ranks, (rank + held) % ranks};
    co_await exchange(call, part(0, moved), part(held, moved), partners, Arrival::place, telemetry);
  }
}

Traffic allgather_sent(const AllreduceShape& shape, std::int64_t block_bytes) {
  Traffic sent;
  for (int held = 1; held < shape.ranks; held *= 2) {
    const std::int64_t bytes = std::min(held, shape.ranks - held) * block_bytes;
    sent.messages += segments_of(bytes, shape.segment_bytes);
    sent.bytes += bytes;
  }
  return sent;
}

Task agree_max(AllreduceCall& call, std::span<double> values) {
  const auto block_bytes = static_cast<std::int64_t>(values.size_bytes());
  std::byte* const blocks = call.workspace.scores.of<std::byte>(call.comm.ranks() * block_bytes);
  std::memcpy(blocks, values.data(), values.size_bytes());
  co_await allgather(call, blocks, block_bytes);
  for (double& value : values) value = later_in_order(value, value);  // every NaN is one value
  for (int of = 1; of < call.comm.ranks(); ++of) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      double other = 0;
      std::memcpy(&other, blocks + of * block_bytes + static_cast<std::int64_t>(i * sizeof other),
                  sizeof other);
      values[i] = later_in_order(values[i], other);
    }
  }
}

double agreed_from(AllreduceCall& call, int of, std::size_t i, std::size_t values) {
  const int block = block_of(of, call.comm.rank(), call.comm.ranks());
  const auto length = static_cast<std::int64_t>(values * sizeof(double));
  double value = 0;
  std::memcpy(&value,
              call.workspace.scores.of<std::byte>(call.comm.ranks() * length) + block * length +
                  static_cast<std::int64_t>(i * sizeof value),
              sizeof value);
  return value;
}

}  // namespace pliant
