#include "core/config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace pliant {
namespace {

// Variables of Pliant's own programs. The library has no setting for them, and does not warn about them.
constexpr std::array<std::string_view, 1> kForeignVariables = {"PLIANT_NETLAB"};

const char* written_name(const SettingRow& row) {
  return row.key[0] != '\0' ? row.key : row.environment;
}

[[noreturn]] void refuse(const SettingRow& row, std::string_view value, std::string_view action) {
  throw Error(ErrorClass::info_value, quoted(written_name(row), value), std::string("must be ") + row.values,
              action);
}

std::optional<double> to_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool to_bool(const SettingRow& row, std::string_view value) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  refuse(row, value, "Write one of the two");
}

void apply_mode(Settings& settings, const SettingRow& row, std::string_view value) {
  if (value != "exact" && value != "topk") refuse(row, value, "Use topk to allow loss, exact to forbid it");
  settings.topk = value == "topk";
}

void apply_density(Settings& settings, const SettingRow& row, std::string_view value) {
  const auto number = to_number(value);
  if (!number || *number <= 0 || *number > 1)
    refuse(row, value, "Pass k / count, for example 0.01; 1 turns compression off");
  settings.density = *number;
}

void apply_policy(Settings& settings, const SettingRow&, std::string_view value) {
  settings.policy = value;
}

void apply_time_budget(Settings& settings, const SettingRow& row, std::string_view value) {
  const auto number = to_number(value);
  if (!number || *number < 0)
    refuse(row, value, "Pass the time one step may take in microseconds; 0 means none");
  settings.time_budget_s = *number * 1e-6;
}

void apply_min_gain(Settings& settings, const SettingRow& row, std::string_view value) {
  const auto number = to_number(value);
  if (!number || *number < 0 || *number > 1)
    refuse(row, value, "Pass a fraction of the gradient's energy, for example 0.5");
  settings.min_gain = *number;
}

void apply_quality(Settings& settings, const SettingRow& row, std::string_view value) {
  if (value != "auto" && value != "density")
    refuse(row, value, "Leave it at auto unless you reproduce the papers");
  settings.quality = value;
}

void apply_algorithm(Settings& settings, const SettingRow&, std::string_view value) {
  settings.algorithm = value;
}

void apply_error_feedback(Settings& settings, const SettingRow&, std::string_view value) {
  settings.error_feedback = value;
}

void apply_index_codec(Settings& settings, const SettingRow&, std::string_view value) {
  settings.index_codec = value;
}

void apply_value_codec(Settings& settings, const SettingRow&, std::string_view value) {
  settings.value_codec = value;
}

void apply_min_bytes(Settings& settings, const SettingRow& row, std::string_view value) {
  const auto number = to_number(value);
  if (!number || *number < 0 || *number > 9e15 || std::floor(*number) != *number)
    refuse(row, value, "Pass a number of bytes; 0 compresses messages of any length");
  settings.min_bytes = static_cast<std::int64_t>(*number);
}

void apply_deterministic(Settings& settings, const SettingRow& row, std::string_view value) {
  settings.deterministic = to_bool(row, value);
}

void apply_name(Settings& settings, const SettingRow& row, std::string_view value) {
  if (value.size() > 63 || value.find('\n') != std::string_view::npos)
    refuse(row, value, "Choose a shorter name");
  settings.name = value;
}

void apply_assert_exact(Settings& settings, const SettingRow& row, std::string_view value) {
  settings.assert_exact = to_bool(row, value);
}

void apply_probe_max(Settings& settings, const SettingRow& row, std::string_view value) {
  const auto number = to_number(value);
  if (!number || *number <= 0)
    refuse(row, value, "Pass how long measuring the network may take, in milliseconds");
  settings.probe_max_s = *number * 1e-3;
}

void apply_check(Settings& settings, const SettingRow& row, std::string_view value) {
  settings.check = to_bool(row, value);
}

void apply_learn(Settings& settings, const SettingRow& row, std::string_view value) {
  settings.learn = to_bool(row, value);
}

