#include "planner/selector.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "collectives/device/staging.hpp"
#include "collectives/sparse/messages.hpp"

namespace pliant {
namespace {

/// Shapes as the algorithms get them. Several share k and the index codec, so these are computed once.
class Shapes {
 public:
  Shapes(const ChoiceInput& input, const CandidateTerms& terms)
      : input_(input), terms_(terms), lossy_(input.shape) {}

  const AllreduceShape& of(const AllreduceAlgorithm& algorithm) {
    if (algorithm.exact) return input_.shape;
    const bool all_alike = terms_.as_named || !input_.equivalent;
    lossy_.kept =
        all_alike ? terms_.kept : input_.equivalent->kept(algorithm, terms_.kept, input_.shape.count);
    if (input_.shape.index_codec == nullptr) lossy_.index_codec = codec();
    return lossy_;
  }

 private:
  struct Known {
    std::int64_t kept;
    const IndexCodec* codec;
  };

  const IndexCodec* codec() {
    for (std::size_t i = 0; i < used_; ++i)
      if (known_[i].kept == lossy_.kept) return known_[i].codec;
    lossy_.index_codec = nullptr;
    Known& known = known_[used_ < known_.size() ? used_++ : 0];
    known = {lossy_.kept, &index_codec_for(lossy_, *input_.model)};
    return known.codec;
  }

  const ChoiceInput& input_;
  const CandidateTerms& terms_;
  AllreduceShape lossy_;
  std::array<Known, kSelectionRules> known_;
  std::size_t used_ = 0;
};

/// visit(index in kAlgorithms, shape) for each algorithm that can carry out the call.
template <class Visit>
void for_each_candidate(const ChoiceInput& input, const AlgorithmFilter& filter, const CandidateTerms& terms,
                        Visit&& visit) {
  const bool in_any_order = input.resumable && filter.allows_resumable();
  Shapes shapes(input, terms);
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
    const AllreduceAlgorithm* algorithm = kAlgorithms[i];
    if (!(algorithm->exact ? terms.exact : terms.lossy) || !filter.allows(i, input.shape)) continue;
    if (input.settings.deterministic && !algorithm->deterministic) continue;
    if (in_any_order && algorithm->calls_mpi) continue;
    if (!can_lie_in(input.shape.memory, *algorithm)) continue;
    const AllreduceShape& shape = shapes.of(*algorithm);
    if (algorithm->supports(shape)) visit(i, shape);
  }
}

}  // namespace

void sort_by_time(CandidateList& list) {
  for (std::size_t i = 1; i < list.used; ++i)
    for (std::size_t j = i; j > 0 && list.items[j].predicted_s < list.items[j - 1].predicted_s; --j)
      std::swap(list.items[j], list.items[j - 1]);
}

double predict_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const CostModel& model) {
  return shape.memory == Memory::device ? device_cost_s(algorithm, shape, model)
                                        : algorithm.cost_s(shape, model);
}

CandidateList rank_candidates(const ChoiceInput& input, const AlgorithmFilter& filter,
                              const CandidateTerms& terms) {
  CandidateList list;
  for_each_candidate(input, filter, terms, [&](std::size_t i, const AllreduceShape& shape) {
    const AllreduceAlgorithm* const algorithm = kAlgorithms[i];
    const double besides_s = algorithm->exact ? input.drain_s() : 0;
    const Correction correction =
        input.corrections != nullptr ? input.corrections->of(i, shape) : Correction{};
    const double formula_s = predict_s(*algorithm, shape, *input.model);
    list.items[list.used++] = {.algorithm = algorithm,
                               .predicted_s = formula_s * correction.factor + besides_s,
                               .variance = correction.variance,
                               .kept = algorithm->exact ? shape.count : shape.kept};
  });
  const auto end = list.items.begin() + static_cast<std::ptrdiff_t>(list.used);
  if (!input.settings.deterministic) {
    sort_by_time(list);
  } else {
    const auto lossy =
        std::find_if(list.items.begin(), end, [](const Candidate& c) { return !c.algorithm->exact; });
    if (lossy != end) list.items[0] = *lossy;
    list.used = std::min<std::size_t>(list.used, 1);
  }
  return list;
}

CandidateList rank_described(const AllreduceShape& shape, bool lossy, const CostModel& model,
                             const Corrections* corrections) {
  const Settings settings;
  const AlgorithmFilter all;
  ChoiceInput input{.settings = settings, .filter = all, .shape = shape, .model = &model};
  input.corrections = corrections;
  return rank_candidates(input, all, {.lossy = lossy, .kept = shape.kept});
}

double cheapest_s(const ChoiceInput& input, const CandidateTerms& terms) {
  double least_s = std::numeric_limits<double>::infinity();
  for_each_candidate(input, input.filter, terms, [&](std::size_t i, const AllreduceShape& shape) {
    const double besides_s = kAlgorithms[i]->exact ? input.drain_s() : 0;
    least_s = std::min(least_s, predict_s(*kAlgorithms[i], shape, *input.model) + besides_s);
  });
  return least_s;
}

}  // namespace pliant
