// One bit of a coded message changes on its way. No rank hangs, no rank that got the error goes on, and after
// a repair all go on together.
#include <mpi.h>

#include <numeric>

#include "tests/api/api_support.hpp"
#include "tests/support/damaged_message.hpp"

namespace {

using namespace pliant_test;
using pliant::test::damages_next;

constexpr int kCount = 6007;

Pairs settings_of(const std::string& algorithm, const char* feedback) {
  return {{"pliant_mode", "topk"},
          {"pliant_density", "0.02"},
          {"pliant_min_bytes", "0"},
          {"pliant_error_feedback", feedback},
          {"pliant_algorithm", algorithm}};
}

int most(int value, MPI_Comm comm) {
  MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_MAX, comm);
  return value;
}

void expect_broken(int code, const char* call) {
  EXPECT_EQ(code, MPI_ERR_OTHER) << call;
  EXPECT_NE(message(code).find("Pliant_Comm_repair"), std::string::npos) << call << ": " << message(code);
}

class Repair : public testing::Test {
 protected:
  void SetUp() override {
    if (comm_.ranks() == 1) GTEST_SKIP() << "one rank sends no messages";
  }

  Pliant_Request request_for(std::vector<float>& buffer) {
    Pliant_Request request = PLIANT_REQUEST_NULL;
    EXPECT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm_,
                                    MPI_INFO_NULL, &request),
              MPI_SUCCESS);
    return request;
  }

  /// Runs a step of `request` and returns its code on this rank.
  int step(Pliant_Request request, std::vector<float>& buffer, int number) {
    fill_gradient(buffer, comm_.rank(), number);
    const int started = Pliant_Start(request);
    return started == MPI_SUCCESS ? Pliant_Wait(request) : started;
  }

  /// Steps until every rank has had an error. Returns how many steps succeeded on this rank.
  int break_it(Pliant_Request request, std::vector<float>& buffer, int damaging) {
    damages_next = comm_.rank() == damaging;
    int number = 1;
    int code = step(request, buffer, number);
    const bool reached = most(damages_next && code == MPI_SUCCESS ? 1 : 0, comm_) == 0;
    damages_next = false;
    if (!reached) return -1;
    EXPECT_NE(most(code, comm_), MPI_SUCCESS) << "somebody has received it";
    int succeeded = 0;
    if (code == MPI_SUCCESS) {
      ++succeeded;
      code = step(request, buffer, ++number);
    }
    EXPECT_NE(code, MPI_SUCCESS) << "at the next call at the latest";
    return succeeded;
  }

  const FreshComm comm_;
};

TEST_F(Repair, EveryRankGetsAnErrorAndAllGoOnAfterwards) {
  int broken = 0;
  for (const std::string& algorithm : lossy_algorithms())
    for (const char* feedback : {"ef14", "ef21"}) {
      SCOPED_TRACE(algorithm + " " + feedback);
      ASSERT_EQ(set(comm_, settings_of(algorithm, feedback)), MPI_SUCCESS);
      std::vector<float> buffer(kCount);
      Pliant_Request request = request_for(buffer);
      ASSERT_EQ(step(request, buffer, 0), MPI_SUCCESS);
      if (break_it(request, buffer, 1) >= 0) {
        expect_broken(Pliant_Start(request), "start");
        expect_broken(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm_),
                      "call");
        expect_broken(Pliant_Comm_probe(comm_), "probe");
        ASSERT_EQ(Pliant_Comm_repair(comm_), MPI_SUCCESS);
        ++broken;
      }
      for (int number = 3; number < 3 + 2 * comm_.ranks(); ++number) {
        ASSERT_EQ(step(request, buffer, number), MPI_SUCCESS) << "step " << number;
        EXPECT_TRUE(same_bits(buffer, comm_)) << "step " << number;
      }
      if (std::string(feedback) == "ef21") {
        // Estimates have started again, so with a flush the result is the sum of the last gradients.
        std::vector<float> last(kCount);
        fill_gradient(last, comm_.rank(), 2 + 2 * comm_.ranks());
        const std::vector<float> sum = exact_sum(last, comm_);
        ASSERT_EQ(Pliant_Request_flush(request), MPI_SUCCESS);
        EXPECT_EQ(buffer, sum);
      }
      ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
    }
  EXPECT_GE(broken, 10) << "coded messages were damaged";
}

