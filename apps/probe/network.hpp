// What the probe found out.
#pragma once

#include <mpi.h>

#include <optional>
#include <string>
#include <vector>

#include "netprobe/survey.hpp"

namespace pliant::probe {

struct Network {
  int ranks = 1;
  std::vector<std::string> hosts;  ///< [rank], on rank 0; empty: a profile that does not name them
  Survey survey;
  std::optional<Line> agreed;  ///< the model all ranks agreed on; none of one rank
};

const char* class_name(bool same_host);

/// Gbit/s; infinite where no time per byte was seen.
double bandwidth_gbps(double beta_s_per_byte);

/// What a reader of a link's figures must know, in words: it is slow beside its class, the clock was stepped,
/// its bandwidth cannot be told. None for most links.
std::vector<std::string> remarks_on(const LinkFit& link, const std::vector<LinkClass>& classes);

/// Measure, the library first for itself, then the links: pliant_probe_max_ms each. Collective. Throws
/// apps::Refused, Error(mpi).
Network measure(MPI_Comm comm);

}  // namespace pliant::probe
