// Every rank's coded messages to every rank.
#include <algorithm>
#include <cmath>
#include <string>

#include "collectives/exchange.hpp"
#include "collectives/sparse/messages.hpp"
#include "collectives/sparse/sparse.hpp"
#include "collectives/topology/ring.hpp"
#include "core/error.hpp"

namespace pliant {
namespace {

[[noreturn]] void refuse(const std::string& problem, const std::string& rule) {
  throw Error(ErrorClass::other, problem, rule,
              "Another program sent it, or the ranks run different versions: start all ranks alike");
}

Pieces pieces(const AllreduceCall& call, std::span<std::byte> message) {
  return {call.shape.segment_bytes, message};
}

/// Position of a rank's messages in the list: own ones first, then in order of arrival.
int place_of(const AllreduceCall& call, int rank) {
  const int ranks = call.comm.ranks();
  return call.shape.route == Route::doubling ? block_of(rank, call.comm.rank(), ranks)
                                             : block_of(call.comm.rank(), rank, ranks);
}

/// Bruck's allgather. Blocks lie one behind the other; the headers in them say where they end.
Task by_doubling(AllreduceCall& call, int per_rank) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  std::vector<std::span<std::byte>>& list = call.workspace.message_list;
  std::byte* const begin = list.front().data();
  const auto behind = [](const std::span<std::byte>& message) { return message.data() + message.size(); };
  for (int held = 1; held < ranks; held *= 2) {
    const int moved = std::min(held, ranks - held);
    const Partners partners{(rank - held + ranks) % ranks, (rank + held) % ranks};
    const std::byte* const sent_end = behind(list[static_cast<std::size_t>(moved * per_rank) - 1]);
    std::span<std::byte> rest(behind(list.back()),
                              static_cast<std::size_t>(moved * call.workspace.message_scratch));
    std::size_t received = 0;
    co_await exchange_some(call, {begin, sent_end}, rest, partners, received, call.telemetry);
    rest = rest.first(received);
    for (int i = 0; i < moved * per_rank; ++i) {
      const std::int64_t length = message_bytes(rest, (partners.from + i / per_rank) % ranks);
      list.push_back(rest.first(static_cast<std::size_t>(length)));
      rest = rest.subspan(static_cast<std::size_t>(length));
    }
    if (!rest.empty())
      refuse(std::to_string(rest.size()) + " bytes stand behind the messages that rank " +
                 std::to_string(partners.from) + " sent",
             "it sends " + std::to_string(moved * per_rank) + " and no more");
  }
}

/// Messages around the ring, each in segments, which are passed on as they come. The first segment of a
/// message tells how many there are. Messages of one rank lie one behind the other, those of the next at a
/// fixed distance.
Task by_neighbours(AllreduceCall& call, int per_rank) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  const int previous = ring::previous(rank, ranks);
  const std::int64_t room = call.workspace.message_scratch;
  std::vector<std::span<std::byte>>& list = call.workspace.message_list;
  std::byte* const begin = list.front().data();
  const auto segments = [&](int message) {
    return pieces(call, list[static_cast<std::size_t>(message)]).count();
  };
  /// The beginning of a message. Earlier messages of the same rank must have arrived.
  const auto place = [&](int message) {
    return message % per_rank == 0 ? begin + message / per_rank * room
                                   : list.back().data() + list.back().size();
  };
  const auto room_behind = [&](int message) {
    return begin + (message / per_rank + 1) * room - place(message);
  };

  Flow flow(call.comm, call.tag, call.telemetry);
  const int all = ranks * per_rank;
  const int passed_on = all - per_rank;
  int arriving = per_rank;  // message; its segments:
  std::int64_t posted = 0;
  std::int64_t arrived = 0;
  int leaving = 0;
  std::int64_t sent = 0;
  while (arriving < all || leaving < passed_on || flow.sending() > 0) {
    if (arriving < all && posted == 0) {
      const std::span<std::byte> most(place(arriving), static_cast<std::size_t>(room_behind(arriving)));
      flow.receive_up_to(pieces(call, most).at(posted++), previous, arriving % per_rank == 0);
    }
    while (arrived > 0 && posted < segments(arriving) && flow.can_receive())
      flow.receive_up_to(pieces(call, list.back()).at(posted++), previous);
    while (leaving < passed_on && flow.can_send() && (leaving < arriving || sent < arrived)) {
      const bool carries = leaving % per_rank == 0 && sent == 0;
      flow.send(pieces(call, list[static_cast<std::size_t>(leaving)]).at(sent++), ring::next(rank, ranks),
                carries);
      if (sent < segments(leaving)) continue;
      ++leaving;
      sent = 0;
    }
    if (co_await flow.next(!flow.can_send()) == Flow::Event::sent) continue;
    if (arrived == 0) {
      std::byte* const message = place(arriving);
      const int sender = (rank - arriving / per_rank + ranks) % ranks;
      const std::int64_t length =
          announced_bytes({message, flow.received_bytes()}, room_behind(arriving), sender);
      list.emplace_back(message, static_cast<std::size_t>(length));
    }
    const std::size_t expected = pieces(call, list.back()).at(arrived).size();
    if (flow.received_bytes() != expected)
      refuse("rank " + std::to_string(previous) + " sent " + std::to_string(flow.received_bytes()) +
                 " bytes of a message",
             "this segment has " + std::to_string(expected));
    if (++arrived < segments(arriving)) continue;
    ++arriving;
    posted = arrived = 0;
  }
}

