// NCCL's double: sums and broadcasts follow the order of streams, whenever the ranks poll.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/support/device_double/nccl_fixture.hpp"

namespace pliant::test {
namespace {

class Nccl : public NcclTest {
 protected:
  void SetUp() override {
    NcclTest::SetUp();
    comm_ = ready_comm();
    ASSERT_EQ(cuda().stream_create(&stream_), 0);
  }
  void TearDown() override {
    EXPECT_EQ(nccl().comm_finalize(comm_), nccl().in_progress);
    EXPECT_EQ(settled(comm_), 0);
    EXPECT_EQ(nccl().comm_destroy(comm_), 0);
    EXPECT_EQ(cuda().stream_destroy(stream_), 0);
    NcclTest::TearDown();
  }

  int all_reduce(const void* send, void* recv, std::size_t count, ElementType type, ReduceOp op) {
    const int code = nccl().all_reduce(send, recv, count, type, op, comm_, stream_);
    return code == nccl().in_progress ? settled(comm_) : code;
  }
  int broadcast(void* memory, std::size_t bytes, int root) {
    const int code = nccl().broadcast(memory, bytes, root, comm_, stream_);
    return code == nccl().in_progress ? settled(comm_) : code;
  }

  template <class T>
  void expect_reductions(ElementType type) {
    constexpr std::size_t kCount = 1000;
    for (const ReduceOp op : {ReduceOp::sum, ReduceOp::min, ReduceOp::max, ReduceOp::prod}) {
      std::vector<T> own(kCount), expected(kCount);
      for (std::size_t i = 0; i < kCount; ++i) {
        const auto of = [i](int rank) { return static_cast<T>(static_cast<int>(i % 7) - 3 + rank); };
        own[i] = of(rank_);
        T value = of(0);
        for (int rank = 1; rank < ranks_; ++rank) {
          const T other = of(rank);
          value = op == ReduceOp::sum   ? value + other
                  : op == ReduceOp::min ? std::min(value, other)
                  : op == ReduceOp::max ? std::max(value, other)
                                        : value * other;
        }
        expected[i] = value;
      }
      T* const send = device_double().upload(own);
      T* const recv = device_double().upload(own);
      ASSERT_EQ(all_reduce(send, recv, kCount, type, op), 0);
      ASSERT_EQ(cuda().stream_synchronize(stream_), 0);
      EXPECT_EQ(device_double().download(recv, kCount), expected) << static_cast<int>(op);
      EXPECT_EQ(device_double().download(send, kCount), own);
      EXPECT_EQ(cuda().free(send), 0);
      EXPECT_EQ(cuda().free(recv), 0);
    }
  }

