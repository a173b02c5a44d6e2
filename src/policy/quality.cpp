#include "policy/quality.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace pliant {
namespace {

std::size_t place_of(Family family) {
  return static_cast<std::size_t>(family);
}

/// With kRanks ranks. Price: of steps to the same accuracy, (steps / those of `own`)^(16/3), since steps fall
/// with k^(3/16) (to 0.84 and 0.85, densities 10 % to 0.01 %, research on quality: exponents 0.193 and
/// 0.198). Level: staleness^(3/2) x d / (1 - d), which hardly depends on the density d, since staleness falls
/// with d^-0.6 to d^-0.7 in every family; medians of pliant_quality's runs, which samples scatter about by a
/// factor of two. Sources: docs/policies.md.
struct Usual {
  double price;
  double level;
  int level_rises;  ///< with ranks^(level_rises / 4)
  bool shares_out;  ///< what one rank finds is a share of k, or waits for its turn; `own` sends up to P k
                    ///< places
};
constexpr double kRanks = 8;
constexpr std::array<Usual, kFamilies> kUsual = {{
    {1, 1, 0, false},     // exact
    {1, 0.06, 0, false},  // own
    {3, 0.35, 1, false},  // sum
    {3, 0.14, 2, true},   // quota
    {40, 0.15, 0, true},  // turn
    {12, 0.13, 1, true},  // heaviest
}};

/// With the ranks other than one: their power 3/2 where k is shared out, 1/2 where it is not.
Worth::Prices prices_among(int ranks) {
  const double others = (ranks - 1) / (kRanks - 1);
  Worth::Prices prices{};
  for (std::size_t i = 0; i < prices.size(); ++i)
    prices[i] = 1 + (kUsual[i].price - 1) * std::sqrt(others) * (kUsual[i].shares_out ? others : 1);
  return prices;
}

double usual_level(Family family, int ranks) {
  const Usual& usual = kUsual[place_of(family)];
  const double root = std::sqrt(std::sqrt(ranks / kRanks));
  double level = usual.level;
  for (int i = 0; i < usual.level_rises; ++i) level *= root;
  return level;
}

double found_level(double staleness, const QualityStep& step, std::int64_t count) {
  const auto kept = static_cast<double>(step.kept);
  return staleness * std::sqrt(staleness) * kept / (static_cast<double>(count) - kept);
}

constexpr std::int64_t kMostWhole = std::int64_t{1} << 53;
constexpr double kMostRatio = 1e30;
constexpr double kMostSaved_s = 1e15;

bool is_whole(std::int64_t number, std::int64_t most = kMostWhole) {
  return number >= 0 && number <= most;
}

bool is_family(Family family) {
  return is_whole(static_cast<int>(family), kFamilies - 1);
}

bool can_be(const QualityMemory::Learned& learned) {
  constexpr double kMostWeight = 1 / (1 - QualityMemory::kKept) + 1e-6;  // the sum of the geometric series
  return learned.weight >= 0 && learned.weight <= kMostWeight && learned.ratio >= 1 / kMostRatio &&
         learned.ratio <= kMostRatio;
}

}  // namespace

Worth usual_worth(const AllreduceShape& shape) {
  return {prices_among(shape.ranks), prices_among(shape.hosts)};
}

bool allows_several_families(const AlgorithmFilter& filter) {
  Family first = Family::exact;
  for (const AllreduceAlgorithm* algorithm : kAlgorithms) {
    if (algorithm->exact || !filter.allows(*algorithm)) continue;
    if (first != Family::exact && first != algorithm->family) return true;
    first = algorithm->family;
  }
  return false;
}

std::int64_t sampled_places(std::int64_t count) {
  return std::min(count, kSampledPlaces);
}

// The finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014) scatters i.
std::int64_t sampled_place(std::int64_t i, std::int64_t places, std::int64_t count) {
  const std::int64_t begin = i * count / places;
  const std::int64_t end = (i + 1) * count / places;
  std::uint64_t mixed = (static_cast<std::uint64_t>(i) + 1) * 0x9E3779B97F4A7C15U;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
  mixed ^= mixed >> 31;
  return begin + static_cast<std::int64_t>(mixed % static_cast<std::uint64_t>(end - begin));
}

AllreduceShape sampled_shape(const AllreduceShape& shape) {
  AllreduceShape sampled{.ranks = shape.ranks, .count = 2 * sampled_places(shape.count)};
  sampled.kept = sampled.count;
  return sampled;
}

Candidate sample_carrier(const AllreduceShape& sampled, const CostModel& model) {
  return rank_candidates({.shape = sampled, .resumable = true}, AlgorithmFilter(), model).items[0];
}

/// What is peculiar to the family, in elements, relative to all that were seen: what they have in common is
/// the task's. As if the usual price had been seen kDoubt times.
double QualityMemory::moved(Family family) const {
  double sum = 0;
  double weight = 0;
  for (const Learned& learned : learned_) {
    sum += learned.weight * learned.ratio;
    weight += learned.weight;
  }
  const Learned& own = learned_[place_of(family)];
  if (own.weight == 0) return 1;
  return (kDoubt + own.weight * own.ratio * weight / sum) / (kDoubt + own.weight);
}

