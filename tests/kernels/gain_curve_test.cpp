// The gain curve: its bounds hold, its estimate lies between them, and computing it does not change the
// selection.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "kernels/gain_curve.hpp"
#include "tests/kernels/inputs.hpp"
#include "tests/kernels/sampled.hpp"
#include "tests/kernels/selection.hpp"
#include "tests/kernels/tables.hpp"

namespace pliant {
namespace {

/// Energy of the k largest for every k in [0, count]. Non-finite elements do not count.
template <class T>
class ExactGain {
 public:
  explicit ExactGain(std::vector<T> values) {
    std::sort(values.begin(), values.end(), [](T a, T b) { return magnitude(a) > magnitude(b); });
    for (const T value : values) {
      const double finite = std::isfinite(value) ? static_cast<double>(value) : 0;
      energy_.push_back(energy_.back() + finite * finite);
    }
  }
  /// 1 if there is no energy.
  double operator()(std::int64_t k) const {
    return energy_.back() > 0 ? energy_[static_cast<std::size_t>(k)] / energy_.back() : 1;
  }
  bool is_finite() const { return std::isfinite(energy_.back()); }

 private:
  std::vector<double> energy_ = {0};
};

template <class T>
GainCurve curve_of(const Kernels& kernels, SelectWorkspace& workspace, const std::vector<T>& values,
                   std::int64_t kept = 0) {
  GainCurve curve;
  std::string trouble;
  const test::Manner manner{.take = false, .curve = &curve};
  test::table_answer(kernels, workspace, test::Problem<T>{values, {}}, kept, manner, trouble);
  EXPECT_EQ(trouble, "");
  return curve;
}

std::vector<std::int64_t> some_k(std::int64_t count) {
  std::vector<std::int64_t> all = {0, 1, 2, count - 1, count};
  for (std::int64_t part = 2; part <= 4096; part *= 8) {
    all.push_back(count / part);
    all.push_back(count - count / part);
  }
  for (std::int64_t& k : all) k = std::clamp<std::int64_t>(k, 0, count);
  std::sort(all.begin(), all.end());
  return all;
}

template <class T>
void expect_bounds(const GainCurve& curve, const std::vector<T>& values) {
  const ExactGain<T> exact(values);
  if (!exact.is_finite()) return;
  constexpr double kRounding = 1e-9;  // of this test's own sums
  double before = 0;
  GainCurve::Bounds bounds_before;
  const auto count = static_cast<std::int64_t>(values.size());
  for (const std::int64_t k : some_k(count)) {
    const GainCurve::Bounds bounds = curve.bounds(k);
    EXPECT_LE(bounds.low, exact(k) + kRounding) << "k = " << k;
    EXPECT_GE(bounds.high, exact(k) - kRounding) << "k = " << k;
    const double at = curve.at(k);
    EXPECT_GE(at, bounds.low) << "k = " << k;
    EXPECT_LE(at, bounds.high) << "k = " << k;
    EXPECT_GE(at, before) << "k = " << k;
    EXPECT_GE(bounds.low, bounds_before.low) << "k = " << k;
    EXPECT_GE(bounds.high, bounds_before.high) << "k = " << k;
    before = at;
    bounds_before = bounds;
  }
  EXPECT_EQ(curve.at(count), 1);
  EXPECT_EQ(curve.at(count + 7), 1);
  EXPECT_EQ(test::bits(curve.at(-1)), test::bits(curve.at(0)));
}

/// Buckets are in order of falling magnitude, and their contents match their edges.
template <class T>
void expect_counts(const GainCurve& curve, const std::vector<T>& values) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> sizes;
  for (const T value : values)
    sizes.push_back(std::isfinite(value) ? std::abs(static_cast<double>(value)) : kInfinity);
  std::sort(sizes.begin(), sizes.end());
  const auto below = [&](double edge) { return std::lower_bound(sizes.begin(), sizes.end(), edge); };
  double edge_before = kInfinity;
  std::int64_t counted = 0;
  for (const GainCurve::Bucket& bucket : curve.buckets) {
    const auto end = std::isfinite(bucket.edge) ? below(bucket.next_edge) : sizes.end();
    EXPECT_EQ(bucket.count, end - below(bucket.edge)) << bucket.edge;
    EXPECT_GT(bucket.count, 0);
    EXPECT_LE(bucket.edge, edge_before);
    edge_before = bucket.edge;
    counted += bucket.count;
  }
  EXPECT_EQ(counted, static_cast<std::int64_t>(values.size()));
}

class Curve : public test::KernelTest {
 protected:
  template <class T>
  void expect_curves(std::initializer_list<std::size_t> counts) {
    for (const std::size_t count : counts)
      for (const test::Named<T>& input : test::every_input<T>(count)) {
        SCOPED_TRACE(input.name + ", n = " + std::to_string(count));
        const GainCurve curve = curve_of(kernels(), workspaces_.next(), input.values);
        expect_bounds(curve, input.values);
        expect_counts(curve, input.values);
      }
  }

