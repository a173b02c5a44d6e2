// oktopk (Li and Hoefler's Ok-Topk): the k largest elements of the sum of everybody's top-k.
//   P = 2, k = 2:  rank 0 has (1, a) (7, b), rank 1 has (3, c) (7, d); the index is split at 5
//     split:    rank 0 sums (1, a) (3, c), rank 1 sums (7, b + d)
//     gather:   the 2 largest of the three, say b + d at 7 and c at 3, on both
//     residual: rank 0 keeps a at 1, which it sent, but which was not chosen
//
// 1. Borders: all ranks learn the quantiles of one another's indices. Region r lies between their means, so
//    that about k entries belong to it. The paper computes the borders every 64 steps, and keeps them.
// 2. Split: a rank sends each other rank the entries of its region, the next rank's first, and adds what
//    comes for its own.
// 3. Sketch: all ranks learn a few keys of one another's sums. They derive a limit that k or little more
//    entries are not below (sketch.hpp). Keys contain the index, so that there are no ties.
// 4. Gather: every rank gets all entries of all regions that are not below the limit, and takes the k first
//    of them by one selection: exactly k, the same on all ranks. The paper estimates a threshold, and gets
//    about k. Bisection would find an exact threshold, too, but take as many rounds as a float has bits.
//
// P-1 messages and 3 allgathers of ceil(log2 P) rounds. Bytes per rank, i those of an index, m marks:
// - borders: 4(P-1)^2;
// - split: (4 + i)k(P-1)/P;
// - sketch: 8(m + 1)(P-1);
// - gather: (4 + i)(k + more)(P-1)/P, `more` being (P + 1)k/m at most.
// Together these are about 4k(P-1)/P elements. The paper's bound, if all regions have entries alike, is
// 6k(P-1)/P.
//
// Lossy. All ranks end with the same bits: each region is summed once, and decoded by all. Residual: all but
// the rank's own entries at chosen indices, so that what was sent in vain is sent again. Source: Li and
// Hoefler, "Near-optimal sparse allreduce for distributed deep learning", PPoPP 2022.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "collectives/exchange.hpp"
#include "collectives/sparse/messages.hpp"
#include "collectives/sparse/sketch.hpp"
#include "collectives/sparse/sparse.hpp"
#include "collectives/sparse/sparse_vector.hpp"
#include "compress/gaps.hpp"
#include "core/error.hpp"
#include "core/partition.hpp"
#include "kernels/long_vectors.hpp"