TEST_F(Repair, ARankThatGotTheErrorKeepsItsGradient) {
  if (comm_.ranks() != 2)
    GTEST_SKIP() << "with two, the one that receives a wrong message gets the error first";
  int kept = 0;
  for (const std::string& algorithm : lossy_algorithms()) {
    SCOPED_TRACE(algorithm);
    ASSERT_EQ(set(comm_, settings_of(algorithm, "ef14")), MPI_SUCCESS);
    std::vector<float> buffer(kCount);
    Pliant_Request request = request_for(buffer);
    std::vector<float> given(kCount, 0.0F);
    std::vector<float> received(kCount, 0.0F);
    const auto add = [](std::vector<float>& into, const std::vector<float>& from) {
      for (std::size_t i = 0; i < into.size(); ++i) into[i] += from[i];
    };
    ASSERT_EQ(step(request, buffer, 0), MPI_SUCCESS);
    add(received, buffer);
    const int succeeded = break_it(request, buffer, 1);
    if (succeeded >= 0) {
      ASSERT_EQ(Pliant_Comm_repair(comm_), MPI_SUCCESS);
    }
    // A rank that finished the step before the failure has its contribution in its own result alone.
    const bool together = most(succeeded, comm_) == 0;
    for (int number = 0; number < 2; ++number) {
      std::vector<float> mine(kCount);
      fill_gradient(mine, comm_.rank(), number);
      add(given, exact_sum(mine, comm_));
    }
    std::fill(buffer.begin(), buffer.end(), 0.0F);
    ASSERT_EQ(Pliant_Request_flush(request), MPI_SUCCESS);
    EXPECT_TRUE(same_bits(buffer, comm_));
    add(received, buffer);
    if (together && succeeded >= 0) {
      EXPECT_EQ(received, given);
      ++kept;
    }
    ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
  EXPECT_GE(kept, 3) << "a leader waits for values of the rank that refuses its indices";
}

TEST_F(Repair, OtherRequestsUnderWayEndToo) {
  ASSERT_EQ(set(comm_, settings_of("allgather_topk", "ef14")), MPI_SUCCESS);
  std::vector<std::vector<float>> buffers(3, std::vector<float>(kCount));
  std::vector<Pliant_Request> requests(buffers.size(), PLIANT_REQUEST_NULL);
  for (std::size_t i = 0; i < buffers.size(); ++i) requests[i] = request_for(buffers[i]);
  // Rank 0 starts them in reverse, so no rank's order determines which one is damaged.
  damages_next = comm_.rank() == comm_.ranks() - 1;
  std::vector<int> codes;
  for (std::size_t i = 0; i < requests.size(); ++i)
    Pliant_Start(requests[comm_.rank() == 0 ? requests.size() - 1 - i : i]);
  for (const Pliant_Request request : requests) codes.push_back(Pliant_Wait(request));
  damages_next = false;
  EXPECT_NE(most(*std::max_element(codes.begin(), codes.end()), comm_), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_repair(comm_), MPI_SUCCESS);
  for (int number = 0; number < 3; ++number) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      fill_gradient(buffers[i], comm_.rank(), number);
      ASSERT_EQ(Pliant_Start(requests[i]), MPI_SUCCESS);
    }
    for (std::size_t i = 0; i < requests.size(); ++i) {
      ASSERT_EQ(Pliant_Wait(requests[i]), MPI_SUCCESS);
      EXPECT_TRUE(same_bits(buffers[i], comm_));
    }
  }
  for (Pliant_Request& request : requests) EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST_F(Repair, BlockingCallsBreakAndAreRepairedAsWell) {
  ASSERT_EQ(set(comm_, settings_of("allgather_topk", "ef14")), MPI_SUCCESS);
  std::vector<float> buffer(kCount);
  const auto reduce = [&](int number) {
    fill_gradient(buffer, comm_.rank(), number);
    return Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm_);
  };
  ASSERT_EQ(reduce(0), MPI_SUCCESS);
  damages_next = comm_.rank() == 1;
  int code = reduce(1);
  damages_next = false;
  EXPECT_NE(most(code, comm_), MPI_SUCCESS);
  if (code == MPI_SUCCESS) code = reduce(2);
  EXPECT_NE(code, MPI_SUCCESS);
  ASSERT_EQ(Pliant_Comm_repair(comm_), MPI_SUCCESS);
  for (int number = 3; number < 6; ++number) {
    ASSERT_EQ(reduce(number), MPI_SUCCESS);
    EXPECT_TRUE(same_bits(buffer, comm_));
  }
  // A short call is refused on a broken communicator too, and right on a repaired one.
  double one = 1;
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_DOUBLE, MPI_SUM, comm_), MPI_SUCCESS);
  EXPECT_EQ(one, comm_.ranks());
}

