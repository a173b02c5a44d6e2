#include "planner/algorithm_filter.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace pliant {
namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& problem) {
  std::string names;
  for (const AllreduceAlgorithm* algorithm : kAlgorithms)
    names.append(names.empty() ? "" : ", ").append(algorithm->name);
  throw Error(ErrorClass::info_value, quoted("pliant_algorithm", text) + problem,
              "must be auto, names, or ^names to forbid; names are " + names, "Correct it");
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::size_t index_of(std::string_view name, std::string_view text) {
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i)
    if (kAlgorithms[i]->name == name) return i;
  refuse(text, ": no algorithm is called '" + std::string(name) + "'");
}

}  // namespace

AlgorithmFilter::AlgorithmFilter() {
  allowed_.fill(true);
}

AlgorithmFilter::AlgorithmFilter(std::string_view text) {
  std::vector<std::size_t> named;
  std::vector<std::size_t> forbidden;
  bool automatic = false;
  for (std::string_view rest = text;;) {
    const std::string_view item = trim(rest.substr(0, rest.find(',')));
    if (item == "auto") {
      automatic = true;
    } else if (item.starts_with('^')) {
      forbidden.push_back(index_of(trim(item.substr(1)), text));
    } else {
      named.push_back(index_of(item, text));
    }
    if (rest.find(',') == std::string_view::npos) break;
    rest.remove_prefix(rest.find(',') + 1);
  }
  allowed_.fill(automatic || named.empty());
  for (const std::size_t i : named) allowed_[i] = named_[i] = true;
  for (const std::size_t i : forbidden) allowed_[i] = false;
  if (std::none_of(allowed_.begin(), allowed_.end(), [](bool allowed) { return allowed; }))
    refuse(text, " leaves no algorithm");
}

bool AlgorithmFilter::allows(const AllreduceAlgorithm& algorithm) const {
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i)
    if (kAlgorithms[i] == &algorithm) return allowed_[i];
  return false;
}

bool AlgorithmFilter::allows_any(bool exact) const {
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i)
    if (allowed_[i] && kAlgorithms[i]->exact == exact) return true;
  return false;
}

bool AlgorithmFilter::allows_resumable() const {
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i)
    if (allowed_[i] && kAlgorithms[i]->exact && !kAlgorithms[i]->calls_mpi) return true;
  return false;
}

bool AlgorithmFilter::allows_two_levels() const {
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i)
    if (allowed_[i] && kAlgorithms[i]->two_level) return true;
  return false;
}

bool AlgorithmFilter::allows_several_rules() const {
  const AllreduceAlgorithm* first = nullptr;
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
    if (!allowed_[i] || kAlgorithms[i]->exact) continue;
    if (first != nullptr && first->rule != kAlgorithms[i]->rule) return true;
    first = kAlgorithms[i];
  }
  return false;
}

AlgorithmFilter AlgorithmFilter::for_exact_call() const {
  return allows_any(true) ? *this : AlgorithmFilter();
}

}  // namespace pliant
