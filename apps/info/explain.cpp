#include "apps/info/explain.hpp"

#include <nlohmann/json.hpp>

#include "apps/info/line.hpp"
#include "apps/support/check.hpp"

namespace pliant::info {
namespace {

constexpr double kBytesPerSecondPerGbps = 1.25e8;  // 1 Gbit/s = 1e9 / 8 byte/s

}  // namespace

std::vector<Pliant_Report> explain(const Question& question) {
  const Pliant_Scenario scenario{.size = sizeof(Pliant_Scenario),
                                 .ranks = question.ranks,
                                 .alpha_s = question.alpha_us * 1e-6,
                                 .beta_s_per_byte = 1 / (question.gbps * kBytesPerSecondPerGbps),
                                 .count = question.count,
                                 .density = question.density,
                                 .paper_model = question.model == "paper" ? 1 : 0};
  int n = 0;
  apps::check(Pliant_Algorithm_get_num(&n));
  std::vector<Pliant_Report> candidates(static_cast<std::size_t>(n));
  for (Pliant_Report& candidate : candidates) candidate.size = sizeof(Pliant_Report);
  apps::check(Pliant_Explain(&scenario, n, candidates.data(), &n));
  candidates.resize(static_cast<std::size_t>(n));
  return candidates;
}

std::string explanation_json(const Question& question, const std::vector<Pliant_Report>& candidates) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Pliant_Report& candidate : candidates)
    rows.push_back({{"algorithm", candidate.algorithm},
                    {"density", candidate.density},
                    {"predicted_s", candidate.predicted_s},
                    {"wire_bytes", candidate.wire_bytes},
                    {"exact", candidate.exact != 0}});
  const nlohmann::ordered_json answer = {{"ranks", question.ranks},      {"alpha_us", question.alpha_us},
                                         {"gbps", question.gbps},        {"count", question.count},
                                         {"density", question.density},  {"model", question.model},
                                         {"candidates", std::move(rows)}};
  return answer.dump(2) + "\n";
}

std::string explanation_text(const Question& question, const std::vector<Pliant_Report>& candidates) {
  std::string text = line("%d ranks, alpha %g us, %g Gbit/s, %lld float elements, density %g, %s model\n",
                          question.ranks, question.alpha_us, question.gbps,
                          static_cast<long long>(question.count), question.density, question.model.c_str());
  text += line("%-18s %10s %14s %14s  %-5s  %s\n", "algorithm", "density", "predicted(us)", "wire(B)", "loss",
               "reason");
  for (const Pliant_Report& candidate : candidates)
    text += line("%-18s %10.4g %14.1f %14lld  %-5s  %s\n", candidate.algorithm, candidate.density,
                 candidate.predicted_s * 1e6, static_cast<long long>(candidate.wire_bytes),
                 candidate.exact != 0 ? "exact" : "lossy", candidate.reason);
  return text;
}

}  // namespace pliant::info
