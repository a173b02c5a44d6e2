// Quality across algorithms: what an element of one family of lossy algorithms is worth in another, and how
// that is calibrated while training. docs/policies.md says what the numbers come from, and what they are not.
//
// Pure, and the same on all ranks for the same input: no libm function but sqrt, whose last bit could differ.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "collectives/selector.hpp"
#include "core/share_budget.hpp"

namespace pliant {

/// What is known before training: prices by steps to the same accuracy, staleness at the same k.
Worth usual_worth(const AllreduceShape& shape);

/// Does the filter leave lossy algorithms of several families to compare?
bool allows_several_families(const AlgorithmFilter& filter);

/// Places of a tensor at which its staleness is looked at: one in each of so many equal parts, pseudo-random,
/// the same at every step and on every rank.
inline constexpr std::int64_t kSampledPlaces = 4096;
std::int64_t sampled_places(std::int64_t count);
/// The i-th of `places`; ascending.
std::int64_t sampled_place(std::int64_t i, std::int64_t places, std::int64_t count);

/// What a sample of a tensor of such a shape exchanges: gradient and error-fed gradient at these places,
/// whole.
AllreduceShape sampled_shape(const AllreduceShape& shape);
/// What carries it, and how long that takes. What blocks would keep others waiting, and the memory of hosts
/// is the operation's.
Candidate sample_carrier(const AllreduceShape& sampled, const CostModel& model);

/// An operation as quality sees it. All of it agreed.
struct QualityStep {
  Family family = Family::exact;
  std::int64_t kept = 0;
  double predicted_s = 0;
};

/// What a tensor's operations have taught of quality. Equal on all ranks: whoever has another fingerprint
/// begins anew together with all others.
class QualityMemory {
 public:
  static constexpr double kSampleShare = 0.005;  ///< of the operations' time, for samples
  static constexpr int kSettled = 96;  ///< steps at one pair after which residuals are those of that pair
  static constexpr int kTrial = 128;   ///< steps of another family
  static constexpr int kBetween = 7 * kTrial;  ///< steps from one trial's begin to the next's
  static constexpr double kFarthest = 1.5;     ///< times the best's: what is dearer is not tried
  static constexpr double kMoved = 0.25;       ///< change of k that makes another pair of it
  static constexpr double kBound = 2;          ///< no price is further from the usual one, either way
  static constexpr int kApart = 8;         ///< steps from one sample to the next, which else sees the same
  static constexpr int kTrialSamples = 4;  ///< that are saved up for the next trial
  static constexpr double kDoubt = 4;      ///< samples that the usual price is worth
  static constexpr double kKept = 0.96;    ///< of what a sample weighs, after the next one

  /// The usual one, as far as samples have not moved it. Where one rank is all there is, all families are
  /// one.
  Worth worth(const AllreduceShape& shape) const;
  /// The family that is being tried; exact: none.
  Family tried() const { return trial_left_ > 0 ? tried_ : Family::exact; }
  /// candidates: cheapest first, all as good as one another. May begin a trial of the family that is known
  /// least, if its time is near the first's.
  void consider_trial(std::span<const Candidate> candidates);
  /// The family cannot be tried now.
  void end_trial() { trial_left_ = 0; }
  /// After a decision: for tried() alone, or, where nothing is tried, for all. by_quality: its candidates
  /// (cheapest first) are as good as one another. True: what was to be tried cannot be, so decide anew, for
  /// all. Otherwise a trial may begin with the next operation.
  bool ends_trial(bool by_quality, std::span<const Candidate> candidates);

  /// Is a sample that takes `cost_s` to be made? The first is, since memory grows then; others where they
  /// teach something and their share of the time allows for them, what trials will need put aside.
  bool wants_sample(double cost_s) const;
  /// staleness: ||mean error-fed gradient|| / ||mean gradient|| before a lossy operation on so many elements;
  /// not finite or not > 0: nothing is learned.
  void sample(double staleness, double cost_s, const AllreduceShape& shape);
  /// An operation has ended.
  void note(const QualityStep& step);

  double staleness() const { return staleness_; }  ///< the last sampled; 0 before the first
  /// In [1, 2^52], for ranks to compare.
  double fingerprint() const;

  struct Learned {
    double ratio = 1;  ///< found / usual, in elements
    double weight = 0;
    friend bool operator==(const Learned&, const Learned&) = default;
  };
  /// What a state file keeps. Not whether there was a sample: the first in a process makes its memory grow.
  struct State {
    std::array<Learned, kFamilies> learned{};
    double saved_s = 0;  ///< for samples
    Family last_family = Family::exact;
    std::int64_t last_kept = 0, steady = 0, apart = 0, events = 0;
    Family tried = Family::exact;
    int trial_left = 0, until_trial = kTrial;
    double staleness = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  State state() const;
  /// False, and nothing done, unless it is one that state() can give.
  bool restore(const State& state);

 private:
  double moved(Family family) const;

  std::array<Learned, kFamilies> learned_{};
  ShareBudget budget_{kSampleShare};
  QualityStep last_;
  std::int64_t steady_ = 0;  ///< steps at last_'s pair
  std::int64_t apart_ = 0;   ///< steps since the last sample
  std::int64_t events_ = 0;  ///< steps and samples
  Family tried_ = Family::exact;
  int trial_left_ = 0;
  int until_trial_ = kTrial;
  bool sampled_ = false;
  double staleness_ = 0;
};

}  // namespace pliant
