// A late rank is named on all ranks, and its lateness is not learned as a property of the network. A program
// of its own, since its environment must be set before anything else runs.
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "core/stats.hpp"
#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

class DebugEnvironment : public testing::Environment {
 public:
  void SetUp() override { setenv("PLIANT_DEBUG", "info", 1); }
};

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new DebugEnvironment);

/// Much longer than any delay of a call on a busy machine.
constexpr double kLate_s = 100e-3;

/// Simulates computing on the late rank. It sleeps, because other tests may need the processor.
void compute(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

class Straggler : public testing::Test {
 protected:
  /// Makes calls, with `late` computing before each, until it is named.
  bool calls_until_named(int late, int most) {
    for (int call = 0; call < most; ++call) {
      if (comm_.rank() == late) compute(kLate_s);
      EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values_.data(), 40'000, MPI_FLOAT, MPI_MAX, comm_),
                MPI_SUCCESS);
      // Each rank names the straggler from agreed data, so the answer is the same after every blocking call.
      int named = report_of(MPI_Comm{comm_}).late_rank;
      int of_root = named;
      MPI_Bcast(&of_root, 1, MPI_INT, 0, comm_);
      EXPECT_EQ(named, of_root);
      if (of_root == late) return true;
    }
    return false;
  }

  const FreshComm comm_;
  std::vector<float> values_ = std::vector<float>(40'000, 1.0F);
};

TEST_F(Straggler, IsNamedAndNotLearnedAsASlowLink) {
  ASSERT_NE(kEnvironment, nullptr);
  if (comm_.ranks() == 1) GTEST_SKIP() << "nobody waits for a lone rank";
  const int late = comm_.ranks() - 1;
  testing::internal::CaptureStderr();
  ASSERT_TRUE(calls_until_named(late, 300));
  const Pliant_Report named = report_of(MPI_Comm{comm_});
  EXPECT_GT(named.late_s, kLate_s / 4);
  // Samples as many calls again: if lateness counted as network time, predictions would contain it.
  // Takes the median, because a busy machine delays a rank now and then.
  std::vector<double> predicted_s;
  for (int call = 0; call < 30; ++call) {
    calls_until_named(late, 1);
    predicted_s.push_back(report_of(MPI_Comm{comm_}).predicted_s);
  }
  EXPECT_LT(pliant::median(predicted_s), kLate_s / 2);
  const std::string said = testing::internal::GetCapturedStderr();
  if (comm_.rank() != 0) return;
  const std::string name = "rank " + std::to_string(late) + " comes ";
  EXPECT_NE(said.find(name), std::string::npos) << said;
  EXPECT_NE(said.find("computes longer"), std::string::npos) << said;
}

/// Computing while an operation is pending is no lateness, unless other ranks wait for it.
TEST_F(Straggler, OfARequestIsWhoLetsTheOthersWait) {
  if (comm_.ranks() == 1) GTEST_SKIP() << "nobody waits for a lone rank";
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values_.data(), 40'000, MPI_FLOAT, MPI_MAX, comm_,
                                  MPI_INFO_NULL, &request),
            MPI_SUCCESS);
  int named = -1;
  for (int call = 0; call < 300 && named != 0; ++call) {
    if (comm_.rank() == 0) compute(kLate_s);
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    named = report_of(request).late_rank;
    MPI_Bcast(&named, 1, MPI_INT, 0, comm_);
  }
  EXPECT_EQ(named, 0);
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST_F(Straggler, AReportAsItWasBeforeHoldsNone) {
  EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values_.data(), 10, MPI_FLOAT, MPI_MAX, comm_), MPI_SUCCESS);
  EXPECT_EQ(report_of(MPI_Comm{comm_}).late_rank, -1) << "short calls meet nobody";
  Pliant_Report report{};
  report.size = offsetof(Pliant_Report, late_rank);
  report.late_rank = 77;
  ASSERT_EQ(Pliant_Comm_get_report(comm_, &report), MPI_SUCCESS);
  EXPECT_EQ(report.late_rank, 77);
}

}  // namespace
