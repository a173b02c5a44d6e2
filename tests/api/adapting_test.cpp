// Policies that choose the density: what they learn, that all ranks decide alike, and that nothing is lost.
#include <cmath>
#include <functional>
#include <memory>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

constexpr const char* kLossy = "allgather_topk, star_rabenseifner, quota_ring";
constexpr int kCount = 60'000;

/// Integers with heavy tails: a few elements hold most of the energy.
std::vector<float> heavy(int rank, int step, int count = kCount) {
  std::vector<float> values = gradient(rank, step, static_cast<std::size_t>(count));
  for (float& value : values) value = std::trunc(value * value * value / 65536.0F);
  return values;
}

/// Whether all ranks have the same value.
bool same_everywhere(double value, MPI_Comm comm) {
  std::array<double, 2> ends = {value, -value};
  MPI_Allreduce(MPI_IN_PLACE, ends.data(), 2, MPI_DOUBLE, MPI_MAX, comm);
  return ends[0] == -ends[1];
}

void expect_agreed(const Pliant_Report& report, MPI_Comm comm) {
  EXPECT_TRUE(same_everywhere(static_cast<double>(report.kept), comm)) << report.kept;
  EXPECT_TRUE(same_everywhere(report.predicted_s, comm));
}

/// One tensor's steps, as blocking calls or as a request.
class Stepper {
 public:
  Stepper(MPI_Comm comm, bool blocking) : comm_(comm), values_(kCount) {
    if (!blocking) {
      EXPECT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values_.data(), kCount, MPI_FLOAT, MPI_SUM, comm,
                                      MPI_INFO_NULL, &request_),
                MPI_SUCCESS);
    }
  }
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;
  ~Stepper() {
    if (request_ != PLIANT_REQUEST_NULL) Pliant_Request_free(&request_);
  }

  Pliant_Report step(const std::vector<float>& gradient) {
    std::copy(gradient.begin(), gradient.end(), values_.begin());
    if (request_ == PLIANT_REQUEST_NULL) {
      EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values_.data(), kCount, MPI_FLOAT, MPI_SUM, comm_),
                MPI_SUCCESS);
      return report_of(comm_);
    }
    EXPECT_EQ(Pliant_Start(request_), MPI_SUCCESS);
    EXPECT_EQ(Pliant_Wait(request_), MPI_SUCCESS);
    return report_of(request_);
  }
  const std::vector<float>& result() const { return values_; }
  /// The outstanding residual, added to zero. For requests only.
  std::vector<float> flush() {
    std::fill(values_.begin(), values_.end(), 0.0F);
    EXPECT_EQ(Pliant_Request_flush(request_), MPI_SUCCESS);
    return values_;
  }

 private:
  MPI_Comm comm_;
  std::vector<float> values_;
  Pliant_Request request_ = PLIANT_REQUEST_NULL;
};

/// Learning stays off, since the network's estimate would also move k: see learning_test.cpp.
Pairs settings_of(const char* policy, const Pairs& more = {}) {
  Pairs pairs = {{"pliant_mode", "topk"},
                 {"pliant_policy", policy},
                 {"pliant_algorithm", kLossy},
                 {"pliant_learn", "false"}};
  pairs.insert(pairs.end(), more.begin(), more.end());
  return pairs;
}

void for_each_way(const std::function<void(const char*, bool)>& act) {
  for (const char* policy : {"pareto", "goodput"})
    for (const bool blocking : {true, false}) {
      SCOPED_TRACE(testing::Message() << policy << (blocking ? ", blocking" : ", request"));
      act(policy, blocking);
    }
}

TEST(Adapting, BeginsWithTheUsersDensityAndThenChooses) {
  for_each_way([](const char* policy, bool blocking) {
    const FreshComm comm;
    ASSERT_EQ(set(comm, settings_of(policy, {{"pliant_density", "0.5"}})), MPI_SUCCESS);
    Stepper stepper(comm, blocking);
    const Pliant_Report first = stepper.step(heavy(comm.rank(), 0));
    EXPECT_EQ(first.kept, kCount / 2);
    for (int step = 1; step < 40; ++step) {
      const Pliant_Report report = stepper.step(heavy(comm.rank(), step));
      EXPECT_NE(report.kept, kCount / 2) << report.reason;
      expect_agreed(report, comm);
      EXPECT_TRUE(same_bits(stepper.result(), comm));
      if (std::string(policy) == "pareto") {
        EXPECT_GE(report.density, 0.001);
        EXPECT_LE(report.density, 0.1);
      }
    }
  });
}

TEST(Adapting, LosesNothingWhileMagnitudesAreCounted) {
  for (const char* policy : {"pareto", "goodput"}) {
    const FreshComm comm;
    ASSERT_EQ(set(comm, settings_of(policy)), MPI_SUCCESS);
    Stepper stepper(comm, false);
    std::vector<float> got(kCount), expected(kCount);
    for (int step = 0; step < 24; ++step) {
      // The gradient changes halfway, so its gain moves, and magnitudes are counted again.
      const std::vector<float> mine =
          step < 12 ? heavy(comm.rank(), step) : gradient(comm.rank(), step, kCount);
      const std::vector<float> sum = exact_sum(mine, comm);
      stepper.step(mine);
      for (std::size_t i = 0; i < kCount; ++i) {
        expected[i] += sum[i];
        got[i] += stepper.result()[i];
      }
    }
    const std::vector<float> rest = stepper.flush();
    for (std::size_t i = 0; i < kCount; ++i) got[i] += rest[i];
    EXPECT_EQ(got, expected) << policy;
  }
}

