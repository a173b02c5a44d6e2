// Settings with their names looked up: what a call on a communicator, or a request, is to do.
#pragma once

#include "collectives/selector.hpp"
#include "compress/error_feedback.hpp"
#include "core/config.hpp"
#include "policy/policy.hpp"

namespace pliant {

struct Plan {
  Settings settings;
  AlgorithmFilter filter;
  const Policy* policy = nullptr;
  const ErrorFeedback* feedback = nullptr;
  const IndexCodec* index_codec = nullptr;  ///< null: the quickest predicted
  const ValueCodec* value_codec = nullptr;
  /// The environment names lossy algorithms alone, and calls of this plan are exact.
  bool ignores_algorithm = false;
  bool by_quality = false;  ///< lossy algorithms are compared by quality, not by density

  /// What a call of this plan is to reduce; `kept` is all.
  AllreduceShape shape(const HostLayout& layout, std::int64_t count, ElementType type) const {
    return {.ranks = layout.ranks(),
            .hosts = layout.hosts(),
            .most_on_host = layout.most_on_host(),
            .domains = layout.most_domains(),
            .count = count,
            .type = type,
            .kept = count,
            .index_codec = index_codec,
            .value_codec = value_codec};
  }
};

/// Values parsed and names found, each for itself. Throws Error(info_value).
Plan look_up(const Config& config);

/// Throws Error(info_value) for values, names and combinations that cannot be.
Plan make_plan(const Config& config);

}  // namespace pliant
