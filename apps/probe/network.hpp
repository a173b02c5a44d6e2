// The result of a probe: hosts, links, link classes and the agreed model.
#pragma once

#include <mpi.h>

#include <optional>
#include <string>
#include <vector>

#include "netprobe/survey.hpp"

namespace pliant::probe {

struct Network {
  int ranks = 1;
  std::vector<std::string> hosts;  ///< [rank], on rank 0; empty for a profile without names
  Survey survey;
  std::optional<Line> agreed;  ///< the model that all ranks agreed on; absent on one rank
};

const char* class_name(bool same_host);

/// Gbit/s; infinite if no time per byte was measured.
double bandwidth_gbps(double beta_s_per_byte);

/// Warnings about a link's figures: it is slow for its class, the clock was stepped, or its bandwidth is
/// unknown. Most links have none.
std::vector<std::string> remarks_on(const LinkFit& link, const std::vector<LinkClass>& classes);

/// Measures, first the library for its own model, then the links, pliant_probe_max_ms each. Collective.
/// Throws apps::Refused, Error(mpi).
Network measure(MPI_Comm comm);

}  // namespace pliant::probe
