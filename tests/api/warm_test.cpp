// Once warm, an operation allocates nothing and makes no communicator. This program counts operator new,
// MPI's communicator calls, and shared memory.
#include <atomic>
#include <memory>

#include "tests/api/api_support.hpp"
#include "tests/support/counting_new.hpp"
#include "tests/support/shared_memory.hpp"

namespace {

std::atomic<std::int64_t> communicators{0};

}  // namespace

extern "C" {
int MPI_Comm_dup(MPI_Comm comm, MPI_Comm* made) {
  ++communicators;
  return PMPI_Comm_dup(comm, made);
}
int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm* made) {
  ++communicators;
  return PMPI_Comm_split(comm, color, key, made);
}
int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm* made) {
  ++communicators;
  return PMPI_Comm_split_type(comm, type, key, info, made);
}
}

namespace {

using namespace pliant_test;
using pliant::test::allocations;

/// A communicator whose decisions do not change.
class SteadyComm : public FreshComm {
 public:
  SteadyComm() { EXPECT_EQ(set(*this, {{"pliant_learn", "false"}}), MPI_SUCCESS); }
};

class Warm : public testing::Test {
 protected:
  template <class Step>
  void expect_none(Step&& step) {
    for (int i = 0; i < 2 * ranks_ + 4; ++i) step();  // every rank leads once
    const std::int64_t allocated = allocations();
    const std::int64_t made = communicators;
    const std::int64_t reserved = pliant::test::memory_reserved;
    for (int i = 0; i < 2 * ranks_ + 4; ++i) step();
    EXPECT_EQ(pliant::test::memory_reserved - reserved, 0);
    EXPECT_EQ(allocations() - allocated, 0);
    EXPECT_EQ(communicators - made, 0);
  }

  const SteadyComm comm_;
  const int ranks_ = comm_.ranks();
};

TEST_F(Warm, BothAreCounted) {
  const std::int64_t allocated = allocations();
  const std::int64_t made = communicators;
  const auto some = std::make_unique<int>(1);
  const FreshComm another;
  EXPECT_EQ(allocations() - allocated, 1) << *some;
  EXPECT_EQ(communicators - made, 1);
}

TEST_F(Warm, BlockingCalls) {
  std::vector<float> values(50'000, 1.0F);
  for (const int count : {1, 1000, 50'000})
    expect_none([&] {
      ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), count, MPI_FLOAT, MPI_MAX, comm_), MPI_SUCCESS);
    });
}

TEST_F(Warm, EveryAlgorithm) {
  int n = 0;
  ASSERT_EQ(Pliant_Algorithm_get_num(&n), MPI_SUCCESS);
  for (int i = 0; i < n; ++i) {
    Pliant_Entry algorithm{};
    ASSERT_EQ(Pliant_Algorithm_get_info(i, &algorithm), MPI_SUCCESS);
    if ((algorithm.memory & PLIANT_HOST_MEMORY) == 0) continue;
    SCOPED_TRACE(algorithm.name);
    const SteadyComm comm;
    ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_algorithm", algorithm.name}}), MPI_SUCCESS);
    const std::vector<float> values = gradient(rank_of(comm), 0, 40'000);
    std::vector<float> result(values.size());
    Pliant_Request request = PLIANT_REQUEST_NULL;
    ASSERT_EQ(Pliant_Allreduce_init(values.data(), result.data(), 40'000, MPI_FLOAT, MPI_SUM, comm,
                                    MPI_INFO_NULL, &request),
              MPI_SUCCESS);
    expect_none([&] {
      ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
      ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    });
    ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
}

TEST_F(Warm, EveryPolicy) {
  for (const char* policy : {"fixed", "budget", "pareto", "goodput"}) {
    SCOPED_TRACE(policy);
    const SteadyComm comm;
    ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                         {"pliant_policy", policy},
                         {"pliant_time_budget_us", "1"},  // never fits: measured times change no decision
                         {"pliant_min_gain", "0.1"},
                         {"pliant_algorithm", "quota_ring, allgather_topk, ring"}}),
              MPI_SUCCESS);
    std::vector<float> values = gradient(rank_of(comm), 0, 40'000);
    const std::vector<float> fresh = values;
    for (int i = 0; i < 16; ++i)
      Pliant_Allreduce(MPI_IN_PLACE, values.data(), 40'000, MPI_FLOAT, MPI_SUM, comm);
    expect_none([&] {
      std::copy(fresh.begin(), fresh.end(), values.begin());
      ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 40'000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    });
  }
}

/// Calls whose decision is the same as for the call before, sync rounds included.
TEST_F(Warm, LearningWhereDecisionsStay) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_learn", "true"}}), MPI_SUCCESS);
  const std::vector<float> values = gradient(comm.rank(), 0, 40'000);
  std::vector<float> result(values.size());
  Pliant_Report before{};
  int stayed = 0;
  for (int step = 0; step < 300; ++step) {
    const std::int64_t allocated = allocations();
    ASSERT_EQ(Pliant_Allreduce(values.data(), result.data(), 40'000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    const std::int64_t more = allocations() - allocated;
    const Pliant_Report report = report_of(MPI_Comm{comm});
    const bool stays = std::string(report.algorithm) == before.algorithm &&
                       report.alpha_s == before.alpha_s && report.beta_s_per_byte == before.beta_s_per_byte;
    if (stays && ++stayed > 2 * ranks_) {
      EXPECT_EQ(more, 0) << step;
    }
    if (!stays) stayed = 0;
    before = report;
  }
}

TEST_F(Warm, SeveralUnderWay) {
  std::vector<std::vector<float>> values(3, std::vector<float>(40'000, 1.0F));
  std::vector<Pliant_Request> requests(3);
  for (std::size_t i = 0; i < 3; ++i)
    ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values[i].data(), 40'000, MPI_FLOAT, MPI_MAX, comm_,
                                    MPI_INFO_NULL, &requests[i]),
              MPI_SUCCESS);
  expect_none([&] {
    ASSERT_EQ(Pliant_Startall(3, requests.data()), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Waitall(3, requests.data()), MPI_SUCCESS);
  });
  for (Pliant_Request& request : requests) ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

}  // namespace
