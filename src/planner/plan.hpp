// The settings of a communicator or a request, with names resolved to algorithms, policies and codecs.
#pragma once

#include "compress/error_feedback.hpp"
#include "core/config.hpp"
#include "planner/choice_input.hpp"

namespace pliant {

struct Plan {
  Settings settings;
  AlgorithmFilter filter;
  const Policy* policy = nullptr;
  const ErrorFeedback* feedback = nullptr;
  const IndexCodec* index_codec = nullptr;  ///< null: the quickest predicted
  const ValueCodec* value_codec = nullptr;
  /// The environment names only lossy algorithms, and calls of this plan are exact.
  bool ignores_algorithm = false;
  bool by_quality = false;  ///< lossy algorithms are compared by quality, not by density

  /// The shape of a call of this plan, with kept == count.
  AllreduceShape shape(const HostLayout& layout, std::int64_t count, ElementType type) const {
    return {{.ranks = layout.ranks(), .hosts = layout.hosts(), .most_on_host = layout.most_on_host()},
            {.count = count, .type = type},
            {.kept = count, .index_codec = index_codec, .value_codec = value_codec}};
  }

  /// The input of a decision for such a call. Refers to this plan and to the model.
  ChoiceInput choice_input(const AllreduceShape& shape, const CostModel& model, bool may_lose) const {
    ChoiceInput input{.settings = settings,
                      .filter = filter,
                      .policy = policy,
                      .shape = shape,
                      .model = &model,
                      .may_lose = may_lose};
    if (may_lose && by_quality) input.equivalent = usual_equivalents(shape);
    return input;
  }
};

/// Parses values and finds names, without checking combinations. Throws Error(info_value).
Plan look_up(const Config& config);

/// look_up(), and a check of the combinations. Throws Error(info_value).
Plan make_plan(const Config& config);

}  // namespace pliant
