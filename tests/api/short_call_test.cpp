// Short exact calls of a known kind take a shorter path. Only their MPI calls show which path they took, so
// this program counts MPI calls.
#include <array>
#include <atomic>
#include <memory>

#include "tests/api/api_support.hpp"

namespace {

std::atomic<int> look_ups{0};
std::atomic<int> clock_readings{0};
std::atomic<int> questions{0};  // whether it is an intercommunicator: only the long way asks

}  // namespace

extern "C" {
int MPI_Comm_get_attr(MPI_Comm comm, int keyval, void* value, int* found) {
  ++look_ups;
  return PMPI_Comm_get_attr(comm, keyval, value, found);
}
double MPI_Wtime() {
  ++clock_readings;
  return PMPI_Wtime();
}
int MPI_Comm_test_inter(MPI_Comm comm, int* inter) {
  ++questions;
  return PMPI_Comm_test_inter(comm, inter);
}
}

namespace {

using namespace pliant_test;

template <class Call>
bool goes_the_long_way(Call&& call) {
  const int before = questions;
  call();
  return questions != before;
}

class ShortCall : public testing::Test {
 protected:
  int max_of(std::vector<float>& values) {
    return Pliant_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_FLOAT, MPI_MAX,
                            comm_);
  }
  void name_shared_memory(const Pairs& more = {}) {
    Pairs pairs = {{"pliant_algorithm", "shared_memory"}};
    pairs.insert(pairs.end(), more.begin(), more.end());
    ASSERT_EQ(set(comm_, pairs), MPI_SUCCESS);
  }

  const FreshComm comm_;
  const int rank_ = comm_.rank();
  const int ranks_ = comm_.ranks();
};

TEST_F(ShortCall, LooksUpOnceAndReadsTheClockTwice) {
  name_shared_memory();
  std::vector<float> values(256, static_cast<float>(rank_));
  EXPECT_TRUE(goes_the_long_way([&] { ASSERT_EQ(max_of(values), MPI_SUCCESS); }));
  for (int i = 0; i < 3; ++i) {
    const std::array before = {look_ups.load(), clock_readings.load(), questions.load()};
    ASSERT_EQ(max_of(values), MPI_SUCCESS);
    EXPECT_EQ(look_ups - before[0], 1);
    EXPECT_EQ(clock_readings - before[1], 2);
    EXPECT_EQ(questions - before[2], 0);
  }
}

template <class T>
void expect_mpis_result(MPI_Comm comm, MPI_Datatype type, MPI_Op op, int count) {
  const auto size = static_cast<std::size_t>(count);
  for (int step = 0; step < 4; ++step) {
    std::vector<T> mine(size);
    for (std::size_t i = 0; i < size; ++i)
      mine[i] = static_cast<T>((i * 7 + static_cast<std::size_t>(13 * rank_of(comm) + step)) % 5 + 1);
    std::vector<T> expected(size);
    MPI_Allreduce(mine.data(), expected.data(), count, type, op, comm);
    std::vector<T> result(size, T(-1));
    ASSERT_EQ(Pliant_Allreduce(mine.data(), result.data(), count, type, op, comm), MPI_SUCCESS);
    EXPECT_EQ(result, expected);
    result = mine;
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, result.data(), count, type, op, comm), MPI_SUCCESS);
    EXPECT_EQ(result, expected);
  }
}

// 30 floats fit behind the step counter, 31 do not. 4096 is the longest short call. Among so many kinds, some
// share a place in the table.
TEST_F(ShortCall, GivesWhatMpiGives) {
  name_shared_memory();
  for (const int count : {1, 2, 15, 16, 29, 30, 31, 256, 2048, 2049, 4096, 4097})
    for (MPI_Op const op : {MPI_SUM, MPI_MIN, MPI_MAX, MPI_PROD}) {
      SCOPED_TRACE(count);
      expect_mpis_result<float>(comm_, MPI_FLOAT, op, count);
      expect_mpis_result<double>(comm_, MPI_DOUBLE, op, count);
      expect_mpis_result<std::int32_t>(comm_, MPI_INT32_T, op, count);
      expect_mpis_result<std::int64_t>(comm_, MPI_INT64_T, op, count);
    }
}

