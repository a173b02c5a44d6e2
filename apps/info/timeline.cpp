#include "apps/info/timeline.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/info/line.hpp"
#include "apps/info/replay/trace.hpp"

namespace pliant::info {
namespace {

constexpr double kBitsPerGbit = 1e9;

/// Mean seconds of each algorithm over all steps, cheapest first. Only algorithms that were candidates in
/// every step.
std::vector<std::pair<std::string, double>> means_of(const std::vector<TimelinePoint>& moments) {
  std::map<std::string, std::pair<double, std::size_t>> sums;
  for (const TimelinePoint& moment : moments)
    for (const Pliant_Report& candidate : moment.candidates) {
      sums[candidate.algorithm].first += candidate.predicted_s;
      ++sums[candidate.algorithm].second;
    }
  std::vector<std::pair<std::string, double>> means;
  for (const auto& [name, sum] : sums)
    if (sum.second == moments.size())
      means.emplace_back(name, sum.first / static_cast<double>(moments.size()));
  std::ranges::stable_sort(means, {}, &std::pair<std::string, double>::second);
  return means;
}

double switching_s(const std::vector<TimelinePoint>& moments) {
  double sum_s = 0;
  for (const TimelinePoint& moment : moments) sum_s += moment.candidates.front().predicted_s;
  return sum_s / static_cast<double>(moments.size());
}

}  // namespace

std::vector<TimelinePoint> replay(const Question& question, const std::string& schedule, int steps) {
  const TraceOptions options{.schedule = schedule,
                             .base = {.alpha_s = question.alpha_us * 1e-6,
                                      .beta_s_per_byte = kBitsPerByte / (question.gbps * kBitsPerGbit)},
                             .steps = steps};
  std::vector<TimelinePoint> moments;
  Question now = question;
  for (const LinkModel& link : trace_of(options)) {
    now.alpha_us = link.alpha_s * 1e6;
    now.gbps = kBitsPerByte / link.beta_s_per_byte / kBitsPerGbit;
    const bool same =
        !moments.empty() && moments.back().alpha_us == now.alpha_us && moments.back().gbps == now.gbps;
    moments.push_back({now.alpha_us, now.gbps, same ? moments.back().candidates : explain(now)});
  }
  return moments;
}

std::string replay_json(const Question& question, const std::string& schedule,
                        const std::vector<TimelinePoint>& moments) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (std::size_t step = 0; step < moments.size(); ++step)
    rows.push_back({{"step", step},
                    {"alpha_us", moments[step].alpha_us},
                    {"gbps", moments[step].gbps},
                    {"algorithm", moments[step].candidates.front().algorithm},
                    {"predicted_s", moments[step].candidates.front().predicted_s}});
  nlohmann::ordered_json means;
  for (const auto& [name, mean_s] : means_of(moments)) means[name] = mean_s;
  const nlohmann::ordered_json answer = {
      {"ranks", question.ranks},     {"count", question.count},
      {"density", question.density}, {"model", question.model},
      {"schedule", schedule},        {"steps", std::move(rows)},
      {"mean_s", std::move(means)},  {"switching_mean_s", switching_s(moments)}};
  return answer.dump(2) + "\n";
}

std::string replay_text(const Question& question, const std::string& schedule,
                        const std::vector<TimelinePoint>& moments) {
  std::string text = line("%d ranks, %lld float elements, density %g, %s model, %zu steps of %s\n",
                          question.ranks, static_cast<long long>(question.count), question.density,
                          question.model.c_str(), moments.size(), schedule.c_str());
  text += line("%6s %10s %10s  %-26s %14s\n", "step", "alpha(us)", "Gbit/s", "algorithm", "predicted(us)");
  for (std::size_t step = 0; step < moments.size(); ++step) {
    const TimelinePoint& moment = moments[step];
    if (step > 0 && moment.alpha_us == moments[step - 1].alpha_us && moment.gbps == moments[step - 1].gbps)
      continue;
    const Pliant_Report& best = moment.candidates.front();
    text += line("%6zu %10.4g %10.4g  %-26s %14.1f\n", step, moment.alpha_us, moment.gbps, best.algorithm,
                 best.predicted_s * 1e6);
  }
  const double mean_s = switching_s(moments);
  text += line("\nmean of a call: %.1f us switching; with one algorithm throughout:\n", mean_s * 1e6);
  for (const auto& [name, fixed_s] : means_of(moments))
    text += line("  %-26s %14.1f us  %+.1f %%\n", name.c_str(), fixed_s * 1e6, (fixed_s / mean_s - 1) * 100);
  return text;
}

}  // namespace pliant::info