TEST_F(Repair, AWholeCommunicatorMayBeRepaired) {
  ASSERT_EQ(set(comm_, settings_of("star_ring", "ef14")), MPI_SUCCESS);
  std::vector<float> buffer(kCount);
  Pliant_Request request = request_for(buffer);
  std::vector<float> given(kCount, 0.0F);
  std::vector<float> received(kCount, 0.0F);
  for (int number = 0; number < 4; ++number) {
    if (number == 2) {
      ASSERT_EQ(Pliant_Comm_repair(comm_), MPI_SUCCESS);
    }
    ASSERT_EQ(step(request, buffer, number), MPI_SUCCESS);
    std::vector<float> mine(kCount);
    fill_gradient(mine, comm_.rank(), number);
    const std::vector<float> sum = exact_sum(mine, comm_);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      given[i] += sum[i];
      received[i] += buffer[i];
    }
  }
  std::fill(buffer.begin(), buffer.end(), 0.0F);
  ASSERT_EQ(Pliant_Request_flush(request), MPI_SUCCESS);
  for (std::size_t i = 0; i < given.size(); ++i) received[i] += buffer[i];
  EXPECT_EQ(received, given) << "residuals survive";
  EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST_F(Repair, RequestsThatMpiReducesGoOn) {
  ASSERT_EQ(set(comm_, settings_of("allgather_topk", "ef14")), MPI_SUCCESS);
  std::vector<float> lossy(kCount);
  std::vector<long double> by_mpi(7);
  std::vector<float> freed_here(kCount);
  Pliant_Request requests[3];
  requests[0] = request_for(lossy);
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, by_mpi.data(), 7, MPI_LONG_DOUBLE, MPI_SUM, comm_,
                                  MPI_INFO_NULL, &requests[1]),
            MPI_SUCCESS);
  requests[2] = request_for(freed_here);
  if (comm_.rank() == 0) {
    ASSERT_EQ(Pliant_Request_free(&requests[2]), MPI_SUCCESS);
  }
  ASSERT_GE(break_it(requests[0], lossy, comm_.ranks() - 1), 0);
  expect_broken(Pliant_Start(requests[1]), "start of what MPI reduces");
  ASSERT_EQ(Pliant_Comm_repair(comm_), MPI_SUCCESS);
  for (int number = 3; number < 6; ++number) {
    std::iota(by_mpi.begin(), by_mpi.end(), comm_.rank() + number);
    fill_gradient(lossy, comm_.rank(), number);
    ASSERT_EQ(Pliant_Startall(2, requests), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Waitall(2, requests), MPI_SUCCESS);
    EXPECT_TRUE(same_bits(lossy, comm_));
    const int ranks = comm_.ranks();
    for (int i = 0; i < 7; ++i)
      EXPECT_EQ(by_mpi[static_cast<std::size_t>(i)], ranks * (i + number) + ranks * (ranks - 1) / 2);
  }
  // Tags and names count alike on all ranks, so a new request receives its own messages.
  std::vector<float> buffer(kCount);
  Pliant_Request another = request_for(buffer);
  ASSERT_EQ(step(another, buffer, 1), MPI_SUCCESS);
  EXPECT_TRUE(same_bits(buffer, comm_));
  EXPECT_EQ(Pliant_Request_free(&another), MPI_SUCCESS);
  for (Pliant_Request& request : requests) {
    if (request == PLIANT_REQUEST_NULL) continue;
    EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
}

TEST_F(Repair, ARankThatWaitsInAnotherCallLearnsOfIt) {
  ASSERT_EQ(set(comm_, settings_of("allgather_topk", "ef14")), MPI_SUCCESS);
  std::vector<float> buffer(kCount);
  Pliant_Request request = request_for(buffer);
  ASSERT_EQ(step(request, buffer, 0), MPI_SUCCESS);
  damages_next = comm_.rank() == 1;
  fill_gradient(buffer, comm_.rank(), 1);
  ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  // A collective call advances the request, which fails on the ranks that receive the damaged message. The
  // other ranks must not wait for them.
  const int code = Pliant_Comm_flush(comm_, nullptr);
  damages_next = false;
  EXPECT_NE(code, MPI_SUCCESS);
  EXPECT_NE(most(Pliant_Wait(request), comm_), MPI_SUCCESS);
  expect_broken(Pliant_Start(request), "start");
  ASSERT_EQ(Pliant_Comm_repair(comm_), MPI_SUCCESS);
  ASSERT_EQ(step(request, buffer, 2), MPI_SUCCESS);
  EXPECT_TRUE(same_bits(buffer, comm_));
  EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST_F(Repair, OtherCommunicatorsGoOn) {
  const FreshComm other;
  for (const MPI_Comm comm : {MPI_Comm(comm_), MPI_Comm(other)})
    ASSERT_EQ(set(comm, settings_of("allgather_topk", "ef14")), MPI_SUCCESS);
  std::vector<float> buffer(kCount);
  const auto reduce = [&](MPI_Comm comm) {
    return Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm);
  };
  ASSERT_EQ(reduce(comm_), MPI_SUCCESS);
  ASSERT_EQ(reduce(other), MPI_SUCCESS);
  damages_next = comm_.rank() == 1;
  EXPECT_NE(most(reduce(comm_), comm_), MPI_SUCCESS);
  damages_next = false;
  EXPECT_NE(reduce(comm_), MPI_SUCCESS);
  fill_gradient(buffer, comm_.rank(), 3);
  ASSERT_EQ(reduce(other), MPI_SUCCESS);
  EXPECT_TRUE(same_bits(buffer, other));
  EXPECT_GT(report_of(comm_).elements, 0) << "reports are local";
  // MPI reduces types without a kernel of Pliant, even on a broken communicator.
  long double one = 1;
  EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_LONG_DOUBLE, MPI_SUM, comm_), MPI_SUCCESS);
  EXPECT_EQ(one, comm_.ranks());
  // A broken communicator may be freed.
}

}  // namespace
