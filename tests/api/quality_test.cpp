// pliant_quality through the public interface: the meaning of a user's density. Choosing pairs, exploring
// selection rules and sampling lose nothing, and ranks stay alike. The trace opens at the first call.
#include <cmath>
#include <cstdlib>

#include "tests/api/api_support.hpp"
#include "trace/hdf5_file.hpp"

namespace {

using namespace pliant_test;

constexpr const char* kLossy = "allgather_topk, star_rabenseifner, quota_ring, oktopk";
constexpr int kCount = 40'000;

std::string trace_path() {
  return testing::TempDir() + "pliant_quality_" + std::to_string(ranks_of(MPI_COMM_WORLD)) + ".h5";
}

class TraceEnvironment : public testing::Environment {
 public:
  void SetUp() override { setenv("PLIANT_TRACE", trace_path().c_str(), 1); }
};

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TraceEnvironment);

/// Integers with heavy tails.
std::vector<float> heavy(int rank, int step) {
  std::vector<float> values = gradient(rank, step, kCount);
  for (float& value : values) value = std::trunc(value * value * value / 65536.0F);
  return values;
}

bool same_everywhere(double value, MPI_Comm comm) {
  std::array<double, 2> ends = {value, -value};
  MPI_Allreduce(MPI_IN_PLACE, ends.data(), 2, MPI_DOUBLE, MPI_MAX, comm);
  return ends[0] == -ends[1];
}

/// A request over its own buffer.
class Steps {
 public:
  explicit Steps(MPI_Comm comm, const char* name = "") : values_(kCount) {
    MPI_Info info = MPI_INFO_NULL;
    MPI_Info_create(&info);
    if (*name != '\0') MPI_Info_set(info, "pliant_name", name);
    EXPECT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values_.data(), kCount, MPI_FLOAT, MPI_SUM, comm, info,
                                    &request_),
              MPI_SUCCESS);
    MPI_Info_free(&info);
  }
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;
  ~Steps() { Pliant_Request_free(&request_); }

  Pliant_Report step(const std::vector<float>& gradient) {
    std::copy(gradient.begin(), gradient.end(), values_.begin());
    EXPECT_EQ(Pliant_Start(request_), MPI_SUCCESS);
    EXPECT_EQ(Pliant_Wait(request_), MPI_SUCCESS);
    return report_of(request_);
  }
  std::vector<float> flush() {
    std::fill(values_.begin(), values_.end(), 0.0F);
    EXPECT_EQ(Pliant_Request_flush(request_), MPI_SUCCESS);
    return values_;
  }
  const std::vector<float>& result() const { return values_; }

 private:
  std::vector<float> values_;
  Pliant_Request request_ = PLIANT_REQUEST_NULL;
};

TEST(Quality, AUsersDensityIsKInEveryAlgorithm) {
  for (const char* quality : {"auto", "density"}) {
    const FreshComm comm;
    ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                         {"pliant_density", "0.02"},
                         {"pliant_quality", quality},
                         {"pliant_algorithm", kLossy}}),
              MPI_SUCCESS);
    ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
    for (const Pliant_Report& report : plan_of(comm, kCount))
      EXPECT_EQ(report.kept, kCount / 50) << report.algorithm;
    Steps steps(comm);
    EXPECT_EQ(steps.step(heavy(comm.rank(), 0)).kept, kCount / 50);
  }
}

TEST(Quality, APolicyComparesWhatIsAsGood) {
  const FreshComm comm;
  const Pairs pairs = {{"pliant_mode", "topk"},
                       {"pliant_policy", "budget"},
                       {"pliant_time_budget_us", "1"},
                       {"pliant_algorithm", kLossy}};
  ASSERT_EQ(set(comm, pairs), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
  // Nothing fits, so the plan has the least density of allgather_topk, and the equivalent one of others.
  for (const Pliant_Report& report : plan_of(comm, kCount)) {
    const bool own = std::string(report.algorithm) == "allgather_topk" || comm.ranks() == 1;
    EXPECT_TRUE(own ? report.kept == kCount / 10'000 : report.kept > kCount / 10'000) << report.algorithm;
  }
  ASSERT_EQ(set(comm, {{"pliant_quality", "density"}}), MPI_SUCCESS);
  for (const Pliant_Report& report : plan_of(comm, kCount))
    EXPECT_EQ(report.kept, kCount / 10'000) << report.algorithm;
}

TEST(Quality, WithOneFamilyNothingChanges) {
  std::vector<std::vector<float>> results;
  for (const char* quality : {"auto", "density"}) {
    const FreshComm comm;
    ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                         {"pliant_policy", "budget"},
                         {"pliant_time_budget_us", "1"},
                         {"pliant_quality", quality},
                         {"pliant_algorithm", "star_ring"}}),
              MPI_SUCCESS);
    Steps steps(comm);
    for (int step = 0; step < 5; ++step) {
      EXPECT_EQ(steps.step(heavy(comm.rank(), step)).kept, kCount / 10'000);
      results.push_back(steps.result());
    }
  }
  for (std::size_t step = 0; step < 5; ++step) EXPECT_EQ(results[step], results[step + 5]);
}

