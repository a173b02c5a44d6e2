// Settings: which values are accepted, which source wins, and that ranks must agree.
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

/// Reduces by a request with these settings and returns its report.
Pliant_Report report_of_request(MPI_Comm comm, const Pairs& pairs) {
  std::vector<float> values = gradient(rank_of(comm), 0, 20000);
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  for (const auto& [key, value] : pairs) MPI_Info_set(info, key.c_str(), value.c_str());
  Pliant_Request request = PLIANT_REQUEST_NULL;
  const int code =
      Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), 20000, MPI_FLOAT, MPI_SUM, comm, info, &request);
  MPI_Info_free(&info);
  Pliant_Report report{};
  EXPECT_EQ(code, MPI_SUCCESS) << message(code);
  if (code != MPI_SUCCESS) return report;
  EXPECT_EQ(Pliant_Start(request), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  report = report_of(request);
  EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  return report;
}

TEST(Settings, AnAlgorithmOfTheEnvironmentIsForRequestsThatMayLose) {
  const Environment forced("PLIANT_ALGORITHM", "star_ring");
  const FreshComm comm;
  const Pliant_Report report = report_of_request(comm, {{"pliant_mode", "topk"}, {"pliant_density", "0.01"}});
  EXPECT_STREQ(report.algorithm, "star_ring");
  EXPECT_EQ(report.kept, 200);
}

TEST(Settings, ExactCallsPassALossyAlgorithmOfTheEnvironmentByAndSaySoOnce) {
  const Environment forced("PLIANT_ALGORITHM", "star_ring,allgather_topk");
  const FreshComm comm;
  testing::internal::CaptureStderr();
  for (int call = 0; call < 3; ++call) {
    std::vector<float> values = gradient(comm.rank(), call, 20000);
    const std::vector<float> expected = exact_sum(values, comm);
    EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 20000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    EXPECT_EQ(values, expected);
    EXPECT_EQ(report_of(comm).exact, 1);
  }
  EXPECT_EQ(report_of_request(comm, {}).exact, 1);
  const std::string said = testing::internal::GetCapturedStderr();
  const std::string warning = "PLIANT_ALGORITHM = star_ring,allgather_topk has no effect on exact calls";
  const std::size_t first = said.find(warning);
  EXPECT_EQ(first != std::string::npos, comm.rank() == 0) << said;
  if (first != std::string::npos) {
    EXPECT_EQ(said.find(warning, first + 1), std::string::npos) << said;
  }
}

TEST(Settings, ARequestNeedsNoPlanOfItsCommunicator) {
  const Environment mode("PLIANT_MODE", "topk");
  const Environment policy("PLIANT_POLICY", "budget");
  const FreshComm comm;
  float one = 1;
  EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_FLOAT, MPI_SUM, comm), MPI_ERR_INFO_VALUE);
  EXPECT_EQ(report_of_request(comm, {{"pliant_time_budget_us", "1000000"}}).elements, 20000);
}

/// A duplicate with hints, as far as this MPI keeps them.
class HintedComm {
 public:
  HintedComm(const char* key, const std::string& value) {
    MPI_Info hints = MPI_INFO_NULL;
    MPI_Info_create(&hints);
    MPI_Info_set(hints, key, value.c_str());
    MPI_Comm_dup_with_info(MPI_COMM_WORLD, hints, &comm_);
    MPI_Info_free(&hints);
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
    MPI_Info kept = MPI_INFO_NULL;
    MPI_Comm_get_info(comm_, &kept);
    int length = 0;
    int found = 0;
    MPI_Info_get_valuelen(kept, key, &length, &found);
    MPI_Info_free(&kept);
    is_kept = found != 0;
  }
  HintedComm(const HintedComm&) = delete;
  HintedComm& operator=(const HintedComm&) = delete;
  ~HintedComm() { MPI_Comm_free(&comm_); }
  operator MPI_Comm() const { return comm_; }

  bool is_kept = false;

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

TEST(Settings, HintsThatMpiKeepsAreTaken) {
  const HintedComm comm("pliant_density", "0.5");
  EXPECT_EQ(value_in_force(comm, "pliant_density"), comm.is_kept ? "0.5" : "0.01");
  ASSERT_EQ(set(comm, {{"pliant_density", "0.25"}}), MPI_SUCCESS);
  EXPECT_EQ(value_in_force(comm, "pliant_density"), "0.25");
}

TEST(Settings, WrongHintsAreErrorsUntilTheyAreCorrected) {
  const HintedComm comm("pliant_density", "2");
  if (!comm.is_kept) GTEST_SKIP() << "MPI keeps no hint that it does not know";
  float one = 1;
  const int code = Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_FLOAT, MPI_SUM, comm);
  EXPECT_EQ(code, MPI_ERR_INFO_VALUE);
  EXPECT_NE(message(code).find("pliant_density = 2"), std::string::npos) << message(code);
  ASSERT_EQ(set(comm, {{"pliant_density", "0.25"}}), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
}

TEST(Settings, HintsThatDifferBetweenRanksAreErrorsOnAll) {
  const int rank = rank_of(MPI_COMM_WORLD);
  if (ranks_of(MPI_COMM_WORLD) < 2) GTEST_SKIP() << "needs two ranks";
  const HintedComm comm(rank == 0 ? "pliant_density" : "pliant_mode", rank == 0 ? "0.5" : "topk");
  if (!comm.is_kept) GTEST_SKIP() << "MPI keeps no hint that it does not know";
  float one = 1;
  EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_FLOAT, MPI_SUM, comm), MPI_ERR_ARG);
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

/// A duplicate inherits settings, as MPI's own hints are inherited.
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
