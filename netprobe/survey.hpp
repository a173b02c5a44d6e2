// Surveying the links between the ranks of a communicator, pair by pair: for people and programs that want
// to know the network. What Pliant itself chooses by is netprobe.hpp's, which is shorter and sends as a
// collective does, all pairs of a round at once.
#pragma once

#include <vector>

#include "mpi/communicator.hpp"
#include "mpi/host_layout.hpp"
#include "netprobe/link_class.hpp"
#include "netprobe/link_fit.hpp"
#include "netprobe/ping.hpp"

namespace pliant {

struct Survey {
  std::vector<LinkFit> links;      ///< every pair measured, ordered by (rank, peer)
  std::vector<LinkClass> classes;  ///< with how pairs of each slow one another down
};

/// Ping-pong of random sizes (ladder.hpp) between pairs of ranks, those of a round undisturbed by one another
/// (quiet_rounds.hpp); then, for each class, exchanges of 60 KiB by some pairs alone and among all pairs at
/// once. Collective; the same on all ranks; other operations of this process go on meanwhile. One rank:
/// empty.
///
/// Takes about `max_s`, four fifths of it for the rounds, an equal part for each. A pair climbs the ladder as
/// long as trying the next size takes a tenth of its time left at most; then sizes are repeated in random
/// order. A pair that has begun makes four round trips, of 1 byte and of 16 to 32 KiB, however slow its link;
/// no rank leads another once `max_s` has gone by: links that are left have no samples. A pair whose line is
/// no measurement (is_measured()) is measured once more, in as much time again. A clock that is stepped costs
/// samples, which are counted; a survey ends all the same.
Survey survey_links(Communicator& comm, const HostLayout& hosts, double max_s, Clock clock = MPI_Wtime);

}  // namespace pliant
