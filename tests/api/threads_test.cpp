// MPI_THREAD_MULTIPLE: a communicator for each thread at a time; and the thread that advances what was
// started.
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "tests/api/api_support.hpp"
#include "tests/support/expected_ranks.hpp"

namespace {

using namespace pliant_test;

/// One thread's work: blocking calls and requests on a communicator of its own.
void reduce_again_and_again(MPI_Comm comm, int seed, std::atomic<int>& wrong) {
  constexpr int kCount = 30'000;
  std::vector<float> started(kCount);
  std::vector<float> blocking(kCount);
  const auto ranks = static_cast<float>(ranks_of(comm));
  Pliant_Request request = PLIANT_REQUEST_NULL;
  Pliant_Allreduce_init(MPI_IN_PLACE, started.data(), kCount, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                        &request);
  for (int step = 0; step < 40; ++step) {
    const auto value = static_cast<float>(seed + step);
    std::fill(started.begin(), started.end(), value);
    std::fill(blocking.begin(), blocking.end(), 2 * value);
    if (Pliant_Start(request) != MPI_SUCCESS) ++wrong;
    if (Pliant_Allreduce(MPI_IN_PLACE, blocking.data(), kCount, MPI_FLOAT, MPI_SUM, comm) != MPI_SUCCESS)
      ++wrong;
    if (Pliant_Wait(request) != MPI_SUCCESS) ++wrong;
    for (int i = 0; i < kCount; i += 997) {
      const auto at = static_cast<std::size_t>(i);
      if (started[at] != ranks * value || blocking[at] != 2 * ranks * value) ++wrong;
    }
  }
  Pliant_Request_free(&request);
}

TEST(Threads, EachItsOwnCommunicator) {
  constexpr int kThreads = 3;
  std::vector<std::unique_ptr<FreshComm>> comms;
  for (int i = 0; i < kThreads; ++i) comms.push_back(std::make_unique<FreshComm>());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back(
        [&, i] { reduce_again_and_again(*comms[static_cast<std::size_t>(i)], 100 * i, wrong); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, ShortCallsOnACommunicatorEach) {
  constexpr int kThreads = 3;
  std::vector<std::unique_ptr<FreshComm>> comms;
  for (int i = 0; i < kThreads; ++i) comms.push_back(std::make_unique<FreshComm>());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&wrong, &comm = *comms[static_cast<std::size_t>(i)], i] {
      const int ranks = comm.ranks();
      for (int step = 0; step < 500; ++step) {
        int value = i + step;
        if (Pliant_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_SUM, comm) != MPI_SUCCESS) ++wrong;
        if (value != ranks * (i + step)) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

/// Only in the run that asks for the thread.
TEST(Threads, ProgressThreadNeedsNoCall) {
  const char* asked = std::getenv("PLIANT_PROGRESS_THREAD");
  if (asked == nullptr) GTEST_SKIP() << "PLIANT_PROGRESS_THREAD is not set";
  const FreshComm comm;
  constexpr std::size_t kCount = 400'000;
  std::vector<float> values(kCount);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), kCount, MPI_FLOAT, MPI_SUM, comm,
                                  MPI_INFO_NULL, &request),
            MPI_SUCCESS);
  for (int step = 1; step <= 3; ++step) {
    std::fill(values.begin(), values.end(), static_cast<float>(step));
    const auto expected = static_cast<float>(step * comm.ranks());
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    // No call of Pliant or MPI from here: the sum appears by itself. A minute stands for never.
    const auto sum_is_there = [&] {
      for (const std::size_t at : {std::size_t{0}, kCount / 2, kCount - 1})
        if (std::atomic_ref(values[at]).load() != expected) return false;
      return true;
    };
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!sum_is_there() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE(sum_is_there()) << "step " << step;
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    EXPECT_EQ(values, std::vector<float>(kCount, expected));
  }
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
  int failed = 0;
  if (!pliant::test::has_expected_ranks(argc, argv)) {
    failed = 1;
  } else if (provided == MPI_THREAD_MULTIPLE) {
    failed = RUN_ALL_TESTS();
  } else {
    std::puts("this MPI gives no MPI_THREAD_MULTIPLE: nothing was tested");
  }
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
