// Failing calls: planned failures, invalid arguments, and a broken device.
#include <string>

#include "tests/support/device_double/fixture.hpp"

namespace pliant::test {
namespace {

using DeviceFailures = DeviceTest;

TEST_F(DeviceFailures, ThePlannedCallFailsAndNoOther) {
  device_double().fail("malloc", 2, kOutOfMemory);
  void *first = nullptr, *second = nullptr, *third = nullptr;
  EXPECT_EQ(cuda().malloc(&first, 8), 0);
  EXPECT_EQ(cuda().malloc(&second, 8), kOutOfMemory);
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(cuda().malloc(&third, 8), 0);
  device_double().fail("event_create", 1, kInvalidValue, /*times=*/2);
  cuda::Event event = nullptr;
  EXPECT_EQ(cuda().event_create(&event), kInvalidValue);
  EXPECT_EQ(cuda().event_create(&event), kInvalidValue);
  EXPECT_EQ(cuda().event_create(&event), 0);
  EXPECT_EQ(device_double().calls("event_create"), 3);
  EXPECT_EQ(cuda().event_destroy(event), 0);
  EXPECT_EQ(cuda().free(first), 0);
  EXPECT_EQ(cuda().free(third), 0);
}

TEST_F(DeviceFailures, AnUnknownNameEndsTheTest) {
  EXPECT_DEATH(device_double().fail("maloc", 1, 2), "there is no call 'maloc'");
}

TEST_F(DeviceFailures, AStickyErrorStays) {
  cuda::Stream stream = nullptr;
  cuda::Event event = nullptr;
  void* memory = nullptr;
  ASSERT_EQ(cuda().stream_create(&stream), 0);
  ASSERT_EQ(cuda().event_create(&event), 0);
  ASSERT_EQ(cuda().malloc(&memory, 8), 0);
  device_double().fail_operation(2, kIllegalAddress);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cuda().memset_async(memory, i, 8, stream), 0);
  EXPECT_EQ(cuda().event_record(event, stream), 0);
  EXPECT_EQ(cuda().event_query(event), cuda().not_ready);
  EXPECT_EQ(cuda().event_query(event), kIllegalAddress);
  EXPECT_EQ(device_double().download(static_cast<char*>(memory), 1)[0], 0) << "the first has run, no other";
  EXPECT_EQ(cuda().event_query(event), kIllegalAddress);
  EXPECT_EQ(cuda().stream_synchronize(stream), kIllegalAddress);
  EXPECT_EQ(cuda().memset_async(memory, 1, 8, stream), kIllegalAddress);
  void* more = nullptr;
  EXPECT_EQ(cuda().malloc(&more, 8), kIllegalAddress);
  EXPECT_STREQ(cuda().get_error_string(kIllegalAddress), "an illegal memory access was encountered");
  EXPECT_NE(device_double().leaks(), "") << "giving back is still owed";
  EXPECT_EQ(cuda().free(memory), kIllegalAddress);
  EXPECT_EQ(cuda().event_destroy(event), kIllegalAddress);
  EXPECT_EQ(cuda().stream_destroy(stream), kIllegalAddress);
}

TEST_F(DeviceFailures, APlannedStickyCodeBreaksTheDevice) {
  device_double().fail("event_create", 1, kLaunchFailure);
  cuda::Event event = nullptr;
  EXPECT_EQ(cuda().event_create(&event), kLaunchFailure);
  EXPECT_EQ(cuda().event_create(&event), kLaunchFailure);
  EXPECT_EQ(device_double().sticky(), kLaunchFailure);
}

TEST_F(DeviceFailures, NoDriverAndNoDevice) {
  device_double().reset({.driver = false});
  int version = -1, devices = -1;
  EXPECT_EQ(cuda().driver_version(&version), 0);
  EXPECT_EQ(version, 0);
  EXPECT_EQ(cuda().get_device_count(&devices), kInsufficientDriver);
  EXPECT_EQ(devices, 0);
  device_double().reset({.devices = 0});
  EXPECT_EQ(cuda().driver_version(&version), 0);
  EXPECT_EQ(version, 13000);
  EXPECT_EQ(cuda().get_device_count(&devices), kNoDevice);
  void* memory = nullptr;
  EXPECT_EQ(cuda().malloc(&memory, 8), kNoDevice);
}

TEST_F(DeviceFailures, DevicesAreChosenByNumber) {
  device_double().reset({.devices = 2});
  int devices = 0;
  EXPECT_EQ(cuda().get_device_count(&devices), 0);
  EXPECT_EQ(devices, 2);
  EXPECT_EQ(cuda().set_device(2), kInvalidDevice);
  EXPECT_EQ(cuda().set_device(-1), kInvalidDevice);
  EXPECT_EQ(cuda().set_device(1), 0);
  EXPECT_EQ(device_double().current_device(), 1);
  std::thread([] { EXPECT_EQ(device_double().current_device(), 0) << "each thread has its own"; }).join();
}

TEST_F(DeviceFailures, WrongArguments) {
  device_double().reset({.devices = 2});
  void* memory = nullptr;
  char host[8] = {};
  cuda::Event event = nullptr;
  cuda::Stream other = nullptr;
  ASSERT_EQ(cuda().malloc(&memory, 8), 0);
  ASSERT_EQ(cuda().event_create(&event), 0);
  EXPECT_EQ(cuda().memcpy_async(memory, host, 9, nullptr), kInvalidValue);
  EXPECT_EQ(cuda().memcpy_async(host, static_cast<char*>(memory) + 4, 5, nullptr), kInvalidValue);
  EXPECT_EQ(cuda().memset_async(host, 0, 8, nullptr), kInvalidValue);
  EXPECT_EQ(cuda().memset_async(memory, 0, 9, nullptr), kInvalidValue);
  EXPECT_EQ(cuda().memset_async(memory, 0, 8, host), kInvalidHandle);
  EXPECT_EQ(cuda().event_record(event, host), kInvalidHandle);
  EXPECT_EQ(cuda().event_query(host), kInvalidHandle);
  EXPECT_EQ(cuda().stream_wait_event(host, event), kInvalidHandle);
  EXPECT_EQ(cuda().stream_synchronize(host), kInvalidHandle);
  EXPECT_EQ(cuda().stream_destroy(nullptr), kInvalidHandle);
  ASSERT_EQ(cuda().set_device(1), 0);
  ASSERT_EQ(cuda().stream_create(&other), 0);
  EXPECT_EQ(cuda().event_record(event, other), kInvalidHandle) << "an event of device 0";
  EXPECT_EQ(cuda().stream_wait_event(other, event), 0) << "waiting may cross devices";
  EXPECT_EQ(cuda().stream_destroy(other), 0);
  EXPECT_EQ(cuda().event_destroy(event), 0);
  EXPECT_EQ(cuda().free(memory), 0);
}

}  // namespace
}  // namespace pliant::test
