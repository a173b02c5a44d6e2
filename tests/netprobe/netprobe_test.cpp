// Measuring the network between the ranks of this run.
#include "netprobe/netprobe.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "mpi/agree.hpp"
#include "mpi/communicator.hpp"
#include "mpi/host_group.hpp"

namespace pliant {
namespace {

std::string bytes_of(const NetworkMeasurement& measurement) {
  std::vector<double> values{measurement.agreed.alpha_s, measurement.agreed.beta_s_per_byte};
  for (const LinkEstimate& link : measurement.links)
    values.insert(values.end(),
                  {static_cast<double>(link.rank), static_cast<double>(link.peer), link.same_host ? 1.0 : 0.0,
                   link.alpha_s, link.alpha_low_s, link.alpha_high_s, link.beta_s_per_byte,
                   link.beta_low_s_per_byte, link.beta_high_s_per_byte, static_cast<double>(link.samples)});
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
}

/// Seconds given: none to speak of, too few for large messages perhaps, and enough for all.
class Measurement : public testing::TestWithParam<double> {};

TEST_P(Measurement, HoldsEveryPairOnceInOrder) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  std::vector<std::pair<int, int>> expected;
  for (int rank = 0; rank < comm.ranks(); ++rank)
    for (int peer = rank + 1; peer < comm.ranks(); ++peer) expected.emplace_back(rank, peer);
  std::vector<std::pair<int, int>> measured;
  for (const LinkEstimate& link : measure_network(comm, find_hosts(comm), GetParam()).links)
    measured.emplace_back(link.rank, link.peer);
  EXPECT_EQ(measured, expected);
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
  EXPECT_EQ(measurement.agreed.alpha_s > 0, comm.ranks() > 1);
  EXPECT_GE(measurement.agreed.beta_s_per_byte, 0);
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
  const std::size_t links = measure_network(comm, find_hosts(comm), GetParam()).links.size();
  EXPECT_EQ(measure_network(comm, find_hosts(comm), GetParam()).links.size(), links);
}

INSTANTIATE_TEST_SUITE_P(Seconds, Measurement, testing::Values(1e-9, 0.02, 0.5));

TEST(MeasurementOfOneRank, IsEmpty) {
  Communicator comm = Communicator::duplicate(MPI_COMM_SELF);
  const NetworkMeasurement measurement = measure_network(comm, find_hosts(comm), 0.1);
  EXPECT_TRUE(measurement.links.empty());
  EXPECT_EQ(measurement.agreed, LinkModel{});
}

}  // namespace
}  // namespace pliant
