// A batch of requests, below and above the number that fits without allocation.
#include "mpi/request.hpp"

#include <gtest/gtest.h>

#include "mpi/check.hpp"
#include "mpi/communicator.hpp"

namespace pliant {
namespace {

class RequestBatchTest : public testing::TestWithParam<int> {
 protected:
  /// Posts receives and sends of `GetParam()` numbers around a ring.
  void post(RequestBatch& batch, std::vector<int>& out, std::vector<int>& in) const {
    const int ranks = comm_.ranks();
    const int next = (comm_.rank() + 1) % ranks;
    const int previous = (comm_.rank() + ranks - 1) % ranks;
    for (std::size_t i = 0; i < in.size(); ++i)
      check(MPI_Irecv(&in[i], 1, MPI_INT, previous, static_cast<int>(i), comm_.handle(), batch.next()),
            "MPI_Irecv");
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<int>(i) + 1;
      check(MPI_Isend(&out[i], 1, MPI_INT, next, static_cast<int>(i), comm_.handle(), batch.next()),
            "MPI_Isend");
    }
  }

  std::vector<int> numbers() const {
    std::vector<int> expected(static_cast<std::size_t>(GetParam()));
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<int>(i) + 1;
    return expected;
  }

  const Communicator comm_ = Communicator::duplicate(MPI_COMM_WORLD);
  std::vector<int> out_ = std::vector<int>(static_cast<std::size_t>(GetParam()));
  std::vector<int> in_ = std::vector<int>(static_cast<std::size_t>(GetParam()));
};

TEST_P(RequestBatchTest, WaitsForAll) {
  RequestBatch batch;
  post(batch, out_, in_);
  batch.wait();
  EXPECT_EQ(in_, numbers());
}

TEST_P(RequestBatchTest, CanBeUsedAgain) {
  RequestBatch batch;
  for (int round = 0; round < 3; ++round) {
    std::fill(in_.begin(), in_.end(), 0);
    post(batch, out_, in_);
    batch.wait();
    EXPECT_EQ(in_, numbers()) << round;
  }
}

TEST_P(RequestBatchTest, WaitsWhenItGoes) {
  {
    RequestBatch batch;
    post(batch, out_, in_);
  }
  EXPECT_EQ(in_, numbers());
}

// Two requests per number: none, a few, as many as fit without allocation, more, and many.
INSTANTIATE_TEST_SUITE_P(Numbers, RequestBatchTest, testing::Values(0, 1, 2, 3, 20));

}  // namespace
}  // namespace pliant
