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
};

/// Values parsed and names found, each for itself. Throws Error(info_value).
Plan look_up(const Config& config);

/// Throws Error(info_value) for values, names and combinations that cannot be.
Plan make_plan(const Config& config);

}  // namespace pliant
