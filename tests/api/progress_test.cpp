// Pending operations advance in any call that a rank makes, in any order of starts.
#include <algorithm>
#include <array>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

constexpr int kCount = 300'000;  // many messages: they arrive only if somebody takes them

/// A request that sums `values` in place and is freed by the destructor.
class Sum {
 public:
  explicit Sum(MPI_Comm comm, int count = kCount) : values(static_cast<std::size_t>(count)) {
    EXPECT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), count, MPI_FLOAT, MPI_SUM, comm,
                                    MPI_INFO_NULL, &request),
              MPI_SUCCESS);
  }
  Sum(const Sum&) = delete;
  Sum& operator=(const Sum&) = delete;
  ~Sum() { EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS); }

  void start(float value) {
    std::fill(values.begin(), values.end(), value);
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  }
  bool holds(float value) const {
    return std::all_of(values.begin(), values.end(), [&](float v) { return v == value; });
  }

  std::vector<float> values;
  Pliant_Request request = PLIANT_REQUEST_NULL;
};

TEST(Progress, TestReturnsWhileOthersHaveNotStarted) {
  const FreshComm comm;
  if (comm.ranks() == 1) GTEST_SKIP() << "nobody to wait for";
  Sum sum(comm);
  int token = 0;
  if (comm.rank() == 0) {
    sum.start(1);
    for (int i = 0; i < 20; ++i) {
      int flag = 1;
      ASSERT_EQ(Pliant_Test(sum.request, &flag), MPI_SUCCESS);
      EXPECT_EQ(flag, 0) << "the others wait for rank 0";
    }
  }
  MPI_Bcast(&token, 1, MPI_INT, 0, comm);
  if (comm.rank() != 0) sum.start(1);
  int flag = 0;
  while (flag == 0) ASSERT_EQ(Pliant_Test(sum.request, &flag), MPI_SUCCESS);
  EXPECT_TRUE(sum.holds(static_cast<float>(comm.ranks())));
}

TEST(Progress, StartsAndWaitsComeInAnyOrder) {
  const FreshComm comm;
  constexpr std::size_t kRequests = 4;
  std::vector<std::unique_ptr<Sum>> sums;
  for (std::size_t i = 0; i < kRequests; ++i) sums.push_back(std::make_unique<Sum>(comm, 50'000));
  std::array<std::size_t, kRequests> order = {0, 1, 2, 3};
  for (int step = 0; step < 24; ++step) {
    // Each rank starts in its own order, and waits in another.
    for (int i = 0; i < comm.rank() + step; ++i) std::next_permutation(order.begin(), order.end());
    for (const std::size_t i : order) sums[i]->start(static_cast<float>(i + 1));
    std::reverse(order.begin(), order.end());
    for (const std::size_t i : order) ASSERT_EQ(Pliant_Wait(sums[i]->request), MPI_SUCCESS);
    for (std::size_t i = 0; i < kRequests; ++i)
      EXPECT_TRUE(sums[i]->holds(static_cast<float>((i + 1) * static_cast<std::size_t>(comm.ranks()))));
  }
}

/// One rank starts the request before the measurement, the others after it. They must use the same numbers.
TEST(Progress, ARequestOlderThanTheMeasurementKeepsItsNumbers) {
  const FreshComm comm;
  Sum sum(comm, 100);
  std::vector<float> large(kCount, 2.0F);
  const auto measure = [&] {
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, large.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  };
  if (comm.rank() == 0) sum.start(1);
  measure();
  const double measured_alpha_s = report_of(MPI_Comm{comm}).alpha_s;
  if (comm.rank() != 0) sum.start(1);
  ASSERT_EQ(Pliant_Wait(sum.request), MPI_SUCCESS);
  EXPECT_TRUE(sum.holds(static_cast<float>(comm.ranks())));
  const double alpha_s = report_of(sum.request).alpha_s;
  double root_alpha_s = alpha_s;
  MPI_Bcast(&root_alpha_s, 1, MPI_DOUBLE, 0, comm);
  EXPECT_EQ(alpha_s, root_alpha_s);
  EXPECT_NE(alpha_s, measured_alpha_s) << "the blocking call measured";
}

TEST(Progress, NothingIsMeasuredAnewWhereRanksHaveNotStartedTheSame) {
  const FreshComm comm;
  if (comm.ranks() == 1) GTEST_SKIP() << "there is nobody else";
  Sum sum(comm);
  if (comm.rank() == 0) sum.start(1);
  const int refused = Pliant_Comm_probe(comm);
  EXPECT_NE(refused, MPI_SUCCESS);
  EXPECT_NE(message(refused).find("rank 1 has started other requests than rank 0"), std::string::npos)
      << message(refused);
  if (comm.rank() != 0) sum.start(1);
  ASSERT_EQ(Pliant_Wait(sum.request), MPI_SUCCESS);
  EXPECT_TRUE(sum.holds(static_cast<float>(comm.ranks())));
  EXPECT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS);
}

TEST(Progress, BlockingCallAdvancesWhatOthersWaitFor) {
  const FreshComm comm;
  Sum started(comm);
  std::vector<float> other(kCount, 2.0F);
  const auto reduce = [&] {
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, other.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  };
  started.start(1);
  if (comm.rank() == 0) reduce();
  ASSERT_EQ(Pliant_Wait(started.request), MPI_SUCCESS);  // the others wait first: rank 0 is in reduce()
  if (comm.rank() != 0) reduce();
  EXPECT_TRUE(started.holds(static_cast<float>(comm.ranks())));
  EXPECT_EQ(other.back(), 2 * static_cast<float>(comm.ranks()));
}

/// MPI does not know which operations are pending here.
TEST(Progress, SoDoesOneThatMpiItselfReduces) {
  const FreshComm comm;
  Sum started(comm);
  std::vector<unsigned char> other(100, 1);
  const auto reduce = [&] {
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, other.data(), 100, MPI_UNSIGNED_CHAR, MPI_SUM, comm),
              MPI_SUCCESS);
  };
  started.start(1);
  if (comm.rank() == 0) reduce();
  ASSERT_EQ(Pliant_Wait(started.request), MPI_SUCCESS);  // the others wait first
  if (comm.rank() != 0) reduce();
  EXPECT_TRUE(started.holds(static_cast<float>(comm.ranks())));
  EXPECT_EQ(other.back(), comm.ranks());
}