namespace pliant {
namespace {

/// Parts in flight in either direction: enough to keep the network busy. Ok-Topk has as many.
constexpr int kUnderWay = 4;

/// A part has to fit one message.
constexpr std::int64_t kMostKept = std::int64_t{1} << 26;

bool supports(const AllreduceShape& shape) {
  return supports_sparse(shape) && shape.kept > 0 && shape.kept <= kMostKept;
}

// ---- What it costs ----

std::int64_t quantile_bytes(const AllreduceShape& shape) {
  return (shape.ranks - 1) * static_cast<std::int64_t>(sizeof(std::uint32_t));
}

std::int64_t sketch_words(const AllreduceShape& shape) {
  return 1 + marks_for(shape.kept);
}

std::int64_t sketch_bytes(const AllreduceShape& shape) {
  return sketch_words(shape) * static_cast<std::int64_t>(sizeof(std::uint64_t));
}

/// Average number of entries of a region's sum once those of `merged` ranks are in it, for uniform
/// selections.
double mean_entries(const AllreduceShape& shape, int merged) {
  const double of_none =
      power(1 - static_cast<double>(shape.kept) / static_cast<double>(shape.count), merged);
  return static_cast<double>(shape.count) / shape.ranks * (1 - of_none);
}

/// Shape of an average message of a region with `kept` entries.
AllreduceShape region_shape(const AllreduceShape& shape, double kept) {
  AllreduceShape region = shape;
  region.count = (shape.count + shape.ranks - 1) / shape.ranks;
  region.kept = std::clamp<std::int64_t>(std::llround(kept), 0, region.count);
  region.value_codec = &float32_values;
  return region;
}

AllreduceShape part_shape(const AllreduceShape& shape) {
  return region_shape(shape, static_cast<double>(shape.kept) / shape.ranks);
}

/// Shape of a gathered message. On average half of the entries between two marks come along.
AllreduceShape gathered_shape(const AllreduceShape& shape) {
  const double entries = std::min(static_cast<double>(shape.kept), mean_entries(shape, shape.ranks));
  const double along = entries / static_cast<double>(marks_for(shape.kept)) / 2;
  return region_shape(shape, std::min(entries, static_cast<double>(shape.kept) / shape.ranks + along));
}

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  AllreduceShape coded = shape;
  coded.index_codec = &index_codec_for(shape, model);
  const MessageCost part = message_cost(part_shape(coded), model, true);
  const MessageCost gathered = message_cost(gathered_shape(coded), model, true);
  const auto small_s = [&](std::int64_t bytes) { return allgather_s(shape.ranks, bytes, model.link); };
  const double split_s =
      latency_s(part.bytes, model.link) + std::max(0, shape.ranks - 2) * occupancy_s(part.bytes, model.link);
  double pairs = 2 * static_cast<double>(shape.kept);  // scatter, take
  for (int merged = 2; merged <= shape.ranks; ++merged) pairs += mean_entries(shape, merged);
  pairs += mean_entries(shape, shape.ranks) * binomial::rounds(static_cast<int>(marks_for(shape.kept)));
  const double chosen_from = static_cast<double>(gathered_shape(shape).kept) * shape.ranks;
  const double compute_s =
      (static_cast<double>(shape.count) + chosen_from) * model.compute.select_s_per_element +
      static_cast<double>(shape.count) * model.compute.apply_s_per_element +
      pairs * model.compute.pair_s_per_element + 2 * (shape.ranks - 1) * part.codec_s +
      (shape.ranks + 1) * gathered.codec_s;
  return small_s(quantile_bytes(shape)) + split_s + small_s(sketch_bytes(shape)) +
         allgather_by_doubling_s(shape, model, gathered.bytes) + compute_s;
}

Traffic sent(const AllreduceShape& shape, int) {
  const std::int64_t others = shape.ranks - 1;
  const Traffic split{others, others * predicted_bytes(part_shape(shape), true)};
  AllreduceShape doubling = shape;
  doubling.route = Route::doubling;
  return allgather_sent(shape, quantile_bytes(shape)) + split + allgather_sent(shape, sketch_bytes(shape)) +
         allgather_messages_sent(doubling, predicted_bytes(gathered_shape(shape), true));
}

/// [byte] Upper bound: all entries are in one region, and as many as possible come along.
std::int64_t most_bytes(const AllreduceShape& shape, int) {
  constexpr std::int64_t kEntryBytes = 8;
  const std::int64_t between_marks = (shape.kept + marks_for(shape.kept) - 1) / marks_for(shape.kept);
  const std::int64_t gathered = std::min(shape.count, shape.kept + (shape.ranks + 1) * between_marks);
  std::int64_t bytes =
      allgather_sent(shape, quantile_bytes(shape)).bytes + allgather_sent(shape, sketch_bytes(shape)).bytes;
  if (shape.ranks > 1) bytes += (shape.ranks - 1) * kHeaderBytes + shape.kept * kEntryBytes;
  for (int held = 1; held < shape.ranks; held *= 2) {
    const std::int64_t moved = std::min(held, shape.ranks - held);
    bytes += moved * kHeaderBytes + std::min(moved * shape.kept, gathered) * kEntryBytes;
  }
  return bytes;
}

// ---- How it runs ----

/// Memory of the call: as much as the shape may need, whatever the data.
struct Rooms {
  std::int64_t* borders;  ///< [P + 1] region r: borders[r] .. borders[r + 1]
  SparseVector sum;       ///< of this rank's region, indices from its border on; then of all
  SparseVector spare;     ///< as large
  SparseVector part;      ///< [kept] of one rank's region
  std::byte* messages;    ///< [2 kUnderWay][message_bytes]
  std::int64_t message_bytes;

