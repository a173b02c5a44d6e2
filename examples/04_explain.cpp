// Asks for Pliant's choice on a network that is only described. Needs no MPI and no network.
//
//   04_explain
#include <mpi.h>

#include <cstdio>
#include <pliant/pliant.hpp>
#include <vector>

int main() {
  Pliant_Scenario scenario{};
  scenario.size = sizeof scenario;
  scenario.ranks = 8;
  scenario.alpha_s = 1e-3;             // 1 ms
  scenario.beta_s_per_byte = 8 / 1e8;  // 100 Mbit/s
  scenario.count = 25'600'000;         // ResNet-50
  scenario.density = 0.01;

  int n = 0;
  pliant::ensure(Pliant_Explain(&scenario, 0, nullptr, &n));
  std::vector<Pliant_Report> candidates(static_cast<std::size_t>(n));
  for (Pliant_Report& candidate : candidates) candidate.size = sizeof candidate;
  pliant::ensure(Pliant_Explain(&scenario, n, candidates.data(), &n));

  std::printf("%-24s %12s %12s\n", "algorithm", "seconds", "MB sent");
  for (const Pliant_Report& candidate : candidates)
    std::printf("%-24s %12.3f %12.1f\n", candidate.algorithm, candidate.predicted_s,
                static_cast<double>(candidate.wire_bytes) / 1e6);
  return candidates.empty() ? 1 : 0;
}
