// Measured speeds, on a fake clock: every reading advances it by one second.
#include "compress/speed.hpp"

#include <gtest/gtest.h>

namespace pliant {
namespace {

TEST(MeasureCompute, SpreadsTheTimeOverTheElements) {
  // A static local, since ClockFunction is a plain function.
  const ClockFunction clock = [] {
    static double now_s = 0;
    return now_s += 1;
  };
  const ComputeModel model = measure_compute(scalar_kernels, clock);
  const double elements = 256 * 1024;
  EXPECT_DOUBLE_EQ(model.select_s_per_element, 1 / elements);
  EXPECT_DOUBLE_EQ(model.apply_s_per_element, 1 / elements);
  EXPECT_DOUBLE_EQ(model.gamma_s_per_byte, 1 / (4 * elements));
  EXPECT_DOUBLE_EQ(model.drain_s_per_element, 1 / elements);
  EXPECT_GT(model.pair_s_per_element, model.select_s_per_element);
  // One reading before and one after, for about a tenth of the elements.
  for (const double codec_s : model.codec_s_per_index) EXPECT_NEAR(codec_s, 10 / elements, 1 / elements);
}

}  // namespace
}  // namespace pliant
