#include "apps/info/decision_report.hpp"

#include <nlohmann/json.hpp>

#include "apps/info/line.hpp"

namespace pliant::info {

std::string decisions_json(const DecisionOptions& options, const DecisionTimes& times) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const DecisionRow& row : times.rows)
    list.push_back({{"call", row.call},
                    {"mean_us", row.mean_us},
                    {"median_us", row.median_us},
                    {"p99_us", row.p99_us},
                    {"meeting_us", row.round_us},
                    {"meetings", row.rounds},
                    {"anew_us", row.anew_us},
                    {"of_operation", row.of_operation}});
  const nlohmann::ordered_json answer = {{"tensors", options.tensors},   {"steps", options.steps},
                                         {"ranks", options.ranks},       {"seed", options.seed},
                                         {"copy_16k_us", times.copy_us}, {"decisions", std::move(list)}};
  return answer.dump(2) + "\n";
}

std::string decisions_text(const DecisionOptions& options, const DecisionTimes& times) {
  std::string text = line("time of a decision [us]: %d tensors of 1e3 to 1e8 elements, %d steps, %d ranks\n",
                          options.tensors, options.steps, options.ranks);
  text += line("%-9s %8s %8s %8s %10s %9s %9s %9s %10s\n", "call", "mean", "median", "99 %", "mean/copy",
               "round", "of calls", "anew", "operation");
  for (const DecisionRow& row : times.rows)
    text += line("%-9s %8.2f %8.2f %8.2f %10.1f %9.2f %8.2f%% %9.2f %9.5f%%\n", row.call.c_str(), row.mean_us,
                 row.median_us, row.p99_us, row.mean_us / times.copy_us, row.round_us, row.rounds * 100,
                 row.anew_us, row.of_operation * 100);
  return text +
         line(
             "copy: of 16 KiB, %.2f us; round: rank 0's part of a sync round; anew: nothing remembered;\n"
             "operation: decisions in the time of operations on 1 ms, 100 Mbit/s\n",
             times.copy_us);
}

}  // namespace pliant::info
