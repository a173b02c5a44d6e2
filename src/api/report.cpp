#include "api/report.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>

#include "collectives/sparse/messages.hpp"
#include "core/error.hpp"

namespace pliant {
namespace {

constexpr std::size_t kLeastSize = offsetof(Pliant_Report, nonfinite);  // size of the first published version

void check_size(std::size_t size) {
  if (size >= kLeastSize) return;
  throw Error(ErrorClass::argument, "report->size = " + std::to_string(size), "must be sizeof(Pliant_Report)",
              "Set it before the call");
}

Pliant_Report planned(const Candidate& candidate, const AllreduceShape& shape, const CostModel& model) {
  Pliant_Report report{};
  const bool exact = candidate.algorithm->exact;
  candidate.algorithm->name.copy(report.algorithm, sizeof report.algorithm - 1);
  candidate.algorithm->summary.copy(report.reason, sizeof report.reason - 1);
  report.elements = shape.count;
  report.kept = candidate.kept;
  report.density = static_cast<double>(report.kept) / static_cast<double>(shape.count);
  report.gain = report.measured_s = report.compress_s = report.compute_s =
      std::numeric_limits<double>::quiet_NaN();
  report.residual_norm = std::numeric_limits<double>::quiet_NaN();
  report.predicted_s = candidate.predicted_s;
  report.alpha_s = model.link.alpha_s;
  report.beta_s_per_byte = model.link.beta_s_per_byte;
  report.wire_bytes = (total_wire_bytes(*candidate.algorithm, shape) + shape.ranks - 1) / shape.ranks;
  report.exact = exact ? 1 : 0;
  report.late_rank = -1;
  return report;
}

}  // namespace

void copy_report(const Pliant_Report& from, Pliant_Report* report) {
  if (report == nullptr)
    throw Error(ErrorClass::argument, "report is NULL", "it receives what was done", "Pass its address");
  check_size(report->size);
  const std::size_t size = report->size;
  std::memcpy(report, &from, std::min(size, sizeof from));
  report->size = size;
}

void write_plan(const Decision& decision, const AllreduceShape& shape, const CostModel& model, int max,
                Pliant_Report* reports, int* n) {
  if (n == nullptr || max < 0 || (reports == nullptr && max > 0))
    throw Error(ErrorClass::argument, "no room for the plan",
                "max >= 0, reports has room for max, n is not NULL", "Pass an array of reports");
  const std::size_t size = max > 0 ? reports[0].size : sizeof(Pliant_Report);
  check_size(size);
  // The caller's structs may be shorter than ours, so the stride is `size` bytes.
  auto* room = reinterpret_cast<std::byte*>(reports);
  CandidateList list = decision.candidates;
  std::stable_sort(list.items.begin(), list.items.begin() + static_cast<std::ptrdiff_t>(list.used),
                   [](const Candidate& a, const Candidate& b) { return a.predicted_s < b.predicted_s; });
  *n = 0;
  for (const Candidate& candidate : list.all()) {
    if (*n < max) {
      AllreduceShape kept_shape = shape;
      kept_shape.kept = candidate.kept;
      if (!candidate.algorithm->exact) kept_shape.index_codec = &index_codec_for(kept_shape, model);
      Pliant_Report report = planned(candidate, kept_shape, model);
      report.size = size;
      std::memcpy(room + static_cast<std::size_t>(*n) * size, &report, std::min(size, sizeof report));
    }
    ++*n;
  }
}

}  // namespace pliant