  cuda::NcclComm comm_ = nullptr;
  cuda::Stream stream_ = nullptr;
};

TEST_F(Nccl, AllReduceOfEveryTypeAndOperation) {
  expect_reductions<float>(ElementType::float32);
  expect_reductions<double>(ElementType::float64);
  expect_reductions<std::int32_t>(ElementType::int32);
  expect_reductions<std::int64_t>(ElementType::int64);
}

TEST_F(Nccl, AllReduceInPlaceOfNoneOneAndMany) {
  for (const std::size_t count : {0U, 1U, 300'000U}) {
    auto* const memory = device_double().upload(std::vector<float>(count + 1, 1));
    ASSERT_EQ(all_reduce(memory, memory, count, ElementType::float32, ReduceOp::sum), 0);
    ASSERT_EQ(cuda().stream_synchronize(stream_), 0);
    std::vector<float> expected(count + 1, static_cast<float>(ranks_));
    expected.back() = 1;
    EXPECT_EQ(device_double().download(memory, count + 1), expected);
    EXPECT_EQ(cuda().free(memory), 0);
  }
}

TEST_F(Nccl, BroadcastFromEveryRoot) {
  for (int root = 0; root < ranks_; ++root) {
    int* const memory = device_double().upload(std::vector<int>(100, 10 + rank_));
    ASSERT_EQ(broadcast(memory, 100 * sizeof(int), root), 0);
    ASSERT_EQ(cuda().stream_synchronize(stream_), 0);
    EXPECT_EQ(device_double().download(memory, 100), std::vector<int>(100, 10 + root));
    EXPECT_EQ(cuda().free(memory), 0);
  }
}

/// Copies before and after the collective in its stream, under schedules that differ between ranks.
TEST_F(Nccl, KeepsTheOrderOfItsStream) {
  void* pinned = nullptr;
  ASSERT_EQ(cuda().malloc_host(&pinned, 3 * sizeof(int)), 0);
  int* const host = static_cast<int*>(pinned);
  int* const memory = device_double().upload(std::vector<int>{-1});
  cuda::Event event = nullptr;
  ASSERT_EQ(cuda().event_create(&event), 0);
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    device_double().set_schedule(seed == 0 ? lazy()
                                           : random_order(seed * 8 + static_cast<std::uint32_t>(rank_)));
    host[0] = rank_ + 1;
    EXPECT_EQ(cuda().memcpy_async(memory, &host[0], sizeof(int), stream_), 0);
    ASSERT_EQ(all_reduce(memory, memory, 1, ElementType::int32, ReduceOp::sum), 0);
    EXPECT_EQ(cuda().memcpy_async(&host[1], memory, sizeof(int), stream_), 0);
    ASSERT_EQ(broadcast(memory, sizeof(int), ranks_ - 1), 0);
    EXPECT_EQ(cuda().event_record(event, stream_), 0);
    ASSERT_EQ(settled_event(event), 0);
    EXPECT_EQ(host[1], ranks_ * (ranks_ + 1) / 2);
  }
  EXPECT_EQ(cuda().event_destroy(event), 0);
  EXPECT_EQ(cuda().free(memory), 0);
  EXPECT_EQ(cuda().free_host(pinned), 0);
}

TEST_F(Nccl, NothingIsInTheStreamBeforeThePollSaysSo) {
  int* const memory = device_double().upload(std::vector<int>{1});
  ASSERT_EQ(nccl().all_reduce(memory, memory, 1, ElementType::int32, ReduceOp::sum, comm_, stream_),
            nccl().in_progress);
  EXPECT_EQ(cuda().stream_synchronize(stream_), 0);
  EXPECT_EQ(device_double().download(memory, 1)[0], 1) << "what comes into the stream now is before it";
  EXPECT_EQ(nccl().all_reduce(memory, memory, 1, ElementType::int32, ReduceOp::sum, comm_, stream_),
            kNcclInvalidArgument)
      << "before the previous call was said to be done";
  EXPECT_EQ(settled(comm_), 0);
  EXPECT_EQ(cuda().stream_synchronize(stream_), 0);
  EXPECT_EQ(device_double().download(memory, 1)[0], ranks_);
  EXPECT_EQ(cuda().free(memory), 0);
}

TEST_F(Nccl, TwoStreamsOfOneCommunicatorDoNotCross) {
  cuda::Stream other = nullptr;
  ASSERT_EQ(cuda().stream_create(&other), 0);
  int* const memory = device_double().upload(std::vector<int>{1, 2});
  ASSERT_EQ(all_reduce(&memory[0], &memory[0], 1, ElementType::int32, ReduceOp::sum), 0);
  std::swap(stream_, other);
  ASSERT_EQ(all_reduce(&memory[1], &memory[1], 1, ElementType::int32, ReduceOp::sum), 0);
  // Ranks poll them in a different order.
  EXPECT_EQ(cuda().stream_synchronize(rank_ % 2 == 0 ? stream_ : other), 0);
  EXPECT_EQ(cuda().stream_synchronize(rank_ % 2 == 0 ? other : stream_), 0);
  EXPECT_EQ(device_double().download(memory, 2), (std::vector<int>{ranks_, 2 * ranks_}));
  EXPECT_EQ(cuda().stream_destroy(other), 0);
  EXPECT_EQ(cuda().free(memory), 0);
}

TEST_F(Nccl, TwoCommunicatorsDoNotWaitForEachOther) {
  cuda::NcclComm second = ready_comm();
  cuda::Stream other = nullptr;
  ASSERT_EQ(cuda().stream_create(&other), 0);
  int* const memory = device_double().upload(std::vector<int>{1, 2});
  ASSERT_EQ(all_reduce(&memory[0], &memory[0], 1, ElementType::int32, ReduceOp::sum), 0);
  std::swap(comm_, second);
  std::swap(stream_, other);
  ASSERT_EQ(all_reduce(&memory[1], &memory[1], 1, ElementType::int32, ReduceOp::sum), 0);
  EXPECT_EQ(cuda().stream_synchronize(rank_ % 2 == 0 ? stream_ : other), 0);
  EXPECT_EQ(cuda().stream_synchronize(rank_ % 2 == 0 ? other : stream_), 0);
  EXPECT_EQ(device_double().download(memory, 2), (std::vector<int>{ranks_, 2 * ranks_}));
  EXPECT_EQ(nccl().comm_destroy(second), 0) << "without finalize, when nothing is left to be done";
  EXPECT_EQ(cuda().stream_destroy(other), 0);
  EXPECT_EQ(cuda().free(memory), 0);
}

TEST_F(Nccl, DestroyWithWorkLeftIsRefused) {
  int* const memory = device_double().upload(std::vector<int>{1});
  ASSERT_EQ(all_reduce(memory, memory, 1, ElementType::int32, ReduceOp::sum), 0);
  EXPECT_EQ(nccl().comm_destroy(comm_), kNcclInvalidUsage);
  EXPECT_EQ(nccl_double().leaks(), "1 NCCL communicators; ");
  EXPECT_EQ(cuda().stream_synchronize(stream_), 0);
  EXPECT_EQ(cuda().free(memory), 0);
}

TEST_F(Nccl, FinalizeEndsWhenWhatIsQueuedIsDone) {
  cuda::NcclComm second = ready_comm();
  int* const memory = device_double().upload(std::vector<int>{1});
  std::swap(comm_, second);
  ASSERT_EQ(all_reduce(memory, memory, 1, ElementType::int32, ReduceOp::sum), 0);
  std::swap(comm_, second);
  EXPECT_EQ(nccl().comm_finalize(second), nccl().in_progress);
  EXPECT_EQ(nccl().all_reduce(memory, memory, 1, ElementType::int32, ReduceOp::sum, second, stream_),
            kNcclInvalidArgument);
  EXPECT_EQ(settled(second), 0);
  EXPECT_EQ(device_double().download(memory, 1)[0], ranks_);
  EXPECT_EQ(nccl().comm_destroy(second), 0);
  EXPECT_EQ(cuda().free(memory), 0);
}

}  // namespace
}  // namespace pliant::test
