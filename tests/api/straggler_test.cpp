// A rank that is late is named on all ranks, and nothing of its lateness is learned as the network's. One
// program: it is told before anything else runs to say what it decides.
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

/// Long beside what a busy machine makes of a call.
constexpr double kLate_s = 100e-3;

/// The program of the rank that is late. It leaves its processor to others, whose tests may need it.
void compute(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

class Straggler : public testing::Test {
 protected:
  /// Calls, before each of which `late` computes, until it has been named.
  bool calls_until_named(int late, int most) {
    for (int call = 0; call < most; ++call) {
      if (comm_.rank() == late) compute(kLate_s);
      EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values_.data(), 40'000, MPI_FLOAT, MPI_MAX, comm_),
                MPI_SUCCESS);
      // Each rank names who it is by what all have told: the same everywhere after every blocking call.
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
  // Sampled as often again: had it been taken for the network, that would be what is predicted.
  // The median, as a busy machine holds up a rank here and there.
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

/// Program that computes while an operation is under way: only what others wait for is lateness.
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
