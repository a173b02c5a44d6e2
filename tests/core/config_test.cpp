// Settings: which values each accepts or refuses, with which message, and which source wins.
#include "core/config.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "tests/support/environment.hpp"
#include "tests/support/errors.hpp"

namespace pliant {
namespace {

using test::error_text;

const SettingRow& row_of(const std::string& name) {
  for (const SettingRow& row : setting_rows())
    if (name == row.key || name == row.environment) return row;
  throw std::out_of_range(name);
}

void apply(const SettingRow& row, const std::string& value) {
  Settings settings;
  ProcessSettings process;
  if (row.apply != nullptr) {
    row.apply(settings, row, value);
  } else {
    row.apply_process(process, row, value);
  }
}

struct Pair {
  std::string name;
  std::string value;
};

const std::vector<Pair> kRefused = {
    {"pliant_mode", ""},
    {"pliant_mode", "lossy"},
    {"pliant_mode", "TOPK"},
    {"pliant_density", ""},
    {"pliant_density", "0"},
    {"pliant_density", "2"},
    {"pliant_density", "-0.1"},
    {"pliant_density", "1.0000001"},
    {"pliant_density", "nan"},
    {"pliant_density", "inf"},
    {"pliant_density", "1e-400"},
    {"pliant_density", "0.1x"},
    {"pliant_density", " 0.1"},
    {"pliant_density", "0,1"},
    {"pliant_density", "12"},
    {"pliant_time_budget_us", "-1"},
    {"pliant_time_budget_us", "inf"},
    {"pliant_time_budget_us", "10ms"},
    {"pliant_min_gain", "-0.1"},
    {"pliant_min_gain", "1.1"},
    {"pliant_min_gain", "nan"},
    {"pliant_quality", "gain"},
    {"pliant_min_bytes", "-1"},
    {"pliant_min_bytes", "1.5"},
    {"pliant_min_bytes", "1e17"},
    {"pliant_min_bytes", "64k"},
    {"pliant_deterministic", "yes"},
    {"pliant_name", std::string(64, 'x')},
    {"pliant_name", "two\nlines"},
    {"pliant_assert_exact", "maybe"},
    {"pliant_probe_max_ms", "0"},
    {"pliant_probe_max_ms", "-5"},
    {"pliant_check", "2"},
    {"pliant_learn", "often"},
    {"pliant_cuda_stream", "0xstream"},
    {"pliant_nccl_timeout_s", "0"},
    {"PLIANT_ENABLE", "2"},
    {"PLIANT_DEBUG", "loud"},
    {"PLIANT_THREADS", "0"},
    {"PLIANT_THREADS", "1.5"},
    {"PLIANT_THREADS", "65"},
    {"PLIANT_THREADS", "all"},
    {"PLIANT_PROGRESS_THREAD", "yes"},
    {"PLIANT_CUDA_AWARE", "maybe"},
};

// These take any text: names of a registry, or paths. The registries' tests refuse wrong names.
const std::set<std::string> kAnyText = {"PLIANT_POLICY",     "PLIANT_ALGORITHM", "PLIANT_ERROR_FEEDBACK",
                                        "PLIANT_TRACE",      "PLIANT_KERNELS",   "PLIANT_INDEX_CODEC",
                                        "PLIANT_VALUE_CODEC"};

TEST(Config, EveryDefaultIsAccepted) {
  for (const SettingRow& row : setting_rows())
    EXPECT_NO_THROW(apply(row, row.default_value)) << row.environment;
}

TEST(Config, EveryRowIsDescribedOnceAndNamedAfterItsKey) {
  std::set<std::string> seen;
  for (const SettingRow& row : setting_rows()) {
    EXPECT_TRUE(seen.insert(row.environment).second) << row.environment;
    EXPECT_STRNE(row.values, "") << row.environment;
    EXPECT_STRNE(row.meaning, "") << row.environment;
    EXPECT_NE(row.apply == nullptr, row.apply_process == nullptr) << row.environment;
    EXPECT_EQ(row.key[0] == '\0', row.apply == nullptr) << row.environment;
    if (row.key[0] == '\0') continue;
    std::string expected = row.key;
    std::transform(expected.begin(), expected.end(), expected.begin(),
                   [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
    EXPECT_EQ(expected, row.environment);
  }
}

TEST(Config, RefusalNamesKeyValueAndRule) {
  for (const auto& [name, value] : kRefused) {
    const SettingRow& row = row_of(name);
    const std::string text = error_text(ErrorClass::info_value, [&] { apply(row, value); });
    const std::string beginning = name + " = " + value + " (must be " + row.values + "). ";
    EXPECT_TRUE(text.starts_with(beginning)) << text;
    EXPECT_GT(text.size(), beginning.size()) << "no advice: " << text;
  }
}

TEST(Config, EverySettingHasARefusedValueInThisTest) {
  std::set<std::string> covered = kAnyText;
  for (const Pair& pair : kRefused) covered.insert(row_of(pair.name).environment);
  for (const SettingRow& row : setting_rows())
    EXPECT_TRUE(covered.contains(row.environment)) << row.environment;
}

TEST(Config, AcceptsTheEdges) {
  for (const auto& [name, value] : std::vector<Pair>{{"pliant_density", "1"},
                                                     {"pliant_density", "1e-300"},
                                                     {"pliant_min_gain", "0"},
                                                     {"pliant_min_gain", "1"},
                                                     {"pliant_min_bytes", "0"},
                                                     {"pliant_min_bytes", "1e6"},
                                                     {"pliant_name", std::string(63, 'x')},
                                                     {"pliant_deterministic", "1"},
                                                     {"PLIANT_ENABLE", "0"}})
    EXPECT_NO_THROW(apply(row_of(name), value)) << name << " = " << value;
}

TEST(Config, ConvertsUnitsToSeconds) {
  Config config;
  config.info = {
      {"pliant_time_budget_us", "2500"}, {"pliant_probe_max_ms", "50"}, {"pliant_min_bytes", "1e6"}};
  const Settings settings = config.resolve();
  EXPECT_DOUBLE_EQ(settings.time_budget_s, 2.5e-3);
  EXPECT_DOUBLE_EQ(settings.probe_max_s, 0.05);
  EXPECT_EQ(settings.min_bytes, 1'000'000);
}

TEST(Config, EnvironmentBeatsInfoBeatsDefault) {
  const SettingRow& row = row_of("pliant_density");
  Config config;
  EXPECT_EQ(config.value(row).source, SettingSource::default_value);
  EXPECT_EQ(config.resolve().density, 0.01);
  config.info["pliant_density"] = "0.2";
  EXPECT_EQ(config.value(row).source, SettingSource::info);
  EXPECT_EQ(config.resolve().density, 0.2);
  config.environment["pliant_density"] = "0.3";
  EXPECT_EQ(config.value(row).source, SettingSource::environment);
  EXPECT_EQ(config.value(row).value, "0.3");
  EXPECT_EQ(config.resolve().density, 0.3);
}

TEST(Config, ExactUnlessAskedOtherwise) {
  EXPECT_FALSE(Config().resolve().topk);
  Config config;
  config.info["pliant_mode"] = "topk";
  EXPECT_TRUE(config.resolve().topk);
}

TEST(Config, AssertExactBeatsAll) {
  struct Case {
    SettingLayer info, environment;
  };
  const std::vector<Case> exact = {
      {{{"pliant_assert_exact", "true"}, {"pliant_mode", "topk"}}, {}},
      {{{"pliant_assert_exact", "true"}}, {{"pliant_mode", "topk"}}},
      {{{"pliant_assert_exact", "1"}}, {{"pliant_mode", "topk"}, {"pliant_assert_exact", "false"}}},
      {{{"pliant_mode", "topk"}}, {{"pliant_assert_exact", "true"}}},
  };
  for (const Case& item : exact) {
    const Settings settings = Config{item.info, item.environment}.resolve();
    EXPECT_FALSE(settings.topk) << encode(item.info) << encode(item.environment);
    EXPECT_TRUE(settings.assert_exact) << encode(item.info) << encode(item.environment);
  }
  const Config not_asserted{{{"pliant_assert_exact", "false"}, {"pliant_mode", "topk"}}, {}};
  EXPECT_TRUE(not_asserted.resolve().topk);
}

TEST(Config, ResolveRefusesABadEnvironmentValue) {
  const Config config{{}, {{"pliant_density", "12"}}};
  const std::string text = error_text(ErrorClass::info_value, [&] { config.resolve(); });
  EXPECT_NE(text.find("pliant_density = 12"), std::string::npos) << text;
}

TEST(Config, InfoIgnoresForeignKeysAndListsValidOnes) {
  SettingLayer layer;
  add_info(layer, "coll_tuned_priority", "anything");
  EXPECT_TRUE(layer.empty());
  add_info(layer, "pliant_density", "0.5");
  const std::string text =
      error_text(ErrorClass::info_key, [&] { add_info(layer, "pliant_densty", "0.25"); });
  EXPECT_NE(text.find("pliant_densty"), std::string::npos);
  for (const SettingRow& row : setting_rows()) EXPECT_NE(text.find(row.key), std::string::npos) << row.key;
  error_text(ErrorClass::info_value, [&] { add_info(layer, "pliant_density", "7"); });
  EXPECT_EQ(layer, (SettingLayer{{"pliant_density", "0.5"}}));
}

TEST(Config, ProcessSettingsAreNoInfoKeys) {
  SettingLayer layer;
  error_text(ErrorClass::info_key, [&] { add_info(layer, "pliant_trace", "a.h5"); });
}

TEST(Config, LayersSurviveEncoding) {
  const std::vector<SettingLayer> layers = {
      {},
      {{"pliant_name", ""}},
      {{"pliant_name", "a=b==c"}, {"pliant_density", "0.5"}, {"pliant_algorithm", "^ring, ^tree"}}};
  for (const SettingLayer& layer : layers) EXPECT_EQ(decode(encode(layer)), layer) << encode(layer);
}

TEST(Config, ReadsItsEnvironment) {
  const test::CleanEnvironment environment;
  EXPECT_TRUE(environment_layer().empty());
  EXPECT_TRUE(process_settings().enable);
  environment.set("PLIANT_DENSITY", "0.25");
  environment.set("PLIANT_ENABLE", "0");
  environment.set("PLIANT_DEBUG", "trace");
  environment.set("PLIANT_TRACE", "run.h5");
  EXPECT_EQ(environment_layer(), (SettingLayer{{"pliant_density", "0.25"}}));
  const ProcessSettings process = process_settings();
  EXPECT_FALSE(process.enable);
  EXPECT_EQ(process.debug, LogLevel::trace);
  EXPECT_EQ(process.trace, "run.h5");
  EXPECT_EQ(process.kernels, "auto");
  environment.set("PLIANT_DEBUG", "loud");
  error_text(ErrorClass::info_value, [] { process_settings(); });
}

TEST(Config, UnknownVariablesGetAHint) {
  const test::CleanEnvironment environment;
  for (const SettingRow& row : setting_rows())
    if (!row.each_rank_its_own) environment.set(row.environment, "");
  environment.set("PLIANT_NETLAB", "1");
  EXPECT_EQ(unknown_environment(), "");
  environment.set("PLIANT_CUDA_STREAM", "0");
  EXPECT_EQ(unknown_environment(),
            "environment variable PLIANT_CUDA_STREAM means nothing here (ranks have each its own). Use the "
            "info key "
            "pliant_cuda_stream\n");
  environment.set("PLIANT_DENSTY", "0.1");
  environment.set("PLIANT_SOMETHING_ELSE", "0.1");
  const std::string text = unknown_environment();
  EXPECT_NE(text.find("PLIANT_DENSTY means nothing"), std::string::npos) << text;
  EXPECT_NE(text.find("Did you mean PLIANT_DENSITY?"), std::string::npos) << text;
  const std::string far = text.substr(text.find("PLIANT_SOMETHING_ELSE"));
  EXPECT_EQ(far.find("Did you mean"), std::string::npos) << far;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
}

}  // namespace
}  // namespace pliant
