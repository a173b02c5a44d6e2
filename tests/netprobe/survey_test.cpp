// Surveys the links between the ranks of this run.
#include "netprobe/survey.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mpi/agree.hpp"
#include "mpi/host_group.hpp"

namespace pliant {
namespace {

/// A layout with one rank per host.
HostLayout apart(int ranks) {
  std::vector<int> marks;
  for (int rank = 0; rank < ranks; ++rank) marks.push_back(rank);
  return HostLayout(marks);
}

std::string bytes_of(const Survey& survey) {
  std::vector<double> values;
  for (const LinkFit& link : survey.links)
    values.insert(values.end(),
                  {static_cast<double>(link.typical.rank), static_cast<double>(link.typical.peer),
                   link.typical.alpha_s, link.typical.beta_s_per_byte, link.floor.alpha_s,
                   static_cast<double>(link.piece_count), link.held_out_worst});
  for (const LinkClass& of : survey.classes)
    values.insert(values.end(), {of.typical.alpha_s, of.contention.factor, of.contention.bytes});
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
}

void expect_every_pair_and_times_that_can_be(const Survey& survey, int ranks) {
  std::vector<std::pair<int, int>> expected, measured;
  for (int rank = 0; rank < ranks; ++rank)
    for (int peer = rank + 1; peer < ranks; ++peer) expected.emplace_back(rank, peer);
  for (const LinkFit& link : survey.links) {
    measured.emplace_back(link.typical.rank, link.typical.peer);
    EXPECT_TRUE(std::isfinite(link.typical.alpha_high_s));
    EXPECT_LE(link.typical.alpha_low_s, link.typical.alpha_s);
    EXPECT_LE(link.typical.alpha_s, link.typical.alpha_high_s);
    EXPECT_GE(link.typical.beta_low_s_per_byte, 0);
    EXPECT_LE(link.typical.beta_low_s_per_byte, link.typical.beta_s_per_byte);
    EXPECT_LE(link.typical.beta_s_per_byte, link.typical.beta_high_s_per_byte);
  }
  EXPECT_EQ(measured, expected);
}

/// Time budget [s]: almost none, and enough for several sizes.
class SurveyFor : public testing::TestWithParam<double> {};

TEST_P(SurveyFor, HoldsEveryPairOnceTheSameOnAllRanks) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Survey survey = survey_links(comm, find_hosts(comm), GetParam());
  expect_every_pair_and_times_that_can_be(survey, comm.ranks());
  std::set<int> leaders, served;
  for (const LinkFit& link : survey.links) {
    leaders.insert(link.typical.rank);
    EXPECT_TRUE(link.typical.same_host);
    EXPECT_EQ(link.impossible, 0);
    if (link.typical.samples == 0) continue;  // begun too late
    served.insert(link.typical.rank);
    EXPECT_GE(link.typical.alpha_s, kTick_s);
    EXPECT_GE(link.piece_count, 1);
    EXPECT_GE(link.typical.samples, 2);
  }
  EXPECT_EQ(served, leaders);
  EXPECT_EQ(survey.classes.size(), comm.ranks() > 1 ? 1U : 0U);
  for (const LinkClass& of : survey.classes) {
    EXPECT_EQ(of.contention.pairs, comm.ranks() / 2 > 1 ? comm.ranks() / 2 : 0);
    EXPECT_GT(of.contention.factor, 0);
  }
  EXPECT_TRUE(same_on_all_ranks(comm, bytes_of(survey)));
}

TEST_P(SurveyFor, TakesRanksForHosts) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Survey survey = survey_links(comm, apart(comm.ranks()), GetParam());
  expect_every_pair_and_times_that_can_be(survey, comm.ranks());
  for (const LinkFit& link : survey.links) EXPECT_FALSE(link.typical.same_host);
  EXPECT_TRUE(same_on_all_ranks(comm, bytes_of(survey)));
}

TEST_P(SurveyFor, LeavesNoMessageBehindAndCanBeRepeated) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const std::size_t links = survey_links(comm, find_hosts(comm), GetParam()).links.size();
  MPI_Barrier(comm.handle());
  int found = 0;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm.handle(), &found, MPI_STATUS_IGNORE);
  EXPECT_EQ(found, 0);
  EXPECT_EQ(survey_links(comm, find_hosts(comm), GetParam()).links.size(), links);
}

TEST(SurveyWithoutTime, MeasuresOneLinkOfEachLeader) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Survey survey = survey_links(comm, find_hosts(comm), 1e-9);
  expect_every_pair_and_times_that_can_be(survey, comm.ranks());
  std::vector<int> measured(static_cast<std::size_t>(comm.ranks()));
  std::vector<int> led(measured.size());
  for (const LinkFit& link : survey.links) {
    ++led[static_cast<std::size_t>(link.typical.rank)];
    if (link.typical.samples > 0) ++measured[static_cast<std::size_t>(link.typical.rank)];
  }
  for (std::size_t rank = 0; rank < led.size(); ++rank) EXPECT_EQ(measured[rank], std::min(1, led[rank]));
}

INSTANTIATE_TEST_SUITE_P(Seconds, SurveyFor, testing::Values(1e-9, 0.1));

// ---- The clock is set while a survey runs. ----

/// Jumps back an hour and forward again every few readings, and a minute in between.
double restless_clock() {
  static int readings = 0;
  ++readings;
  return MPI_Wtime() - (readings / 7 % 2 == 0 ? 0 : 3600) - (readings / 31 % 2 == 0 ? 0 : 60);
}

double stopped_clock() {
  return 12.5;
}

double backward_clock() {
  static double now_s = 1e9;
  return now_s -= 1;
}

TEST(SurveyByAClock, ThatIsSteppedEndsTellsSoAndGivesNoNonsense) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Survey survey = survey_links(comm, find_hosts(comm), 0.1, restless_clock);
  expect_every_pair_and_times_that_can_be(survey, comm.ranks());
  int impossible = 0;
  for (const LinkFit& link : survey.links) {
    impossible += link.impossible;
    EXPECT_LT(link.typical.alpha_s, 1) << "of shared memory";
    EXPECT_LT(link.typical.beta_s_per_byte, 1e-5);
  }
  EXPECT_EQ(impossible > 0, comm.ranks() > 1);
}

TEST(SurveyByAClock, ThatStandsStillEnds) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Survey survey = survey_links(comm, find_hosts(comm), 1e-4, stopped_clock);
  expect_every_pair_and_times_that_can_be(survey, comm.ranks());
}

TEST(SurveyByAClock, ThatOnlyGoesBackHasNoTimes) {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Survey survey = survey_links(comm, find_hosts(comm), 1e-4, backward_clock);
  expect_every_pair_and_times_that_can_be(survey, comm.ranks());
  for (const LinkFit& link : survey.links) {
    EXPECT_EQ(link.typical.samples, 0);
    EXPECT_GT(link.impossible, 0);
  }
}

}  // namespace
}  // namespace pliant
