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

/// What the leader tells its partner. `round_trips` = 0: we are done.
struct PingCommand {
  std::int32_t bytes = 0;
  std::int32_t round_trips = 0;
  std::int32_t messages = 1;  ///< that the leader sends before it is answered once
};

/// Both ends use one buffer of the largest message. What is longer than kEagerBytes travels in pieces, as the
/// algorithms send it. While they wait, other operations of this process go on.
struct PingPair {
  Communicator& comm;
  int peer;
  std::span<std::byte> buffer;

  void send(std::int32_t bytes) const;
  void receive(std::int32_t bytes) const;
};

/// Leader: that many round trips, each one's time [s], as the clock says: where it is stepped, some are
/// negative.
std::vector<double> ping(const PingPair& pair, const PingCommand& command, Clock clock);

/// Partner: send back whatever comes until the leader is done.
void answer(const PingPair& pair);

/// Leader: done.
void end_pings(const PingPair& pair);

}  // namespace pliant