/// A step lasts until a block has passed, or until its first segment can be passed on, whichever is longer.
double by_neighbours_s(const AllreduceShape& shape, const LinkModel& link, double bytes,
                       std::int64_t segment_bytes) {
  const double segment = std::min(bytes, static_cast<double>(segment_bytes));
  const double block_s = busy_s(bytes, static_cast<double>(segment_bytes), link);
  return (shape.ranks - 2) * std::max(block_s, latency_s(segment, link)) + block_s + link.alpha_s;
}

SegmentChoice choose_segment(const AllreduceShape& shape, const LinkModel& link, double bytes) {
  return best_segment(static_cast<std::int64_t>(bytes), [&](std::int64_t segment_bytes) {
    return by_neighbours_s(shape, link, bytes, segment_bytes);
  });
}

}  // namespace

void begin_messages(AllreduceCall& call, std::int64_t most) {
  call.workspace.message_scratch = most;
  call.workspace.message_list.clear();
  call.workspace.messages.of<std::byte>(call.comm.ranks() * most);
}

std::byte* next_message(AllreduceCall& call) {
  const std::vector<std::span<std::byte>>& list = call.workspace.message_list;
  return list.empty() ? call.workspace.messages.of<std::byte>(1) : list.back().data() + list.back().size();
}

void add_encoded(AllreduceCall& call, std::int64_t bytes) {
  call.workspace.message_list.emplace_back(next_message(call), static_cast<std::size_t>(bytes));
}

void add_message(AllreduceCall& call, WireShape shape, const ValueCodec* value_codec, Kept kept) {
  const CompressTimer timer(call.outcome.compress_s);
  add_encoded(call, encode_message(shape, *call.shape.index_codec, value_codec, kept, next_message(call)));
}

Task allgather_messages(AllreduceCall& call, int per_rank) {
  if (call.comm.ranks() == 1) co_return;
  if (call.shape.route == Route::doubling) {
    co_await by_doubling(call, per_rank);
  } else {
    co_await by_neighbours(call, per_rank);
  }
}

std::span<const std::byte> message_of(const AllreduceCall& call, int rank, int per_rank, int which) {
  const int place = place_of(call, rank) * per_rank + which;
  return call.workspace.message_list[static_cast<std::size_t>(place)];
}

double allgather_by_doubling_s(const AllreduceShape& shape, const CostModel& model, double bytes) {
  double total_s = 0;
  for (int held = 1; held < shape.ranks; held *= 2)
    total_s += latency_s(bytes * std::min(held, shape.ranks - held), model.link);
  const auto allreduced = static_cast<std::int64_t>(shape.ranks * bytes / 2);  // of n, 2 (P-1)/P n are sent
  return total_s * std::max(1.0, model.rabenseifner.at(allreduced));
}

Tuning tuned_allgather(const AllreduceShape& shape, const CostModel& model, double bytes) {
  const SegmentChoice neighbours = choose_segment(shape, model.link, bytes);
  const bool around = neighbours.s < allgather_by_doubling_s(shape, model, bytes);
  return {.segment_bytes = neighbours.bytes, .route = around ? Route::neighbours : Route::doubling};
}

double allgather_messages_s(const AllreduceShape& shape, const CostModel& model, double bytes) {
  if (shape.ranks == 1) return 0;
  return std::min(choose_segment(shape, model.link, bytes).s, allgather_by_doubling_s(shape, model, bytes));
}

Traffic allgather_messages_sent(const AllreduceShape& shape, std::int64_t bytes) {
  if (shape.ranks == 1) return {};
  const std::int64_t others = shape.ranks - 1;
  if (shape.route == Route::doubling) return {binomial::rounds(shape.ranks), others * bytes};
  return {others * segments_of(bytes, shape.segment_bytes), others * bytes};
}

}  // namespace pliant