TEST(Adapting, ExactStepsCountTooAndLoseNothing) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_policy", "goodput"}, {"pliant_algorithm", "ring"}}),
            MPI_SUCCESS);
  Stepper stepper(comm, true);
  for (int step = 0; step < 3; ++step) {
    const std::vector<float> mine = heavy(comm.rank(), step);
    const std::vector<float> sum = exact_sum(mine, comm);
    EXPECT_EQ(stepper.step(mine).exact, 1);
    EXPECT_EQ(stepper.result(), sum);
  }
}

TEST(Adapting, FollowsAGainThatMoves) {
  for (const bool blocking : {true, false}) {
    const FreshComm comm;
    // Without error feedback the error-fed gradient equals the gradient.
    ASSERT_EQ(set(comm, settings_of("pareto", {{"pliant_error_feedback", "none"},
                                               {"pliant_algorithm", "allgather_topk"}})),
              MPI_SUCCESS);
    Stepper stepper(comm, blocking);
    std::vector<float> few(kCount, 0.001F);  // nearly all energy in 600 elements
    for (std::size_t i = 0; i < 600; ++i) few[i * 100] = 1000;
    for (int step = 0; step < 20; ++step) stepper.step(few);
    const std::int64_t narrow = stepper.step(few).kept;
    for (int step = 0; step < 20; ++step) stepper.step(heavy(comm.rank(), step));
    const std::int64_t wide = stepper.step(heavy(comm.rank(), 99)).kept;
    EXPECT_LE(narrow, 600);
    EXPECT_GT(static_cast<double>(wide), 1.2 * static_cast<double>(narrow));
  }
}

TEST(Adapting, APlanShowsThePolicysDensity) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, settings_of("pareto")), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
  EXPECT_EQ(plan_of(comm, kCount)[0].kept, kCount / 100) << "nothing is known of the gradient yet";
  Stepper stepper(comm, true);
  Pliant_Report report{};
  for (int step = 0; step < 3; ++step) report = stepper.step(heavy(comm.rank(), step));
  EXPECT_EQ(plan_of(comm, kCount)[0].kept, report.kept);
  EXPECT_STREQ(plan_of(comm, kCount)[0].algorithm, report.algorithm);
}

TEST(Adapting, MinGainIsAFloor) {
  for (const char* policy : {"pareto", "goodput", "budget"}) {
    SCOPED_TRACE(policy);
    const FreshComm comm;
    ASSERT_EQ(set(comm, settings_of(policy, {{"pliant_min_gain", "0.75"},
                                             {"pliant_time_budget_us", "0.001"},
                                             {"pliant_algorithm", "allgather_topk"}})),
              MPI_SUCCESS);
    Stepper stepper(comm, false);
    int lossy = 0;
    for (int step = 0; step < 12; ++step) {
      const Pliant_Report report = stepper.step(heavy(comm.rank(), step));
      expect_agreed(report, comm);
      EXPECT_TRUE(report.exact != 0 || report.gain >= 0.75) << report.gain;
      lossy += report.exact == 0 ? 1 : 0;
    }
    EXPECT_GE(lossy, 6);
  }
}

// Blocking calls find their residual by buffer. Here the ranks use their buffers in different ways.
TEST(Adapting, RanksDecideAlikeWhateverBuffersTheyUse) {
  for (const char* policy : {"pareto", "goodput", "budget"}) {
    SCOPED_TRACE(policy);
    const FreshComm comm;
    ASSERT_EQ(set(comm, settings_of(policy, {{"pliant_time_budget_us", "3000"}})), MPI_SUCCESS);
    std::vector<std::vector<float>> buffers(4, std::vector<float>(kCount));
    for (int step = 0; step < 60; ++step) {
      std::vector<float>& buffer = buffers[static_cast<std::size_t>(step % (1 + comm.rank()) % 4)];
      const std::vector<float> fresh = heavy(comm.rank(), step);
      std::copy(fresh.begin(), fresh.end(), buffer.begin());  // it stays where it is
      // The share of zeros changes each time, so that ranks propose different models.
      const int share = 1 + (7 * step + 3 * comm.rank()) % 5;
      for (int i = 0; i < kCount; ++i)
        if (i % share != 0) buffer[static_cast<std::size_t>(i)] = 0;
      ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
      expect_agreed(report_of(comm), comm);
      ASSERT_TRUE(same_bits(buffer, comm));
    }
  }
}

TEST(Adapting, SeveralRequestsLearnEachForItself) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, settings_of("pareto", {{"pliant_error_feedback", "none"}})), MPI_SUCCESS);
  std::vector<std::unique_ptr<Stepper>> steppers;
  for (int i = 0; i < 3; ++i) steppers.push_back(std::make_unique<Stepper>(comm, false));
  std::vector<float> few(kCount, 0.001F);
  for (std::size_t i = 0; i < 600; ++i) few[i * 100] = 1000;
  std::int64_t narrow = 0, wide = 0;
  for (int step = 0; step < 4; ++step) {
    narrow = steppers[0]->step(few).kept;
    wide = steppers[1]->step(heavy(comm.rank(), step)).kept;
    steppers[2]->step(gradient(comm.rank(), step, kCount));
  }
  EXPECT_LT(narrow, wide);
}

}  // namespace
