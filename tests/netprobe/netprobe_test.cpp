// Measures the network between the ranks of this run.
#include "netprobe/netprobe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "mpi/agree.hpp"
#include "mpi/communicator.hpp"
#include "mpi/host_group.hpp"
#include "netprobe/pairing.hpp"

namespace pliant {
namespace {

std::string bytes_of(const NetworkMeasurement& measurement) {
  const LinkModel agreed = measurement.agreed.value_or(LinkModel{});
  std::vector<double> values{agreed.alpha_s, agreed.beta_s_per_byte};
  for (const LinkEstimate& link : measurement.links)
    values.insert(values.end(),
                  {static_cast<double>(link.rank), static_cast<double>(link.peer), link.same_host ? 1.0 : 0.0,
                   link.alpha_s, link.alpha_low_s, link.alpha_high_s, link.beta_s_per_byte,
                   link.beta_low_s_per_byte, link.beta_high_s_per_byte, static_cast<double>(link.samples)});
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
}

using Pairs = std::vector<std::pair<int, int>>;

Pairs pairs_of(const NetworkMeasurement& measurement) {
  Pairs pairs;
  for (const LinkEstimate& link : measurement.links) pairs.emplace_back(link.rank, link.peer);
  return pairs;
}

Pairs all_pairs(int ranks) {
  Pairs pairs;
  for (int rank = 0; rank < ranks; ++rank)
    for (int peer = rank + 1; peer < ranks; ++peer) pairs.emplace_back(rank, peer);
  return pairs;
}

/// Pairs of the first rounds alone. An even number of ranks needs two rounds for two partners each, an odd
/// one three.
Pairs least_pairs(int ranks) {
  Pairs pairs;
  for (int round = 0; round < std::min(measured_rounds(ranks), 2 + ranks % 2); ++round)
    for (int rank = 0; rank < ranks; ++rank) {
      const int peer = partner_in_round(ranks, measured_round(ranks, round), rank);
      if (peer > rank) pairs.emplace_back(rank, peer);
    }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

constexpr double kNoTime_s = 1e-9;
constexpr double kPlenty_s = 60;

TEST(MeasurementWithTime, HoldsEveryPairOnceInOrder) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  EXPECT_EQ(pairs_of(measure_network(comm, find_hosts(comm), kPlenty_s)), all_pairs(comm.ranks()));
}

TEST(MeasurementWithoutTime, LetsEveryRankMeetTwoOthers) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Pairs pairs = pairs_of(measure_network(comm, find_hosts(comm), kNoTime_s));
  EXPECT_EQ(pairs, least_pairs(comm.ranks()));
  std::vector<int> partners(static_cast<std::size_t>(comm.ranks()));
  for (const auto& [rank, peer] : pairs)
    for (const int end : {rank, peer}) ++partners[static_cast<std::size_t>(end)];
  for (const int met : partners) EXPECT_GE(met, std::min(2, comm.ranks() - 1));
}

/// Time budget [s]: almost none, perhaps too little for large messages, and enough for most.
class Measurement : public testing::TestWithParam<double> {};

TEST_P(Measurement, HoldsNoPairTwice) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Pairs pairs = pairs_of(measure_network(comm, find_hosts(comm), GetParam()));
  const Pairs all = all_pairs(comm.ranks());
  EXPECT_TRUE(std::includes(all.begin(), all.end(), pairs.begin(), pairs.end()));
}

TEST_P(Measurement, IsTheSameBitsOnAllRanks) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  EXPECT_TRUE(same_on_all_ranks(comm, bytes_of(measure_network(comm, find_hosts(comm), GetParam()))));
}

TEST_P(Measurement, HoldsTimesThatCanBe) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const NetworkMeasurement measurement = measure_network(comm, find_hosts(comm), GetParam());
  for (const LinkEstimate& link : measurement.links) {
    EXPECT_TRUE(link.same_host) << link.rank << "-" << link.peer;
    EXPECT_GT(link.alpha_s, 0);
    EXPECT_LE(link.alpha_low_s, link.alpha_s);
    EXPECT_LE(link.alpha_s, link.alpha_high_s);
    EXPECT_GE(link.beta_s_per_byte, 0);
    EXPECT_LE(link.beta_low_s_per_byte, link.beta_s_per_byte);
    EXPECT_LE(link.beta_s_per_byte, link.beta_high_s_per_byte);
    EXPECT_GE(link.samples, 2);
    EXPECT_LE(link.samples, 8 * 9);  // sizes, times each
  }
  if (comm.ranks() > 1 && measurement.agreed) {
    EXPECT_TRUE(is_measured({measurement.agreed->alpha_s, measurement.agreed->beta_s_per_byte}));
  }
}

TEST_P(Measurement, LeavesNoMessageBehind) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  measure_network(comm, find_hosts(comm), GetParam());
  MPI_Barrier(comm.handle());
  int found = 0;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm.handle(), &found, MPI_STATUS_IGNORE);
  EXPECT_EQ(found, 0);
}

TEST_P(Measurement, CanBeRepeated) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  measure_network(comm, find_hosts(comm), GetParam());
  EXPECT_GE(measure_network(comm, find_hosts(comm), GetParam()).links.size(),
            least_pairs(comm.ranks()).size());
}

INSTANTIATE_TEST_SUITE_P(Seconds, Measurement, testing::Values(kNoTime_s, 0.02, 0.5));

TEST(MeasurementOfOneRank, IsEmpty) {
  Communicator comm = Communicator::duplicate(MPI_COMM_SELF);
  const NetworkMeasurement measurement = measure_network(comm, find_hosts(comm), 0.1);
  EXPECT_TRUE(measurement.links.empty());
  EXPECT_EQ(measurement.agreed, LinkModel{});
}

}  // namespace
}  // namespace pliant