  Range region(int rank) const { return {borders[rank], borders[rank + 1] - borders[rank]}; }
  std::span<std::byte> message(int slot) const {
    const std::int64_t longest = std::min(message_bytes, Communicator::kPieceBytes);
    return {messages + slot * message_bytes, static_cast<std::size_t>(longest)};
  }
};

Rooms make_rooms(AllreduceCall& call) {
  const AllreduceShape& shape = call.shape;
  const std::int64_t most = std::min(shape.count, shape.ranks * shape.kept);
  auto* indices = call.workspace.indices.of<std::uint32_t>(2 * most + shape.kept);
  auto* values = call.workspace.sums.of<float>(2 * most + shape.kept);
  const std::int64_t bytes = max_message_bytes_up_to(wire_shape(shape), *shape.index_codec);
  return {.borders = call.workspace.borders.of<std::int64_t>(shape.ranks + 1),
          .sum = {indices, values},
          .spare = {indices + most, values + most},
          .part = {indices + 2 * most, values + 2 * most},
          .messages = call.workspace.messages.of<std::byte>(std::int64_t{2} * kUnderWay * bytes),
          .message_bytes = bytes};
}

/// Agrees on the regions.
Task place_borders(AllreduceCall& call, Rooms& rooms) {
  const int ranks = call.comm.ranks();
  auto* const quantiles = call.workspace.scores.of<std::uint32_t>(std::int64_t{ranks} * (ranks - 1));
  for (int j = 1; j < ranks; ++j) quantiles[j - 1] = call.own.indices[j * call.shape.kept / ranks];
  co_await allgather(call, reinterpret_cast<std::byte*>(quantiles), quantile_bytes(call.shape),
                     call.telemetry);
  call.telemetry = nullptr;  // all ranks have all records
  rooms.borders[0] = 0;
  for (int j = 1; j < ranks; ++j) {
    std::int64_t sum = 0;
    for (int block = 0; block < ranks; ++block) sum += quantiles[block * (ranks - 1) + j - 1];
    // Quantiles from this program ascend below count; others are clamped.
    rooms.borders[j] = std::clamp(sum / ranks, rooms.borders[j - 1], call.shape.count);
  }
  rooms.borders[ranks] = call.shape.count;
}

/// Copies this rank's entries in a region to `room`, with indices counted from its border.
SparseVector own_part(const AllreduceCall& call, const Range& region, SparseVector room) {
  const SparseVector own{call.own.indices, call.own.values, call.shape.kept};
  const std::int64_t begin = own.below(region.begin);
  room.kept = own.below(region.begin + region.count) - begin;
  std::copy_n(own.indices + begin, room.kept, room.indices);
  std::copy_n(own.values + begin, room.kept, room.values);
  shift_indices(room, -region.begin);
  return room;
}

std::span<const std::byte> encode_part(AllreduceCall& call, const Rooms& rooms, int to, int slot) {
  const CompressTimer timer(call.outcome.compress_s);
  const Range region = rooms.region(to);
  const SparseVector part = own_part(call, region, rooms.part);
  const std::span<std::byte> out = rooms.message(slot);
  const std::int64_t bytes = encode_message({region.count, part.kept}, *call.shape.index_codec,
                                            &float32_values, {part.indices, part.values}, out.data());
  return out.first(static_cast<std::size_t>(bytes));
}

WireShape most_of(const AllreduceCall& call, const Range& region) {
  return {region.count, std::min(region.count, call.shape.kept)};
}

void add_part(AllreduceCall& call, Rooms& rooms, std::span<const std::byte> message, int from) {
  const CompressTimer timer(call.outcome.compress_s);
  const Expected expected{most_of(call, rooms.region(call.comm.rank())), true, from, Keeps::at_most};
  rooms.part.kept = decode_message(message, expected, rooms.part.indices, rooms.part.values).kept;
  const SparseVector joined = merge_add(rooms.sum, rooms.part, rooms.spare);
  rooms.spare = rooms.sum;
  rooms.sum = joined;
}

/// rooms.sum becomes the sum of all ranks' entries in this rank's region.
Task split_and_reduce(AllreduceCall& call, Rooms& rooms) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  const int others = ranks - 1;
  rooms.sum = own_part(call, rooms.region(rank), rooms.sum);
  Flow flow(call.comm, call.tag);
  int posted = 0;
  int sent = 0;
  while (flow.received() < others || flow.sent() < others) {
    for (; posted < others && flow.receiving() < kUnderWay; ++posted)
      flow.receive_up_to(rooms.message(posted % kUnderWay), (rank + ranks - 1 - posted) % ranks);
    for (; sent < others && flow.sending() < kUnderWay; ++sent) {
      const int to = (rank + 1 + sent) % ranks;
      flow.send(encode_part(call, rooms, to, kUnderWay + sent % kUnderWay), to);
    }
    if (co_await flow.next(sent < others) == Flow::Event::sent) continue;
    const int arrived = static_cast<int>(flow.received()) - 1;
    add_part(call, rooms, rooms.message(arrived % kUnderWay).first(flow.received_bytes()),
             (rank + ranks - 1 - arrived) % ranks);
  }
}

