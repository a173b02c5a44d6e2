// Captures into graphs, contexts, and stream-ordered memory, with CUDA's rules.
#include <thread>

#include "tests/support/device_double/fixture.hpp"

namespace pliant::test {
namespace {

/// Two streams, an event, and memory.
class Captures : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    ASSERT_EQ(cuda().stream_create(&captured_), 0);
    ASSERT_EQ(cuda().stream_create(&other_), 0);
    ASSERT_EQ(cuda().event_create(&event_), 0);
    ASSERT_EQ(cuda().malloc(&memory_, 4), 0);
  }
  void TearDown() override {
    EXPECT_EQ(cuda().free(memory_), 0);
    EXPECT_EQ(cuda().event_destroy(event_), 0);
    EXPECT_EQ(cuda().stream_destroy(captured_), 0);
    EXPECT_EQ(cuda().stream_destroy(other_), 0);
    DeviceTest::TearDown();
  }
  int value() { return device_double().download(static_cast<int*>(memory_), 1)[0]; }

  cuda::Stream captured_ = nullptr, other_ = nullptr;
  cuda::Event event_ = nullptr;
  void* memory_ = nullptr;
};

TEST_F(Captures, WhatIsPutOnTheStreamIsNotCarriedOut) {
  bool capturing = true;
  EXPECT_EQ(cuda().stream_is_capturing(captured_, &capturing), 0);
  EXPECT_FALSE(capturing);
  device_double().begin_capture(captured_);
  EXPECT_EQ(cuda().stream_is_capturing(captured_, &capturing), 0);
  EXPECT_TRUE(capturing);
  EXPECT_EQ(cuda().stream_is_capturing(nullptr, &capturing), 0);
  EXPECT_TRUE(capturing) << "the default stream waits for it, so that it cannot be used either";
  EXPECT_EQ(cuda().stream_is_capturing(other_, &capturing), 0);
  EXPECT_FALSE(capturing);
  EXPECT_EQ(cuda().memset_async(memory_, 1, 4, captured_), 0);
  EXPECT_EQ(device_double().capture().nodes(), 1);
  EXPECT_TRUE(device_double().end_capture());
  EXPECT_EQ(cuda().stream_synchronize(captured_), 0);
  EXPECT_EQ(value(), -1);
}

TEST_F(Captures, AnEventOfItDrawsOtherStreamsIn) {
  device_double().begin_capture(captured_);
  EXPECT_EQ(cuda().event_record(event_, captured_), 0);
  EXPECT_EQ(cuda().stream_wait_event(other_, event_), 0);
  EXPECT_EQ(cuda().memset_async(memory_, 1, 4, other_), 0);
  EXPECT_EQ(device_double().capture().nodes(), 3);
  EXPECT_EQ(cuda().event_query(event_), kCaptureUnsupported);
  int before = 0;
  cuda::DeviceContext context = nullptr;
  ASSERT_EQ(cuda().retain_context(&context, 0), 0);
  ASSERT_EQ(cuda().enter(context, &before), 0);
  EXPECT_EQ(cuda().event_query(event_), kCapturedEvent);
  ASSERT_EQ(cuda().leave(before), 0);
  ASSERT_EQ(cuda().release_context(0), 0);
  EXPECT_FALSE(device_double().end_capture());
}

TEST_F(Captures, ACallThatMayBeUnsafeLosesItWhateverItsThread) {
  EXPECT_EQ(cuda().event_record(event_, other_), 0);
  for (const bool knows : {false, true}) {
    device_double().begin_capture(captured_);
    std::thread([&] {
      cuda::DeviceContext context = nullptr;
      int before = 0;
      ASSERT_EQ(cuda().retain_context(&context, 0), 0);
      if (knows) {
        ASSERT_EQ(cuda().enter(context, &before), 0);
      }
      EXPECT_EQ(cuda().event_query(event_) == kCaptureUnsupported, !knows);
      if (knows) {
        ASSERT_EQ(cuda().leave(before), 0);
      }
      ASSERT_EQ(cuda().release_context(0), 0);
    }).join();
    EXPECT_EQ(device_double().end_capture(), knows);
  }
}

using Contexts = DeviceTest;

