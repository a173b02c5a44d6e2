#include "apps/probe/network.hpp"

#include <pliant/pliant.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "apps/support/check.hpp"
#include "apps/support/hosts.hpp"
#include "mpi/host_group.hpp"

namespace pliant::probe {
namespace {

constexpr MPI_Count kAnyCount = 1 << 20;  // the model in a plan does not depend on what is planned

/// [s] the current value of pliant_probe_max_ms.
double max_s_of(MPI_Comm comm) {
  MPI_Info info = MPI_INFO_NULL;
  apps::check(Pliant_Comm_get_info(comm, &info));
  std::array<char, MPI_MAX_INFO_VAL + 1> text{};
  int found = 0;
  MPI_Info_get(info, "pliant_probe_max_ms", MPI_MAX_INFO_VAL, text.data(), &found);
  MPI_Info_free(&info);
  if (found == 0) throw apps::Refused("pliant_probe_max_ms is not among the settings in force");
  return 1e-3 * std::strtod(text.data(), nullptr);
}

Line agreed_by_library(MPI_Comm comm) {
  apps::check(Pliant_Comm_probe(comm));
  Pliant_Report report{};
  report.size = sizeof(report);
  int candidates = 0;
  apps::check(Pliant_Comm_plan(comm, kAnyCount, MPI_FLOAT, MPI_SUM, 1, &report, &candidates));
  return {report.alpha_s, report.beta_s_per_byte};
}

}  // namespace

const char* class_name(bool same_host) {
  return same_host ? "same-host" : "between-hosts";
}

double bandwidth_gbps(double beta_s_per_byte) {
  return 8e-9 / beta_s_per_byte;
}

std::vector<std::string> remarks_on(const LinkFit& link, const std::vector<LinkClass>& classes) {
  std::vector<std::string> remarks;
  if (link.impossible > 0)
    remarks.push_back("clock stepped: " + std::to_string(link.impossible) + " times left out");
  if (link.typical.samples == 0) {
    remarks.push_back("not measured");
    return remarks;
  }
  if (!is_measured(link.typical.line())) {
    remarks.push_back("no measurement: the fit ended at a bound, and does not count. Give it more --max-ms");
  } else if (link.typical.beta_low_s_per_byte <= 0) {
    remarks.push_back("bandwidth not told: give it more --max-ms");
  }
  if (const double times = slowness(link, classes); times >= kSlowFactor) {
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "slow: %.3g times its class's median link", times);
    remarks.emplace_back(text.data());
  }
  return remarks;
}

Network measure(MPI_Comm comm) {
  Network network;
  MPI_Comm_size(comm, &network.ranks);
  network.hosts = apps::host_names(comm);
  if (network.ranks == 1) return network;
  network.agreed = agreed_by_library(comm);
  Communicator own = Communicator::duplicate(comm);
  network.survey = survey_links(own, find_hosts(own), max_s_of(comm));
  return network;
}

}  // namespace pliant::probe