void apply_cuda_stream(Settings& settings, const SettingRow& row, std::string_view value) {
  std::uintptr_t address = 0;
  if (value == "(nil)") value = "0";  // as %p prints a null pointer
  const bool hexadecimal = value.starts_with("0x");
  const std::string_view digits = hexadecimal ? value.substr(2) : value;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty())
    refuse(row, value, "Print the cudaStream_t with %p; 0 is the legacy default stream");
  settings.cuda_stream = reinterpret_cast<void*>(address);
}

void apply_nccl_timeout(Settings& settings, const SettingRow& row, std::string_view value) {
  const auto number = to_number(value);
  if (!number || *number <= 0) refuse(row, value, "Pass how long one operation by NCCL may take, in seconds");
  settings.nccl_timeout_s = *number;
}

void apply_cuda_aware(ProcessSettings& settings, const SettingRow& row, std::string_view value) {
  if (value == "auto") {
    settings.cuda_aware = CudaAware::ask;
  } else {
    settings.cuda_aware = to_bool(row, value) ? CudaAware::yes : CudaAware::no;
  }
}

void apply_progress_thread(ProcessSettings& settings, const SettingRow& row, std::string_view value) {
  settings.progress_thread = to_bool(row, value);
}

void apply_enable(ProcessSettings& settings, const SettingRow& row, std::string_view value) {
  settings.enable = to_bool(row, value);
}

void apply_debug(ProcessSettings& settings, const SettingRow& row, std::string_view value) {
  if (value == "warn") {
    settings.debug = LogLevel::warn;
  } else if (value == "info") {
    settings.debug = LogLevel::info;
  } else if (value == "trace") {
    settings.debug = LogLevel::trace;
  } else {
    refuse(row, value, "Use info to see what was decided and why");
  }
}

void apply_trace(ProcessSettings& settings, const SettingRow&, std::string_view value) {
  settings.trace = value;
}
void apply_kernels(ProcessSettings& settings, const SettingRow&, std::string_view value) {
  settings.kernels = value;
}

void apply_threads(ProcessSettings& settings, const SettingRow& row, std::string_view value) {
  const auto number = to_number(value);
  if (!number || *number < 1 || *number > 64 || std::floor(*number) != *number)
    refuse(row, value, "Pass the cores that each rank has to itself; 1 starts no threads");
  settings.threads = static_cast<int>(*number);
}

