#include "netprobe/ping.hpp"

#include <algorithm>

#include "core/link_model.hpp"

namespace pliant {
namespace {

template <class Act>
void for_each_piece(std::span<std::byte> rest, Act&& act) {
  constexpr auto kMost = static_cast<std::size_t>(kEagerBytes);
  for (; !rest.empty(); rest = rest.subspan(std::min(kMost, rest.size())))
    act(rest.first(std::min(kMost, rest.size())));
}

}  // namespace

void PingPair::send(std::int32_t bytes) const {
  for_each_piece(buffer.first(static_cast<std::size_t>(bytes)), [&](auto piece) { comm.send(piece, peer); });
}

void PingPair::receive(std::int32_t bytes) const {
  for_each_piece(buffer.first(static_cast<std::size_t>(bytes)),
                 [&](auto piece) { comm.receive(piece, peer); });
}

std::vector<double> ping(const PingPair& pair, const PingCommand& command, Clock clock) {
  pair.comm.send(std::as_bytes(std::span(&command, 1)), pair.peer);
  std::vector<double> times_s;
  for (int i = 0; i < command.round_trips; ++i) {
    const double begin_s = clock();
    for (int message = 0; message < command.messages; ++message) pair.send(command.bytes);
    pair.receive(command.bytes);
    times_s.push_back(clock() - begin_s);
  }
  return times_s;
}

void answer(const PingPair& pair) {
  PingCommand command;
  for (;;) {
    pair.comm.receive(std::as_writable_bytes(std::span(&command, 1)), pair.peer);
    if (command.round_trips == 0) return;
    for (int i = 0; i < command.round_trips; ++i) {
      for (int message = 0; message < command.messages; ++message) pair.receive(command.bytes);
      pair.send(command.bytes);
    }
  }
}

void end_pings(const PingPair& pair) {
  const PingCommand done;
  pair.comm.send(std::as_bytes(std::span(&done, 1)), pair.peer);
}

}  // namespace pliant
