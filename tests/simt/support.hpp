// What the executor's own tests share.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>

#include "tests/support/simt/executor.hpp"

namespace pliant {

/// The launch in order, reversed, and under `seeds` random schedules.
inline void for_each_schedule(simt::Launch launch, std::uint64_t seeds,
                              const std::function<void(const simt::Launch&)>& visit) {
  for (const simt::Order order : {simt::Order::in_order, simt::Order::reversed}) {
    launch.order = order;
    visit(launch);
  }
  launch.order = simt::Order::random;
  for (launch.seed = 0; launch.seed < seeds; ++launch.seed) visit(launch);
}

/// Under every schedule the kernel runs without an error.
inline void expect_fine(const simt::Launch& launch, const std::function<void()>& kernel) {
  for_each_schedule(launch, 5, [&](const simt::Launch& each) {
    const simt::Report report = simt::run(each, kernel);
    EXPECT_TRUE(report.ok) << report.text;
  });
}

/// Under every schedule the error has this in its text.
inline void expect_error(const simt::Launch& launch, const std::function<void()>& kernel,
                         const std::string& text) {
  for_each_schedule(launch, 5, [&](const simt::Launch& each) {
    const simt::Report report = simt::run(each, kernel);
    EXPECT_FALSE(report.ok);
    EXPECT_NE(report.text.find(text), std::string::npos) << report.text;
  });
}

}  // namespace pliant