TEST_F(ShortCall, IsReportedAsTheLongOne) {
  name_shared_memory();
  std::vector<float> values(100, 1.0F);
  std::array<Pliant_Report, 2> reports{};
  for (Pliant_Report& report : reports) {
    ASSERT_EQ(max_of(values), MPI_SUCCESS);
    std::vector<float> others(7, 1.0F);
    if (&report == &reports[1]) {
      ASSERT_EQ(max_of(others), MPI_SUCCESS);  // the report is the last call's
      ASSERT_EQ(max_of(others), MPI_SUCCESS);
      EXPECT_EQ(report_of(comm_).elements, 7);
      ASSERT_EQ(max_of(values), MPI_SUCCESS);
    }
    report = report_of(comm_);
    EXPECT_GT(report.measured_s, 0);
    report.measured_s = report.compute_s = 0;
  }
  EXPECT_EQ(std::memcmp(&reports[0], &reports[1], sizeof(Pliant_Report)), 0);
  EXPECT_STREQ(reports[1].algorithm, "shared_memory");
  EXPECT_EQ(reports[1].elements, 100);
}

TEST_F(ShortCall, NewSettingsHoldAtOnce) {
  std::vector<float> values(100, 1.0F);
  name_shared_memory();
  for (int i = 0; i < 2; ++i) ASSERT_EQ(max_of(values), MPI_SUCCESS);
  ASSERT_EQ(set(comm_, {{"pliant_algorithm", "ring"}}), MPI_SUCCESS);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(max_of(values), MPI_SUCCESS);
    EXPECT_STREQ(report_of(comm_).algorithm, "ring");
  }
  name_shared_memory({{"pliant_check", "true"}});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(goes_the_long_way([&] { ASSERT_EQ(max_of(values), MPI_SUCCESS); }));
}

TEST_F(ShortCall, IsNoneWhereTheCallMayLose) {
  ASSERT_EQ(set(comm_, {{"pliant_mode", "topk"},
                        {"pliant_min_bytes", "0"},
                        {"pliant_density", "0.01"},
                        {"pliant_algorithm", "allgather_topk"}}),
            MPI_SUCCESS);
  std::vector<float> values(1000);
  std::vector<float> result(1000);
  for (int step = 0; step < 3; ++step) {
    fill_gradient(values, rank_, step);
    ASSERT_EQ(Pliant_Allreduce(values.data(), result.data(), 1000, MPI_FLOAT, MPI_SUM, comm_), MPI_SUCCESS);
    EXPECT_EQ(report_of(comm_).exact, 0);
    ASSERT_EQ(Pliant_Allreduce(values.data(), result.data(), 1000, MPI_FLOAT, MPI_MAX, comm_), MPI_SUCCESS);
    EXPECT_EQ(report_of(comm_).exact, 1);
  }
}

TEST_F(ShortCall, WithRequestsGoesTheLongWay) {
  name_shared_memory();
  std::vector<float> values(100, 1.0F);
  std::vector<float> other(100, 1.0F);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(max_of(values), MPI_SUCCESS);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, other.data(), 100, MPI_FLOAT, MPI_SUM, comm_, MPI_INFO_NULL,
                                  &request),
            MPI_SUCCESS);
  ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  EXPECT_TRUE(goes_the_long_way([&] { ASSERT_EQ(max_of(values), MPI_SUCCESS); }));
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  EXPECT_EQ(other, std::vector<float>(100, static_cast<float>(ranks_)));
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

// Each rank chooses the path for itself: it is short if the rank has no pending request.
TEST_F(ShortCall, IsShortAgainWhenNoRequestIsUnderWay) {
  name_shared_memory();
  std::vector<float> values(100, 1.0F);
  std::vector<float> other(100, 1.0F);
  const auto is_short = [&] { return !goes_the_long_way([&] { ASSERT_EQ(max_of(values), MPI_SUCCESS); }); };
  for (int cycle = 0; cycle < 3; ++cycle) {
    Pliant_Request request = PLIANT_REQUEST_NULL;
    ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, other.data(), 100, MPI_FLOAT, MPI_SUM, comm_, MPI_INFO_NULL,
                                    &request),
              MPI_SUCCESS);
    if (cycle == 0) {
      EXPECT_FALSE(is_short()) << "decided anew";
    }
    EXPECT_TRUE(is_short()) << "no request was started";
    if (rank_ == 0) {
      ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    }
    EXPECT_EQ(is_short(), rank_ != 0 || ranks_ == 1);
    if (rank_ != 0) {
      ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    }
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    EXPECT_TRUE(is_short());
    ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
    EXPECT_TRUE(is_short()) << "the last request has gone";
  }
}

