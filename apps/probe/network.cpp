#include "apps/probe/network.hpp"

#include <algorithm>
#include <cstdint>

#include "apps/support/check.hpp"

namespace pliant::probe {
namespace {

constexpr MPI_Count kAnyCount = 1 << 20;  // the model in a plan does not depend on what is planned

double median(const std::vector<const Pliant_Link*>& links, double Pliant_Link::*member) {
  std::vector<double> values;
  for (const Pliant_Link* link : links) values.push_back(link->*member);
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Pliant_Link median_link(const std::vector<const Pliant_Link*>& links) {
  Pliant_Link result{};
  for (const auto member :
       {&Pliant_Link::alpha_s, &Pliant_Link::alpha_low_s, &Pliant_Link::alpha_high_s,
        &Pliant_Link::beta_s_per_byte, &Pliant_Link::beta_low_s_per_byte, &Pliant_Link::beta_high_s_per_byte})
    result.*member = median(links, member);
  for (const Pliant_Link* link : links) result.samples += link->samples;
  result.same_host = links.front()->same_host;
  return result;
}

}  // namespace

const char* class_name(const Pliant_Link& link) {
  return link.same_host != 0 ? "same-host" : "between-hosts";
}

std::vector<LinkClass> classes_of(const std::vector<Pliant_Link>& links) {
  std::vector<LinkClass> classes;
  for (const bool same_host : {true, false}) {
    std::vector<const Pliant_Link*> members;
    for (const Pliant_Link& link : links)
      if ((link.same_host != 0) == same_host) members.push_back(&link);
    if (members.empty()) continue;
    classes.push_back({class_name(*members.front()), static_cast<int>(members.size()), median_link(members)});
  }
  return classes;
}

double bandwidth_gbps(double beta_s_per_byte) {
  return 8e-9 / beta_s_per_byte;
}

Network measure(MPI_Comm comm) {
  Network network;
  MPI_Comm_size(comm, &network.ranks);
  const std::int64_t pairs = std::int64_t{network.ranks} * (network.ranks - 1) / 2;
  const int room = static_cast<int>(std::min<std::int64_t>(pairs, kMaxLinks));
  network.links.resize(static_cast<std::size_t>(room));
  apps::check(Pliant_Comm_probe_links(comm, room, network.links.data(), &network.links_measured));
  network.links.resize(static_cast<std::size_t>(std::min(room, network.links_measured)));

  Pliant_Report report{};
  report.size = sizeof(report);
  int candidates = 0;
  apps::check(Pliant_Comm_plan(comm, kAnyCount, MPI_FLOAT, MPI_SUM, 1, &report, &candidates));
  network.alpha_s = report.alpha_s;
  network.beta_s_per_byte = report.beta_s_per_byte;
  return network;
}

}  // namespace pliant::probe
