#include "planner/learning/estimator.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "core/line.hpp"

namespace pliant {
namespace {

// Bounds: alpha from 1 ns (clock resolution) to 1000 s (sanity limit), beta from 1e-15 (8 Pbit/s) to 1
// s/byte.
constexpr std::array<double, 2> kLeast = {kTick_s, kLeastBeta_s_per_byte};  // [s], [s/byte]
constexpr std::array<double, 2> kMost = {1e3, 1};

/// Random walk of alpha and beta per observation, relative to each. Chosen in simulation
/// (docs/results/README.md): old knowledge is forgotten in 5 to 20 observations, depending on the noise.
constexpr double kWalk = 0.01;
constexpr double kUnknown = 3;       ///< relative standard error of an unknown number
constexpr double kLeastShare = 0.1;  ///< share of a number that one observation leaves at least

/// [s^2], [(s/byte)^2] Largest variance: with more, sums would not be finite.
constexpr double kMostVariance = 1e12;

constexpr double kFirstNoise = 0.2;
constexpr double kLeastNoise = 0.01, kMostNoise = 0.5;
constexpr double kNoiseMemory = 32;  ///< observations
constexpr double kNoiseClip = 9;     ///< squared standard deviations; a larger one counts as this

// Rules for fitting the last observations anew. There must be kFewest of them. The fit must explain them so
// much better that chance would not do it once in 10^5. (F of 2 and 4 degrees of freedom: 16 has 1 %, and
// falls fast with more.)
constexpr std::size_t kFewest = 6;
constexpr double kBetter = 9;
constexpr std::size_t kLeftOut = 2;  ///< the old estimate may drop so many: two calls that hung
constexpr double kWorst = 1;         ///< squared logarithm; a larger one counts as this

constexpr std::size_t kSinceChange = 2;  ///< observations that are certainly of the changed link
constexpr double kAfterChange = 1;       ///< relative standard error after a change

double within(double value, double least, double most) {
  return std::isfinite(value) ? std::clamp(value, least, most) : least;
}

bool usable(const Exchange& exchange) {
  return exchange.messages >= 0 && exchange.bytes >= 0 && exchange.fixed_s >= 0 &&
         exchange.messages + exchange.bytes > 0 && std::isfinite(exchange.messages) &&
         std::isfinite(exchange.bytes) && std::isfinite(exchange.fixed_s);
}

}  // namespace

/// The prediction for an exchange.
struct LinkEstimator::Fit {
  double time_s;
  std::array<double, 2> share;  ///< of alpha and beta in it
  std::array<double, 2> gain;   ///< covariance times (messages, bytes)
  double variance_s2;           ///< of time_s, from the covariance
  double variance() const { return variance_s2 / (time_s * time_s); }
};

LinkEstimator::Fit LinkEstimator::fit_of(const Exchange& exchange) const {
  const auto& [aa, ab, bb] = state_.covariance;
  const double a = exchange.messages;
  const double b = exchange.bytes;
  const double time_s = a * state_.value[0] + b * state_.value[1] + exchange.fixed_s;
  const std::array<double, 2> gain = {aa * a + ab * b, ab * a + bb * b};
  return {time_s,
          {a * state_.value[0] / time_s, b * state_.value[1] / time_s},
          gain,
          std::max(0.0, a * gain[0] + b * gain[1])};
}

void LinkEstimator::reset(const LinkModel& link, double alpha_error, double beta_error) {
  const double noise = state_.observations > 0 ? state_.noise_variance : kFirstNoise * kFirstNoise;
  const std::array<double, 2> given = {link.alpha_s, link.beta_s_per_byte};
  const std::array<double, 2> nominal = {kNominalLink.alpha_s, kNominalLink.beta_s_per_byte};
  std::array<double, 2> value{}, error = {alpha_error, beta_error};
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool is_number = given[i] > kLeast[i] && given[i] <= kMost[i];
    value[i] = is_number ? given[i] : state_.value[i] > 0 ? state_.value[i] : nominal[i];
    error[i] = value[i] * (is_number ? std::min(error[i], kUnknown) : kUnknown);
  }
  state_ = {.value = value,
            .covariance = {error[0] * error[0], 0, error[1] * error[1]},
            .noise_variance = noise,
            .observations = state_.observations};
  recent_.seen = 0;
  anchor_s_ = error[0] <= kSeparated * value[0] ? value[0] : 0;
}

