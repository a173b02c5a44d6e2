// State files are agreed on: saved and loaded between operations, under unique names. If ranks disagree, all
// get an error.
#include <unistd.h>

#include <array>
#include <functional>

#include "tests/api/state_support.hpp"

namespace {

using namespace pliant_test;

constexpr std::size_t kCount = 20'000;
const Pairs kTopk = {{"pliant_mode", "topk"},
                     {"pliant_min_bytes", "0"},
                     {"pliant_density", "0.01"},
                     {"pliant_algorithm", "star_ring"}};

/// Returns the code of init, and a handle if it succeeded.
int init(MPI_Comm comm, const char* name, std::vector<float>& values, Pliant_Request* request) {
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  if (*name != '\0') MPI_Info_set(info, "pliant_name", name);
  const int code = Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), static_cast<MPI_Count>(values.size()),
                                         MPI_FLOAT, MPI_SUM, comm, info, request);
  MPI_Info_free(&info);
  return code;
}

struct Tensor {
  Tensor(MPI_Comm comm, const char* name, std::size_t count = kCount) : comm(comm), values(count) {
    EXPECT_EQ(init(comm, name, values, &request), MPI_SUCCESS);
  }
  ~Tensor() { Pliant_Request_free(&request); }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  void start(int step) {
    fill_gradient(values, rank_of(comm), step);
    EXPECT_EQ(Pliant_Start(request), MPI_SUCCESS);
  }
  const std::vector<float>& step(int number) {
    start(number);
    EXPECT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    EXPECT_TRUE(same_bits(values, comm)) << number;
    return values;
  }

  MPI_Comm comm;
  std::vector<float> values;
  Pliant_Request request = PLIANT_REQUEST_NULL;
};

TEST(StateAgreed, WhatIsStartedEndsBeforeItIsSaved) {
  const StateFile file("midflight");
  std::array<std::vector<float>, 3> uninterrupted;
  {
    const FreshComm comm;
    ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
    Tensor tensor(comm, "w");
    tensor.step(0);
    // Rank 0 calls save_state long before the others.
    MPI_Barrier(comm);
    if (comm.rank() != 0) usleep(50'000);
    tensor.start(1);
    for (int i = 0, flag = 0; comm.rank() != 0 && i < 20 && flag == 0; ++i)
      Pliant_Test(tensor.request, &flag);
    ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(tensor.request), MPI_SUCCESS);
    for (int i = 0; i < 3; ++i) uninterrupted[static_cast<std::size_t>(i)] = tensor.step(2 + i);
  }
  const FreshComm comm;
  ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
  Tensor tensor(comm, "w");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(tensor.step(2 + i), uninterrupted[static_cast<std::size_t>(i)]) << i;
}

TEST(StateAgreed, WhereRanksHaveStartedDifferentRequestsAllGetAnError) {
  const StateFile file("starts");
  const FreshComm comm;
  if (comm.ranks() < 2) GTEST_SKIP() << "needs ranks that differ";
  ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
  Tensor tensor(comm, "w");
  tensor.step(0);
  ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  if (comm.rank() == 0) tensor.start(1);
  EXPECT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_ERR_REQUEST);
  EXPECT_NE(message(MPI_ERR_REQUEST).find("saving state where"), std::string::npos)
      << message(MPI_ERR_REQUEST);
  EXPECT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_ERR_REQUEST);
  EXPECT_EQ(Pliant_Comm_load_state(comm, comm.rank() == 0 ? nullptr : file.path()), MPI_ERR_REQUEST);
  if (comm.rank() != 0) tensor.start(1);
  EXPECT_EQ(Pliant_Comm_load_state(comm, comm.rank() == 0 ? nullptr : file.path()), MPI_ERR_ARG);
  EXPECT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Wait(tensor.request), MPI_SUCCESS);
  tensor.step(2);
}

