// Learning in real calls: the ranks decide alike, in any order of starts, with right sums. Changed
// predictions are reported.
#include <gtest/gtest.h>
#include <mpi.h>
#include <pliant/pliant.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

/// Whether all ranks have the same text.
bool same_everywhere(const char* text, MPI_Comm comm) {
  std::array<char, 32> mine{}, least{}, most{};
  std::copy_n(text, std::min(std::strlen(text), mine.size() - 1), mine.begin());
  MPI_Allreduce(mine.data(), least.data(), 32, MPI_CHAR, MPI_MIN, comm);
  MPI_Allreduce(mine.data(), most.data(), 32, MPI_CHAR, MPI_MAX, comm);
  return least == most;
}

class Learning : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(set(comm_, {{"pliant_learn", "true"}}), MPI_SUCCESS); }
  FreshComm comm_;
};

TEST_F(Learning, BlockingCallsOfManyLengthsStayRightAndAlike) {
  for (int call = 0; call < 120; ++call) {
    const int count = std::array{5'000, 40'000, 300'000}[static_cast<std::size_t>(call % 3)];
    std::vector<float> values(static_cast<std::size_t>(count), static_cast<float>(rank_of(comm_) + 1));
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), count, MPI_FLOAT, MPI_SUM, comm_), MPI_SUCCESS);
    const int ranks = ranks_of(comm_);
    const float sum = static_cast<float>(ranks * (ranks + 1) / 2);
    ASSERT_TRUE(std::all_of(values.begin(), values.end(), [&](float v) { return v == sum; })) << call;
    Pliant_Report report{};
    report.size = sizeof report;
    ASSERT_EQ(Pliant_Comm_get_report(comm_, &report), MPI_SUCCESS);
    ASSERT_TRUE(same_everywhere(report.algorithm, comm_)) << call << report.algorithm;
    ASSERT_GT(report.alpha_s, ranks > 1 ? 0 : -1);
    ASSERT_GT(report.beta_s_per_byte, ranks > 1 ? 0 : -1);
    ASSERT_GT(report.predicted_s, ranks > 1 ? 0 : -1);
  }
}

TEST_F(Learning, LossyBlockingCallsStayAlike) {
  ASSERT_EQ(set(comm_, {{"pliant_mode", "topk"}, {"pliant_density", "0.01"}}), MPI_SUCCESS);
  std::vector<float> values = gradient(rank_of(comm_), 0, 60'000);
  std::vector<float> result(values.size());
  for (int call = 0; call < 60; ++call) {
    ASSERT_EQ(Pliant_Allreduce(values.data(), result.data(), 60'000, MPI_FLOAT, MPI_SUM, comm_), MPI_SUCCESS);
    std::vector<float> root = result;
    MPI_Bcast(root.data(), 60'000, MPI_FLOAT, 0, comm_);
    ASSERT_EQ(root, result) << call;
  }
}

/// Each rank starts its requests in its own order.
TEST_F(Learning, RequestsMayBeStartedInAnyOrder) {
  constexpr std::size_t kRequests = 5;
  std::vector<std::vector<float>> values(kRequests);
  std::vector<Pliant_Request> requests(kRequests, PLIANT_REQUEST_NULL);
  for (std::size_t i = 0; i < kRequests; ++i) {
    values[i].resize(6'000 * (i + 1));
    ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values[i].data(), static_cast<MPI_Count>(values[i].size()),
                                    MPI_FLOAT, MPI_SUM, comm_, MPI_INFO_NULL, &requests[i]),
              MPI_SUCCESS);
  }
  const auto rank = static_cast<std::size_t>(rank_of(comm_));
  for (std::size_t step = 0; step < 60; ++step) {
    for (auto& vector : values) std::fill(vector.begin(), vector.end(), 1.0F);
    for (std::size_t i = 0; i < kRequests; ++i)
      ASSERT_EQ(Pliant_Start(requests[(i * (rank % 4 + 1) + step) % kRequests]), MPI_SUCCESS);
    for (std::size_t i = 0; i < kRequests; ++i)
      ASSERT_EQ(Pliant_Wait(requests[(i * (rank % 3 + 1) + rank) % kRequests]), MPI_SUCCESS);
    for (const auto& vector : values)
      ASSERT_EQ(std::count(vector.begin(), vector.end(), static_cast<float>(ranks_of(comm_))),
                static_cast<std::ptrdiff_t>(vector.size()));
  }
  for (Pliant_Request& request : requests) {
    Pliant_Report report{};
    report.size = sizeof report;
    ASSERT_EQ(Pliant_Request_get_report(request, &report), MPI_SUCCESS);
    EXPECT_TRUE(same_everywhere(report.algorithm, comm_)) << report.algorithm;
    ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
}

TEST_F(Learning, NothingIsLearnedWhereTheOrderIsPinned) {
  ASSERT_EQ(set(comm_, {{"pliant_deterministic", "true"}}), MPI_SUCCESS);
  std::vector<float> values(40'000, 1.0F);
  double alpha_s = -1;
  for (int call = 0; call < 20; ++call) {
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 40'000, MPI_FLOAT, MPI_MAX, comm_), MPI_SUCCESS);
    Pliant_Report report{};
    report.size = sizeof report;
    ASSERT_EQ(Pliant_Comm_get_report(comm_, &report), MPI_SUCCESS);
    if (alpha_s < 0) alpha_s = report.alpha_s;
    EXPECT_EQ(report.alpha_s, alpha_s);
  }
}

TEST_F(Learning, PredictionsMove) {
  if (ranks_of(comm_) == 1) GTEST_SKIP() << "one rank has no network";
  std::vector<float> values(40'000, 1.0F);
  std::vector<double> predictions;
  for (int call = 0; call < 200; ++call) {
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 40'000, MPI_FLOAT, MPI_MAX, comm_), MPI_SUCCESS);
    Pliant_Report report{};
    report.size = sizeof report;
    ASSERT_EQ(Pliant_Comm_get_report(comm_, &report), MPI_SUCCESS);
    predictions.push_back(report.predicted_s);
  }
  EXPECT_GT(std::count_if(predictions.begin(), predictions.end(),
                          [&](double s) { return s != predictions.front(); }),
            0);
}

TEST_F(Learning, BytesReportedAreTheOperationsOwn) {
  ASSERT_EQ(set(comm_, {{"pliant_algorithm", "recursive_doubling"}}), MPI_SUCCESS);
  std::vector<float> values(40'000, 1.0F);
  for (int call = 0; call < 30; ++call) {
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 40'000, MPI_FLOAT, MPI_MAX, comm_), MPI_SUCCESS);
    Pliant_Report report{};
    report.size = sizeof report;
    ASSERT_EQ(Pliant_Comm_get_report(comm_, &report), MPI_SUCCESS);
    ASSERT_EQ(report.wire_bytes % 160'000, 0) << call;
  }
}

}  // namespace