TEST(Progress, SoDoesOneOnAnotherCommunicator) {
  const FreshComm comm;
  const FreshComm elsewhere;
  Sum started(comm);
  Sum other(elsewhere);
  started.start(1);
  other.start(2);
  Sum* const first = comm.rank() % 2 == 0 ? &started : &other;
  Sum* const second = comm.rank() % 2 == 0 ? &other : &started;
  ASSERT_EQ(Pliant_Wait(first->request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(second->request), MPI_SUCCESS);
  EXPECT_TRUE(started.holds(static_cast<float>(comm.ranks())));
  EXPECT_TRUE(other.holds(2 * static_cast<float>(comm.ranks())));
}

TEST(Progress, InitAdvancesWhatOthersWaitFor) {
  const FreshComm comm;
  Sum started(comm);
  started.start(1);
  std::unique_ptr<Sum> late;
  if (comm.rank() == 0) late = std::make_unique<Sum>(comm, 10);
  ASSERT_EQ(Pliant_Wait(started.request), MPI_SUCCESS);
  if (comm.rank() != 0) late = std::make_unique<Sum>(comm, 10);
  late->start(3);
  ASSERT_EQ(Pliant_Wait(late->request), MPI_SUCCESS);
  EXPECT_TRUE(late->holds(3 * static_cast<float>(comm.ranks())));
}

/// Rank 0 measures while the others wait for operations that it has started, on this and other communicators.
TEST(Progress, MeasuringAdvancesWhatOthersWaitFor) {
  const FreshComm comm;
  const FreshComm elsewhere;
  ASSERT_EQ(set(comm, {{"pliant_probe_max_ms", "20"}}), MPI_SUCCESS);
  Sum started(comm);
  Sum other(elsewhere);
  const auto probe = [&] { ASSERT_EQ(Pliant_Comm_probe(comm), MPI_SUCCESS); };
  started.start(1);
  other.start(2);
  if (comm.rank() == 0) probe();
  ASSERT_EQ(Pliant_Wait(other.request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(started.request), MPI_SUCCESS);
  if (comm.rank() != 0) probe();
  EXPECT_TRUE(started.holds(static_cast<float>(comm.ranks())));
  EXPECT_TRUE(other.holds(2 * static_cast<float>(comm.ranks())));
}

TEST(Progress, LossyRequestsOvertakeOneAnotherAndKeepTheirResiduals) {
  const FreshComm comm;
  ASSERT_EQ(
      set(comm, {{"pliant_mode", "topk"}, {"pliant_density", "0.05"}, {"pliant_algorithm", "star_ring"}}),
      MPI_SUCCESS);
  constexpr std::size_t kLength = 20'000;
  std::array<std::vector<float>, 2> values = {std::vector<float>(kLength), std::vector<float>(kLength)};
  std::array<std::vector<float>, 2> results = values;
  std::array<Pliant_Request, 2> requests{};
  for (std::size_t i = 0; i < 2; ++i)
    ASSERT_EQ(Pliant_Allreduce_init(values[i].data(), results[i].data(), kLength, MPI_FLOAT, MPI_SUM, comm,
                                    MPI_INFO_NULL, &requests[i]),
              MPI_SUCCESS);
  std::array<std::vector<float>, 2> given = {std::vector<float>(kLength), std::vector<float>(kLength)};
  std::array<std::vector<float>, 2> received = given;
  for (int step = 0; step < 6; ++step) {
    const std::size_t first = static_cast<std::size_t>(comm.rank() + step) % 2;
    for (const std::size_t i : {first, 1 - first}) {
      fill_gradient(values[i], comm.rank(), step + 10 * static_cast<int>(i));
      for (std::size_t j = 0; j < kLength; ++j) given[i][j] += values[i][j];
      ASSERT_EQ(Pliant_Start(requests[i]), MPI_SUCCESS);
    }
    ASSERT_EQ(Pliant_Waitall(2, requests.data()), MPI_SUCCESS);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_TRUE(same_bits(results[i], comm));
      EXPECT_EQ(report_of(requests[i]).kept, 1000);
      for (std::size_t j = 0; j < kLength; ++j) received[i][j] += results[i][j];
    }
  }
  for (std::size_t i = 0; i < 2; ++i) {
    std::fill(results[i].begin(), results[i].end(), 0.0F);
    ASSERT_EQ(Pliant_Request_flush(requests[i]), MPI_SUCCESS);
    for (std::size_t j = 0; j < kLength; ++j) received[i][j] += results[i][j];
    EXPECT_EQ(received[i], exact_sum(given[i], comm)) << "something was lost, or came twice";
    ASSERT_EQ(Pliant_Request_free(&requests[i]), MPI_SUCCESS);
  }
}

/// MPI's rules for persistent requests hold for Pliant's.
TEST(Progress, PersistentSemantics) {
  const FreshComm comm;
  Sum sum(comm, 1000);
  int flag = 0;
  EXPECT_EQ(Pliant_Test(sum.request, &flag), MPI_SUCCESS);  // inactive: complete
  EXPECT_EQ(flag, 1);
  EXPECT_EQ(Pliant_Wait(sum.request), MPI_SUCCESS);
  sum.start(1);
  EXPECT_NE(Pliant_Start(sum.request), MPI_SUCCESS);  // active already
  Pliant_Request alive = sum.request;
  EXPECT_NE(Pliant_Request_free(&alive), MPI_SUCCESS);
  EXPECT_EQ(alive, sum.request);
  ASSERT_EQ(Pliant_Wait(sum.request), MPI_SUCCESS);
  EXPECT_TRUE(sum.holds(static_cast<float>(comm.ranks())));
  EXPECT_EQ(Pliant_Wait(sum.request), MPI_SUCCESS);  // inactive again
  sum.start(5);                                      // reads its buffer anew
  ASSERT_EQ(Pliant_Wait(sum.request), MPI_SUCCESS);
  EXPECT_TRUE(sum.holds(5 * static_cast<float>(comm.ranks())));
}

TEST(Progress, ForeignTypesStartInAnyOrderToo) {
  const FreshComm comm;
  std::array<std::vector<unsigned char>, 2> values = {std::vector<unsigned char>(70'000, 1),
                                                      std::vector<unsigned char>(70'000, 2)};
  std::array<Pliant_Request, 2> requests{};
  for (std::size_t i = 0; i < 2; ++i)
    ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values[i].data(), 70'000, MPI_UNSIGNED_CHAR, MPI_SUM, comm,
                                    MPI_INFO_NULL, &requests[i]),
              MPI_SUCCESS);
  const std::size_t first = static_cast<std::size_t>(comm.rank() % 2);
  for (const std::size_t i : {first, 1 - first}) ASSERT_EQ(Pliant_Start(requests[i]), MPI_SUCCESS);
  for (const std::size_t i : {first, 1 - first}) ASSERT_EQ(Pliant_Wait(requests[i]), MPI_SUCCESS);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(values[i].back(), static_cast<unsigned char>((i + 1) * static_cast<std::size_t>(comm.ranks())));
    ASSERT_EQ(Pliant_Request_free(&requests[i]), MPI_SUCCESS);
  }
}

}  // namespace
