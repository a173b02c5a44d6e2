// Policies and plans through the public interface.
#include <cmath>

#include "planner/density/margin.hpp"
#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

/// Number of algorithms that a plan lists: those that reduce host memory and differ from one another on a single host
/// of `ranks` ranks.
std::size_t host_algorithms(int ranks) {
  int algorithms = 0;
  Pliant_Algorithm_get_num(&algorithms);
  std::size_t host = 0;
  for (int i = 0; i < algorithms; ++i) {
    Pliant_Entry entry{};
    Pliant_Algorithm_get_info(i, &entry);
    const bool is_another =
        std::string(entry.name).starts_with("two_level_") && (entry.exact != 0 || ranks == 1);
    host += (entry.memory & PLIANT_HOST_MEMORY) != 0 && !is_another ? 1 : 0;
  }
  return host;
}

TEST(Plan, ListsEveryCandidateCheapestFirst) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}}), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
  const std::vector<Pliant_Report> plan = plan_of(comm, 1000000);
  ASSERT_EQ(plan.size(), host_algorithms(comm.ranks()));
  for (std::size_t i = 1; i < plan.size(); ++i) EXPECT_LE(plan[i - 1].predicted_s, plan[i].predicted_s);
  for (const Pliant_Report& report : plan) {
    EXPECT_EQ(report.kept, report.exact != 0 ? 1000000 : 10000);
    EXPECT_TRUE(std::isnan(report.measured_s));
  }
}

TEST(Plan, ExactCommunicatorHasExactCandidatesOnly) {
  const FreshComm comm;
  ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
  for (const Pliant_Report& report : plan_of(comm, 5000)) EXPECT_EQ(report.exact, 1);
}

TEST(Plan, PredictsWhatTheNextCallThenReports) {
  const FreshComm comm;
  ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
  const std::vector<Pliant_Report> plan = plan_of(comm, 200000);
  std::vector<float> values(200000, 1.0F);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 200000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const Pliant_Report report = report_of(comm);
  EXPECT_STREQ(report.algorithm, plan[0].algorithm);
  EXPECT_EQ(report.predicted_s, plan[0].predicted_s);
  EXPECT_EQ(report.alpha_s, plan[0].alpha_s);
}

TEST(Plan, AllRanksHoldTheSameNumbers) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}}), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
  std::vector<float> predicted;
  for (const Pliant_Report& report : plan_of(comm, 300000))
    predicted.push_back(static_cast<float>(report.predicted_s));
  EXPECT_TRUE(same_bits(predicted, comm));
}

TEST(Budget, TooLittleTimeGivesTheLeastDensity) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_policy", "budget"},
                       {"pliant_time_budget_us", "0.001"},
                       {"pliant_algorithm", "allgather_topk"}}),
            MPI_SUCCESS);
  std::vector<float> values = gradient(comm.rank(), 0, 100000);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 100000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const Pliant_Report report = report_of(comm);
  EXPECT_EQ(report.kept, 10);
  EXPECT_NE(std::string(report.reason).find("cannot hold"), std::string::npos) << report.reason;
}

TEST(Budget, EnoughTimeSendsEverything) {
  const FreshComm comm;
  ASSERT_EQ(
      set(comm, {{"pliant_mode", "topk"}, {"pliant_policy", "budget"}, {"pliant_time_budget_us", "1e12"}}),
      MPI_SUCCESS);
  std::vector<float> values = gradient(comm.rank(), 0, 100000);
  const std::vector<float> expected = exact_sum(values, comm);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 100000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(report_of(comm).exact, 1);
  EXPECT_EQ(values, expected);
}

TEST(Budget, WhatIsChosenIsPredictedToFit) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_policy", "budget"},
                       {"pliant_time_budget_us", "1e9"},
                       {"pliant_algorithm", "star_ring"}}),
            MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
  // A budget from the plan itself, between the cost of the least density and the cost of all elements.
  ASSERT_EQ(set(comm, {{"pliant_policy", "fixed"}, {"pliant_density", "1e-4"}}), MPI_SUCCESS);
  const double least_s = plan_of(comm, 100000)[0].predicted_s;
  ASSERT_EQ(set(comm, {{"pliant_density", "0.5"}}), MPI_SUCCESS);
  const double half_s = plan_of(comm, 100000)[0].predicted_s;
  ASSERT_GT(half_s, least_s);
  const double available_s = (least_s + half_s) / 2;
  const double budget_s = available_s * pliant::BudgetMargin::kFirst;
  std::vector<float> values = gradient(comm.rank(), 0, 100000);
  ASSERT_EQ(
      set(comm, {{"pliant_policy", "budget"}, {"pliant_time_budget_us", std::to_string(budget_s * 1e6)}}),
      MPI_SUCCESS);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 100000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const Pliant_Report report = report_of(comm);
  EXPECT_LE(report.predicted_s, available_s + 1e-9);
  EXPECT_GT(report.density, 1e-4);
  EXPECT_LT(report.density, 0.5);
  EXPECT_EQ(report.compute_s, 0) << "nothing came before the first call";
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 100000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_GT(report_of(comm).compute_s, 0);
}

}  // namespace
