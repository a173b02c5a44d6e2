// Measuring the network between the ranks of a communicator.
//
// Ping-pong between pairs (half a round trip needs no synchronised clocks), a line through the times
// (fit.hpp), one model for all ranks. Pairs meet in tournament rounds (pairing.hpp): those of one round are
// disjoint, so that they disturb one another no more than the messages of a collective do.
#pragma once

#include <optional>
#include <vector>

#include "core/line.hpp"
#include "core/link_model.hpp"
#include "mpi/communicator.hpp"
#include "mpi/host_layout.hpp"

namespace pliant {

/// Result of ping-pong between two ranks. Intervals are 95 % confidence.
struct LinkEstimate {
  int rank = 0;  ///< always below peer
  int peer = 0;
  bool same_host = false;  ///< the two share memory
  double alpha_s = 0, alpha_low_s = 0, alpha_high_s = 0;
  double beta_s_per_byte = 0, beta_low_s_per_byte = 0, beta_high_s_per_byte = 0;
  double gap_s = 0;  ///< time of each of many messages in a row, at most alpha_s
  int samples = 0;   ///< round trips that were counted

  Line line() const { return {alpha_s, beta_s_per_byte}; }
};

struct NetworkMeasurement {
  /// One model for the communicator, the same on all ranks; nothing where no link was measured
  /// (is_measured()).
  std::optional<LinkModel> agreed;
  std::vector<LinkEstimate> links;  ///< every pair measured, same on all ranks, ordered by (rank, peer)
};

/// Measures links by ping-pong between pairs of ranks, for at most `max_s` seconds in all. `hosts` tells
/// which ranks share a host. Collective. With one rank there is nothing to measure: an all-zero model and no
/// links.
///
/// The pairs that may be measured depend on the number of ranks only. Up to 8 ranks they are all pairs.
/// Beyond, they are those of 8 tournament rounds (7 or 8 links of each rank; the cost no longer grows with
/// P). Each round gets an equal part of the time left, and a quarter of `max_s` at least. It is spent on messages
/// of 1 byte to 4 MiB, larger ones only while they fit. A message longer than kEagerBytes travels in pieces,
/// as the algorithms send it.
///
/// No pair begins once hardly any time is left, except each rank's first two: with one link of a rank alone,
/// nobody would know whether it was disturbed. A pair that has begun makes four round trips, of 1 byte and of
/// 16 KiB, and sends two bursts. With fewer, latency, gap and bandwidth could not be told apart. The 16 KiB
/// are 2 KiB where single bytes in a row show a link of less than about a Mbit/s. All this may take longer
/// than `max_s`: for two pairs 12 round trips and the transfer of 128 KiB.
///
/// A pair whose line is no measurement (is_measured()) is measured once more, in as much time again. Other
/// operations of this process go on meanwhile.
NetworkMeasurement measure_network(Communicator& comm, const HostLayout& hosts, double max_s);

}  // namespace pliant
