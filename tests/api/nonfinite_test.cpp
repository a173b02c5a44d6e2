// Gradients with non-finite elements: all ranks decide alike, the elements leave with the step that sends
// them, and reports stay in range.
#include <cmath>
#include <limits>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

constexpr int kCount = 6007;
constexpr std::size_t kPlace = 7;

const std::vector<float> kOdd = {std::numeric_limits<float>::infinity(),
                                 -std::numeric_limits<float>::infinity(),
                                 std::numeric_limits<float>::quiet_NaN()};

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

/// Whether `value` is infinity or NaN like `odd`; the sign of a NaN does not matter.
bool as_odd(float value, float odd) {
  return std::isnan(odd) ? std::isnan(value) : value == odd;
}

TEST(NonFinite, ALeastGainIsAgreedOnWithOneOnOneRank) {
  const FreshComm comm;
  for (const char* algorithm : {"allgather_topk", "allgather_topk,ring", "star_ring,ring", "var_ring,ring"}) {
    for (const float odd : kOdd) {
      SCOPED_TRACE(std::string(algorithm) + " " + std::to_string(odd));
      ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                           {"pliant_density", "0.01"},
                           {"pliant_min_bytes", "0"},
                           {"pliant_min_gain", "0.5"},
                           {"pliant_algorithm", algorithm}}),
                MPI_SUCCESS);
      const int holder = comm.ranks() - 1;
      std::vector<float> values(kCount, 1.0F);
      if (comm.rank() == holder) values[kPlace] = odd;
      ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
      // With equal elements, 1 % of them hold 1 % of the energy, so all are sent.
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (i == kPlace) {
          EXPECT_TRUE(as_odd(values[i], odd)) << values[i];
        } else {
          ASSERT_EQ(values[i], static_cast<float>(comm.ranks())) << i;
        }
      }
      EXPECT_EQ(report_of(comm).exact, 1);
      EXPECT_EQ(report_of(comm).gain, 1);
      EXPECT_EQ(report_of(comm).residual_norm, 0);
    }
  }
}

/// Steps of a request; one of them has an odd element on one rank.
void run_steps(MPI_Comm comm, const std::string& algorithm, const char* feedback, const char* codec,
               float odd) {
  SCOPED_TRACE(algorithm + " " + feedback + " " + codec + " " + std::to_string(odd));
  constexpr int kOddStep = 1;
  const int rank = rank_of(comm);
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_density", "0.02"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_error_feedback", feedback},
                       {"pliant_value_codec", codec},
                       {"pliant_algorithm", algorithm}}),
            MPI_SUCCESS);
  std::vector<float> buffer(kCount);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm,
                                  MPI_INFO_NULL, &request),
            MPI_SUCCESS);
  // Every rank is the leader within P steps.
  const int steps = kOddStep + ranks_of(comm) + 2;
  int seen = 0;
  for (int step = 0; step < steps; ++step) {
    fill_gradient(buffer, rank, step);
    if (step == kOddStep && rank == 0) buffer[kPlace] = odd;
    Pliant_Start(request);
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    EXPECT_TRUE(same_bits(buffer, comm)) << "step " << step;
    const bool finite = all_finite(buffer);
    seen += finite ? 0 : 1;
    const Pliant_Report report = report_of(request);
    EXPECT_GE(report.gain, 0);
    EXPECT_LE(report.gain, 1);
    if (step == steps - 1) {
      EXPECT_TRUE(finite);
      EXPECT_TRUE(std::isfinite(report.residual_norm));
    }
  }
  // With ef21 and with "none", the next gradient replaces what was not sent, before the rank is the leader.
  EXPECT_LE(seen, 1) << "it leaves with the step that sends it";
  if (std::string(feedback) == "ef14") {
    EXPECT_EQ(seen, 1);
  }
  std::fill(buffer.begin(), buffer.end(), 0.0F);
  EXPECT_EQ(Pliant_Request_flush(request), MPI_SUCCESS);
  EXPECT_TRUE(all_finite(buffer)) << "nothing of it is left";
  EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST(NonFinite, LeavesEveryFeedbackWithTheStepThatSendsIt) {
  const FreshComm comm;  // one for all: each measures the network
  for (const std::string& algorithm : lossy_algorithms())
    for (const char* feedback : {"ef14", "ef21", "none"})
      for (const float odd : {kOdd[0], kOdd[2]}) run_steps(comm, algorithm, feedback, "float32", odd);
}

