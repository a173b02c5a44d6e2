// What a tensor's operations teach of quality: prices, trials, samples.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <set>
#include <utility>

#include "policy/quality.hpp"

namespace pliant {
namespace {

constexpr AllreduceShape kShape{.ranks = 8, .count = 1'000'000};

double price(const Worth& worth, Family family) {
  return worth.ranks[static_cast<std::size_t>(family)];
}

/// A memory whose last so many steps were of one pair.
void settle(QualityMemory& memory, Family family, int steps = QualityMemory::kSettled) {
  for (int i = 0; i < steps; ++i) memory.note({family, 10'000, 1.0});
}

double factor(const QualityMemory& memory, Family family) {
  return price(memory.worth(kShape), family) / price(usual_worth(kShape), family);
}

/// Each family in turn, settled, with its staleness.
QualityMemory taught(std::initializer_list<std::pair<Family, double>> samples, int rounds = 8) {
  QualityMemory memory;
  for (const auto& [family, staleness] : samples) {
    settle(memory, family);
    for (int i = 0; i < rounds; ++i) memory.sample(staleness, 0, kShape);
  }
  return memory;
}

TEST(QualityMemory, BeginsWithWhatIsUsual) {
  EXPECT_EQ(QualityMemory().worth(kShape), usual_worth(kShape));
  EXPECT_EQ(QualityMemory().tried(), Family::exact);
}

TEST(QualityMemory, OneFamilyAloneTeachesNothingOfTheOthers) {
  for (const double staleness : {0.5, 4.0, 1e6}) {
    const QualityMemory memory = taught({{Family::own, staleness}});
    for (int i = 0; i < kFamilies; ++i) EXPECT_DOUBLE_EQ(factor(memory, static_cast<Family>(i)), 1);
    EXPECT_EQ(memory.staleness(), staleness);
  }
}

TEST(QualityMemory, AFamilyThatIsStalerThanUsualBesideOthersBecomesDearer) {
  double before = 0;
  for (const double staleness : {0.1, 2.0, 5.0, 10.0, 20.0, 1e6}) {
    const double found = factor(taught({{Family::own, 4}, {Family::quota, staleness}}), Family::quota);
    EXPECT_GE(found, before);
    EXPECT_GE(found, 1 / QualityMemory::kBound);
    EXPECT_LE(found, QualityMemory::kBound);
    before = found;
  }
  EXPECT_EQ(before, QualityMemory::kBound);
  EXPECT_LT(factor(taught({{Family::own, 4}, {Family::quota, 0.1}}), Family::quota), 1);
}

/// The median staleness of pliant_quality's runs (docs/performance.md): prices were found on that task, so
/// that what is seen there is to move them little.
struct Seen {
  Family family;
  double density;
  double staleness;
};
void expect_usual(int ranks, const Seen& own, std::initializer_list<Seen> others) {
  const AllreduceShape shape{.ranks = ranks, .count = 535'818};
  for (const Seen& other : others) {
    QualityMemory memory;
    for (const Seen& seen : {own, other}) {
      const auto kept = static_cast<std::int64_t>(seen.density * 535'818);
      for (int i = 0; i < QualityMemory::kSettled; ++i) memory.note({seen.family, kept, 1.0});
      for (int i = 0; i < 16; ++i) memory.sample(seen.staleness, 0, shape);
    }
    const double moved = price(memory.worth(shape), other.family) / price(usual_worth(shape), other.family);
    EXPECT_GT(moved, 1 / 1.25) << ranks << " ranks, family " << static_cast<int>(other.family);
    EXPECT_LT(moved, 1.25) << ranks << " ranks, family " << static_cast<int>(other.family);
  }
}

TEST(QualityMemory, WhatIsUsualMovesPricesLittle) {
  expect_usual(8, {Family::own, 0.00864, 3.84},
               {{Family::sum, 0.00892, 12.03},
                {Family::quota, 0.01408, 4.94},
                {Family::turn, 0.01205, 5.59},
                {Family::heaviest, 0.00484, 9.57}});
  expect_usual(64, {Family::own, 0.00114, 14.52},
               {{Family::sum, 0.00764, 16.72},
                {Family::quota, 0.02519, 5.70},
                {Family::turn, 0.01949, 4.00},
                {Family::heaviest, 0.00839, 8.18}});
}

TEST(QualityMemory, FewSamplesMoveLittle) {
  const auto after = [](int rounds) {
    return factor(taught({{Family::own, 4}, {Family::quota, 12}}, rounds), Family::quota);
  };
  EXPECT_LT(after(1), after(3));
  EXPECT_LT(after(3), after(8));
}

TEST(QualityMemory, LearnsFromSettledResidualsAndFromNumbersOnly) {
  QualityMemory memory = taught({{Family::own, 4}});
  settle(memory, Family::quota, QualityMemory::kSettled - 1);
  for (int i = 0; i < 8; ++i) memory.sample(100, 0, kShape);
  EXPECT_DOUBLE_EQ(factor(memory, Family::quota), 1) << "the residuals are still those of another pair";
  settle(memory, Family::quota, 1);
  for (const double no_number : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()})
    memory.sample(no_number, 0, kShape);
  EXPECT_DOUBLE_EQ(factor(memory, Family::quota), 1);
  memory.note({Family::exact, kShape.count, 1.0});
  memory.sample(100, 0, kShape);
  EXPECT_DOUBLE_EQ(factor(memory, Family::quota), 1) << "nothing is outstanding after an exact step";
}

TEST(QualityMemory, SamplesTakeTheirShareOfTheTime) {
  QualityMemory memory;
  constexpr double kCost = 0.3;
  int samples = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (memory.wants_sample(kCost)) {
      memory.sample(1, kCost, kShape);
      ++samples;
    }
    memory.note({Family::own, 10'000, 1.0});
  }
  EXPECT_LE(samples * kCost, 10'000 * QualityMemory::kSampleShare + kCost);
  EXPECT_GE(samples * kCost,
            10'000 * QualityMemory::kSampleShare - (2 + QualityMemory::kTrialSamples) * kCost)
      << "but what the next trial needs";
}

CandidateList near_candidates(double other_s) {
  CandidateList list;
  list.items[0] = {.algorithm = &allgather_topk_allreduce, .predicted_s = 1, .kept = 10};
  list.items[1] = {.algorithm = &sparse_rabenseifner_allreduce, .predicted_s = 1, .kept = 10};
  list.items[2] = {.algorithm = &ring_allreduce, .predicted_s = 1.1, .kept = 100};
  list.items[3] = {.algorithm = &quota_ring_allreduce, .predicted_s = other_s, .kept = 30};
  list.used = 4;
  return list;
}

TEST(QualityMemory, SamplesAreMadeWhereTheyTeachAndSavedForTrials) {
  QualityMemory memory;
  EXPECT_TRUE(memory.wants_sample(1)) << "the first one";
  memory.sample(1, 0, kShape);
  const double cost = 2 * QualityMemory::kApart * QualityMemory::kSampleShare;  // of 16 steps
  settle(memory, Family::own, QualityMemory::kSettled - 1);
  EXPECT_FALSE(memory.wants_sample(cost)) << "the residuals are not those of this pair yet";
  settle(memory, Family::own, 1);
  int made = 0;
  for (; made < 10 && memory.wants_sample(cost); ++made) {
    memory.sample(1, cost, kShape);
    EXPECT_FALSE(memory.wants_sample(cost)) << "the next step's would say the same";
    settle(memory, Family::own, QualityMemory::kApart);
  }
  EXPECT_GT(made, 1);
  EXPECT_LT(made, 10) << "what trials need is put aside";
}

TEST(QualityMemory, TrialsAreSampled) {
  QualityMemory memory;
  const CandidateList list = near_candidates(1.4);
  const double cost = 141 * QualityMemory::kSampleShare;  // pliant_quality's 8 ranks with 15 ms
  int steady = 0, in_trials = 0, trial_steps = 0;
  Family before = Family::exact;
  for (int i = 0; i < 10'000; ++i) {
    const Family tried = memory.tried();
    memory.ends_trial(true, list.all());
    const Family now = tried == Family::exact ? Family::own : tried;
    if (memory.wants_sample(cost)) {
      memory.sample(1, cost, kShape);
      in_trials += before == Family::quota && steady >= QualityMemory::kSettled ? 1 : 0;
    }
    memory.note({now, 10'000, 1.0});
    steady = now == before ? steady + 1 : 1;
    before = now;
    trial_steps += now == Family::quota ? 1 : 0;
  }
  const int trials = trial_steps / QualityMemory::kTrial;
  EXPECT_GE(trials, 10);
  EXPECT_GE(in_trials, 3 * (trials - 1)) << "the first trial comes before anything is saved";
}

TEST(QualityMemory, AFamilyThatIsNearInTimeIsTriedNowAndThen) {
  QualityMemory memory;
  const CandidateList list = near_candidates(1.4);
  int tried = 0, trials = 0;
  constexpr int kSteps = 10 * (QualityMemory::kTrial + QualityMemory::kBetween);
  Family before = Family::exact;
  for (int i = 0; i < kSteps; ++i) {
    if (memory.tried() == Family::exact) memory.consider_trial(list.all());
    const Family now = memory.tried();
    EXPECT_TRUE(now == Family::exact || now == Family::quota);
    tried += now == Family::quota ? 1 : 0;
    trials += now != before && now == Family::quota ? 1 : 0;
    before = now;
    memory.note({now == Family::quota ? Family::quota : Family::own, 10'000, 1.0});
  }
  EXPECT_EQ(tried, trials * QualityMemory::kTrial);
  EXPECT_GE(trials, 9);
  EXPECT_LE(trials, kSteps / QualityMemory::kBetween + 1);
  memory.end_trial();
  EXPECT_EQ(memory.tried(), Family::exact);
}

TEST(QualityMemory, WhatIsFarInTimeIsNotTried) {
  QualityMemory memory;
  settle(memory, Family::own, QualityMemory::kTrial);
  memory.consider_trial(near_candidates(1.6).all());
  EXPECT_EQ(memory.tried(), Family::exact);
  memory.consider_trial({});
  EXPECT_EQ(memory.tried(), Family::exact);
}

TEST(QualityMemory, ATrialBeginsWithTheNextOperationAndEndsWhereItCannotBe) {
  QualityMemory memory;
  settle(memory, Family::own, QualityMemory::kTrial);
  const CandidateList list = near_candidates(1.4);
  EXPECT_FALSE(memory.ends_trial(false, list.all())) << "nothing to compare";
  EXPECT_EQ(memory.tried(), Family::exact);
  EXPECT_FALSE(memory.ends_trial(true, list.all())) << "this decision stands";
  EXPECT_EQ(memory.tried(), Family::quota);
  EXPECT_FALSE(memory.ends_trial(true, list.all())) << "it was made for the trial";
  EXPECT_EQ(memory.tried(), Family::quota);
  EXPECT_TRUE(memory.ends_trial(false, list.all()));
  EXPECT_EQ(memory.tried(), Family::exact);
}

TEST(QualityMemory, FingerprintsTellHistoriesApart) {
  QualityMemory one, same, other;
  std::set<double> seen;
  for (int i = 0; i < 300; ++i) {
    const QualityStep step{i % 7 == 0 ? Family::quota : Family::own, 10'000 + i % 5, 1.0};
    one.note(step);
    same.note(step);
    if (i % 10 == 0) one.sample(i, 0.1, kShape);
    if (i % 10 == 0) same.sample(i, 0.1, kShape);
    ASSERT_EQ(one.fingerprint(), same.fingerprint());
    EXPECT_TRUE(seen.insert(one.fingerprint()).second) << i;
  }
  EXPECT_NE(other.fingerprint(), one.fingerprint());
}

TEST(QualityMemory, GoesOnWhereItWasSaved) {
  QualityMemory memory;
  for (int step = 0; step < 700; ++step) {
    const Family family = step < 350 ? Family::own : Family::quota;
    memory.note({family, 1'000, 1e-3});
    if (step % 40 == 39) memory.sample(20 + step % 7, 1e-5, kShape);
  }
  QualityMemory next;
  ASSERT_TRUE(next.restore(memory.state()));
  EXPECT_EQ(next.state(), memory.state());
  EXPECT_EQ(next.fingerprint(), memory.fingerprint());
  EXPECT_EQ(next.worth(kShape), memory.worth(kShape));
  EXPECT_NE(next.worth(kShape), usual_worth(kShape));
  EXPECT_EQ(next.staleness(), memory.staleness());
  EXPECT_TRUE(next.wants_sample(1e9)) << "the first of a process";
  for (int step = 0; step < 300; ++step) {
    for (QualityMemory* each : {&memory, &next}) {
      each->note({Family::quota, 1'000, 1e-3});
      if (step % 40 == 0) each->sample(25, 1e-5, kShape);
    }
    ASSERT_EQ(next.fingerprint(), memory.fingerprint()) << step;
    ASSERT_EQ(next.worth(kShape), memory.worth(kShape)) << step;
  }
}

TEST(QualityMemory, RefusesStatesThatCannotBe) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::array<void (*)(QualityMemory::State&), 12> damages = {
      [](QualityMemory::State& s) { s.learned[1].ratio = kNan; },
      [](QualityMemory::State& s) { s.learned[1].ratio = 0; },
      [](QualityMemory::State& s) { s.learned[1].weight = 1e9; },
      [](QualityMemory::State& s) { s.saved_s = kNan; },
      [](QualityMemory::State& s) { s.last_family = static_cast<Family>(6); },
      [](QualityMemory::State& s) { s.last_kept = -1; },
      [](QualityMemory::State& s) { s.steady = -1; },
      [](QualityMemory::State& s) { s.apart = -1; },
      [](QualityMemory::State& s) { s.tried = static_cast<Family>(-1); },
      [](QualityMemory::State& s) { s.trial_left = QualityMemory::kTrial + 1; },
      [](QualityMemory::State& s) { s.until_trial = -1; },
      [](QualityMemory::State& s) { s.staleness = std::numeric_limits<double>::infinity(); }};
  QualityMemory other;
  const double before = other.fingerprint();
  for (std::size_t i = 0; i < damages.size(); ++i) {
    QualityMemory::State bad;
    damages[i](bad);
    EXPECT_FALSE(other.restore(bad)) << i;
    EXPECT_EQ(other.fingerprint(), before) << i;
  }
}

}  // namespace
}  // namespace pliant
