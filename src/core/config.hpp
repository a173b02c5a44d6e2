// Every setting: key, environment variable, default, unit, meaning, and how its text becomes a value.
//
// The first source that gives a value wins: the environment of rank 0, then MPI_Info, then the default.
// `pliant_assert_exact` overrides all of them. To add a setting, add a member of Settings and a row in
// config.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "core/log.hpp"

namespace pliant {

/// Settings in force on one communicator or request, parsed.
struct Settings {
  bool topk = false;  ///< pliant_mode = topk, and not asserted exact
  double density = 0;
  std::string policy;
  double time_budget_s = 0;  ///< [s]; 0 = not given
  double min_gain = 0;
  std::string quality;
  std::string algorithm;
  std::string error_feedback;
  std::string index_codec;
  std::string value_codec;
  std::int64_t min_bytes = 0;
  bool deterministic = false;
  std::string name;
  bool assert_exact = false;
  double probe_max_s = 0;
  bool check = false;
  bool learn = false;
  void* cuda_stream = nullptr;  ///< differs between ranks; null: the legacy default stream
  double nccl_timeout_s = 0;
};

/// Whether the MPI library accepts device pointers.
enum class CudaAware { ask, yes, no };

/// Settings of the process, from its own environment.
struct ProcessSettings {
  bool enable = true;
  LogLevel debug = LogLevel::warn;
  std::string trace;    ///< path of the trace file; empty = no trace
  std::string kernels;  ///< name of a kernel table, or auto
  int threads = 1;      ///< threads of this rank's kernels, including the calling thread
  bool progress_thread = false;
  CudaAware cuda_aware = CudaAware::ask;
};

struct SettingRow {
  const char* key;          ///< info key, or "" for a setting of the process
  const char* environment;  ///< variable's name
  const char* default_value;
  const char* values;  ///< the values that a user may write
  const char* unit;    ///< "" for none
  const char* meaning;
  void (*apply)(Settings&, const SettingRow&, std::string_view value);  ///< null for process rows
  void (*apply_process)(ProcessSettings&, const SettingRow&, std::string_view value);  ///< null for others
  bool each_rank_its_own = false;  ///< only for an info key: its value may differ between ranks
};

/// All settings, in the order in which they are documented.
std::span<const SettingRow> setting_rows();

/// Key -> value as written by the user, for one source of settings.
using SettingLayer = std::map<std::string, std::string>;

enum class SettingSource { default_value, info, environment, assertion };
std::string_view source_name(SettingSource source);

struct SettingValue {
  std::string value;
  SettingSource source = SettingSource::default_value;
};

/// The settings that the user gave, by source.
struct Config {
  SettingLayer info;
  SettingLayer environment;

  /// The value in force for a row, and its source.
  SettingValue value(const SettingRow& row) const;
  /// All values in force, parsed. Throws Error(info_value) for the first invalid value.
  Settings resolve() const;
};

/// Put a pair from MPI_Info into a layer. Keys without the prefix `pliant_` are ignored.
/// Throws Error(info_key) for an unknown `pliant_` key and Error(info_value) for an invalid value.
void add_info(SettingLayer& layer, const std::string& key, const std::string& value);

/// This process's PLIANT_* variables that set properties of communicators, not yet parsed.
SettingLayer environment_layer();
/// The settings of this process. Throws Error(info_value).
ProcessSettings process_settings();
/// Unknown PLIANT_* variables, one line each, with the nearest known name if one is close.
std::string unknown_environment();

/// Encode a layer as one text, and decode it. Keys and values must not hold a newline.
std::string encode(const SettingLayer& layer);
SettingLayer decode(std::string_view text);

}  // namespace pliant
