// Settings: what is accepted, what wins, and that ranks must agree.
#include <cstdlib>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

/// Sets a variable for its lifetime.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(Settings, DefaultsAreInForceFirst) {
  const FreshComm comm;
  EXPECT_EQ(value_in_force(comm, "pliant_mode"), "exact");
  EXPECT_EQ(value_in_force(comm, "pliant_density"), "0.01");
  EXPECT_EQ(value_in_force(comm, "pliant_policy"), "fixed");
  EXPECT_EQ(value_in_force(comm, "pliant_algorithm"), "auto");
  EXPECT_EQ(value_in_force(comm, "pliant_error_feedback"), "ef14");
  EXPECT_EQ(value_in_force(comm, "pliant_min_bytes"), "16384");
}

TEST(Settings, InfoBeatsDefaultAndStays) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_density", "0.05"}}), MPI_SUCCESS);
  ASSERT_EQ(set(comm, {{"pliant_min_bytes", "0"}}), MPI_SUCCESS);
  EXPECT_EQ(value_in_force(comm, "pliant_mode"), "topk");
  EXPECT_EQ(value_in_force(comm, "pliant_density"), "0.05");
  EXPECT_EQ(value_in_force(comm, "pliant_min_bytes"), "0");
}

TEST(Settings, ForeignKeysAreIgnored) {
  const FreshComm comm;
  EXPECT_EQ(set(comm, {{"cb_nodes", "4"}, {"pliant_density", "0.5"}}), MPI_SUCCESS);
  EXPECT_EQ(value_in_force(comm, "pliant_density"), "0.5");
}

TEST(Settings, EnvironmentBeatsInfo) {
  const Environment variable("PLIANT_DENSITY", "0.25");
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_density", "0.05"}}), MPI_SUCCESS);
  EXPECT_EQ(value_in_force(comm, "pliant_density"), "0.25");
}

TEST(Settings, NothingMakesAnAssertedCommunicatorLossy) {
  const Environment variable("PLIANT_MODE", "topk");
  const Environment forced("PLIANT_ALGORITHM", "allgather_topk");
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_assert_exact", "true"}}), MPI_SUCCESS);
  EXPECT_EQ(value_in_force(comm, "pliant_mode"), "exact");
  std::vector<float> values = gradient(comm.rank(), 0, 20000);
  const std::vector<float> expected = exact_sum(values, comm);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 20000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(values, expected);
  EXPECT_EQ(report_of(comm).exact, 1);
}

TEST(Settings, EnvironmentOfRankZeroCounts) {
  const FreshComm comm;
  if (comm.rank() != 0) setenv("PLIANT_DENSITY", "0.125", 1);
  EXPECT_EQ(value_in_force(comm, "pliant_density"), "0.01");
  unsetenv("PLIANT_DENSITY");
}

TEST(Settings, BadEnvironmentIsAnErrorOfTheCallAndChangesNothing) {
  const Environment variable("PLIANT_DENSITY", "2");
  const FreshComm comm;
  std::vector<float> values(10, 1.0F);
  const int code = Pliant_Allreduce(MPI_IN_PLACE, values.data(), 10, MPI_FLOAT, MPI_SUM, comm);
  EXPECT_EQ(code, MPI_ERR_INFO_VALUE);
  EXPECT_EQ(message(code),
            "pliant rank " + std::to_string(comm.rank()) +
                ": pliant_density = 2 (must be a number in (0, 1]). Pass k / count, for example 0.01; "
                "1 turns compression off");
  EXPECT_EQ(values, std::vector<float>(10, 1.0F));
}

struct Refused {
  const char* key;
  const char* value;
  int code;
  const char* says;
};

class RefusedSettings : public testing::TestWithParam<Refused> {};

