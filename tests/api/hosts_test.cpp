// Requests on hosts of two ranks. They use shared memory by name or by default, with starts, waits and ends
// in any order.
#include <algorithm>
#include <array>
#include <memory>

#include "tests/api/api_support.hpp"
#include "tests/support/shared_memory.hpp"

namespace {

using namespace pliant_test;
using pliant::test::refuses_memory;

/// A request that sums `values` in place.
class Sum {
 public:
  Sum(MPI_Comm comm, int count, const char* algorithm) : values(static_cast<std::size_t>(count)) {
    MPI_Info info = MPI_INFO_NULL;
    MPI_Info_create(&info);
    MPI_Info_set(info, "pliant_algorithm", algorithm);
    EXPECT_EQ(
        Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), count, MPI_FLOAT, MPI_SUM, comm, info, &request),
        MPI_SUCCESS);
    MPI_Info_free(&info);
  }
  Sum(const Sum&) = delete;
  Sum& operator=(const Sum&) = delete;
  ~Sum() { EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS); }

  /// Elements differ for each step and request.
  void start(int rank, int step) {
    fill_gradient(values, rank, step);
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  }
  void expect_sum(MPI_Comm comm, int step) const {
    EXPECT_EQ(values, exact_sum(gradient(rank_of(comm), step, values.size()), comm));
  }
  std::string algorithm() const { return report_of(request).algorithm; }

  std::vector<float> values;
  Pliant_Request request = PLIANT_REQUEST_NULL;
};

bool uses_hosts(const std::string& algorithm) {
  return algorithm.starts_with("two_level_") || algorithm == "shared_memory";
}

using Sums = std::vector<std::unique_ptr<Sum>>;

