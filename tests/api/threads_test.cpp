// MPI_THREAD_MULTIPLE: one communicator per thread at a time. Also the progress thread, which advances
// pending operations.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <thread>

#include "kernels/kernels.hpp"
#include "tests/api/api_support.hpp"
#include "tests/support/damaged_message.hpp"
#include "tests/support/expected_ranks.hpp"

namespace {

using namespace pliant_test;

int threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

/// Only in the run with several threads, and before any other test gives them work.
TEST(Threads, OneTeamServesAllCommunicators) {
  if (std::getenv("PLIANT_THREADS") == nullptr) GTEST_SKIP() << "PLIANT_THREADS is not set";
  const char* const kernels = std::getenv("PLIANT_KERNELS");
  if (pliant::choose_kernels(kernels != nullptr ? kernels : "auto").name == "scalar")
    GTEST_SKIP() << "the scalar kernels work alone";
  std::vector<std::unique_ptr<FreshComm>> comms;
  for (int i = 0; i < 6; ++i) comms.push_back(std::make_unique<FreshComm>());
  const int before = threads_of_this_process();
  for (const auto& comm : comms) {
    float one = 1;
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_FLOAT, MPI_MAX, *comm), MPI_SUCCESS);
  }
  EXPECT_EQ(threads_of_this_process(), before) << "nothing to do for them";
  std::vector<float> values(200'000);
  int with_team = 0;
  for (const auto& comm : comms) {
    ASSERT_EQ(set(*comm, {{"pliant_mode", "topk"}, {"pliant_algorithm", "allgather_topk"}}), MPI_SUCCESS);
    fill_gradient(values, comm->rank(), 0);
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 200'000, MPI_FLOAT, MPI_SUM, *comm), MPI_SUCCESS);
    if (with_team == 0) with_team = threads_of_this_process();
    EXPECT_EQ(threads_of_this_process(), with_team);
  }
  EXPECT_GT(with_team, before);
}

/// Work of one thread: blocking calls and requests on its own communicator.
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

constexpr std::size_t kLong = 50'000;

/// A request that sums ones in place.
struct Ones {
  explicit Ones(MPI_Comm comm) : values(kLong, 1.0F) {
    EXPECT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), kLong, MPI_FLOAT, MPI_SUM, comm,
                                    MPI_INFO_NULL, &request),
              MPI_SUCCESS);
  }
  Ones(const Ones&) = delete;
  Ones& operator=(const Ones&) = delete;
  ~Ones() { EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS); }

  int start() { return Pliant_Start(request); }
  int wait() { return Pliant_Wait(request); }

  std::vector<float> values;
  Pliant_Request request = PLIANT_REQUEST_NULL;
};

int reduce_ones(MPI_Comm comm) {
  std::vector<float> values(kLong, 1.0F);
  const int code = Pliant_Allreduce(MPI_IN_PLACE, values.data(), kLong, MPI_FLOAT, MPI_SUM, comm);
  EXPECT_EQ(values.back(), static_cast<float>(ranks_of(comm)));
  return code;
}

/// Gives a thread time to reach its wait.
void let_it_wait() {
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
}

