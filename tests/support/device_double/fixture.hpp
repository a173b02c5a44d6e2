// A test on the device double. Each test starts with a fresh device and must leave nothing allocated.
#pragma once

#include <gtest/gtest.h>

#include "device_double.hpp"

namespace pliant::test {

class DeviceTest : public testing::Test {
 protected:
  void SetUp() override { device_double().reset(); }
  void TearDown() override {
    EXPECT_EQ(device_double().leaks(), "") << "left by the test";
    device_double().reset();
  }

  static const cuda::Calls& cuda() { return *cuda::calls(); }
};

}  // namespace pliant::test