Worth QualityMemory::worth(const AllreduceShape& shape) const {
  Worth worth = usual_worth(shape);
  const auto moved_by = [](double factor, int ranks) { return ranks > 1 ? factor : 1; };
  const double of_own = moved(Family::own);
  for (std::size_t i = 0; i < worth.ranks.size(); ++i) {
    const double factor = std::clamp(moved(static_cast<Family>(i)) / of_own, 1 / kBound, kBound);
    worth.ranks[i] *= moved_by(factor, shape.ranks);
    worth.hosts[i] *= moved_by(factor, shape.hosts);
  }
  return worth;
}

void QualityMemory::consider_trial(std::span<const Candidate> candidates) {
  if (until_trial_ > 0 || candidates.empty()) return;
  const Candidate* found = nullptr;
  const auto seen = [&](const Candidate& c) { return learned_[place_of(c.algorithm->family)].weight; };
  for (const Candidate& candidate : candidates) {
    if (candidate.predicted_s > kFarthest * candidates[0].predicted_s) break;
    if (candidate.algorithm->exact || candidate.algorithm->family == candidates[0].algorithm->family)
      continue;
    if (found == nullptr || seen(candidate) < seen(*found)) found = &candidate;
  }
  until_trial_ = kBetween;
  if (found == nullptr) return;
  tried_ = found->algorithm->family;
  trial_left_ = kTrial;
}

bool QualityMemory::ends_trial(bool by_quality, std::span<const Candidate> candidates) {
  if (tried() == Family::exact) {
    if (by_quality) consider_trial(candidates);
    return false;
  }
  if (by_quality) return false;
  end_trial();
  return true;
}

bool QualityMemory::wants_sample(double cost_s) const {
  if (!sampled_) return true;
  if (steady_ < kSettled || apart_ < kApart) return false;
  return budget_.affords(trial_left_ > 0 ? cost_s : (1 + kTrialSamples) * cost_s);
}

void QualityMemory::sample(double staleness, double cost_s, const AllreduceShape& shape) {
  sampled_ = true;
  apart_ = 0;
  budget_.spend(cost_s);
  ++events_;
  if (!(staleness > 0) || !(staleness < std::numeric_limits<double>::max())) return;
  staleness_ = staleness;
  if (steady_ < kSettled || last_.kept >= shape.count) return;
  Learned& learned = learned_[place_of(last_.family)];
  const double found = found_level(staleness, last_, shape.count) / usual_level(last_.family, shape.ranks);
  for (Learned& other : learned_) other.weight *= kKept;
  learned.weight += 1;
  learned.ratio += (found - learned.ratio) / learned.weight;
}

void QualityMemory::note(const QualityStep& step) {
  ++events_;
  ++apart_;
  if (trial_left_ > 0) --trial_left_;
  if (until_trial_ > 0) --until_trial_;
  if (step.family == Family::exact) {
    steady_ = 0;
    return;
  }
  budget_.earn(step.predicted_s);
  const double ratio =
      static_cast<double>(step.kept) / static_cast<double>(std::max<std::int64_t>(1, last_.kept));
  const bool same = step.family == last_.family && ratio < 1 + kMoved && ratio > 1 / (1 + kMoved);
  steady_ = same ? steady_ + 1 : 1;
  if (!same) last_ = step;
}

QualityMemory::State QualityMemory::state() const {
  return {.learned = learned_,
          .saved_s = budget_.saved_s(),
          .last_family = last_.family,
          .last_kept = last_.kept,
          .steady = steady_,
          .apart = apart_,
          .events = events_,
          .tried = tried_,
          .trial_left = trial_left_,
          .until_trial = until_trial_,
          .staleness = staleness_};
}

bool QualityMemory::restore(const State& state) {
  const bool possible = std::all_of(state.learned.begin(), state.learned.end(), can_be) &&
                        std::abs(state.saved_s) <= kMostSaved_s && is_family(state.last_family) &&
                        is_whole(state.last_kept) && is_whole(state.steady) && is_whole(state.apart) &&
                        is_whole(state.events) && is_family(state.tried) &&
                        is_whole(state.trial_left, kTrial) && is_whole(state.until_trial, kBetween) &&
                        state.staleness >= 0 && std::isfinite(state.staleness);
  if (!possible) return false;
  *this = {};
  learned_ = state.learned;
  budget_.restore(state.saved_s);
  last_ = {.family = state.last_family, .kept = state.last_kept};
  steady_ = state.steady;
  apart_ = state.apart;
  events_ = state.events;
  tried_ = state.tried;
  trial_left_ = state.trial_left;
  until_trial_ = state.until_trial;
  staleness_ = state.staleness;
  return true;
}

double QualityMemory::fingerprint() const {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a over the numbers' bits
  const auto add = [&](auto number) {
    hash = (hash ^ std::bit_cast<std::uint64_t>(static_cast<double>(number))) * 0x100000001b3U;
  };
  for (const Learned& learned : learned_) {
    add(learned.ratio);
    add(learned.weight);
  }
  for (const double number :
       {static_cast<double>(events_), static_cast<double>(apart_), static_cast<double>(steady_),
        static_cast<double>(last_.kept), static_cast<double>(last_.family), static_cast<double>(tried_),
        static_cast<double>(trial_left_), static_cast<double>(until_trial_), staleness_, budget_.saved_s()})
    add(number);
  return static_cast<double>((hash >> 12) + 1);
}

}  // namespace pliant