constexpr std::array kRows = {
    SettingRow{"pliant_mode", "PLIANT_MODE", "exact", "exact or topk", "",
               "may this communicator lose anything at all", apply_mode, nullptr},
    SettingRow{"pliant_density", "PLIANT_DENSITY", "0.01", "a number in (0, 1]", "",
               "fraction of elements kept, k = max(1, round(density x count))", apply_density, nullptr},
    SettingRow{"pliant_policy", "PLIANT_POLICY", "fixed", "fixed, budget, pareto or goodput", "",
               "who sets the density: docs/guide/choosing_a_policy.md", apply_policy, nullptr},
    SettingRow{"pliant_time_budget_us", "PLIANT_TIME_BUDGET_US", "0", "a number >= 0", "us",
               "time for one step, computing included, for the policy budget", apply_time_budget, nullptr},
    SettingRow{
        "pliant_min_gain", "PLIANT_MIN_GAIN", "0", "a number in [0, 1]", "",
        "least share of its energy in a rank's own top-k: a floor under policies; below it all is sent",
        apply_min_gain, nullptr},
    SettingRow{"pliant_quality", "PLIANT_QUALITY", "auto", "auto or density", "",
               "compare (algorithm, density) pairs by quality, or as the papers do by density alone: "
               "docs/guide/choosing_a_policy.md",
               apply_quality, nullptr},
    SettingRow{"pliant_algorithm", "PLIANT_ALGORITHM", "auto", "auto, a name, a list, or ^name", "",
               "force or forbid algorithms", apply_algorithm, nullptr},
    SettingRow{"pliant_error_feedback", "PLIANT_ERROR_FEEDBACK", "ef14", "the name of an error feedback", "",
               "what becomes of what was not sent", apply_error_feedback, nullptr},
    SettingRow{"pliant_index_codec", "PLIANT_INDEX_CODEC", "auto", "auto or the name of an index codec", "",
               "how indices travel; auto takes what is predicted to be quickest", apply_index_codec, nullptr},
    SettingRow{"pliant_value_codec", "PLIANT_VALUE_CODEC", "float32", "the name of a value codec", "",
               "how values travel where they are not reduced on the way; rounding stays in the residual",
               apply_value_codec, nullptr},
    SettingRow{"pliant_min_bytes", "PLIANT_MIN_BYTES", "16384", "a whole number >= 0", "byte",
               "smaller messages stay exact", apply_min_bytes, nullptr},
    SettingRow{"pliant_deterministic", "PLIANT_DETERMINISTIC", "false", "true or false", "",
               "pin algorithm and order of additions, whatever the size and the network", apply_deterministic,
               nullptr},
    SettingRow{"pliant_name", "PLIANT_NAME", "", "text of at most 63 characters", "",
               "the tensor's name in traces, state files and messages", apply_name, nullptr},
    SettingRow{"pliant_assert_exact", "PLIANT_ASSERT_EXACT", "false", "true or false", "",
               "nothing, not even the environment, may make this communicator lossy", apply_assert_exact,
               nullptr},
    SettingRow{"pliant_probe_max_ms", "PLIANT_PROBE_MAX_MS", "200", "a number > 0", "ms",
               "how long one measurement of the network may take", apply_probe_max, nullptr},
    SettingRow{"pliant_check", "PLIANT_CHECK", "false", "true or false", "",
               "ranks compare what each operation is about to reduce; differences are errors on all of them",
               apply_check, nullptr},
    SettingRow{"pliant_learn", "PLIANT_LEARN", "true", "true or false", "",
               "follow the network and correct predictions by what operations take", apply_learn, nullptr},
    SettingRow{"pliant_cuda_stream", "PLIANT_CUDA_STREAM", "0", "a stream's address, 0x... or decimal", "",
               "GPU buffers: the cudaStream_t whose work comes before the call; each rank its own",
               apply_cuda_stream, nullptr, true},
    SettingRow{"pliant_nccl_timeout_s", "PLIANT_NCCL_TIMEOUT_S", "60", "a number > 0", "s",
               "how long NCCL may take for one operation, from when all ranks have come", apply_nccl_timeout,
               nullptr},
    SettingRow{"", "PLIANT_ENABLE", "1", "1 or 0", "",
               "0 passes every call straight to MPI; same on all ranks", nullptr, apply_enable},
    SettingRow{"", "PLIANT_DEBUG", "warn", "warn, info or trace", "", "what is written to stderr", nullptr,
               apply_debug},
    SettingRow{"", "PLIANT_TRACE", "", "a path; %j job, %h host, %p process, %r rank, %t time, %% percent",
               "",
               "HDF5 file for one row per call, written by rank 0; never one in use: "
               "docs/guide/reports_and_traces.md",
               nullptr, apply_trace},
    SettingRow{"", "PLIANT_KERNELS", "auto", "auto or the name of a kernel table", "",
               "force one implementation of the kernels", nullptr, apply_kernels},
    SettingRow{"", "PLIANT_THREADS", "1", "a whole number in [1, 64]", "",
               "threads of each rank that select and add; they sleep between calls", nullptr, apply_threads},
    SettingRow{"", "PLIANT_PROGRESS_THREAD", "0", "1 or 0", "",
               "1: a thread advances started operations; needs MPI_THREAD_MULTIPLE", nullptr,
               apply_progress_thread},
    SettingRow{"", "PLIANT_CUDA_AWARE", "auto", "auto, 1 or 0", "",
               "may GPU pointers be given to MPI; auto asks the MPI library; same on all ranks", nullptr,
               apply_cuda_aware},
};

