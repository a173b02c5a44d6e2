// One selection: its input, the right answer (by sorting), and the answer of a kernel table.
#pragma once

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/kernels.hpp"
#include "tests/kernels/squares.hpp"
#include "tests/kernels/unaligned.hpp"
#include "tests/support/bits.hpp"
#include "tests/support/topk_oracle.hpp"

namespace pliant::test {

template <class T>
SelectFunction<T> select_function(const Kernels& kernels) {
  if constexpr (std::is_same_v<T, float>) {
    return kernels.select_float;
  } else {
    return kernels.select_double;
  }
}

template <class T>
struct Problem {
  std::vector<T> residual;
  std::vector<T> gradient;  ///< empty: no gradient, and `residual` is already error-fed

  std::vector<T> fed() const {
    std::vector<T> sum = residual;
    for (std::size_t i = 0; i < gradient.size(); ++i) sum[i] = residual[i] + gradient[i];
    return sum;
  }
};

/// `values` as the sum of two halves.
template <class T>
Problem<T> halves(const std::vector<T>& values) {
  Problem<T> problem{.residual = values, .gradient = values};
  for (T& value : problem.residual) value *= T(0.5);
  for (T& value : problem.gradient) value *= T(0.5);
  return problem;
}

template <class T>
struct Answer {
  std::vector<std::uint32_t> indices;
  std::vector<T> values;
  std::vector<T> residual;
  Selection selection;
};

/// The right answer for a vector.
template <class T>
Answer<T> right_answer(const std::vector<T>& fed, std::int64_t kept, bool take) {
  Answer<T> answer{topk_indices(std::span<const T>(fed), kept), {}, fed, {}};
  for (const std::uint32_t index : answer.indices) {
    answer.values.push_back(fed[index]);
    if (take) answer.residual[index] = T(0);
    if (!std::isfinite(fed[index])) ++answer.selection.nonfinite;
  }
  answer.selection.sent_squared = squares(std::span<const T>(answer.values));
  answer.selection.total_squared = squares(std::span<const T>(fed));
  return answer;
}

/// Variants of a call.
struct Manner {
  bool take = true;
  std::size_t offset = 0;      ///< elements from an aligned address to residual and gradient
  GainCurve* curve = nullptr;  ///< filled unless null
};

/// A table's answer. Checks that `gradient` and the memory around all vectors stay unchanged.
template <class T>
Answer<T> table_answer(const Kernels& kernels, SelectWorkspace& workspace, const Problem<T>& problem,
                       std::int64_t kept, const Manner& manner, std::string& trouble) {
  Unaligned<T> residual(problem.residual, manner.offset);
  Unaligned<T> gradient(problem.gradient, manner.offset + 1);
  SelectCall<T> call{.residual = residual.data(),
                     .count = static_cast<std::int64_t>(problem.residual.size()),
                     .kept = kept,
                     .take = manner.take,
                     .curve = manner.curve};
  if (!problem.gradient.empty()) call.gradient = gradient.data();
  Answer<T> answer;
  answer.selection = select_function<T>(kernels)(call, workspace);
  if (kept > 0) {
    answer.indices.assign(call.indices, call.indices + kept);
    answer.values.assign(call.values, call.values + kept);
  }
  answer.residual = residual.copy();
  if (first_difference(gradient.copy(), problem.gradient) != -1) trouble += "the gradient was changed; ";
  if (!residual.surroundings_are_whole() || !gradient.surroundings_are_whole())
    trouble += "written beyond the vectors; ";
  return answer;
}

template <class T>
void compare(const char* what, const std::vector<T>& actual, const std::vector<T>& expected,
             std::ostringstream& out) {
  const std::int64_t at = first_difference(actual, expected);
  if (at == -1) return;
  out << what << " differ";
  if (at >= 0) {
    const auto i = static_cast<std::size_t>(at);
    out << " at " << at << ": " << actual[i] << ", not " << expected[i];
  }
  out << "; ";
}

/// Describes an error in an answer; empty if it is right.
template <class T>
std::string difference(const Answer<T>& actual, const Answer<T>& expected) {
  std::ostringstream out;
  out.precision(std::numeric_limits<double>::max_digits10);
  compare("indices", actual.indices, expected.indices, out);
  compare("values", actual.values, expected.values, out);
  compare("residuals", actual.residual, expected.residual, out);
  const Selection& a = actual.selection;
  const Selection& e = expected.selection;
  if (!same_number(a.sent_squared, e.sent_squared))
    out << "sent_squared = " << a.sent_squared << ", not " << e.sent_squared << "; ";
  if (!same_number(a.total_squared, e.total_squared))
    out << "total_squared = " << a.total_squared << ", not " << e.total_squared << "; ";
  if (a.nonfinite != e.nonfinite) out << "nonfinite = " << a.nonfinite << ", not " << e.nonfinite << "; ";
  return out.str();
}

/// Runs one selection and describes an error; empty if it is right.
template <class T>
std::string trouble_with(const Kernels& kernels, SelectWorkspace& workspace, const Problem<T>& problem,
                         std::int64_t kept, const Manner& manner = {}) {
  std::string trouble;
  const Answer<T> actual = table_answer(kernels, workspace, problem, kept, manner, trouble);
  return trouble + difference(actual, right_answer(problem.fed(), kept, manner.take));
}

}  // namespace pliant::test
