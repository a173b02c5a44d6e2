// Shared by the executor's own tests.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>

#include "tests/support/simt/executor.hpp"

namespace pliant {

/// Runs a launch in order, reversed, and under `seeds` random schedules.
inline void for_each_schedule(simt::Launch launch, std::uint64_t seeds,
                              const std::function<void(const simt::Launch&)>& visit) {
  for (const simt::Order order : {simt::Order::in_order, simt::Order::reversed}) {
    launch.order = order;
    visit(launch);
  }
  launch.order = simt::Order::random;
  for (launch.seed = 0; launch.seed < seeds; ++launch.seed) visit(launch);
}

/// The kernel must run without an error under every schedule.
inline void expect_fine(const simt::Launch& launch, const std::function<void()>& kernel) {
  for_each_schedule(launch, 5, [&](const simt::Launch& each) {
    const simt::Report report = simt::run(each, kernel);
    EXPECT_TRUE(report.ok) << report.text;
  });
}

/// The error must contain this text under every schedule.
inline void expect_error(const simt::Launch& launch, const std::function<void()>& kernel,
                         const std::string& text) {
  for_each_schedule(launch, 5, [&](const simt::Launch& each) {
    const simt::Report report = simt::run(each, kernel);
    EXPECT_FALSE(report.ok);
    EXPECT_NE(report.text.find(text), std::string::npos) << report.text;
  });
}

}  // namespace pliant
