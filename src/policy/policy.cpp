#include "policy/policy.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/error.hpp"

namespace pliant {
namespace {

constexpr std::array<const Policy*, 2> kPolicies = {&fixed_policy, &budget_policy};

}  // namespace

std::span<const Policy* const> policies() {
  return kPolicies;
}

const Policy& find_policy(std::string_view name) {
  const auto found =
      std::find_if(kPolicies.begin(), kPolicies.end(), [&](const Policy* p) { return p->name == name; });
  if (found != kPolicies.end()) return **found;
  std::string names;
  for (const Policy* policy : kPolicies) names.append(names.empty() ? "" : ", ").append(policy->name);
  throw Error(ErrorClass::info_value, quoted("pliant_policy", name), "must be one of " + names, "Correct it");
}

}  // namespace pliant
