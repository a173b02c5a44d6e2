#include "apps/research/quadratic/output.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

namespace pliant::quadratic {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(End end) {
  switch (end) {
    case End::reached:
      return "reached";
    case End::diverged:
      return "diverged";
    default:
      return "too long";
  }
}

Json json_of(const Finding& finding) {
  const bool reached = finding.end == End::reached;
  return {{"density", finding.trial.density},
          {"step", finding.trial.step},
          {"end", name_of(finding.end)},
          {"seconds", reached ? Json(finding.seconds) : Json()},
          {"rounds", finding.rounds}};
}

/// Sums and means over a trial's rounds.
Json totals_of(const std::vector<Round>& rounds) {
  double down_s = 0, compute_s = 0, up_s = 0, density_down = 0, density_up = 0;
  std::int64_t bytes_down = 0, bytes_up = 0;
  int over_budget = 0;
  for (const Round& round : rounds) {
    down_s += round.down_s;
    compute_s += round.compute_s;
    up_s += round.up_s;
    bytes_down += round.bytes_down;
    bytes_up += round.bytes_up;
    density_down += round.density_down;
    density_up += round.density_up;
    over_budget += round.over_budget;
  }
  const double count = rounds.empty() ? 1 : static_cast<double>(rounds.size());
  return {{"rounds", rounds.size()},
          {"down_s", down_s},
          {"compute_s", compute_s},
          {"up_s", up_s},
          {"bytes_down", bytes_down},
          {"bytes_up", bytes_up},
          {"mean_density_down", density_down / count},
          {"mean_density_up", density_up / count},
          {"over_budget", over_budget}};
}

Json json_of(const Setting& setting, const ModeResult& result, const ModeResult* fixed) {
  const Outcome& best = result.best;
  const bool reached = best.end == End::reached;
  Json json = {{"mode", result.mode->name},
               {"end", name_of(best.end)},
               {"seconds", reached ? Json(best.seconds()) : Json()},
               {"density", best.trial.density},
               {"step", best.trial.step},
               {"round_s", result.mode->adaptive ? Json(round_s(setting, best.trial)) : Json()}};
  json.update(totals_of(best.rounds));
  json["speed_up"] = reached && fixed != nullptr ? Json(fixed->best.seconds() / best.seconds()) : Json();
  json["densities"] = Json::array();
  for (const Finding& finding : result.findings) json["densities"].push_back(json_of(finding));
  return json;
}

}  // namespace

std::string text_of(const std::vector<ModeResult>& results) {
  std::string text = "mode              density   step x L  until the target [s]    rounds\n";
  std::array<char, 128> line{};
  const auto append = [&](const ModeResult& result, const Finding& finding) {
    std::snprintf(line.data(), line.size(), "%-16s  %8.4g  %8.4g  ", result.mode->name.data(),
                  finding.trial.density, finding.trial.step);
    text += line.data();
    if (finding.end == End::reached)
      std::snprintf(line.data(), line.size(), "%20.1f  %8d\n", finding.seconds, finding.rounds);
    else
      std::snprintf(line.data(), line.size(), "%20s\n", name_of(finding.end));
    text += line.data();
  };
  for (const ModeResult& result : results)
    for (const Finding& finding : result.findings) append(result, finding);
  return text;
}

std::string json_of(const Setting& setting, const std::vector<ModeResult>& results) {
  const ModeResult* fixed = best_fixed(results);
  Json json = {{"target", setting.target},
               {"mean_bandwidth", setting.bandwidth.mean()},
               {"best_fixed", fixed == nullptr ? Json() : Json(fixed->mode->name)},
               {"modes", Json::array()}};
  for (const ModeResult& result : results) json["modes"].push_back(json_of(setting, result, fixed));
  return json.dump();
}

void write_csv(std::ostream& out, const std::vector<ModeResult>& results) {
  out << "mode,round,time_s,down_s,compute_s,up_s,bandwidth_down,bandwidth_up,bytes_down,bytes_up,density_"
         "down,"
         "density_up,over_budget,error\n";
  out.precision(17);
  for (const ModeResult& result : results)
    for (const Round& round : result.best.rounds)
      out << result.mode->name << ',' << round.number << ',' << round.time_s << ',' << round.down_s << ','
          << round.compute_s << ',' << round.up_s << ',' << round.bandwidth_down << ',' << round.bandwidth_up
          << ',' << round.bytes_down << ',' << round.bytes_up << ',' << round.density_down << ','
          << round.density_up << ',' << round.over_budget << ',' << round.error << '\n';
}

}  // namespace pliant::quadratic