/// Each rank starts and waits in an order of its own, with a blocking call while all requests are pending.
void run_in_any_order(const FreshComm& comm, Sums& sums, int steps) {
  std::vector<std::size_t> order(sums.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (int step = 0; step < steps; ++step) {
    for (int i = 0; i < 5 * comm.rank() + step; ++i) std::next_permutation(order.begin(), order.end());
    const auto number = [&](std::size_t i) { return step + 100 * static_cast<int>(i); };
    for (const std::size_t i : order) sums[i]->start(comm.rank(), number(i));
    std::vector<float> blocking = gradient(comm.rank(), step, 30'000);
    const std::vector<float> right = exact_sum(blocking, comm);
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, blocking.data(), 30'000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    EXPECT_EQ(blocking, right);
    std::reverse(order.begin(), order.end());
    for (const std::size_t i : order) ASSERT_EQ(Pliant_Wait(sums[i]->request), MPI_SUCCESS);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i]->expect_sum(comm, number(i));
  }
}

TEST(Hosts, RequestsOfAllKindsStartInAnyOrder) {
  const FreshComm comm;
  Sums sums;
  for (const char* algorithm :
       {"two_level_ring", "auto", "two_level_rabenseifner", "ring", "auto", "two_level_recursive_doubling"})
    sums.push_back(std::make_unique<Sum>(comm, 60'000, algorithm));
  run_in_any_order(comm, sums, 12);
  EXPECT_EQ(sums[0]->algorithm(), "two_level_ring");
  EXPECT_EQ(sums[3]->algorithm(), "ring");
}

/// Nothing has been measured, so the nominal model chooses, and prefers fewer messages.
TEST(Hosts, ShortRequestsTakeTheMemoryOfTheirHostUnasked) {
  const FreshComm comm;
  Sums sums;
  for (int i = 0; i < 3; ++i) sums.push_back(std::make_unique<Sum>(comm, 100 + i, "auto"));
  for (int step = 0; step < 6; ++step) {
    const std::size_t first = static_cast<std::size_t>(comm.rank() + step) % 3;
    for (std::size_t i = 0; i < 3; ++i) sums[(first + i) % 3]->start(comm.rank(), step);
    for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(Pliant_Wait(sums[i]->request), MPI_SUCCESS);
    for (std::size_t i = 0; i < 3; ++i) sums[i]->expect_sum(comm, step);
  }
  for (const auto& sum : sums) EXPECT_EQ(uses_hosts(sum->algorithm()), comm.ranks() > 1) << sum->algorithm();
}

TEST(Hosts, RequestsEndInAnyOrderAndOthersTakeTheirPlace) {
  const FreshComm comm;
  Sums sums;
  for (int i = 0; i < 10; ++i) sums.push_back(std::make_unique<Sum>(comm, 20'000, "two_level_ring"));
  for (int round = 0; round < 4; ++round) {
    run_in_any_order(comm, sums, 2);
    // All ranks free the same four, but each in its own order, and starts a remaining one in between.
    std::array<std::size_t, 4> going = {1, 3, 4, 8};
    for (int i = 0; i < comm.rank() + round; ++i) std::next_permutation(going.begin(), going.end());
    sums[0]->start(comm.rank(), 77);
    for (const std::size_t i : going) sums[i].reset();
    for (const std::size_t i : {1, 3, 4, 8}) sums[i] = std::make_unique<Sum>(comm, 20'000, "two_level_ring");
    ASSERT_EQ(Pliant_Wait(sums[0]->request), MPI_SUCCESS);
    sums[0]->expect_sum(comm, 77);
  }
}

TEST(Hosts, LossyRequestsOvertakeOneAnotherAndLoseNothing) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_density", "0.05"},
                       {"pliant_algorithm", "two_level_allgather_topk"}}),
            MPI_SUCCESS);
  constexpr std::size_t kLength = 20'000;
  using Vectors = std::array<std::vector<float>, 2>;
  Vectors values = {std::vector<float>(kLength), std::vector<float>(kLength)};
  Vectors results = values;
  Vectors given = values;
  Vectors received = values;
  std::array<Pliant_Request, 2> requests{};
  for (std::size_t i = 0; i < 2; ++i)
    ASSERT_EQ(Pliant_Allreduce_init(values[i].data(), results[i].data(), kLength, MPI_FLOAT, MPI_SUM, comm,
                                    MPI_INFO_NULL, &requests[i]),
              MPI_SUCCESS);
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

/// Bytes sent by a leader count for the request that sends them, however many are pending.
TEST(Hosts, BytesAreThoseOfTheRequest) {
  const FreshComm comm;
  Sums sums;
  for (const int count : {50'000, 70'000})
    sums.push_back(std::make_unique<Sum>(comm, count, "two_level_ring"));
  const auto bytes_of = [&](std::size_t i) { return report_of(sums[i]->request).wire_bytes; };
  std::array<std::int64_t, 2> alone{};
  for (int step = 0; step < 2; ++step)
    for (std::size_t i = 0; i < 2; ++i) {
      sums[i]->start(comm.rank(), step);
      ASSERT_EQ(Pliant_Wait(sums[i]->request), MPI_SUCCESS);
      alone[i] = bytes_of(i);
    }
  EXPECT_EQ(alone[0] > 0, comm.rank() % 2 == 0 && comm.ranks() > 2) << "leaders send";
  const std::size_t first = static_cast<std::size_t>(comm.rank() / 2 % 2);
  for (const std::size_t i : {first, 1 - first}) sums[i]->start(comm.rank(), 5);
  for (std::size_t i = 0; i < 2; ++i) ASSERT_EQ(Pliant_Wait(sums[i]->request), MPI_SUCCESS);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(bytes_of(i), alone[i]);
}

TEST(Hosts, WithoutMemoryRequestsSendMessages) {
  const FreshComm comm;
  std::vector<float> values(10, 1.0F);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 10, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  refuses_memory = comm.rank() == comm.ranks() - 1;
  Sums sums;
  for (const char* algorithm : {"two_level_ring", "auto", "shared_memory"})
    sums.push_back(std::make_unique<Sum>(comm, 3000, algorithm));
  refuses_memory = false;
  for (int step = 0; step < 4; ++step) {
    const std::size_t first = static_cast<std::size_t>(comm.rank() + step) % 3;
    for (std::size_t i = 0; i < 3; ++i) sums[(first + i) % 3]->start(comm.rank(), step);
    for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(Pliant_Wait(sums[i]->request), MPI_SUCCESS);
    for (std::size_t i = 0; i < 3; ++i) sums[i]->expect_sum(comm, step);
  }
  if (comm.ranks() > 1) {
    EXPECT_FALSE(uses_hosts(sums[1]->algorithm()));
  }
}

}  // namespace
