#include "apps/netlab/schedule.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>
#include <memory>
#include <numbers>
#include <numeric>
#include <random>
#include <sstream>
#include <utility>

#include "core/error.hpp"

namespace pliant::netlab {
namespace {

struct PaperStep {
  int epoch;  ///< first epoch of this step
  double delay_ms;
  double gbit_per_s;
};

// "Flexible Communication", section 3-E1 and figure 6b; 50 epochs each.
constexpr std::array kC1 = {PaperStep{0, 1, 25}, PaperStep{12, 1, 1}, PaperStep{24, 50, 1},
                            PaperStep{36, 50, 25}};
constexpr std::array kC2 = {PaperStep{0, 1, 25},  PaperStep{4, 2, 20},  PaperStep{8, 4, 15},
                            PaperStep{12, 8, 10}, PaperStep{16, 16, 5}, PaperStep{20, 32, 1},
                            PaperStep{28, 16, 5}, PaperStep{32, 8, 10}, PaperStep{36, 4, 15},
                            PaperStep{40, 2, 20}, PaperStep{44, 1, 25}};

const SettingKey* key_named(std::string_view name) {
  return &*std::ranges::find(setting_keys(), name, &SettingKey::name);
}

std::vector<int> all_hosts(int hosts) {
  std::vector<int> all(static_cast<std::size_t>(hosts));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

Schedule::Next list(std::vector<Change> changes) {
  return [changes = std::move(changes), position = std::size_t{0}]() mutable -> std::optional<Change> {
    if (position == changes.size()) return std::nullopt;
    return changes[position++];
  };
}

Schedule::Next paper(std::span<const PaperStep> steps, const ScheduleOptions& options) {
  std::vector<Change> changes;
  for (const PaperStep& step : steps) {
    check_rate("--rate-scale x " + std::to_string(step.gbit_per_s) + " Gbit/s",
               step.gbit_per_s * 1e9 * options.rate_scale);
    check_delay("--delay-scale x " + std::to_string(step.delay_ms) + " ms",
                step.delay_ms * 1e-3 * options.delay_scale);
    changes.push_back({step.epoch * options.step_s,
                       all_hosts(options.hosts),
                       {{key_named("rate"), step.gbit_per_s * 1e9 * options.rate_scale},
                        {key_named("delay"), step.delay_ms * 1e-3 * options.delay_scale}}});
  }
  return list(std::move(changes));
}

/// An endless schedule: every step_s, both rates of every host become the base rates times factor(step).
Schedule::Next rule(const ScheduleOptions& options, std::function<double(std::int64_t)> factor) {
  check_rate("--schedule-low x up", options.low * options.link.up_bits_per_s);
  check_rate("--schedule-low x down", options.low * options.link.down_bits_per_s);
  return [options, factor = std::move(factor), step = std::int64_t{0}]() mutable -> std::optional<Change> {
    const double scale = factor(step);
    return Change{static_cast<double>(step++) * options.step_s,
                  all_hosts(options.hosts),
                  {{key_named("up"), scale * options.link.up_bits_per_s},
                   {key_named("down"), scale * options.link.down_bits_per_s}}};
  };
}

Schedule::Next sine(const ScheduleOptions& options) {
  constexpr double kStepsPerPeriod = 20;
  return rule(options, [low = options.low](std::int64_t step) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(step) / kStepsPerPeriod;
    return (1 + low) / 2 + (1 - low) / 2 * std::cos(angle);
  });
}

Schedule::Next step(const ScheduleOptions& options) {
  return rule(options, [low = options.low](std::int64_t step) { return step % 2 == 0 ? 1 : low; });
}

Schedule::Next walk(const ScheduleOptions& options) {
  constexpr double kSpread = 0.3;  // standard deviation of the logarithm of one step's factor
  auto random = std::make_shared<std::mt19937_64>(options.seed);
  return rule(options, [low = options.low, random, factor = 1.0](std::int64_t step) mutable {
    if (step > 0)
      factor = std::clamp(factor * std::exp(std::normal_distribution<double>(0, kSpread)(*random)), low, 1.0);
    return factor;
  });
}

constexpr std::array kBuiltIn = {
    BuiltInSchedule{"c1", "the papers' C1: 25 and 1 Gbit/s, 1 and 50 ms, one step an epoch",
                    [](const ScheduleOptions& options) { return paper(kC1, options); }},
    BuiltInSchedule{"c2", "the papers' C2: 25 down to 1 Gbit/s and 1 up to 32 ms, and back",
                    [](const ScheduleOptions& options) { return paper(kC2, options); }},
    BuiltInSchedule{"sine", "the rate falls to its lowest and rises again in 20 steps", sine},
    BuiltInSchedule{"step", "the rate and its lowest, in turn", step},
    BuiltInSchedule{"walk", "the rate times a random factor, each step", walk},
};

/// Parses a line; nothing if it is empty or a comment.
std::optional<Change> read_line(const std::string& line, int hosts) {
  std::istringstream words(line.substr(0, line.find('#')));
  const std::vector<std::string> word((std::istream_iterator<std::string>(words)), {});
  if (word.empty()) return std::nullopt;
  if (word.size() < 3)
    throw Error(ErrorClass::argument, quoted("line", line), "a line is TIME TARGET key=value...",
                "Write it like 1.5 host3 rate=50mbit delay=5ms");
  Change change{parse_time("time", word[0]), parse_target(word[1], hosts), {}};
  for (std::size_t i = 2; i < word.size(); ++i) change.assignments.push_back(parse_assignment(word[i]));
  return change;
}

std::string names_of_built_in() {
  std::string names;
  for (const BuiltInSchedule& schedule : kBuiltIn)
    names += (names.empty() ? "" : ", ") + std::string(schedule.name);
  return names;
}

}  // namespace

std::span<const BuiltInSchedule> built_in_schedules() {
  return kBuiltIn;
}

std::vector<Change> read_schedule(std::istream& file, const std::string& name, int hosts) {
  std::vector<Change> changes;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string place = name + ":" + std::to_string(number) + ": ";
    std::optional<Change> change;
    try {
      change = read_line(line, hosts);
    } catch (const Error& error) {
      throw Error(ErrorClass::argument, place + error.what(), "a schedule is taken whole or not at all",
                  "Nothing was started");
    }
    if (!change) continue;
    if (!changes.empty() && change->time_s < changes.back().time_s)
      throw Error(
          ErrorClass::argument,
          place + quoted("time", line.substr(0, line.find_first_of(" \t"))) + " is before the line above",
          "times must not go back", "Sort the lines");
    changes.push_back(std::move(*change));
  }
  return changes;
}

void check_step(double seconds) {
  constexpr double kShortest_s = 1e-3;
  if (seconds >= kShortest_s) return;
  throw Error(ErrorClass::argument, quoted("--schedule-step", std::to_string(seconds) + " s"),
              "a step takes at least 1ms", "Make it longer");
}

Schedule make_schedule(const ScheduleOptions& options) {
  if (options.name.empty()) return {};
  check_step(options.step_s);
  const auto built_in = std::ranges::find(kBuiltIn, options.name, &BuiltInSchedule::name);
  if (built_in != kBuiltIn.end()) return Schedule(built_in->make(options));
  std::ifstream file(options.name);
  if (!file || std::filesystem::is_directory(options.name))
    throw Error(ErrorClass::io, quoted("schedule", options.name) + " cannot be read",
                "must be a file, or one of " + names_of_built_in(), "Correct the path");
  return Schedule(list(read_schedule(file, options.name, options.hosts)));
}

}  // namespace pliant::netlab