double LinkEstimator::held(double alpha_s) const {
  return anchor_s_ > 0 ? std::clamp(alpha_s, anchor_s_ / kHeld, anchor_s_ * kHeld) : alpha_s;
}

void LinkEstimator::update(const Fit& fit, double innovation_s, double noise_variance_s2) {
  const double total = fit.variance_s2 + noise_variance_s2;
  for (std::size_t i = 0; i < fit.gain.size(); ++i) {
    const double least = kLeastShare * state_.value[i];
    state_.value[i] = std::max(least, state_.value[i] + fit.gain[i] / total * innovation_s);
  }
  for (std::size_t i = 0; i < kLeast.size(); ++i)
    state_.value[i] = within(state_.value[i], kLeast[i], kMost[i]);
  auto& [aa, ab, bb] = state_.covariance;
  aa = std::max(0.0, aa - fit.gain[0] * fit.gain[0] / total);
  bb = std::max(0.0, bb - fit.gain[1] * fit.gain[1] / total);
  const double most = std::sqrt(aa * bb);
  ab = std::clamp(ab - fit.gain[0] * fit.gain[1] / total, -most, most);
}

/// `ratio`: squared innovation in units of its variance, on average 1. `share`: the part of that variance
/// that is noise.
void LinkEstimator::learn_noise(double ratio, double share) {
  const double weight = share / std::min(state_.observations + 2, kNoiseMemory);
  state_.noise_variance *= 1 + weight * (std::min(ratio, kNoiseClip) - 1);
  state_.noise_variance =
      std::clamp(state_.noise_variance, kLeastNoise * kLeastNoise, kMostNoise * kMostNoise);
  state_.observations += 1;
}

void LinkEstimator::age() {
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    double& variance = state_.covariance[2 * i];
    const double walk = kWalk * state_.value[i];
    const double unknown = kUnknown * state_.value[i];
    if (variance < unknown * unknown) variance += walk * walk;
  }
}

Innovation LinkEstimator::observe(const Observation& observation) {
  const Exchange& exchange = observation.exchange;
  if (!usable(exchange) || !std::isfinite(observation.time_s) || observation.time_s <= 0 ||
      !(observation.doubt >= 0))
    return {};
  age();
  const Fit fit = fit_of(exchange);
  const double log_ratio = std::log(observation.time_s / fit.time_s);
  const double rest = state_.noise_variance + observation.doubt;
  Innovation innovation{.verdict = Verdict::taken,
                        .log_ratio = log_ratio,
                        .variance = fit.variance() + rest,
                        .alpha_share = fit.share[0],
                        .beta_share = fit.share[1]};
  const double ratio = log_ratio * log_ratio / innovation.variance;
  // While the prediction is less certain than a single time, no time is an outlier. Otherwise the logarithm
  // is used: for noise that is a factor, it keeps the mean at the median.
  const bool astray = fit.variance() >= rest;
  if (ratio > kGate * kGate && !astray) innovation.verdict = Verdict::outlier;
  if (innovation.verdict == Verdict::taken)
    update(fit, astray ? observation.time_s - fit.time_s : fit.time_s * log_ratio,
           rest * fit.time_s * fit.time_s);
  const double rest_s = exchange.bytes * state_.value[1] + exchange.fixed_s;
  if (rest_s <= (1 - kMostlyLatency) * observation.time_s) {
    anchor_s_ = state_.value[0];
  } else {
    state_.value[0] = held(state_.value[0]);
  }
  const std::size_t place = recent_.seen++ % Recent::kMost;
  recent_.list[place] = observation;
  recent_.noise[place] = state_.noise_variance;
  learn_noise(ratio, state_.noise_variance / innovation.variance);
  refit();
  return innovation;
}

