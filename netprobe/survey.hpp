// Survey of the links between the ranks of a communicator, pair by pair, for people and programs that want to
// know the network. Pliant's own choices are based on netprobe.hpp, which is shorter and sends as a
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
  std::vector<LinkClass> classes;  ///< with the slowdown among the pairs of each
};

/// Ping-pong of random sizes (ladder.hpp) between pairs of ranks, those of a round undisturbed by one another
/// (quiet_rounds.hpp). Then, for each class, some pairs exchange 60 KiB alone and among all pairs at once.
/// Collective. All ranks get the same result. Other operations of this process go on meanwhile. With one rank
/// the survey is empty.
///
/// Takes about `max_s`, four fifths of it for the rounds, an equal part for each. A pair climbs the ladder
/// while the next size takes at most a tenth of its time left. Then sizes are repeated in random order. A
/// pair that has begun makes four round trips, of 1 byte and of 16 to 32 KiB, however slow its link. Once
/// `max_s` has gone by, no rank leads a further pair: links that are left have no samples.
///
/// A pair whose line is no measurement (is_measured()) is measured once more, in as much time again. A clock
/// that is stepped costs samples, which are counted; a survey ends all the same.
Survey survey_links(Communicator& comm, const HostLayout& hosts, double max_s, Clock clock = MPI_Wtime);

}  // namespace pliant