TEST(StateAgreed, NamesOfRequestsAreUnique) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
  std::vector<float> other(300);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  {
    Tensor first(comm, "w");
    EXPECT_EQ(init(comm, "w", other, &request), MPI_ERR_ARG);
    EXPECT_EQ(request, PLIANT_REQUEST_NULL);
    const std::string said = message(MPI_ERR_ARG);
    EXPECT_NE(said.find("request #1 of 300 elements would be named 'w', as request #0 of 20000 elements is"),
              std::string::npos)
        << said;
    first.step(0);
    // The second request would get this name by its number.
    Tensor ordinal(comm, "#2");
    EXPECT_EQ(init(comm, "", other, &request), MPI_ERR_ARG);
    EXPECT_EQ(request, PLIANT_REQUEST_NULL);
  }
  ASSERT_EQ(init(comm, "w", other, &request), MPI_SUCCESS) << "the first is gone";
  Pliant_Request again = PLIANT_REQUEST_NULL;
  // Freeing is local: rank 0 no longer has the request, the others still do.
  if (comm.rank() == 0) {
    ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
  EXPECT_EQ(init(comm, "w", other, &again), comm.ranks() > 1 ? MPI_ERR_ARG : MPI_SUCCESS);
  if (again != PLIANT_REQUEST_NULL) {
    ASSERT_EQ(Pliant_Request_free(&again), MPI_SUCCESS);
  }
  if (comm.rank() != 0) {
    ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
}

// Rank 0 reduces twice into one buffer where the others use two.
void reduce_into_moving_buffers(MPI_Comm comm, std::vector<float>& a, std::vector<float>& b) {
  for (int step = 0; step < 2; ++step) {
    std::vector<float>& buffer = rank_of(comm) == 0 || step == 0 ? a : b;
    fill_gradient(buffer, rank_of(comm), step);
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  }
}

TEST(StateAgreed, NamesOfRequestsDoNotDependOnBuffersOfBlockingCalls) {
  const StateFile file("blocking");
  std::vector<float> a(kCount), b(kCount), next;
  Pairs checked = kTopk;
  checked.emplace_back("pliant_check", "true");
  {
    const FreshComm comm;
    ASSERT_EQ(set(comm, checked), MPI_SUCCESS);
    reduce_into_moving_buffers(comm, a, b);
    Tensor unnamed(comm, "");
    for (int step = 2; step < 5; ++step) unnamed.step(step);
    ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
    next = unnamed.step(5);
  }
  const FreshComm comm;
  ASSERT_EQ(set(comm, checked), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
  fill_gradient(a, comm.rank(), 0);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, a.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  Tensor unnamed(comm, "");
  EXPECT_EQ(unnamed.step(5), next);
}

TEST(StateAgreed, BlockingCallsGoOnWithTheirResiduals) {
  const StateFile file("blocking_residuals");
  std::vector<float> a(kCount), b(1000);
  const auto reduce = [](MPI_Comm comm, int step, std::vector<float>& buffer) {
    fill_gradient(buffer, rank_of(comm), step);
    EXPECT_EQ(Pliant_Allreduce_c(MPI_IN_PLACE, buffer.data(), static_cast<MPI_Count>(buffer.size()),
                                 MPI_FLOAT, MPI_SUM, comm),
              MPI_SUCCESS);
    return buffer;
  };
  std::vector<float> next_a, next_b;
  {
    const FreshComm comm;
    ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
    reduce(comm, 0, a);
    reduce(comm, 1, b);
    ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
    next_a = reduce(comm, 2, a);
    next_b = reduce(comm, 3, b);
    // Loads the state of tensors that exist.
    ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
    EXPECT_EQ(reduce(comm, 2, a), next_a);
    EXPECT_EQ(reduce(comm, 3, b), next_b);
  }
  const FreshComm comm;
  ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
  // Loaded state without a buffer yet is saved again.
  ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  const FreshComm later;
  ASSERT_EQ(set(later, kTopk), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_load_state(later, file.path()), MPI_SUCCESS);
  EXPECT_EQ(reduce(later, 2, a), next_a);
  EXPECT_EQ(reduce(later, 3, b), next_b);
}

TEST(StateAgreed, ARequestOfAnotherCountThanItsStateIsRefused) {
  const StateFile file("another_count");
  std::vector<float> next;
  {
    const FreshComm comm;
    ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
    Tensor tensor(comm, "w");
    tensor.step(0);
    ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
    next = tensor.step(1);
  }
  const FreshComm comm;
  ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS);
  std::vector<float> shorter(300), right(kCount);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  const bool mine = comm.rank() == comm.ranks() - 1;
  EXPECT_EQ(init(comm, "w", mine ? shorter : right, &request), MPI_ERR_IO) << "on all ranks";
  EXPECT_EQ(request, PLIANT_REQUEST_NULL);
  if (mine) {
    EXPECT_NE(message(MPI_ERR_IO).find("has 20000 elements in the state that was loaded"), std::string::npos)
        << message(MPI_ERR_IO);
  }
  Tensor tensor(comm, "w");
  EXPECT_EQ(tensor.step(1), next) << "the refused request took nothing";
}

TEST(StateAgreed, RanksWithOtherRequestsNeitherSaveNorLoad) {
  const StateFile file("freed");
  const FreshComm comm;
  if (comm.ranks() < 2) GTEST_SKIP() << "needs ranks that differ";
  ASSERT_EQ(set(comm, kTopk), MPI_SUCCESS);
  Tensor tensor(comm, "w");
  tensor.step(0);
  ASSERT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_SUCCESS);
  std::vector<float> values(300, 1.0F);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(init(comm, "v", values, &request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  if (comm.rank() == 0) {
    ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
  EXPECT_EQ(Pliant_Comm_save_state(comm, file.path()), MPI_ERR_IO);
  EXPECT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_ERR_REQUEST);
  if (comm.rank() != 0) {
    ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
  const std::vector<float> next = tensor.step(1);
  EXPECT_EQ(Pliant_Comm_load_state(comm, file.path()), MPI_SUCCESS) << "the file of before";
  EXPECT_EQ(tensor.step(1), next);
}

}  // namespace