/// Sum of squared logarithms of measured / expected, without the `left_out` largest.
double LinkEstimator::off(const Recent& recent, const std::array<double, 2>& value, std::size_t left_out) {
  std::array<double, Recent::kMost> squares{};
  const std::size_t used = recent.used();
  for (std::size_t i = 0; i < used; ++i) {
    const auto& [exchange, time_s, doubt] = recent.list[i];
    const double log_ratio =
        std::log(time_s / (exchange.messages * value[0] + exchange.bytes * value[1] + exchange.fixed_s));
    squares[i] = std::min(kWorst, log_ratio * log_ratio);
  }
  std::sort(squares.begin(), squares.begin() + static_cast<std::ptrdiff_t>(used));
  return std::accumulate(squares.begin(), squares.begin() + static_cast<std::ptrdiff_t>(used - left_out),
                         0.0);
}

/// Replaces the estimate by least squares over the last observations, relative to each, if that explains them
/// far better. A number that this puts at its bound or beyond was not measured, and stays.
void LinkEstimator::refit() {
  const std::size_t used = recent_.used();
  if (used < kFewest) return;
  double aa = 0, ab = 0, bb = 0, at = 0, bt = 0;
  for (std::size_t i = 0; i < used; ++i) {
    const auto& [exchange, time_s, doubt] = recent_.list[i];
    const double a = exchange.messages / time_s;
    const double b = exchange.bytes / time_s;
    const double t = std::max(0.0, 1 - exchange.fixed_s / time_s);
    aa += a * a, ab += a * b, bb += b * b, at += a * t, bt += b * t;
  }
  const double determinant = aa * bb - ab * ab;
  if (!(determinant > 1e-3 * aa * bb)) return;
  std::array<double, 2> value = {(at * bb - bt * ab) / determinant, (bt * aa - at * ab) / determinant};
  const auto [alpha_s, beta] = state_.value;
  const double held_s = held(value[0]);
  const std::array<double, 2> with_held = {held_s, (bt - ab * held_s) / bb};
  const bool better =
      kBetter * std::max(off(recent_, value, 0), kLeastNoise * kLeastNoise) < off(recent_, with_held, 0);
  if (held_s != value[0] && !better) value = with_held;
  if (value[0] <= kLeast[0]) value = {alpha_s, (bt - ab * alpha_s) / bb};
  if (value[1] <= kLeast[1]) value = {(at - ab * beta) / aa, beta};
  if (value[0] <= kLeast[0] || value[1] <= kLeast[1]) return;
  const double fitted = off(recent_, value, 0);
  if (kBetter * std::max(fitted, kLeastNoise * kLeastNoise) > off(recent_, state_.value, kLeftOut)) return;
  const double variance =
      std::clamp(fitted / static_cast<double>(used - 2), kLeastNoise * kLeastNoise, kMostNoise * kMostNoise);
  state_.value = {within(value[0], kLeast[0], kMost[0]), within(value[1], kLeast[1], kMost[1])};
  if (anchor_s_ > 0 && held(value[0]) != value[0]) anchor_s_ = state_.value[0];
  state_.covariance = {variance * bb / determinant, -variance * ab / determinant,
                       variance * aa / determinant};
  state_.noise_variance = variance;
}