TEST(Quality, ChangingPairsLoseNothingAndRanksStayAlike) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_policy", "goodput"}, {"pliant_algorithm", kLossy}}),
            MPI_SUCCESS);
  Steps steps(comm, "changing");
  std::vector<double> got(kCount), expected(kCount);
  for (int step = 0; step < 60; ++step) {
    const std::vector<float> mine = heavy(comm.rank(), step % 10);
    const std::vector<float> sum = exact_sum(mine, comm);
    const Pliant_Report report = steps.step(mine);
    EXPECT_TRUE(same_everywhere(static_cast<double>(report.kept), comm)) << step;
    EXPECT_TRUE(same_everywhere(report.predicted_s, comm)) << step;
    if (step % 10 == 0) {
      EXPECT_TRUE(same_bits(steps.result(), comm)) << step;
    }
    for (std::size_t i = 0; i < kCount; ++i) {
      expected[i] += static_cast<double>(sum[i]);
      got[i] += static_cast<double>(steps.result()[i]);
    }
  }
  const std::vector<float> rest = steps.flush();
  for (std::size_t i = 0; i < kCount; ++i) got[i] += static_cast<double>(rest[i]);
  EXPECT_EQ(got, expected);
}

// Blocking calls find their tensor by buffer. Ranks come with different histories and start afresh together.
TEST(Quality, BlockingCallsStayAlikeWhateverBuffersTheyUse) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_policy", "pareto"}, {"pliant_algorithm", kLossy}}),
            MPI_SUCCESS);
  std::vector<std::vector<float>> buffers(3, std::vector<float>(kCount));
  for (int step = 0; step < 180; ++step) {
    // At first all ranks use one buffer, long enough to learn; then each uses buffers in its own way.
    const int habit = step < 150 ? 1 : 1 + comm.rank() % 3;
    std::vector<float>& buffer = buffers[static_cast<std::size_t>(step % habit)];
    const std::vector<float> fresh = heavy(comm.rank(), step % 10);
    std::copy(fresh.begin(), fresh.end(), buffer.begin());
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    EXPECT_TRUE(same_everywhere(static_cast<double>(report_of(comm).kept), comm)) << step;
    EXPECT_TRUE(same_bits(buffer, comm)) << step;
  }
}

TEST(Quality, TracesTellTheDensityThatIsAsGood) {
  ASSERT_NE(kEnvironment, nullptr);
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_policy", "pareto"},
                       {"pliant_algorithm", kLossy},
                       {"pliant_learn", "false"}}),
            MPI_SUCCESS);
  Steps steps(comm, "traced");
  steps.step(heavy(comm.rank(), 0));
  const double begin_s = MPI_Wtime();  // after more than a second, everything up to here is on disk
  for (int enough = 0; enough == 0;) {
    steps.step(heavy(comm.rank(), 0));
    enough = MPI_Wtime() - begin_s >= 1.1 ? 1 : 0;
    MPI_Bcast(&enough, 1, MPI_INT, 0, comm);
  }
  if (comm.rank() != 0) return;
  const pliant::Hdf5File file = pliant::Hdf5File::open_without_lock(trace_path());
  const auto tensor = file.read<std::string>("/calls/tensor");
  const auto worth = file.read<double>("/calls/worth");
  const auto density = file.read<double>("/calls/density");
  int seen = 0;
  for (std::size_t i = 0; i < tensor.size(); ++i) {
    if (tensor[i] != "traced") continue;
    ++seen;
    EXPECT_LE(worth[i], density[i]);
    EXPECT_GT(worth[i], 0);
  }
  EXPECT_GT(seen, 0);
}

}  // namespace