/// Sketch of this rank's sum. Entries beyond its own k first cannot be among those of all.
void draw_own_sketch(AllreduceCall& call, const Rooms& rooms, Sketch sketch) {
  const CompressTimer timer(call.outcome.compress_s);
  const SparseVector& sum = rooms.sum;
  const auto begin = static_cast<std::uint32_t>(rooms.region(call.comm.rank()).begin);
  const std::int64_t most = std::min(call.shape.count, call.shape.ranks * call.shape.kept);
  std::span keys(call.workspace.messages.of<std::uint64_t>(most), static_cast<std::size_t>(sum.kept));
  for (std::int64_t i = 0; i < sum.kept; ++i)
    keys[static_cast<std::size_t>(i)] = order_key(begin + sum.indices[i], sum.values[i]);
  if (sum.kept > call.shape.kept) {
    std::nth_element(keys.begin(), keys.begin() + call.shape.kept, keys.end(), std::greater<>());
    keys = keys.first(static_cast<std::size_t>(call.shape.kept));
  }
  draw_sketch(keys, sketch);
}

/// Keeps in rooms.sum only what is not below the limit.
void drop_below(AllreduceCall& call, Rooms& rooms, std::uint64_t limit) {
  SparseVector& sum = rooms.sum;
  const auto begin = static_cast<std::uint32_t>(rooms.region(call.comm.rank()).begin);
  std::int64_t left = 0;
  for (std::int64_t i = 0; i < sum.kept; ++i) {
    if (order_key(begin + sum.indices[i], sum.values[i]) < limit) continue;
    sum.indices[left] = sum.indices[i];
    sum.values[left++] = sum.values[i];
  }
  sum.kept = left;
}

/// Keeps in rooms.sum only what may be among the k largest of all.
Task drop_hopeless(AllreduceCall& call, Rooms& rooms) {
  const std::int64_t marks = marks_for(call.shape.kept);
  const std::int64_t words = call.comm.ranks() * sketch_words(call.shape);
  auto* const sketches = call.workspace.scores.of<std::uint64_t>(words);
  draw_own_sketch(call, rooms, Sketch(sketches, static_cast<std::size_t>(sketch_words(call.shape))));
  co_await allgather(call, reinterpret_cast<std::byte*>(sketches), sketch_bytes(call.shape));
  const CompressTimer timer(call.outcome.compress_s);
  const std::int64_t all_marks = call.comm.ranks() * marks;
  const std::span scratch(call.workspace.receive.of<Mark>(all_marks), static_cast<std::size_t>(all_marks));
  const std::span<const std::uint64_t> all(sketches, static_cast<std::size_t>(words));
  drop_below(call, rooms, limit_of(all, marks, call.shape.kept, scratch));
}