/// Sets alpha (0) or beta (1) by least squares over the last observations, relative to each, given the other number.
void LinkEstimator::solve(std::size_t unknown) {
  double squares = 0, products = 0;
  for (std::size_t back = 1; back <= std::min(kSinceChange, recent_.used()); ++back) {
    const auto& [exchange, time_s, doubt] = recent_.list[(recent_.seen - back) % Recent::kMost];
    const std::array<double, 2> amount = {exchange.messages, exchange.bytes};
    const double rest_s = exchange.fixed_s + amount[1 - unknown] * state_.value[1 - unknown];
    const double weight = amount[unknown] / time_s;
    squares += weight * weight;
    products += weight * (1 - rest_s / time_s);
  }
  const double solved = products / squares;
  if (solved > kLeast[unknown] && solved < kMost[unknown]) state_.value[unknown] = solved;
}

void LinkEstimator::doubt(bool alpha, bool beta) {
  if (recent_.used() > 0) {
    // What the change did was no noise.
    state_.noise_variance =
        recent_.noise[(recent_.seen - std::min(kSinceChange, recent_.used())) % Recent::kMost];
    const Fit fit = fit_of(recent_.list[(recent_.seen - 1) % Recent::kMost].exchange);
    const bool by_alpha = alpha && (!beta || fit.share[0] > fit.share[1]);
    if (by_alpha) anchor_s_ = 0;
    solve(by_alpha ? 0 : 1);
  }
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    if (!(i == 0 ? alpha : beta)) continue;
    const double unsure = kAfterChange * state_.value[i];
    state_.covariance[2 * i] = std::max(state_.covariance[2 * i], unsure * unsure);
    state_.covariance[1] = 0;
  }
  recent_.seen = 0;
}

bool LinkEstimator::restore(const State& state) {
  const auto& [aa, ab, bb] = state.covariance;
  const bool possible = state.value[0] >= kLeast[0] && state.value[0] <= kMost[0] &&
                        state.value[1] >= kLeast[1] && state.value[1] <= kMost[1] && aa >= 0 && bb >= 0 &&
                        ab * ab <= aa * bb * (1 + 1e-9) && aa <= kMostVariance && bb <= kMostVariance &&
                        state.noise_variance >= kLeastNoise * kLeastNoise &&
                        state.noise_variance <= kMostNoise * kMostNoise && state.observations >= 0 &&
                        std::isfinite(state.observations);
  if (!possible) return false;
  state_ = state;
  recent_.seen = 0;
  anchor_s_ = alpha_error() <= kSeparated ? state_.value[0] : 0;
  return true;
}

void LinkEstimator::unsettle(double error) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    double& variance = state_.covariance[2 * i];
    const double moved = error * state_.value[i];
    const double unknown = kUnknown * state_.value[i];
    variance = std::min(variance + moved * moved, std::max(variance, unknown * unknown));
  }
  recent_.seen = 0;
}

double LinkEstimator::alpha_s() const {
  return state_.value[0];
}

double LinkEstimator::beta_s_per_byte() const {
  return state_.value[1];
}

double LinkEstimator::expect_s(const Exchange& exchange) const {
  return fit_of(exchange).time_s;
}

double LinkEstimator::alpha_error() const {
  return std::sqrt(state_.covariance[0]) / state_.value[0];
}

double LinkEstimator::beta_error() const {
  return std::sqrt(state_.covariance[2]) / state_.value[1];
}

double LinkEstimator::noise() const {
  return std::sqrt(state_.noise_variance);
}

double LinkEstimator::variance_of(const Exchange& exchange) const {
  return usable(exchange) ? fit_of(exchange).variance() : 0;
}

double LinkEstimator::variance_between(const Exchange& one, const Exchange& other) const {
  if (!usable(one) || !usable(other)) return variance_of(one) + variance_of(other);
  const Fit first = fit_of(one);
  const Fit second = fit_of(other);
  const double common =
      (one.messages * second.gain[0] + one.bytes * second.gain[1]) / (first.time_s * second.time_s);
  return std::max(0.0, first.variance() + second.variance() - 2 * common);
}

bool LinkEstimator::separated() const {
  return alpha_error() < kSeparated && beta_error() < kSeparated;
}

}  // namespace pliant
