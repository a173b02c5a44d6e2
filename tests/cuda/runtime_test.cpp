// The library's table of CUDA's calls, on a runtime that only returns codes. No call leaves its code as the
// program's last error. The thread's context and capture mode stay as they were.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "kernels/cuda/calls.hpp"
#include "tests/cuda/fake_cudart.hpp"

extern "C" int stub_contexts;

namespace pliant::test {
namespace {

class Runtime : public testing::Test {
 protected:
  void SetUp() override { fake_runtime() = {}; }

  const cuda::Calls& calls_ = *cuda::calls();
};

/// Every call of the table that calls the runtime.
std::map<std::string, std::function<int()>> all_calls(const cuda::Calls& calls) {
  static void* out = nullptr;
  static int number = 0;
  static unsigned blocks = 0;
  static char arguments[8] = {};
  return {{"driver_version", [&] { return calls.driver_version(&number); }},
          {"get_device_count", [&] { return calls.get_device_count(&number); }},
          {"set_device", [&] { return calls.set_device(0); }},
          {"malloc", [&] { return calls.malloc(&out, 8); }},
          {"free", [&] { return calls.free(nullptr); }},
          {"malloc_host", [&] { return calls.malloc_host(&out, 8); }},
          {"free_host", [&] { return calls.free_host(nullptr); }},
          {"pool_create", [&] { return calls.pool_create(&out, 0); }},
          {"pool_destroy", [&] { return calls.pool_destroy(nullptr); }},
          {"malloc_from_pool", [&] { return calls.malloc_from_pool(&out, 8, nullptr, nullptr); }},
          {"free_async", [&] { return calls.free_async(nullptr, nullptr); }},
          {"stream_create", [&] { return calls.stream_create(&out); }},
          {"stream_destroy", [&] { return calls.stream_destroy(nullptr); }},
          {"stream_synchronize", [&] { return calls.stream_synchronize(nullptr); }},
          {"stream_wait_event", [&] { return calls.stream_wait_event(nullptr, nullptr); }},
          {"event_create", [&] { return calls.event_create(&out); }},
          {"event_destroy", [&] { return calls.event_destroy(nullptr); }},
          {"event_record", [&] { return calls.event_record(nullptr, nullptr); }},
          {"event_query", [&] { return calls.event_query(nullptr); }},
          {"memcpy_async", [&] { return calls.memcpy_async(nullptr, nullptr, 8, nullptr); }},
          {"memset_async", [&] { return calls.memset_async(nullptr, 0, 8, nullptr); }},
          {"launch_kernel", [&] { return calls.launch_kernel(cuda::Kernel::norm, 1, arguments, nullptr); }},
          {"resident_blocks", [&] { return calls.resident_blocks(cuda::Kernel::norm, &blocks); }}};
}

TEST_F(Runtime, LeavesNoErrorBehind) {
  for (const auto& [name, call] : all_calls(calls_)) {
    SCOPED_TRACE(name);
    for (const cudaError_t code : {cudaSuccess, cudaErrorNotReady, cudaErrorInvalidValue,
                                   cudaErrorMemoryAllocation, cudaErrorIllegalAddress}) {
      fake_runtime().next = code;
      EXPECT_EQ(call(), code);
      EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    }
  }
}

TEST_F(Runtime, TellsAStreamThatIsCaptured) {
  bool capturing = true;
  EXPECT_EQ(calls_.stream_is_capturing(nullptr, &capturing), 0);
  EXPECT_FALSE(capturing);
  for (const auto status : {cudaStreamCaptureStatusActive, cudaStreamCaptureStatusInvalidated}) {
    fake_runtime().capture = status;
    EXPECT_EQ(calls_.stream_is_capturing(nullptr, &capturing), 0);
    EXPECT_TRUE(capturing);
  }
  fake_runtime().capture = cudaStreamCaptureStatusNone;
  fake_runtime().next = cudaErrorStreamCaptureImplicit;  // the default stream, while one that waits for it is
  EXPECT_EQ(calls_.stream_is_capturing(nullptr, &capturing), 0);
  EXPECT_TRUE(capturing);
  fake_runtime().next = cudaErrorInvalidResourceHandle;
  EXPECT_TRUE(calls_.is_wrong_stream(calls_.stream_is_capturing(nullptr, &capturing)));
  EXPECT_FALSE(capturing);
  EXPECT_FALSE(calls_.is_wrong_stream(cudaErrorIllegalAddress)) << "that is the device's";
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(Runtime, EntersAContextAndLeavesAsItWas) {
  cuda::DeviceContext context = nullptr;
  ASSERT_EQ(calls_.retain_context(&context, 1), 0);
  for (const auto mode : {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal}) {
    fake_runtime().mode = mode;
    int before = 0;
    EXPECT_EQ(calls_.enter(context, &before), 0);
    EXPECT_EQ(stub_contexts, 1);
    EXPECT_EQ(fake_runtime().mode, cudaStreamCaptureModeRelaxed);
    EXPECT_EQ(calls_.leave(before), 0);
    EXPECT_EQ(stub_contexts, 0);
    EXPECT_EQ(fake_runtime().mode, mode);
  }
  int before = 0;
  fake_runtime().next = cudaErrorIllegalAddress;
  EXPECT_EQ(calls_.enter(context, &before), cudaErrorIllegalAddress);
  EXPECT_EQ(stub_contexts, 0) << "nothing is entered";
  fake_runtime().next = cudaSuccess;
  EXPECT_EQ(calls_.release_context(1), 0);
}

}  // namespace
}  // namespace pliant::test