/// Rank 1 begins the blocking call only after rank 0's other thread has completed the request.
TEST(Threads, ABlockedCallLetsAnotherThreadWaitForARequest) {
  const FreshComm comm;
  ASSERT_EQ(reduce_ones(comm), MPI_SUCCESS);  // measures
  Ones ones(comm);
  int token = 0;
  ASSERT_EQ(ones.start(), MPI_SUCCESS);
  if (comm.rank() == 0) {
    int blocking = -1;
    std::thread blocked([&] { blocking = reduce_ones(comm); });
    let_it_wait();
    EXPECT_EQ(ones.wait(), MPI_SUCCESS);
    MPI_Send(&token, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
    blocked.join();
    EXPECT_EQ(blocking, MPI_SUCCESS);
  } else {
    EXPECT_EQ(ones.wait(), MPI_SUCCESS);
    MPI_Recv(&token, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    EXPECT_EQ(reduce_ones(comm), MPI_SUCCESS);
  }
}

/// Rank 0's main thread makes no call between the start and the end of its other thread.
TEST(Threads, ABlockedThreadAdvancesWhatOthersStartLater) {
  const FreshComm comm;
  const FreshComm elsewhere;
  ASSERT_EQ(reduce_ones(comm), MPI_SUCCESS);
  Ones ones(elsewhere);
  if (comm.rank() == 0) {
    std::thread blocked([&] { EXPECT_EQ(reduce_ones(comm), MPI_SUCCESS); });
    let_it_wait();
    EXPECT_EQ(ones.start(), MPI_SUCCESS);
    blocked.join();
  } else {
    EXPECT_EQ(ones.start(), MPI_SUCCESS);
    EXPECT_EQ(ones.wait(), MPI_SUCCESS);
    EXPECT_EQ(reduce_ones(comm), MPI_SUCCESS);
  }
  EXPECT_EQ(ones.wait(), MPI_SUCCESS);
}

/// While a collective call waits, requests of its communicator may be started.
TEST(Threads, AnInitThatWaitsLetsAnotherThreadStart) {
  const FreshComm comm;
  Ones ones(comm);
  if (comm.rank() == 0) {
    std::thread making([&] { const Ones late(comm); });
    let_it_wait();
    EXPECT_EQ(ones.start(), MPI_SUCCESS);
    EXPECT_EQ(ones.wait(), MPI_SUCCESS);
    making.join();
  } else {
    EXPECT_EQ(ones.start(), MPI_SUCCESS);
    EXPECT_EQ(ones.wait(), MPI_SUCCESS);
    const Ones late(comm);
  }
}

/// The first call on a communicator waits for all its ranks, and advances pending operations meanwhile.
TEST(Threads, AFirstCallAdvancesWhatOthersWaitFor) {
  const FreshComm comm;
  const FreshComm fresh;
  Ones ones(comm);
  ASSERT_EQ(ones.start(), MPI_SUCCESS);
  if (comm.rank() == 0) {
    EXPECT_EQ(reduce_ones(fresh), MPI_SUCCESS);
  }
  EXPECT_EQ(ones.wait(), MPI_SUCCESS);
  if (comm.rank() != 0) {
    EXPECT_EQ(reduce_ones(fresh), MPI_SUCCESS);
  }
}

/// Requests of one communicator, each used by a thread of its own.
TEST(Threads, RequestsOfOneCommunicatorByManyThreads) {
  const FreshComm comm;
  constexpr int kThreads = 3;
  std::vector<std::unique_ptr<Ones>> all;
  for (int i = 0; i < kThreads; ++i) all.push_back(std::make_unique<Ones>(comm));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (const auto& ones : all)
    threads.emplace_back([&wrong, &ones = *ones, ranks = comm.ranks()] {
      for (int step = 0; step < 40; ++step) {
        std::fill(ones.values.begin(), ones.values.end(), static_cast<float>(step));
        if (ones.start() != MPI_SUCCESS || ones.wait() != MPI_SUCCESS) ++wrong;
        if (ones.values.front() != static_cast<float>(step * ranks)) ++wrong;
        if (ones.values.back() != static_cast<float>(step * ranks)) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, OneRepairsItsCommunicatorWhileOthersReduce) {
  constexpr int kCount = 6007;
  const FreshComm broken;
  const FreshComm whole;
  if (broken.ranks() == 1) GTEST_SKIP() << "one rank sends no messages";
  ASSERT_EQ(
      set(broken, {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", "star_ring"}}),
      MPI_SUCCESS);
  std::atomic<int> wrong{0};
  std::thread other([&] { reduce_again_and_again(whole, 1, wrong); });
  std::vector<float> values(kCount);
  const auto reduce = [&] {
    fill_gradient(values, broken.rank(), 1);
    return Pliant_Allreduce(MPI_IN_PLACE, values.data(), kCount, MPI_FLOAT, MPI_SUM, broken);
  };
  for (int time = 0; time < 5; ++time) {
    EXPECT_EQ(reduce(), MPI_SUCCESS);
    EXPECT_TRUE(same_bits(values, broken));
    pliant::test::damages_next = broken.rank() == 0;
    // A rank that the wrong message does not reach learns of it in the next call.
    if (reduce() == MPI_SUCCESS) {
      EXPECT_NE(reduce(), MPI_SUCCESS);
    }
    pliant::test::damages_next = false;
    EXPECT_EQ(Pliant_Comm_repair(broken), MPI_SUCCESS);
  }
  other.join();
  EXPECT_EQ(wrong, 0);
}

/// Only in the run with the progress thread.
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
    // No call of Pliant or MPI from here: the sum must appear by itself, within a minute.
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
