// What the probe found, by the public interface only.
#pragma once

#include <mpi.h>
#include <pliant/pliant.h>

#include <cstddef>
#include <vector>

namespace pliant::probe {

/// Links of one class: every number is the median over the class's links, `samples` their sum.
struct LinkClass {
  const char* name = "";
  int links = 0;
  Pliant_Link median{};
};

struct Network {
  int ranks = 1;
  int links_measured = 0;
  std::vector<Pliant_Link> links;  ///< all that were measured, at most kMaxLinks
  double alpha_s = 0;              ///< [s] the model all ranks agreed on
  double beta_s_per_byte = 0;
};

/// Beyond, links are left out of the listing (not of the agreed model).
inline constexpr int kMaxLinks = 1 << 16;

const char* class_name(const Pliant_Link& link);

/// Classes that have links.
std::vector<LinkClass> classes_of(const std::vector<Pliant_Link>& links);

/// Gbit/s; infinite where no time per byte was seen.
double bandwidth_gbps(double beta_s_per_byte);

/// Measure. Collective, two ranks or more. Throws apps::Refused.
Network measure(MPI_Comm comm);

}  // namespace pliant::probe
