// PLIANT_TRACE: one row per call. The trace opens at the process's first Pliant call. So these tests are a
// program of their own, which sets the environment first.
#include <cstdlib>

#include "tests/api/api_support.hpp"
#include "trace/hdf5_file.hpp"

namespace {

using namespace pliant_test;

std::string trace_path() {
  return testing::TempDir() + "pliant_trace_" + std::to_string(ranks_of(MPI_COMM_WORLD)) + ".h5";
}

class TraceEnvironment : public testing::Environment {
 public:
  void SetUp() override { setenv("PLIANT_TRACE", trace_path().c_str(), 1); }
};

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TraceEnvironment);

TEST(Trace, HasOneRowForEachCallOfRankZero) {
  ASSERT_NE(kEnvironment, nullptr);
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_density", "0.1"},
                       {"pliant_algorithm", "allgather_topk"}}),
            MPI_SUCCESS);
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  MPI_Info_set(info, "pliant_name", "layer1");
  std::vector<float> values(1000);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(
      Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), 1000, MPI_FLOAT, MPI_SUM, comm, info, &request),
      MPI_SUCCESS);
  MPI_Info_free(&info);
  std::vector<Pliant_Report> reports;
  for (int step = 0; step < 3; ++step) {
    fill_gradient(values, comm.rank(), step);
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    reports.push_back(report_of(request));
  }
  // Short calls have rows too. Rank 0 takes a longer path to write its row, and must still match the other
  // ranks.
  const FreshComm exact;
  for (const int count : {5, 4096}) {  // 4096 floats are the longest short call
    for (int step = 0; step < 2; ++step) {
      std::vector<float> values(static_cast<std::size_t>(count), static_cast<float>(comm.rank() + step));
      ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), count, MPI_FLOAT, MPI_MAX, exact), MPI_SUCCESS);
      EXPECT_EQ(values.back(), static_cast<float>(comm.ranks() - 1 + step));
      EXPECT_EQ(values, std::vector<float>(values.size(), values.back()));
    }
  }
  // Rows of one kind of call; its first calls include explorations.
  const FreshComm learns;
  std::vector<Pliant_Report> of_lane;
  for (int step = 0; step < 40; ++step) {
    std::vector<float> values(40'000, 1.0F);
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 40'000, MPI_FLOAT, MPI_MAX, learns), MPI_SUCCESS);
    of_lane.push_back(report_of(MPI_Comm{learns}));
  }
  // More than a second later on the trace's clock, all rows up to here are on disk.
  const double begin_s = MPI_Wtime();
  for (int enough = 0; enough == 0;) {
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    enough = MPI_Wtime() - begin_s >= 1.1 ? 1 : 0;
    MPI_Bcast(&enough, 1, MPI_INT, 0, comm);
  }
  ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  if (comm.rank() != 0) return;
  const pliant::Hdf5File file = pliant::Hdf5File::open_without_lock(trace_path());
  const std::vector<std::int64_t> step = file.read<std::int64_t>("/calls/step");
  ASSERT_GE(step.size(), 3U);
  EXPECT_EQ((std::vector<std::int64_t>{step[0], step[1], step[2]}), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(file.read<std::string>("/calls/tensor")[1], "layer1");
  EXPECT_EQ(file.read<std::string>("/calls/algorithm")[2], "allgather_topk");
  EXPECT_EQ(file.read<std::int64_t>("/calls/kept")[0], 100);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(file.read<double>("/calls/predicted")[i], reports[i].predicted_s);
    EXPECT_EQ(file.read<double>("/calls/measured")[i], reports[i].measured_s);
    EXPECT_EQ(file.read<double>("/calls/gain")[i], reports[i].gain);
    EXPECT_EQ(file.read<std::int64_t>("/calls/wire_bytes")[i], reports[i].wire_bytes);
    EXPECT_EQ(file.read<double>("/calls/residual_norm")[i], reports[i].residual_norm);
  }
  const std::vector<std::int64_t> elements = file.read<std::int64_t>("/calls/elements");
  EXPECT_EQ(std::count(elements.begin(), elements.end(), 5), 2);
  EXPECT_EQ(std::count(elements.begin(), elements.end(), 4096), 2);
  const std::vector<double> regret = file.read<double>("/calls/regret");
  const std::vector<std::int64_t> late_rank = file.read<std::int64_t>("/calls/late_rank");
  const std::vector<double> late_s = file.read<double>("/calls/late");
  const auto lane_begin =
      static_cast<std::size_t>(std::find(elements.begin(), elements.end(), 40'000) - elements.begin());
  for (std::size_t i = 0; i < of_lane.size(); ++i) {
    EXPECT_EQ(late_rank[lane_begin + i], of_lane[i].late_rank);
    EXPECT_EQ(late_s[lane_begin + i], of_lane[i].late_s);
    EXPECT_GE(regret[lane_begin + i], 0);
    EXPECT_LE(regret[lane_begin + i], of_lane[i].predicted_s);
  }
  EXPECT_EQ(std::count(regret.begin(), regret.begin() + 3, 0.0), 3) << "nothing is tried of a lone algorithm";
  EXPECT_EQ(file.read_attribute<std::string>("/calls/regret", "unit"), "s");
  EXPECT_EQ(file.read_attribute<std::string>("/calls/measured", "unit"), "s");
}

}  // namespace
