#include "nccl_collective.hpp"

#include <algorithm>
#include <concepts>
#include <cstring>
#include <type_traits>
#include <utility>

namespace pliant::test {
namespace {

using Description = std::array<std::int64_t, 4>;

Bytes described(const Task& task) {
  const Description description{static_cast<std::int64_t>(task.count), task.root, static_cast<int>(task.type),
                                static_cast<int>(task.op)};
  Bytes bytes(sizeof description);
  std::memcpy(bytes.data(), description.data(), sizeof description);
  return bytes;
}

/// Adds; integers wrap around.
template <class T>
struct Arithmetic {
  using type = T;
};
template <std::signed_integral T>
struct Arithmetic<T> {
  using type = std::make_unsigned_t<T>;
};

template <class T>
T combined(ReduceOp op, T a, T b) {
  using Wrapping = typename Arithmetic<T>::type;
  switch (op) {
    case ReduceOp::sum:
      return static_cast<T>(static_cast<Wrapping>(a) + static_cast<Wrapping>(b));
    case ReduceOp::min:
      return std::min(a, b);
    case ReduceOp::max:
      return std::max(a, b);
    case ReduceOp::prod:
      return static_cast<T>(static_cast<Wrapping>(a) * static_cast<Wrapping>(b));
  }
  return a;
}

template <class T>
void reduce(ReduceOp op, Bytes& into, const Bytes& from) {
  for (std::size_t at = 0; at < into.size(); at += sizeof(T)) {
    T a, b;
    std::memcpy(&a, &into[at], sizeof a);
    std::memcpy(&b, &from[at], sizeof b);
    a = combined(op, a, b);
    std::memcpy(&into[at], &a, sizeof a);
  }
}

void reduce(ElementType type, ReduceOp op, Bytes& into, const Bytes& from) {
  switch (type) {
    case ElementType::float32:
      return reduce<float>(op, into, from);
    case ElementType::float64:
      return reduce<double>(op, into, from);
    case ElementType::int32:
      return reduce<std::int32_t>(op, into, from);
    case ElementType::int64:
      return reduce<std::int64_t>(op, into, from);
  }
}

constexpr std::byte kAgreed{1};
constexpr std::byte kMismatched{0};

}  // namespace

Collective::Collective(const Task& task, const Members& members, Bytes own)
    : task_(task), members_(members), data_(std::move(own)) {
  if (members_.rank != 0) {
    outgoing_.send(members_.world[0], members_.tag, described(task_));
    return;
  }
  for (std::size_t rank = 1; rank < members_.world.size(); ++rank)
    expect(members_.world[rank], sizeof(Description));
}

Collective::State Collective::advance() {
  while (next()) continue;
  if (phase_ == Phase::mismatched) return outgoing_.all_gone() ? State::mismatched : State::pending;
  return phase_ == Phase::sent && outgoing_.all_gone() ? State::done : State::pending;
}

void Collective::expect(int from, std::size_t bytes) {
  incoming_.push_back(std::make_unique<Incoming>(from, members_.tag, bytes));
}

bool Collective::all_arrived() {
  return std::all_of(incoming_.begin(), incoming_.end(),
                     [](const auto& message) { return message->arrived(); });
}

void Collective::send_to_all(const Bytes& bytes) {
  for (int rank = 0; rank < static_cast<int>(members_.world.size()); ++rank)
    if (rank != members_.rank)
      outgoing_.send(members_.world[static_cast<std::size_t>(rank)], members_.tag, bytes);
}

bool Collective::next() {
  if (phase_ == Phase::sent || phase_ == Phase::mismatched || !all_arrived()) return false;
  switch (phase_) {
    case Phase::check:
      compare();
      return true;
    case Phase::verdict:
      if (incoming_[0]->bytes()[0] == kAgreed)
        begin_data();
      else
        phase_ = Phase::mismatched;
      return true;
    default:
      finish_data();
      return true;
  }
}

/// Rank 0 has all ranks' tasks. The others do not yet wait for its verdict.
void Collective::compare() {
  if (members_.rank != 0) {
    expect(members_.world[0], 1);
    phase_ = Phase::verdict;
    return;
  }
  const Bytes own = described(task_);
  const bool agreed = std::all_of(incoming_.begin(), incoming_.end(),
                                  [&](const auto& message) { return message->bytes() == own; });
  send_to_all({agreed ? kAgreed : kMismatched});
  if (agreed)
    begin_data();
  else
    phase_ = Phase::mismatched;
}

void Collective::begin_data() {
  incoming_.clear();
  phase_ = Phase::data;
  if (task_.broadcast()) {
    if (members_.rank == task_.root)
      send_to_all(data_);
    else
      expect(members_.world[static_cast<std::size_t>(task_.root)], task_.bytes());
  } else if (members_.rank == 0) {
    for (std::size_t rank = 1; rank < members_.world.size(); ++rank)
      expect(members_.world[rank], task_.bytes());
  } else {
    outgoing_.send(members_.world[0], members_.tag, data_);
    expect(members_.world[0], task_.bytes());
  }
}

void Collective::finish_data() {
  if (!task_.broadcast() && members_.rank == 0) {
    for (const auto& message : incoming_) reduce(task_.type, task_.op, data_, message->bytes());
    send_to_all(data_);
  } else if (!incoming_.empty()) {
    data_ = incoming_[0]->bytes();
  }
  phase_ = Phase::sent;
}

}  // namespace pliant::test
