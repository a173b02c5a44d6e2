// Saved residuals continue a run as if it had not been interrupted.
#include <fstream>

#include "tests/api/state_support.hpp"

namespace {

using namespace pliant_test;

const Pairs kTopk = {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_density", "0.05"}};

/// A named request with its own buffer.
struct Tensor {
  Tensor(MPI_Comm comm, const char* name, std::size_t count, const char* feedback = "ef14") : values(count) {
    MPI_Info info = MPI_INFO_NULL;
    MPI_Info_create(&info);
    MPI_Info_set(info, "pliant_name", name);
    MPI_Info_set(info, "pliant_algorithm", "star_tree");
    MPI_Info_set(info, "pliant_error_feedback", feedback);
    EXPECT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), static_cast<MPI_Count>(count), MPI_FLOAT,
                                    MPI_SUM, comm, info, &request),
              MPI_SUCCESS);
    MPI_Info_free(&info);
  }
  ~Tensor() { Pliant_Request_free(&request); }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  void step(MPI_Comm comm, int number) {
    fill_gradient(values, rank_of(comm), number);
    EXPECT_EQ(Pliant_Start(request), MPI_SUCCESS);
    EXPECT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  }

  std::vector<float> values;
  Pliant_Request request = PLIANT_REQUEST_NULL;
};

TEST(State, RestoredRunEqualsUninterruptedRunBitForBit) {
  const StateFile file("resume");
  for (const char* feedback : {"ef14", "ef21"}) {
    std::vector<float> uninterrupted;
    {
      const FreshComm comm;
      ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
      Tensor a(comm, "a", 900, feedback);
      for (int i = 0; i < 3; ++i) a.step(comm, i);
      ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
      for (int i = 3; i < 6; ++i) a.step(comm, i);
      uninterrupted = a.values;
    }
    const FreshComm comm;
    ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
    Tensor a(comm, "a", 900, feedback);  // made after loading: it finds what was read for it
    for (int i = 3; i < 6; ++i) a.step(comm, i);
    EXPECT_EQ(a.values, uninterrupted) << feedback;
  }
}

TEST(State, RequestsAliveTakeTheirStateByName) {
  const StateFile file("names");
  const FreshComm comm;
  ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
  Tensor a(comm, "a", 700);
  Tensor b(comm, "b", 300);
  a.step(comm, 0);
  b.step(comm, 1);
  ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  a.step(comm, 2);
  b.step(comm, 3);
  const std::vector<float> a_next = a.values;
  const std::vector<float> b_next = b.values;
  ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
  b.step(comm, 3);
  a.step(comm, 2);
  EXPECT_EQ(a.values, a_next);
  EXPECT_EQ(b.values, b_next);
}

TEST(State, TheMeasuredModelComesBack) {
  const StateFile file("model");
  std::vector<float> predicted;
  for (const bool writing : {true, false}) {
    const FreshComm comm;
    if (writing) {
      ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
      ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
    } else {
      ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
    }
    Pliant_Report report{};
    report.size = sizeof report;
    int n = 0;
    ASSERT_EQ(Pliant_Comm_plan(comm, 100000, MPI_FLOAT, MPI_SUM, 1, &report, &n), MPI_SUCCESS);
    predicted.push_back(static_cast<float>(report.predicted_s));
  }
  EXPECT_EQ(predicted[0], predicted[1]);
}

TEST(State, FilesThatDoNotFitChangeNothing) {
  const StateFile file("bad");
  const FreshComm comm;
  ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Comm_load_state(comm, nullptr), MPI_ERR_ARG);
  EXPECT_EQ(Pliant_Comm_load_state(comm, "/nonexistent/state.h5"), MPI_ERR_IO);
  EXPECT_EQ(Pliant_Comm_save_state(comm, "/nonexistent/state.h5"), MPI_ERR_IO);
  if (comm.rank() != 0) {
    EXPECT_NE(message(MPI_ERR_IO).find("rank 0 failed with /nonexistent"), std::string::npos)
        << message(MPI_ERR_IO);
  }
  if (comm.rank() == 0) std::ofstream(file.path()) << "no HDF5";
  MPI_Barrier(comm);
  EXPECT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_ERR_IO);

  Tensor a(comm, "a", 500);
  a.step(comm, 0);
  ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  const FreshComm other;
  ASSERT_EQ(set(other, kTopk), MPI_SUCCESS);
  Tensor shorter(other, "a", 400);
  EXPECT_EQ(Pliant_Comm_load_state(other, file.path()), MPI_ERR_IO);
  EXPECT_NE(message(MPI_ERR_IO).find("has 500 elements"), std::string::npos) << message(MPI_ERR_IO);
  shorter.step(other, 0);
}

TEST(State, AnotherNumberOfRanksIsRefused) {
  if (ranks_of(MPI_COMM_WORLD) < 2) GTEST_SKIP() << "needs two numbers of ranks";
  const StateFile file("ranks");
  const FreshComm comm;
  ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
  EXPECT_EQ(Pliant_Comm_load_state(MPI_COMM_SELF, file.path()), MPI_ERR_IO);
  EXPECT_NE(message(MPI_ERR_IO).find("was written by"), std::string::npos) << message(MPI_ERR_IO);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_ARE_FATAL);
}

}  // namespace