  test::Workspaces workspaces_;
};

TEST_P(Curve, BoundsHoldForFloats) {
  expect_curves<float>({0, 1, 2, 17, 1000, 30'001});
}
TEST_P(Curve, BoundsHoldForDoubles) {
  expect_curves<double>({0, 1, 2, 17, 1000, 30'001});
}

template <class T>
void expect_same_curve(const GainCurve& a, const GainCurve& b) {
  ASSERT_EQ(a.buckets.size(), b.buckets.size());
  for (std::size_t i = 0; i < a.buckets.size(); ++i) {
    EXPECT_EQ(a.buckets[i].edge, b.buckets[i].edge);
    EXPECT_EQ(a.buckets[i].next_edge, b.buckets[i].next_edge);
    EXPECT_EQ(a.buckets[i].count, b.buckets[i].count);
  }
  EXPECT_TRUE(test::same_number(a.total_squared, b.total_squared));
}

/// The selection is the same with or without a curve, and all tables and numbers of threads give one curve.
template <class T>
void expect_undisturbed(const Kernels& kernels, test::Workspaces& workspaces) {
  for (const test::Named<T>& input : test::every_input<T>(20'001)) {
    const test::Problem<T> problem = test::halves(input.values);
    SelectWorkspace plain;
    const GainCurve scalar = curve_of(scalar_kernels, plain, problem.fed());
    for (SelectWorkspace& workspace : workspaces.all()) {
      GainCurve curve;
      const test::Manner manner{.curve = &curve};
      EXPECT_EQ(test::trouble_with(kernels, workspace, problem, 2'000, manner), "") << input.name;
      expect_same_curve<T>(curve, scalar);
    }
  }
}

TEST_P(Curve, DisturbsNoSelectionAndIsTheSameFromAll) {
  expect_undisturbed<float>(kernels(), workspaces_);
  expect_undisturbed<double>(kernels(), workspaces_);
}

/// The sample holds a few per cent of the elements, all the large ones. So the elements are streamed several
/// times, and must be counted once.
template <class T>
void expect_curve_of_second_pass(const Kernels& kernels, test::Workspaces& workspaces) {
  constexpr std::int64_t kKept = 20'000;
  const std::vector<bool> sampled = test::sampled_positions(100'003, kKept);
  std::mt19937 random(9);
  test::Problem<T> problem;
  for (const bool in_sample : sampled)
    problem.residual.push_back(test::even<T>(random) + (in_sample ? 100 : 0));
  problem.gradient.assign(problem.residual.size(), T(0.25));
  const ExactGain<T> exact(problem.fed());
  for (SelectWorkspace& workspace : workspaces.all()) {
    GainCurve curve;
    const test::Manner manner{.curve = &curve};
    EXPECT_EQ(test::trouble_with(kernels, workspace, problem, kKept, manner), "");
    expect_bounds(curve, problem.fed());
    expect_counts(curve, problem.fed());
  }
}

TEST_P(Curve, CountsOnceWhatIsStreamedTwice) {
  expect_curve_of_second_pass<float>(kernels(), workspaces_);
  expect_curve_of_second_pass<double>(kernels(), workspaces_);
}

/// The error of at() is limited by the buckets' width, an eighth of an octave or less.
template <class T>
void expect_close(const Kernels& kernels, SelectWorkspace& workspace) {
  for (const test::Input<T>& input : test::kStreamInputs<T>) {
    if (input.name != "normal" && input.name != "layers" && input.name != "ramp up" &&
        input.name != "some NaN and infinities")
      continue;
    const std::vector<T> values = test::make(input, 50'000);
    const GainCurve curve = curve_of(kernels, workspace, values);
    const ExactGain<T> exact(values);
    double worst = 0;
    for (std::int64_t k = 0; k <= 50'000; k += 100) worst = std::max(worst, std::abs(curve.at(k) - exact(k)));
    EXPECT_LE(worst, 0.02) << input.name;
    testing::Test::RecordProperty(std::string(input.name), std::to_string(worst));
  }
}

TEST_P(Curve, IsNearTheTruthForSmoothInputs) {
  expect_close<float>(kernels(), workspaces_.next());
  expect_close<double>(kernels(), workspaces_.next());
}

INSTANTIATE_TEST_SUITE_P(Kernels, Curve, test::every_table(), test::table_name);

}  // namespace
}  // namespace pliant