TEST_F(Contexts, AreMadeByAnyCallOnTheCurrentDevice) {
  device_double().reset({.devices = 3});
  int number = 0;
  EXPECT_EQ(cuda().get_device_count(&number), 0);
  EXPECT_EQ(cuda().driver_version(&number), 0);
  cuda::PointerFacts facts;
  EXPECT_EQ(cuda::find_memory(&facts, &number), 0);
  EXPECT_TRUE(device_double().contexts().empty());
  cuda::DeviceContext context = nullptr;
  EXPECT_EQ(cuda().retain_context(&context, 2), 0);
  EXPECT_EQ(cuda().enter(context, &number), 0);
  void* memory = nullptr;
  EXPECT_EQ(cuda().malloc(&memory, 4), 0);
  EXPECT_EQ(cuda().free(memory), 0);
  EXPECT_EQ(device_double().current_device(), 2);
  EXPECT_EQ(cuda().leave(number), 0);
  EXPECT_EQ(device_double().current_device(), 0);
  EXPECT_EQ(device_double().contexts(), std::set<int>{2});
  EXPECT_EQ(device_double().leaks(), "the context of device 2; ");
  EXPECT_EQ(cuda().release_context(2), 0);
  EXPECT_EQ(cuda().malloc(&memory, 4), 0);
  EXPECT_EQ(cuda().free(memory), 0);
  EXPECT_EQ(device_double().contexts(), (std::set<int>{0, 2}));
  EXPECT_EQ(cuda().set_device(1), 0);
  EXPECT_EQ(device_double().contexts(), (std::set<int>{0, 1, 2})) << "choosing makes one";
  EXPECT_NE(cuda().leave(0), 0) << "without enter";
}

using Pools = DeviceTest;

TEST_F(Pools, GiveMemoryBackInTheOrderOfAStream) {
  cuda::MemoryPool pool = nullptr;
  cuda::Stream stream = nullptr;
  void *memory = nullptr, *old = nullptr;
  ASSERT_EQ(cuda().pool_create(&pool, 0), 0);
  ASSERT_EQ(cuda().stream_create(&stream), 0);
  ASSERT_EQ(cuda().malloc_from_pool(&memory, 64, pool, stream), 0);
  ASSERT_EQ(cuda().malloc(&old, 64), 0);
  EXPECT_EQ(cuda().memset_async(memory, 1, 64, stream), 0);
  EXPECT_EQ(cuda().free_async(old, stream), kInvalidValue) << "it is of no pool";
  EXPECT_EQ(cuda().free_async(memory, stream), 0);
  EXPECT_EQ(cuda().free_async(memory, stream), kInvalidValue) << "twice";
  EXPECT_EQ(device_double().held_bytes(cuda::MemoryKind::device), 128U) << "nothing has waited";
  EXPECT_EQ(cuda().stream_synchronize(stream), 0);
  EXPECT_EQ(device_double().held_bytes(cuda::MemoryKind::device), 64U);
  EXPECT_EQ(device_double().leaks(), "64 bytes of device memory, device 0; 1 streams; 1 pools; ");
  EXPECT_EQ(cuda().free(old), 0);
  EXPECT_EQ(cuda().pool_destroy(pool), 0);
  EXPECT_EQ(cuda().stream_destroy(stream), 0);
  device_double().reset({.pools = false});
  EXPECT_EQ(cuda().pool_create(&pool, 0), cuda().not_supported);
}

TEST_F(Pools, KeepNothingOfABrokenDevice) {
  cuda::MemoryPool pool = nullptr;
  cuda::Stream stream = nullptr;
  void *memory = nullptr, *other = nullptr;
  ASSERT_EQ(cuda().pool_create(&pool, 0), 0);
  ASSERT_EQ(cuda().stream_create(&stream), 0);
  ASSERT_EQ(cuda().malloc_from_pool(&memory, 64, pool, stream), 0);
  ASSERT_EQ(cuda().malloc_from_pool(&other, 64, pool, stream), 0);
  EXPECT_EQ(cuda().free_async(memory, stream), 0);
  device_double().fail_operation(1);
  EXPECT_EQ(cuda().memset_async(other, 1, 64, stream), 0);
  EXPECT_EQ(cuda().stream_synchronize(stream), kIllegalAddress);
  EXPECT_EQ(cuda().free_async(other, stream), kIllegalAddress);
  EXPECT_EQ(cuda().pool_destroy(pool), kIllegalAddress);
  EXPECT_EQ(cuda().stream_destroy(stream), kIllegalAddress);
  EXPECT_EQ(device_double().leaks(), "");
}

TEST_F(Pools, AThreadHasADefaultStreamOfItsOwn) {
  const auto of_thread = reinterpret_cast<cuda::Stream>(std::uintptr_t{2});
  void* memory = nullptr;
  ASSERT_EQ(cuda().malloc(&memory, 4), 0);
  EXPECT_EQ(cuda().memset_async(memory, 1, 4, of_thread), 0);
  std::thread([&] { EXPECT_EQ(cuda().stream_synchronize(of_thread), 0); }).join();
  EXPECT_EQ(cuda().stream_synchronize(nullptr), 0);
  EXPECT_EQ(device_double().download(static_cast<int*>(memory), 1)[0], -1);
  EXPECT_EQ(cuda().stream_synchronize(of_thread), 0);
  EXPECT_EQ(device_double().download(static_cast<int*>(memory), 1)[0], 0x01010101);
  EXPECT_EQ(cuda().free(memory), 0);
}

}  // namespace
}  // namespace pliant::test
