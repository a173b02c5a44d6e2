#include "planner/learning/learner.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

#include "collectives/topology/binomial.hpp"

namespace pliant {
namespace {

/// Probe messages may take this share of the time of operations.
constexpr double kMessageShare = 0.005;
/// After a detected change three probe messages are sent outside of that budget: a short one for latency, one
/// in between, and a long one for transfer. They are sent one by one, since each length depends on the last.
constexpr int kProbesAfterChange = 3;
constexpr double kApart = 2;  ///< their lengths differ at least by this factor
/// If alpha or beta makes up less than this share of the time of operations, their times do not constrain it.
constexpr double kSeen = 0.2;
constexpr double kSeenMemory = 8;      // operations
constexpr std::int64_t kShortest = 8;  // [byte]
constexpr double kLongest = 1 << 20;   // [byte]
constexpr double kGrowth = 8;
constexpr double kTransfer = 4;  // transfer time / latency of a probe message for beta
/// For this many operations after a detected change, the algorithm may change without a minimum stay.
constexpr std::int64_t kUrgent = 16;
/// A formula with a larger variance (of the logarithm) is itself uncertain: no change is detected from it.
constexpr double kFormulaUnknown = 0.03;
constexpr double kMoved = 0.01;

std::size_t place_of(const AllreduceAlgorithm& algorithm) {
  return static_cast<std::size_t>(std::find(kAlgorithms.begin(), kAlgorithms.end(), &algorithm) -
                                  kAlgorithms.begin());
}

AllreduceShape kept_shape(const Candidate& candidate, AllreduceShape shape) {
  shape.kept = candidate.kept;
  return shape;
}

bool moved(double from, double to) {
  return std::abs(to - from) > kMoved * from;
}

constexpr std::int64_t kMostCalls = std::int64_t{1} << 53;
constexpr int kMostKeptClass = 64;

bool can_be(const Learner::Place& place) {
  const CurrentAlgorithm& own = place.current;
  return place.count == -1 ||
         (place.count > 0 && place.kept_class >= 0 && place.kept_class <= kMostKeptClass && own.calls >= 0 &&
          own.calls <= kMostCalls && own.unexplored >= 0 && own.unexplored <= kMostCalls && own.spent >= 0 &&
          std::isfinite(own.spent));
}

/// Can take() have left `used` for this estimate?
bool follows(double used, double estimated) {
  return used >= 0 && used <= estimated * (1 + 2 * kMoved);
}

}  // namespace

Learner::Learner(const CostModel& measured, double error)
    : model_(measured), messages_(kMessageShare), since_change_(kUrgent) {
  estimator_.reset(measured.link, error, error);
}

Exchange Learner::exchange_of(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape,
                              double factor) const {
  const CostSlope slope = slope_of(algorithm, shape, model_);
  return {slope.messages * factor, slope.bytes * factor, slope.fixed_s * factor};
}

LearningResult Learner::take(const Observation& observation, bool detects_change) {
  LearningResult result{.innovation = estimator_.observe(observation), .change = {}};
  if (detects_change) result.change = drift_.observe(result.innovation);
  if (result.change) {
    estimator_.doubt(result.change->alpha, result.change->beta);
    since_change_ = 0;
    messages_due_ = kProbesAfterChange;
    longest_bytes_ = 0;
    again_bytes_ = 0;
  }
  LinkModel& link = model_.link;
  if (result.change || moved(link.alpha_s, estimator_.alpha_s()) ||
      moved(link.beta_s_per_byte, estimator_.beta_s_per_byte())) {
    link.alpha_s = estimator_.alpha_s();
    link.beta_s_per_byte = estimator_.beta_s_per_byte();
    link.gap_s = std::min(link.gap_s, link.alpha_s);
    result.changed = true;
  }
  return result;
}

LearningResult Learner::learn(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape,
                              double measured_s, std::int64_t calls) {
  const std::size_t place = place_of(algorithm);
  const Correction correction = corrections_.of(place, shape);
  const Observation observation{.exchange = exchange_of(algorithm, shape, correction.factor),
                                .time_s = measured_s,
                                .doubt = correction.variance};
  LearningResult result = take(observation, correction.variance < kFormulaUnknown);
  if (result.innovation.verdict == Verdict::refused) return result;
  // What no known formula can be wrong by is the network, or a call that hung.
  if (result.innovation.verdict != Verdict::outlier || correction.variance >= kFormulaUnknown)
    result.changed |= corrections_.learn(place, shape, result.innovation.log_ratio,
                                         result.innovation.variance - correction.variance);
  last_ = observation.exchange;
  alpha_seen_ += (result.innovation.alpha_share - alpha_seen_) / kSeenMemory;
  beta_seen_ += (result.innovation.beta_share - beta_seen_) / kSeenMemory;
  ++since_change_;
  exploring_.earn(static_cast<double>(calls) * measured_s);
  messages_.earn(static_cast<double>(calls) * measured_s);
  return result;
}

CurrentAlgorithm& Learner::current_of(std::span<const Candidate> candidates, const AllreduceShape& shape) {
  const bool lossy = std::any_of(candidates.begin(), candidates.end(),
                                 [](const Candidate& c) { return !c.algorithm->exact; });
  const int kept_class = lossy ? static_cast<int>(std::bit_width(static_cast<std::uint64_t>(shape.kept))) : 0;
  const Kind kind{shape.count, shape.type, kept_class, lossy};
  CurrentAlgorithm* const known = in_use_.find(kind);
  return known != nullptr ? *known : in_use_.add(kind, {});
}

Choice Learner::choose(std::span<const Candidate> candidates, const AllreduceShape& shape,
                       std::int64_t calls) {
  std::optional<Exchange> other;
  const auto doubt = [&](std::size_t i, std::size_t own) {
    const Exchange one = exchange_of(*candidates[i].algorithm, kept_shape(candidates[i], shape), 1);
    if (!other) other = exchange_of(*candidates[own].algorithm, kept_shape(candidates[own], shape), 1);
    return candidates[i].variance + candidates[own].variance + estimator_.variance_between(one, *other);
  };
  return pliant::choose(candidates, current_of(candidates, shape), exploring_, since_change_ < kUrgent, calls,
                        doubt);
}

/// [s] of a probe message in both directions, plus the exchange of its time.
double Learner::message_cost_s(std::int64_t bytes, int ranks) const {
  const double rounds = binomial::rounds(ranks);
  return estimator_.expect_s({.messages = 2 + 2 * rounds, .bytes = 2 * static_cast<double>(bytes)});
}

/// Are the times of operations too insensitive to alpha or beta to estimate it, or to detect its change?
bool Learner::blind(double error, double seen) const {
  return error > LinkEstimator::kSeparated || seen < kSeen;
}

/// [byte] Length of a message whose time is mostly transfer, by the present estimate. At most kGrowth times
/// as long as the last operation or earlier probe messages, because the link may have become much slower.
double Learner::long_bytes() const {
  const double most = std::clamp(kGrowth * std::max(last_.bytes, longest_bytes_), 1e3, kLongest);
  return std::clamp(kTransfer * estimator_.alpha_s() / estimator_.beta_s_per_byte(), 1e3, most);
}

std::int64_t Learner::probe_bytes_after_change() const {
  if (messages_due_ == kProbesAfterChange) return kShortest;
  const double bytes = long_bytes();
  if (messages_due_ > 1) return static_cast<std::int64_t>(bytes / kTransfer);
  // The middle message may have turned out to be long already.
  const bool apart = bytes > kApart * longest_bytes_ || bytes < longest_bytes_ / kApart;
  return static_cast<std::int64_t>(apart ? bytes : kApart * longest_bytes_);
}

std::optional<std::int64_t> Learner::wanted_message(int ranks) const {
  if (ranks < 2 || last_.messages + last_.bytes <= 0) return std::nullopt;
  if (messages_due_ > 0) return probe_bytes_after_change();
  if (again_bytes_ > 0) return again_bytes_;
  const double alpha_error = estimator_.alpha_error();
  const double beta_error = estimator_.beta_error();
  const bool blind_to_alpha = blind(alpha_error, alpha_seen_);
  const bool blind_to_beta = blind(beta_error, beta_seen_);
  if (!blind_to_alpha && !blind_to_beta) return std::nullopt;
  std::int64_t bytes = kShortest;
  const bool alpha_unknown = alpha_error > LinkEstimator::kSeparated && alpha_error > beta_error;
  if (blind_to_beta && !alpha_unknown) bytes = static_cast<std::int64_t>(long_bytes());
  if (messages_.affords(message_cost_s(bytes, ranks))) return bytes;
  return std::nullopt;
}

LearningResult Learner::learn_message(std::int64_t bytes, int ranks, double one_way_s) {
  const bool again = again_bytes_ > 0;
  again_bytes_ = 0;
  if (messages_due_ > 0) {
    --messages_due_;
  } else {
    messages_.spend(message_cost_s(bytes, ranks));
  }
  longest_bytes_ = std::max(longest_bytes_, static_cast<double>(bytes));
  const LearningResult result =
      take({.exchange = {.messages = 1, .bytes = static_cast<double>(bytes)}, .time_s = one_way_s}, true);
  // Repeat an outlier at once: either the message was delayed, or the network has changed.
  if (result.innovation.verdict == Verdict::outlier && messages_due_ == 0 && !again) again_bytes_ = bytes;
  return result;
}

Learner::State Learner::state() const {
  State state{.estimator = estimator_.state(),
              .link = model_.link,
              .corrections = corrections_.cells(),
              .learned = corrections_.learned(),
              .places = {}};
  std::size_t used = 0;
  in_use_.for_each([&](const Kind& kind, const CurrentAlgorithm& current) {
    if (used < state.places.size())
      state.places[used++] = {kind.count, kind.type, kind.kept_class, kind.lossy, current};
  });
  return state;
}

bool Learner::restore(const State& state) {
  LinkEstimator estimator;
  Corrections corrections;
  const bool possible = estimator.restore(state.estimator) &&
                        corrections.restore(state.corrections, state.learned) &&
                        follows(state.link.alpha_s, estimator.alpha_s()) &&
                        follows(state.link.beta_s_per_byte, estimator.beta_s_per_byte()) &&
                        follows(state.link.gap_s, estimator.alpha_s()) &&
                        std::all_of(state.places.begin(), state.places.end(), can_be);
  if (!possible) return false;
  estimator.unsettle(kRestart);
  corrections.unsettle(kFormulaRestart);
  *this = Learner(model_);
  model_.link = state.link;
  estimator_ = estimator;
  corrections_ = corrections;
  // The saved list begins with the latest kind; add it last.
  for (auto place = state.places.rbegin(); place != state.places.rend(); ++place) {
    const Kind kind{place->count, place->type, place->kept_class, place->lossy};
    if (place->count > 0 && in_use_.find(kind) == nullptr) in_use_.add(kind, place->current);
  }
  return true;
}

}  // namespace pliant
