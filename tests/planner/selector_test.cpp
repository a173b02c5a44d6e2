// The selector: its grammar, and that it is an argmin with fixed order and tie-breaking.
#include "planner/selector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>

#include "tests/support/errors.hpp"
#include "tests/support/selection.hpp"

namespace pliant {
namespace {

using test::rank_candidates;
using test::SelectionRequest;

using Names = std::vector<std::string>;

constexpr CostModel kModel{.link = {.alpha_s = 50e-6, .beta_s_per_byte = 8e-9}, .compute = {}};
constexpr AllreduceShape kShape{{.ranks = 8}, {.count = 1'000'000}, {.kept = 10'000}};

Names all_names() {
  Names names;
  for (const AllreduceAlgorithm* algorithm : algorithms()) names.emplace_back(algorithm->name);
  return names;
}

/// Names of the algorithms that can run kShape.
Names names_where_supported() {
  Names names;
  for (const AllreduceAlgorithm* algorithm : algorithms())
    if (algorithm->supports(kShape) && (algorithm->stands_out == nullptr || algorithm->stands_out(kShape)))
      names.emplace_back(algorithm->name);
  return names;
}

Names allowed(const AlgorithmFilter& filter) {
  Names names;
  for (const AllreduceAlgorithm* algorithm : algorithms())
    if (filter.allows(*algorithm)) names.emplace_back(algorithm->name);
  return names;
}

Names names_of(const CandidateList& list) {
  Names names;
  for (const Candidate& candidate : list.all()) names.emplace_back(candidate.algorithm->name);
  return names;
}

Names without(Names names, const std::set<std::string>& gone) {
  std::erase_if(names, [&](const std::string& name) { return gone.contains(name); });
  return names;
}

TEST(AlgorithmFilter, ReadsItsGrammar) {
  struct Case {
    std::string text;
    Names names;
  };
  const Case cases[] = {
      {"auto", all_names()},
      {"ring", {"ring"}},
      {"tree,ring", {"ring", "tree"}},
      {" tree , ring ", {"ring", "tree"}},
      {"^ring", without(all_names(), {"ring"})},
      {"^ring,^ tree", without(all_names(), {"ring", "tree"})},
      {"auto,^mpi", without(all_names(), {"mpi"})},
      {"ring,tree,^ring", {"tree"}},
      {"ring,auto", all_names()},
  };
  for (const Case& item : cases) EXPECT_EQ(allowed(AlgorithmFilter(item.text)), item.names) << item.text;
  EXPECT_EQ(allowed(AlgorithmFilter()), all_names());
}

TEST(AlgorithmFilter, RefusesAndListsTheNames) {
  for (const std::string text : {"", "rings", "ring,", "^", "^rings", "ring,,tree", "ring,^ring", "Ring"}) {
    const std::string message =
        test::error_text(ErrorClass::info_value, [&] { AlgorithmFilter filter(text); });
    EXPECT_TRUE(message.starts_with("pliant_algorithm = " + text)) << message;
    for (const std::string& name : all_names()) EXPECT_NE(message.find(name), std::string::npos) << message;
  }
}

TEST(AlgorithmFilter, AnExactCallFallsBackWhereOnlyLossyOnesAreNamed) {
  EXPECT_EQ(allowed(AlgorithmFilter("star_ring").for_exact_call()), all_names());
  EXPECT_EQ(allowed(AlgorithmFilter("star_ring,tree").for_exact_call()), (Names{"tree", "star_ring"}));
  EXPECT_TRUE(AlgorithmFilter("star_ring").allows_any(/*exact=*/false));
  EXPECT_FALSE(AlgorithmFilter("star_ring").allows_any(/*exact=*/true));
  EXPECT_FALSE(AlgorithmFilter("ring,tree").allows_any(/*exact=*/false));
}

TEST(Selector, RanksByPredictedTime) {
  const CandidateList list = rank_candidates({.shape = kShape, .lossy = true}, AlgorithmFilter(), kModel);
  ASSERT_EQ(list.used, names_where_supported().size());
  for (std::size_t i = 0; i < list.used; ++i) {
    const Candidate& candidate = list.items[i];
    EXPECT_EQ(candidate.predicted_s, candidate.algorithm->cost_s(kShape, kModel));
    EXPECT_EQ(candidate.predicted_s, predict_s(*candidate.algorithm, kShape, kModel));
    if (i > 0) {
      EXPECT_GE(candidate.predicted_s, list.items[i - 1].predicted_s);
    }
  }
}

TEST(Selector, TiesKeepTheOrderOfTheRegistry) {
  const CandidateList list =
      rank_candidates({.shape = kShape, .lossy = true}, AlgorithmFilter(), CostModel());
  EXPECT_EQ(names_of(list), names_where_supported());
}

TEST(Selector, KeepsToTheKindsAskedFor) {
  const CandidateList exact = rank_candidates({.shape = kShape}, AlgorithmFilter(), kModel);
  const CandidateList lossy =
      rank_candidates({.shape = kShape, .lossy = true, .exact = false}, AlgorithmFilter(), kModel);
  ASSERT_GT(exact.used, 0U);
  ASSERT_GT(lossy.used, 0U);
  EXPECT_EQ(exact.used + lossy.used, names_where_supported().size());
  for (const Candidate& candidate : exact.all()) EXPECT_TRUE(candidate.algorithm->exact);
  for (const Candidate& candidate : lossy.all()) EXPECT_FALSE(candidate.algorithm->exact);
}

TEST(Selector, LeavesOutWhatCannotRun) {
  AllreduceShape shape = kShape;
  shape.type = ElementType::int32;
  const CandidateList list = rank_candidates({.shape = shape, .lossy = true}, AlgorithmFilter(), kModel);
  EXPECT_GT(list.used, 0U);
  for (const Candidate& candidate : list.all())
    EXPECT_TRUE(candidate.algorithm->exact) << candidate.algorithm->name;
}

TEST(Selector, TakesMemoryInsideHostsWhereThereAreHosts) {
  const CostModel model{.link = kModel.link, .compute = {.gamma_s_per_byte = 1e-10}};
  const auto first = [&](int hosts, int most_on_host, std::int64_t count) {
    const AllreduceShape shape{{.ranks = 8, .hosts = hosts, .most_on_host = most_on_host}, {.count = count}};
    return names_of(rank_candidates({.shape = shape}, AlgorithmFilter(), model)).front();
  };
  for (const std::int64_t count : {1, 1000, 1'000'000, 10'000'000}) {
    EXPECT_EQ(first(1, 8, count), "shared_memory") << count;
    EXPECT_TRUE(first(2, 4, count).starts_with("two_level_")) << count;
    EXPECT_TRUE(first(4, 3, count).starts_with("two_level_")) << count;
    EXPECT_FALSE(first(8, 1, count).starts_with("two_level_")) << count;
  }
}

/// Two levels are a matter of topology: flat hosts have the algorithm itself, one host has its memory.
TEST(Selector, OffersTwoLevelsWhereThereAreTwo) {
  const auto two_levels = [&](int hosts, int most_on_host) {
    const AllreduceShape shape{
        {.ranks = 8, .hosts = hosts, .most_on_host = most_on_host}, {.count = 100'000}, {.kept = 1000}};
    const Names names = names_of(rank_candidates({.shape = shape, .lossy = true}, AlgorithmFilter(), kModel));
    std::set<std::string> found;
    for (const std::string& name : names)
      if (find_algorithm(name)->two_level) found.insert(name);
    return found;
  };
  using Set = std::set<std::string>;
  const Set lossy = {"two_level_allgather_topk", "two_level_star_ring"};
  Set all = lossy;
  all.insert({"two_level_ring", "two_level_rabenseifner", "two_level_recursive_doubling"});
  Set memory = lossy;
  memory.insert("shared_memory");
  EXPECT_EQ(two_levels(8, 1), Set{});
  EXPECT_EQ(two_levels(2, 4), all);
  EXPECT_EQ(two_levels(7, 2), all);
  EXPECT_EQ(two_levels(1, 8), memory);
}

TEST(Selector, OffersTwoLevelsElsewhereToThoseWhoNameThem) {
  const AllreduceShape flat{{.ranks = 8}, {.count = 100'000}, {.kept = 1000}};
  const AllreduceShape one_host{
      {.ranks = 8, .hosts = 1, .most_on_host = 8}, {.count = 100'000}, {.kept = 1000}};
  for (const AllreduceShape& shape : {flat, one_host}) {
    EXPECT_EQ(names_of(rank_candidates({.shape = shape}, AlgorithmFilter("two_level_ring"), kModel)),
              Names{"two_level_ring"});
    EXPECT_EQ(names_of(rank_candidates({.shape = shape, .lossy = true, .exact = false},
                                       AlgorithmFilter("two_level_star_ring"), kModel)),
              Names{"two_level_star_ring"});
  }
  const Names both =
      names_of(rank_candidates({.shape = flat}, AlgorithmFilter("two_level_ring,ring"), kModel));
  EXPECT_EQ(both, (Names{"ring", "two_level_ring"})) << "equal predictions: the first of the registry";
}

TEST(Selector, LeavesMpisCollectivesOutWhereOperationsOvertakeOneAnother) {
  AllreduceShape shape = kShape;
  shape.hosts = 2;
  shape.most_on_host = 4;
  const SelectionRequest request{.shape = shape, .lossy = true, .resumable = true};
  const Names names = names_of(rank_candidates(request, AlgorithmFilter(), kModel));
  EXPECT_EQ(std::count(names.begin(), names.end(), "mpi"), 0);
  EXPECT_EQ(std::count(names.begin(), names.end(), "two_level_ring"), 1)
      << "requests have memory of their own";
  EXPECT_EQ(names_of(rank_candidates({.shape = shape, .resumable = true}, AlgorithmFilter("mpi"), kModel)),
            Names{"mpi"})
      << "it is named";
}

TEST(AlgorithmFilter, KnowsWhetherHostsPlayAPart) {
  EXPECT_TRUE(AlgorithmFilter().allows_two_levels());
  EXPECT_TRUE(AlgorithmFilter("ring,shared_memory").allows_two_levels());
  EXPECT_FALSE(AlgorithmFilter("ring,tree").allows_two_levels());
}

TEST(Selector, MayFindNothing) {
  const SelectionRequest lossy_only{.shape = kShape, .lossy = true, .exact = false};
  EXPECT_TRUE(rank_candidates(lossy_only, AlgorithmFilter("ring"), kModel).all().empty());
  const SelectionRequest deterministic{.shape = kShape, .deterministic = true};
  EXPECT_TRUE(rank_candidates(deterministic, AlgorithmFilter("ring"), kModel).all().empty());
}

TEST(Selector, DeterministicIgnoresSizeAndNetwork) {
  for (const std::int64_t count : {1, 1000, 100'000'000}) {
    for (const double alpha_s : {1e-7, 1.0}) {
      const AllreduceShape shape{{.ranks = 8}, {.count = count}, {.kept = 1}};
      const CostModel model{.link = {.alpha_s = alpha_s, .beta_s_per_byte = 1e-9}, .compute = {}};
      EXPECT_EQ(names_of(rank_candidates({.shape = shape, .deterministic = true}, AlgorithmFilter(), model)),
                (Names{"tree"}));
      EXPECT_EQ(names_of(rank_candidates({.shape = shape, .lossy = true, .deterministic = true},
                                         AlgorithmFilter(), model)),
                (Names{"allgather_topk"}))
          << "lossy comes first where it is allowed";
    }
  }
}

// Values that candidates share are computed once; they must equal each candidate's own computation.
TEST(Selector, PredictsWhatEachFormulaSays) {
  std::mt19937_64 random(1);
  const auto between = [&](double low, double high) {
    return low * std::pow(high / low, std::uniform_real_distribution<double>()(random));
  };
  for (int i = 0; i < 3'000; ++i) {
    SelectionRequest request{.shape = {{.ranks = static_cast<int>(between(1, 300))},
                                       {.count = std::llround(between(1, 1e9))},
                                       {.index_codec = nullptr}},
                             .lossy = true,
                             .exact = i % 2 == 0,
                             .outstanding = true};
    request.shape.kept = std::clamp<std::int64_t>(
        std::llround(between(1, static_cast<double>(request.shape.count))), 1, request.shape.count);
    if (i % 3 == 0) {
      request.equivalent.emplace();
      for (double& factor : request.equivalent->ranks) factor = between(1, 100);
    }
    const CostModel model{.link = {.alpha_s = between(1e-6, 1e-1), .beta_s_per_byte = between(1e-11, 1e-5)},
                          .compute = {.gamma_s_per_byte = 1e-10,
                                      .select_s_per_element = 1e-9,
                                      .pair_s_per_element = 2e-9,
                                      .drain_s_per_element = 1e-10,
                                      .codec_s_per_index = {1e-9, 4e-9, 10e-9}}};
    const CandidateList list = rank_candidates(request, AlgorithmFilter(), model);
    for (const Candidate& candidate : list.all()) {
      AllreduceShape shape = request.shape;
      if (!candidate.algorithm->exact) shape.kept = candidate.kept;
      const double besides_s = candidate.algorithm->exact
                                   ? static_cast<double>(shape.count) * model.compute.drain_s_per_element
                                   : 0;
      ASSERT_EQ(candidate.predicted_s, candidate.algorithm->cost_s(shape, model) + besides_s)
          << candidate.algorithm->name;
    }
    ASSERT_EQ(test::cheapest_s(request, AlgorithmFilter(), model),
              list.used > 0 ? list.items[0].predicted_s : std::numeric_limits<double>::infinity());
  }
}

}  // namespace
}  // namespace pliant