TEST_P(RefusedSettings, IsAnErrorThatChangesNothingAndLeavesTheCommunicatorUsable) {
  const FreshComm comm;
  const Refused& refused = GetParam();
  ASSERT_EQ(set(comm, {{"pliant_density", "0.5"}}), MPI_SUCCESS);
  const int code = set(comm, {{"pliant_min_bytes", "1"}, {refused.key, refused.value}});
  EXPECT_EQ(code, refused.code);
  EXPECT_NE(message(code).find(refused.says), std::string::npos) << message(code);
  EXPECT_EQ(value_in_force(comm, "pliant_density"), "0.5");
  EXPECT_EQ(value_in_force(comm, "pliant_min_bytes"), "16384");
  float one = 1;
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(one, static_cast<float>(comm.ranks()));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedSettings,
    testing::Values(
        Refused{"pliant_densty", "0.1", MPI_ERR_INFO_KEY, "pliant_densty is unknown"},
        Refused{"pliant_mode", "lossy", MPI_ERR_INFO_VALUE, "pliant_mode = lossy"},
        Refused{"pliant_density", "0", MPI_ERR_INFO_VALUE, "pliant_density = 0 (must be a number in (0, 1])"},
        Refused{"pliant_density", "2", MPI_ERR_INFO_VALUE, "pliant_density = 2"},
        Refused{"pliant_density", "nan", MPI_ERR_INFO_VALUE, "pliant_density = nan"},
        Refused{"pliant_density", "1%", MPI_ERR_INFO_VALUE, "pliant_density = 1%"},
        Refused{"pliant_policy", "best", MPI_ERR_INFO_VALUE, "must be one of fixed, budget"},
        Refused{"pliant_time_budget_us", "-1", MPI_ERR_INFO_VALUE, "pliant_time_budget_us = -1"},
        Refused{"pliant_min_gain", "1.5", MPI_ERR_INFO_VALUE, "pliant_min_gain = 1.5"},
        Refused{"pliant_quality", "good", MPI_ERR_INFO_VALUE, "pliant_quality = good"},
        Refused{"pliant_algorithm", "rng", MPI_ERR_INFO_VALUE,
                "names are ring, rabenseifner, double_tree, tree"},
        Refused{"pliant_algorithm", "star_ring", MPI_ERR_INFO_VALUE, "needs an exact algorithm"},
        Refused{"pliant_error_feedback", "ef99", MPI_ERR_INFO_VALUE, "must be one of ef14, ef21, none"},
        Refused{"pliant_min_bytes", "-5", MPI_ERR_INFO_VALUE, "pliant_min_bytes = -5"},
        Refused{"pliant_min_bytes", "1.5", MPI_ERR_INFO_VALUE, "a whole number"},
        Refused{"pliant_deterministic", "maybe", MPI_ERR_INFO_VALUE, "true or false"},
        Refused{"pliant_assert_exact", "yes", MPI_ERR_INFO_VALUE, "true or false"},
        Refused{"pliant_probe_max_ms", "0", MPI_ERR_INFO_VALUE, "a number > 0"}));

TEST(Settings, CombinationsThatCannotBe) {
  const FreshComm comm;
  int code = set(comm, {{"pliant_mode", "topk"}, {"pliant_policy", "budget"}});
  EXPECT_EQ(code, MPI_ERR_INFO_VALUE);
  EXPECT_NE(message(code).find("pliant_time_budget_us must be > 0"), std::string::npos) << message(code);
  code = set(comm, {{"pliant_mode", "topk"},
                    {"pliant_policy", "budget"},
                    {"pliant_time_budget_us", "1000"},
                    {"pliant_deterministic", "true"}});
  EXPECT_EQ(code, MPI_ERR_INFO_VALUE);
  code = set(comm, {{"pliant_deterministic", "true"}, {"pliant_algorithm", "ring"}});
  EXPECT_EQ(code, MPI_ERR_INFO_VALUE);
  EXPECT_NE(message(code).find("Allow tree"), std::string::npos) << message(code);
  EXPECT_EQ(value_in_force(comm, "pliant_mode"), "exact");
}

TEST(Settings, RanksThatDisagreeAreToldWhere) {
  const FreshComm comm;
  if (comm.ranks() < 2) GTEST_SKIP() << "one rank agrees with itself";
  const bool last = comm.rank() == comm.ranks() - 1;
  const int code = set(comm, {{"pliant_density", last ? "0.2" : "0.1"}});
  EXPECT_EQ(code, MPI_ERR_ARG);
  const std::string says =
      last ? "pliant_density = 0.2 here, but 0.1 on rank 0" : "another rank gives other settings";
  EXPECT_NE(message(code).find(says), std::string::npos) << message(code);
  EXPECT_EQ(value_in_force(comm, "pliant_density"), "0.01");
}

TEST(Settings, OneRankThatIsRefusedIsNamedOnAllOthers) {
  const FreshComm comm;
  if (comm.ranks() < 2) GTEST_SKIP() << "needs another rank";
  const bool last = comm.rank() == comm.ranks() - 1;
  const int code = set(comm, {{"pliant_density", last ? "7" : "0.1"}});
  EXPECT_EQ(code, MPI_ERR_INFO_VALUE);
  const std::string says = "rank " + std::to_string(comm.ranks() - 1) + " refuses its settings";
  EXPECT_NE(message(code).find(last ? "pliant_density = 7" : says), std::string::npos) << message(code);
  EXPECT_EQ(value_in_force(comm, "pliant_density"), "0.01");
}

/// As MPI's own hints do.
TEST(Settings, ADuplicateHasTheSettingsOfItsOriginal) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_assert_exact", "true"}, {"pliant_density", "0.25"}}), MPI_SUCCESS);
  MPI_Comm child = MPI_COMM_NULL;
  MPI_Comm grandchild = MPI_COMM_NULL;
  MPI_Comm_dup(comm, &child);
  MPI_Comm_dup(child, &grandchild);  // before anything was called on the child
  MPI_Comm_set_errhandler(grandchild, MPI_ERRORS_RETURN);
  ASSERT_EQ(set(comm, {{"pliant_density", "0.5"}}), MPI_SUCCESS);
  EXPECT_EQ(value_in_force(grandchild, "pliant_density"), "0.25") << "as it was then";
  EXPECT_EQ(value_in_force(child, "pliant_assert_exact"), "true");
  ASSERT_EQ(set(grandchild, {{"pliant_mode", "topk"}}), MPI_SUCCESS);
  EXPECT_EQ(value_in_force(grandchild, "pliant_mode"), "exact") << "asserted on the original";
  MPI_Comm_free(&child);
  MPI_Comm_free(&grandchild);
}

}  // namespace