TEST(NonFinite, LeavesUnderEveryValueCodec) {
  const FreshComm comm;
  int codecs = 0;
  Pliant_Value_codec_get_num(&codecs);
  for (int i = 0; i < codecs; ++i) {
    Pliant_Entry codec{};
    Pliant_Value_codec_get_info(i, &codec);
    for (const char* feedback : {"ef14", "ef21"})
      run_steps(comm, "allgather_topk", feedback, codec.name, kOdd[0]);
  }
}

TEST(NonFinite, ReportsCountFiniteElementsAndTellTheTruthOfTheResidual) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_density", "0.002"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_algorithm", "allgather_topk"}}),
            MPI_SUCCESS);
  // k = 12: the two odd elements and the ten of 3 are sent, and the ten of 1 stay.
  std::vector<float> buffer(kCount, 0.0F);
  buffer[0] = kOdd[0];
  buffer[1] = kOdd[2];
  std::fill_n(buffer.begin() + 2, 10, 3.0F);
  std::fill_n(buffer.begin() + 12, 10, 1.0F);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  Pliant_Report report = report_of(comm);
  ASSERT_EQ(report.kept, 12);
  EXPECT_EQ(report.nonfinite, 2);
  EXPECT_DOUBLE_EQ(report.gain, 90.0 / 100.0);
  EXPECT_DOUBLE_EQ(report.residual_norm, std::sqrt(10.0));
  // There are more than k odd elements, so some stay, and the norm of the rest shows it.
  std::fill(buffer.begin(), buffer.end(), kOdd[0]);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  report = report_of(comm);
  EXPECT_EQ(report.nonfinite, 12);
  EXPECT_EQ(report.gain, 1) << "no element is finite";
  EXPECT_EQ(report.residual_norm, std::numeric_limits<double>::infinity());
}

TEST(NonFinite, PoliciesGoOn) {
  const FreshComm comm;
  for (const char* policy : {"budget", "pareto", "goodput"}) {
    SCOPED_TRACE(policy);
    ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                         {"pliant_policy", policy},
                         {"pliant_min_bytes", "0"},
                         {"pliant_min_gain", "0.2"},
                         {"pliant_time_budget_us", "50"}}),
              MPI_SUCCESS);
    std::vector<float> buffer(kCount);
    Pliant_Request request = PLIANT_REQUEST_NULL;
    ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm,
                                    MPI_INFO_NULL, &request),
              MPI_SUCCESS);
    for (int step = 0; step < 30; ++step) {
      fill_gradient(buffer, comm.rank(), step);
      if (step % 4 == 0 && comm.rank() == comm.ranks() - 1)
        buffer[kPlace] = kOdd[static_cast<std::size_t>(step) / 4 % 3];
      Pliant_Start(request);
      ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
      EXPECT_TRUE(same_bits(buffer, comm)) << "step " << step;
      const Pliant_Report report = report_of(request);
      EXPECT_GE(report.gain, 0);
      EXPECT_LE(report.gain, 1);
      EXPECT_GE(report.kept, 1);
      EXPECT_LE(report.kept, kCount);
      std::int64_t kept[2] = {report.kept, -report.kept};
      MPI_Allreduce(MPI_IN_PLACE, kept, 2, MPI_INT64_T, MPI_MAX, comm);
      EXPECT_EQ(kept[0], -kept[1]) << "step " << step;
    }
    EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
}

}  // namespace