/// rooms.sum becomes the remaining entries of all ranks. Collective.
Task gather(AllreduceCall& call, Rooms& rooms) {
  begin_messages(call, rooms.message_bytes);
  const WireShape own{rooms.region(call.comm.rank()).count, rooms.sum.kept};
  add_message(call, own, &float32_values, {rooms.sum.indices, rooms.sum.values});
  co_await allgather_messages(call, 1);
  const CompressTimer timer(call.outcome.compress_s);
  rooms.sum.kept = 0;
  for (int of = 0; of < call.comm.ranks(); ++of) {
    const Range region = rooms.region(of);
    SparseVector entries = rooms.sum.from(rooms.sum.kept);
    const Expected expected{most_of(call, region), true, of, Keeps::at_most};
    entries.kept = decode_message(message_of(call, of), expected, entries.indices, entries.values).kept;
    shift_indices(entries, region.begin);
    rooms.sum.kept += entries.kept;
  }
}

/// Selects the k largest of rooms.sum, which keeps their indices; returns their values. Throws Error(other)
/// if there are fewer than k.
const float* choose(AllreduceCall& call, Rooms& rooms) {
  SparseVector& sum = rooms.sum;
  if (sum.kept < call.shape.kept)
    throw Error(ErrorClass::other, "the sums of all ranks have elements: " + std::to_string(sum.kept),
                "must be at least k = " + std::to_string(call.shape.kept),
                "Another program sent some, or the ranks run different versions: start all ranks alike");
  SelectCall<float> select{.residual = sum.values, .count = sum.kept, .kept = call.shape.kept, .take = false};
  call.kernels.select_float(select, call.workspace.choice);
  for (std::int64_t i = 0; i < call.shape.kept; ++i) sum.indices[i] = sum.indices[select.indices[i]];
  sum.kept = call.shape.kept;
  return select.values;
}

/// Takes this rank's entries at the chosen indices out of its residual.
void take_chosen(AllreduceCall& call, const Rooms& rooms) {
  const std::span chosen(rooms.sum.indices, static_cast<std::size_t>(rooms.sum.kept));
  const std::span own(call.own.indices, static_cast<std::size_t>(call.shape.kept));
  const std::uint32_t* const taken_end =
      std::set_intersection(chosen.begin(), chosen.end(), own.begin(), own.end(), rooms.part.indices);
  Selection& told = call.outcome.selection;
  const double total_squared = told.total_squared;
  told = take_sent(call, rooms.part.indices, taken_end - rooms.part.indices, rooms.part.values);
  call.taken = {};
  told.total_squared = total_squared;
}

Task run(AllreduceCall& call) {
  call.shape.route = Route::doubling;  // around the ring, the number of messages would depend on the data
  Rooms rooms = make_rooms(call);
  {
    const CompressTimer timer(call.outcome.compress_s);
    select_own(call, Picks::leave);
  }
  co_await place_borders(call, rooms);
  co_await split_and_reduce(call, rooms);
  co_await drop_hopeless(call, rooms);
  co_await gather(call, rooms);
  const CompressTimer timer(call.outcome.compress_s);
  const float* const values = choose(call, rooms);
  clear_result(call);
  scatter_add(call.kernels, reinterpret_cast<float*>(call.data), rooms.sum.indices, values, rooms.sum.kept,
              call.workspace.select);
  take_chosen(call, rooms);
}

}  // namespace

constinit const AllreduceAlgorithm oktopk_allreduce{
    .name = "oktopk",
    .summary = "the k largest of the sum of every rank's top-k; bytes hardly grow with P",
    .exact = false,
    .deterministic = false,
    .supports = supports,
    .cost_s = cost_s,
    .tuned = nullptr,
    .sent = sent,
    .run = run,
    .carries = true,
    .most_bytes = most_bytes,
    .rule = SelectionRule::sum,
    .reach = Reach::any,
};

}  // namespace pliant
