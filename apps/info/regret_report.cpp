#include "apps/info/regret_report.hpp"

#include <nlohmann/json.hpp>

#include "apps/info/line.hpp"

namespace pliant::info {

std::string regret_json(const RegretOptions& options, const std::vector<RegretRow>& rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const RegretRow& row : rows)
    list.push_back({{"schedule", row.schedule},
                    {"knowledge", name_of(row.knowledge)},
                    {"calls", row.calls},
                    {"median", row.median},
                    {"p95", row.p95},
                    {"mean", row.mean},
                    {"total", row.total},
                    {"messages", row.messages},
                    {"trials_per_1000", row.exploring},
                    {"alarms_per_1000", row.changes}});
  const nlohmann::ordered_json answer = {{"noise", options.noise},
                                         {"formula_error", options.formula_error},
                                         {"calls_per_step", options.calls},
                                         {"steps", options.steps},
                                         {"seed", options.seed},
                                         {"regret", std::move(list)}};
  return answer.dump(2) + "\n";
}

std::string regret_text(const RegretOptions& options, const std::vector<RegretRow>& rows) {
  std::string text = line("regret in %%: simulated, noise %g, formulas off by %g, %d steps of %d calls\n",
                          options.noise, options.formula_error, options.steps, options.calls);
  text += line("%-10s %-8s %8s %8s %8s %8s %8s %9s %8s %8s\n", "schedule", "knows", "calls", "median", "p95",
               "mean", "total", "messages", "explored", "changes");
  for (const RegretRow& row : rows)
    text += line("%-10s %-8s %8lld %8.3f %8.3f %8.3f %8.3f %9.4f %8.2f %8.3f\n", row.schedule.c_str(),
                 name_of(row.knowledge), static_cast<long long>(row.calls), row.median * 100, row.p95 * 100,
                 row.mean * 100, row.total * 100, row.messages * 100, row.exploring, row.changes);
  return text +
         "total: of the programs' whole time; messages: in it; explored, changes: explorations and detected "
         "changes per 1,000 calls\n";
}

}  // namespace pliant::info