const SettingRow* find_key(std::string_view key) {
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [&](const SettingRow& r) { return r.key[0] != '\0' && key == r.key; });
  return row == kRows.end() ? nullptr : &*row;
}

/// Levenshtein distance, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const SettingRow> setting_rows() {
  return kRows;
}

std::string_view source_name(SettingSource source) {
  constexpr std::array<std::string_view, 4> kNames = {"default", "info", "environment",
                                                      "pliant_assert_exact"};
  return kNames[static_cast<std::size_t>(source)];
}

SettingValue Config::value(const SettingRow& row) const {
  if (const auto found = environment.find(row.key); found != environment.end())
    return {found->second, SettingSource::environment};
  if (const auto found = info.find(row.key); found != info.end()) return {found->second, SettingSource::info};
  return {row.default_value, SettingSource::default_value};
}

Settings Config::resolve() const {
  Settings settings;
  for (const SettingRow& row : kRows)
    if (row.apply != nullptr) row.apply(settings, row, value(row).value);
  // The environment can add this assertion, but cannot take back one that the program made.
  if (const auto asserted = info.find("pliant_assert_exact"); asserted != info.end())
    settings.assert_exact = settings.assert_exact || asserted->second == "true" || asserted->second == "1";
  if (settings.assert_exact) settings.topk = false;
  return settings;
}

void add_info(SettingLayer& layer, const std::string& key, const std::string& value) {
  if (!key.starts_with("pliant_")) return;
  const SettingRow* row = find_key(key);
  if (row == nullptr) {
    std::string known;
    for (const SettingRow& r : kRows)
      if (r.key[0] != '\0') known.append(known.empty() ? "" : ", ").append(r.key);
    throw Error(ErrorClass::info_key, "info key " + key + " is unknown", "keys are " + known,
                "Correct its spelling");
  }
  Settings scratch;
  row->apply(scratch, *row, value);
  layer[key] = value;
}

SettingLayer environment_layer() {
  SettingLayer layer;
  for (const SettingRow& row : kRows) {
    if (row.key[0] == '\0' || row.each_rank_its_own) continue;
    if (const auto value = environment_value(row.environment)) layer[row.key] = *value;
  }
  return layer;
}

ProcessSettings process_settings() {
  ProcessSettings settings;
  for (const SettingRow& row : kRows) {
    if (row.apply_process == nullptr) continue;
    const auto value = environment_value(row.environment);
    row.apply_process(settings, row, value ? std::string_view(*value) : std::string_view(row.default_value));
  }
  return settings;
}

std::string unknown_environment() {
  std::string lines;
  for (const std::string& name : environment_names("PLIANT_")) {
    const auto same = [&](const SettingRow& row) { return name == row.environment; };
    if (const auto row = std::find_if(kRows.begin(), kRows.end(), same); row != kRows.end()) {
      if (row->each_rank_its_own)
        lines += "environment variable " + name +
                 " means nothing here (ranks have each its own). Use the info key " + row->key + "\n";
      continue;
    }
    if (std::find(kForeignVariables.begin(), kForeignVariables.end(), name) != kForeignVariables.end())
      continue;
    const auto nearest =
        std::min_element(kRows.begin(), kRows.end(), [&](const SettingRow& a, const SettingRow& b) {
          return edit_distance(name, a.environment) < edit_distance(name, b.environment);
        });
    lines += "environment variable " + name + " means nothing here (pliant_info lists those that do). ";
    lines += edit_distance(name, nearest->environment) <= 3
                 ? std::string("Did you mean ") + nearest->environment + "?\n"
                 : std::string("Unset it\n");
  }
  return lines;
}

std::string encode(const SettingLayer& layer) {
  std::string text;
  for (const auto& [key, value] : layer) text.append(key).append("=").append(value).append("\n");
  return text;
}

SettingLayer decode(std::string_view text) {
  SettingLayer layer;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos)
      layer[std::string(line.substr(0, equals))] = std::string(line.substr(equals + 1));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return layer;
}

}  // namespace pliant
