#include "api/learner.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

#include "collectives/paper_costs.hpp"

namespace pliant {
namespace {

/// Share of the time of operations that messages may take which only teach.
constexpr double kMessageShare = 0.005;
/// After an alarm that budget does not bind: a short message, which tells of latency, a long one, which tells
/// of transfer, and one between. One after the other: how long a message may be depends on those before.
constexpr int kMessagesAfterAlarm = 3;
constexpr double kApart = 2;  ///< their lengths, at least by this factor
/// Share of the time of operations below which they tell too little of a number.
constexpr double kSeen = 0.2;
constexpr double kSeenMemory = 8;      // operations
constexpr std::int64_t kShortest = 8;  // [byte]
constexpr double kLongest = 1 << 20;   // [byte]
constexpr double kGrowth = 8;
constexpr double kTransfer = 4;  // times latency: what transfer takes in a message that is to tell of beta
/// Operations after an alarm in which no algorithm has to be kept for a while.
constexpr std::int64_t kUrgent = 16;
/// A formula that is known less well (variance of the logarithm) tells of itself, not of the network.
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
  const Incumbent& own = place.incumbent;
  return place.count == -1 ||
         (place.count > 0 && place.kept_class >= 0 && place.kept_class <= kMostKeptClass && own.calls >= 0 &&
          own.calls <= kMostCalls && own.unexplored >= 0 && own.unexplored <= kMostCalls && own.spent >= 0 &&
          std::isfinite(own.spent));
}

/// Is it what take() leaves of an estimate?
bool follows(double used, double estimated) {
  return used >= 0 && used <= estimated * (1 + 2 * kMoved);
}

}  // namespace

Learner::Learner(const CostModel& measured, double error)
    : model_(measured), messages_(kMessageShare), since_alarm_(kUrgent) {
  estimator_.reset(measured.link, error, error);
}

Exchange Learner::exchange_of(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape,
                              double factor) const {
  const CostSlope slope = slope_of(algorithm, shape, model_);
  return {slope.messages * factor, slope.bytes * factor, slope.fixed_s * factor};
}

Lesson Learner::take(const Observation& observation, bool tells_of_drift) {
  Lesson lesson{.innovation = estimator_.observe(observation), .alarm = {}};
  if (tells_of_drift) lesson.alarm = drift_.observe(lesson.innovation);
  if (lesson.alarm) {
    estimator_.doubt(lesson.alarm->alpha, lesson.alarm->beta);
    since_alarm_ = 0;
    messages_due_ = kMessagesAfterAlarm;
    longest_bytes_ = 0;
    again_bytes_ = 0;
  }
  LinkModel& link = model_.link;
  if (lesson.alarm || moved(link.alpha_s, estimator_.alpha_s()) ||
      moved(link.beta_s_per_byte, estimator_.beta_s_per_byte())) {
    link.alpha_s = estimator_.alpha_s();
    link.beta_s_per_byte = estimator_.beta_s_per_byte();
    link.gap_s = std::min(link.gap_s, link.alpha_s);
    lesson.changed = true;
  }
  return lesson;
}

Lesson Learner::learn(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, double measured_s,
                      std::int64_t calls) {
  const std::size_t place = place_of(algorithm);
  const Correction correction = corrections_.of(place, shape);
  const Observation observation{.exchange = exchange_of(algorithm, shape, correction.factor),
                                .time_s = measured_s,
                                .doubt = correction.variance};
  Lesson lesson = take(observation, correction.variance < kFormulaUnknown);
  if (lesson.innovation.verdict == Verdict::refused) return lesson;
  lesson.changed |= corrections_.learn(place, shape, lesson.innovation.log_ratio,
                                       lesson.innovation.variance - correction.variance);
  last_ = observation.exchange;
  alpha_seen_ += (lesson.innovation.alpha_share - alpha_seen_) / kSeenMemory;
  beta_seen_ += (lesson.innovation.beta_share - beta_seen_) / kSeenMemory;
  ++since_alarm_;
  trials_.earn(static_cast<double>(calls) * measured_s);
  messages_.earn(static_cast<double>(calls) * measured_s);
  return lesson;
}