// Kinds of calls do not evict one another.
TEST_F(ShortCall, ManyKindsAreShortInTurn) {
  name_shared_memory();
  const auto long_ones = [&] {
    int ways = 0;
    for (std::size_t count = 1; count <= 200; ++count) {
      std::vector<float> some(count, 1.0F);
      if (goes_the_long_way([&] { ASSERT_EQ(max_of(some), MPI_SUCCESS); })) ++ways;
    }
    return ways;
  };
  EXPECT_EQ(long_ones(), 200);
  EXPECT_EQ(long_ones(), 0);
}

TEST_F(ShortCall, BadBuffersAreRefusedAsInALongOne) {
  name_shared_memory();
  std::vector<float> values(200, static_cast<float>(rank_));
  const auto refused = [&] {
    return Pliant_Allreduce(values.data(), values.data() + 50, 100, MPI_FLOAT, MPI_MAX, comm_);
  };
  const int code = refused();
  EXPECT_NE(code, MPI_SUCCESS);
  const std::string text = message(code);
  std::vector<float> result(100);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(Pliant_Allreduce(values.data(), result.data(), 100, MPI_FLOAT, MPI_MAX, comm_), MPI_SUCCESS);
    EXPECT_EQ(result, std::vector<float>(100, static_cast<float>(ranks_ - 1)));
    EXPECT_EQ(refused(), code);
    EXPECT_EQ(message(code), text);
  }
}

// Rank 1 enters the call late: it first waits for a message from rank 0, which waits in the call.
class WhileOthersAreWaitedFor : public ShortCall, public testing::WithParamInterface<int> {};

TEST_P(WhileOthersAreWaitedFor, MpiGoesOn) {
  if (ranks_ == 1) GTEST_SKIP() << "nobody to wait for";
  name_shared_memory();
  ASSERT_EQ(Pliant_Comm_probe(comm_), MPI_SUCCESS);  // a long message's first call would, all ranks together
  std::vector<float> values(static_cast<std::size_t>(GetParam()), 1.0F);
  std::vector<char> message(4 << 20);  // longer than MPI sends without the receiver
  const int bytes = static_cast<int>(message.size());
  for (int i = 0; i < 2; ++i) {
    MPI_Request sent = MPI_REQUEST_NULL;
    if (rank_ == 0) MPI_Isend(message.data(), bytes, MPI_CHAR, 1, 0, comm_, &sent);
    if (rank_ == 1) MPI_Recv(message.data(), bytes, MPI_CHAR, 0, 0, comm_, MPI_STATUS_IGNORE);
    ASSERT_EQ(max_of(values), MPI_SUCCESS);
    MPI_Wait(&sent, MPI_STATUS_IGNORE);
  }
}

TEST_P(WhileOthersAreWaitedFor, OperationsOnOtherCommunicatorsGoOn) {
  if (ranks_ == 1) GTEST_SKIP() << "nobody to wait for";
  name_shared_memory();
  ASSERT_EQ(Pliant_Comm_probe(comm_), MPI_SUCCESS);  // a long message's first call would, all ranks together
  const FreshComm other;
  std::vector<float> values(static_cast<std::size_t>(GetParam()), 1.0F);
  std::vector<float> started(300'000);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, started.data(), 300'000, MPI_FLOAT, MPI_SUM, other,
                                  MPI_INFO_NULL, &request),
            MPI_SUCCESS);
  for (int i = 0; i < 2; ++i) {
    std::fill(started.begin(), started.end(), 1.0F);
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    if (rank_ == 1) {
      ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    }
    ASSERT_EQ(max_of(values), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    EXPECT_EQ(started, std::vector<float>(300'000, static_cast<float>(ranks_)));
  }
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

// Short counts, which take the shorter path the second time, and one that needs several segments.
INSTANTIATE_TEST_SUITE_P(Counts, WhileOthersAreWaitedFor, testing::Values(1, 200'000));

}  // namespace
