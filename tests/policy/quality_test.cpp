// Quality across algorithms: pure, in tables and against searching all k.
#include "policy/quality.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "policy/policy.hpp"
#include "tests/policy/gains.hpp"

namespace pliant {
namespace {

using test::kModel;

constexpr AllreduceShape kShape{.ranks = 8, .count = 1'000'000};

double price(const Worth& worth, Family family) {
  return worth.ranks[static_cast<std::size_t>(family)];
}

TEST(UsualWorth, IsInTheOrderOfTheResearchAndGrowsWithRanks) {
  for (const int ranks : {2, 8, 64, 1024}) {
    const Worth worth = usual_worth({.ranks = ranks, .count = 1000});
    EXPECT_EQ(price(worth, Family::own), 1);
    EXPECT_GE(price(worth, Family::quota), 1);
    EXPECT_GT(price(worth, Family::heaviest), price(worth, Family::quota));
    EXPECT_GT(price(worth, Family::turn), price(worth, Family::heaviest));
    const Worth more = usual_worth({.ranks = 2 * ranks, .count = 1000});
    EXPECT_GT(price(more, Family::quota), price(worth, Family::quota));
  }
  const Worth alone = usual_worth({.ranks = 1, .count = 1000});
  for (const double one : alone.ranks)
    EXPECT_EQ(one, 1) << "a rank alone sends its own k, whatever it is called";
  EXPECT_EQ(usual_worth({.ranks = 64, .hosts = 8, .count = 1000}).hosts, usual_worth(kShape).ranks);
}

TEST(Families, AreSeveralWhereTwoAreLeft) {
  for (const char* filter : {"auto", "star_ring, var_ring", "^allgather_topk", "quota_ring, oktopk, ring"})
    EXPECT_TRUE(allows_several_families(AlgorithmFilter(filter))) << filter;
  for (const char* filter : {"ring", "star_ring, star_tree, ring", "quota_ring",
                             "allgather_topk, sparse_rabenseifner, two_level_allgather_topk"})
    EXPECT_FALSE(allows_several_families(AlgorithmFilter(filter))) << filter;
}

TEST(SampledPlaces, AreInOrderOneInEachPart) {
  for (const std::int64_t count : {1L, 5L, 4095L, 4096L, 4097L, 535'818L, 4'000'000'000L}) {
    const std::int64_t places = sampled_places(count);
    EXPECT_EQ(places, std::min<std::int64_t>(count, 4096));
    std::int64_t off_middle = 0;
    for (std::int64_t i = 0; i < places; ++i) {
      const std::int64_t place = sampled_place(i, places, count);
      ASSERT_GE(place, i * count / places);
      ASSERT_LT(place, (i + 1) * count / places);
      off_middle += 2 * (place - i * count / places) > count / places ? 1 : -1;
    }
    if (count > 8 * places) {
      EXPECT_LT(std::abs(off_middle), 4 * 64) << "four standard deviations";
    }
  }
}

// ---- Policies on pairs ----

PolicyInput input_of(const Settings& settings, const AlgorithmFilter& filter, const CostModel& model) {
  return {.settings = settings, .shape = kShape, .filter = filter, .model = model};
}

/// The best quality, in elements of allgather_topk, of all pairs that fit.
double best_that_fits(const PolicyInput& input, double time_s) {
  double best = 0;
  for (const AllreduceAlgorithm* algorithm : kAlgorithms) {
    if (algorithm->exact || !input.filter.allows(*algorithm)) continue;
    AllreduceShape shape = input.shape;
    const std::int64_t most = largest_where(1, shape.count, [&](std::int64_t kept) {
      shape.kept = kept;
      return algorithm->cost_s(shape, input.model) <= time_s;
    });
    if (most > 0) best = std::max(best, input.worth->own_kept(*algorithm, most, shape.count));
  }
  return best;
}

TEST(Pairs, BudgetTakesTheBestOfAllThatFit) {
  Settings settings = test::usual_settings();
  const AlgorithmFilter filter("allgather_topk, quota_ring, quota_rabenseifner, star_ring, var_tree");
  const Worth worth = usual_worth(kShape);
  std::set<const AllreduceAlgorithm*> taken;
  for (const double slower : {1.0, 10.0, 100.0}) {
    for (double budget_s = 3e-3; budget_s < 3; budget_s *= 1.5) {
      CostModel model = kModel;
      model.link.beta_s_per_byte *= slower;
      settings.time_budget_s = budget_s;
      PolicyInput input = input_of(settings, filter, model);
      input.worth = &worth;
      const PolicyDecision decision = budget_policy.decide(input);
      const double best = best_that_fits(input, budget_s);
      if (!decision.feasible || decision.kept == kShape.count) continue;
      // The policy answers in whole elements.
      EXPECT_LE(static_cast<double>(decision.kept), best * (1 + 1e-9));
      EXPECT_GT(static_cast<double>(decision.kept), best * 0.99 - 2) << budget_s;
      SelectionRequest request{.shape = kShape,
                               .lossy = true,
                               .exact = false,
                               .comparison = Comparison::by_quality,
                               .worth = worth};
      request.shape.kept = decision.kept;
      taken.insert(rank_candidates(request, filter, model).items[0].algorithm);
    }
  }
  EXPECT_GE(taken.size(), 2U) << "no network made another pair better";
}

TEST(Pairs, WhatTheUserNamedIsTheUsers) {
  const Settings settings = test::usual_settings();
  const AlgorithmFilter filter;
  const Worth worth = usual_worth(kShape);
  const GainModel gain = test::model_of(kShape.count, 3);
  for (const Policy* policy : {&fixed_policy, &pareto_policy, &goodput_policy}) {
    PolicyInput input = input_of(settings, filter, kModel);
    input.worth = &worth;
    const PolicyDecision decision = decide_kept(*policy, input);
    EXPECT_TRUE(decision.by_user) << policy->name;
    EXPECT_EQ(decision.kept, 10'000);
    input.gain = &gain;
    EXPECT_EQ(decide_kept(*policy, input).by_user, !policy->adapts);
  }
}

// ---- What is learned ----

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
    if (memory.affords_sample(kCost)) {
      memory.sample(1, kCost, kShape);
      ++samples;
    }
    memory.note({Family::own, 10'000, 1.0});
  }
  EXPECT_LE(samples * kCost, 10'000 * QualityMemory::kSampleShare + kCost);
  EXPECT_GE(samples * kCost, 10'000 * QualityMemory::kSampleShare - kCost);
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
  EXPECT_TRUE(next.affords_sample(1e9)) << "the first of a process";
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
  const std::array<void (*)(QualityMemory::State&), 11> damages = {
      [](QualityMemory::State& s) { s.learned[1].ratio = kNan; },
      [](QualityMemory::State& s) { s.learned[1].ratio = 0; },
      [](QualityMemory::State& s) { s.learned[1].weight = 1e9; },
      [](QualityMemory::State& s) { s.saved_s = kNan; },
      [](QualityMemory::State& s) { s.last_family = static_cast<Family>(6); },
      [](QualityMemory::State& s) { s.last_kept = -1; },
      [](QualityMemory::State& s) { s.steady = -1; },
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