Incumbent& Learner::incumbent_of(std::span<const Candidate> candidates, const AllreduceShape& shape) {
  const bool lossy = std::any_of(candidates.begin(), candidates.end(),
                                 [](const Candidate& c) { return !c.algorithm->exact; });
  const int kept_class = lossy ? static_cast<int>(std::bit_width(static_cast<std::uint64_t>(shape.kept))) : 0;
  const Kind kind{shape.count, shape.type, kept_class, lossy};
  Incumbent* const known = in_use_.find(kind);
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
  return pliant::choose(candidates, incumbent_of(candidates, shape), trials_, since_alarm_ < kUrgent, calls,
                        doubt);
}

/// There and back, and telling one another.
double Learner::message_cost_s(std::int64_t bytes, int ranks) const {
  const double rounds = paper::rounds(ranks);
  return estimator_.expect_s({.messages = 2 + 2 * rounds, .bytes = 2 * static_cast<double>(bytes)});
}

/// Do operations leave a number unknown, or not tell when it changes?
bool Learner::blind(double error, double seen) const {
  return error > LinkEstimator::kSeparated || seen < kSeen;
}

/// [byte] Of a message most of whose time is transfer, as far as that is known. It is at most kGrowth times
/// as long as what went before: nobody knows what a link has become.
double Learner::long_bytes() const {
  const double most = std::clamp(kGrowth * std::max(last_.bytes, longest_bytes_), 1e3, kLongest);
  return std::clamp(kTransfer * estimator_.alpha_s() / estimator_.beta_s_per_byte(), 1e3, most);
}

std::int64_t Learner::bytes_after_alarm() const {
  if (messages_due_ == kMessagesAfterAlarm) return kShortest;
  const double bytes = long_bytes();
  if (messages_due_ > 1) return static_cast<std::int64_t>(bytes / kTransfer);
  // The one before may have shown that what was to be between is long already.
  const bool apart = bytes > kApart * longest_bytes_ || bytes < longest_bytes_ / kApart;
  return static_cast<std::int64_t>(apart ? bytes : kApart * longest_bytes_);
}

std::optional<std::int64_t> Learner::wanted_message(int ranks) const {
  if (ranks < 2 || last_.messages + last_.bytes <= 0) return std::nullopt;
  if (messages_due_ > 0) return bytes_after_alarm();
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

Lesson Learner::learn_message(std::int64_t bytes, int ranks, double one_way_s) {
  const bool again = again_bytes_ > 0;
  again_bytes_ = 0;
  if (messages_due_ > 0) {
    --messages_due_;
  } else {
    messages_.spend(message_cost_s(bytes, ranks));
  }
  longest_bytes_ = std::max(longest_bytes_, static_cast<double>(bytes));
  const Lesson lesson =
      take({.exchange = {.messages = 1, .bytes = static_cast<double>(bytes)}, .time_s = one_way_s}, true);
  // One that is far off is asked again at once: it hung, or the network has changed.
  if (lesson.innovation.verdict == Verdict::outlier && messages_due_ == 0 && !again) again_bytes_ = bytes;
  return lesson;
}

Learner::State Learner::state() const {
  State state{.estimator = estimator_.state(),
              .link = model_.link,
              .corrections = corrections_.cells(),
              .learned = corrections_.learned(),
              .places = {}};
  std::size_t used = 0;
  in_use_.for_each([&](const Kind& kind, const Incumbent& incumbent) {
    if (used < state.places.size())
      state.places[used++] = {kind.count, kind.type, kind.kept_class, kind.lossy, incumbent};
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
  // What came last is added last.
  for (auto place = state.places.rbegin(); place != state.places.rend(); ++place) {
    const Kind kind{place->count, place->type, place->kept_class, place->lossy};
    if (place->count > 0 && in_use_.find(kind) == nullptr) in_use_.add(kind, place->incumbent);
  }
  return true;
}

}  // namespace pliant
