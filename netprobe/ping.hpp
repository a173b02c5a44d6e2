// Ping-pong between two ranks. One of them leads: it says what comes next, times it, and says when it is
// done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mpi/communicator.hpp"

namespace pliant {

/// [s] MPI_Wtime, or what a test takes for it.
using Clock = double (*)();

/// The leader's command to its partner. `round_trips` = 0 ends the ping-pong.
struct PingCommand {
  std::int32_t bytes = 0;
  std::int32_t round_trips = 0;
  std::int32_t messages = 1;  ///< that the leader sends before each answer
};

/// Both ends use one buffer of the largest message. A message longer than kEagerBytes travels in pieces, as
/// the algorithms send it. Other operations of this process go on while the two wait.
struct PingPair {
  Communicator& comm;
  int peer;
  std::span<std::byte> buffer;

  void send(std::int32_t bytes) const;
  void receive(std::int32_t bytes) const;
};

/// Leader: makes the round trips and returns each one's time [s] by the clock. If the clock is stepped, some
/// are negative.
std::vector<double> ping(const PingPair& pair, const PingCommand& command, Clock clock);

/// Partner: sends back whatever comes until the leader is done.
void answer(const PingPair& pair);

/// Leader: tells the partner that it is done.
void end_pings(const PingPair& pair);

}  // namespace pliant
