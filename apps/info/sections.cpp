#include "apps/info/sections.hpp"

#include <pliant/pliant.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "apps/support/check.hpp"

namespace pliant::info {
namespace {

using apps::check;

constexpr int kValueRoom = 4096;  // a path (PATH_MAX) is the longest value there is

std::string padded(const std::string& text, std::size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text;
}

std::size_t longest(const Json& rows, const char* member) {
  std::size_t width = 0;
  for (const Json& row : rows) width = std::max(width, row.at(member).get<std::string>().size());
  return width;
}

Json collect_version() {
  return Pliant_Get_library_version();
}

std::string version_text(const Json& version) {
  return "pliant " + version.get<std::string>() + "\n";
}

/// "13.0" for 13000, "2.28.9" for 22809; null if there is no such version.
Json cuda_number(int version) {
  if (version == 0) return nullptr;
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Json nccl_number(int version) {
  if (version == 0) return nullptr;
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

Json collect_devices() {
  Pliant_Device_support support{};
  support.size = sizeof support;
  check(Pliant_Get_device_support(&support));
  return {{"cuda_runtime", cuda_number(support.cuda_runtime)},
          {"cuda_driver", cuda_number(support.cuda_driver)},
          {"nccl", nccl_number(support.nccl)},
          {"devices", support.devices},
          {"problem", support.problem},
          {"mpi_cuda_aware", support.mpi_cuda_aware != 0}};
}

std::string devices_text(const Json& found) {
  const auto number = [&](const char* name) {
    return found.at(name).is_null() ? std::string("none") : found.at(name).get<std::string>();
  };
  const std::string problem = found.at("problem");
  return "GPU buffers\n  CUDA runtime     " + number("cuda_runtime") + "\n  CUDA driver      " +
         number("cuda_driver") + "\n  NCCL             " + number("nccl") + "\n  devices          " +
         std::to_string(found.at("devices").get<int>()) + (problem.empty() ? "" : " (" + problem + ")") +
         "\n  CUDA-aware MPI   " + (found.at("mpi_cuda_aware").get<bool>() ? "yes" : "no") + "\n";
}

/// One of the library's lists. Each entry's flag has the name that the library gives it.
template <int (*get_num)(int*), int (*get_info)(int, Pliant_Entry*)>
Json collect_entries(const char* flag) {
  int n = 0;
  check(get_num(&n));
  Json rows = Json::array();
  for (int i = 0; i < n; ++i) {
    Pliant_Entry entry{};
    check(get_info(i, &entry));
    rows.push_back({{"name", entry.name}, {flag, entry.exact != 0}, {"summary", entry.summary}});
  }
  return rows;
}

std::string entries_text(const std::string& heading, const Json& rows, const char* flag,
                         const std::array<const char*, 2>& words) {
  std::string text = heading + "\n";
  for (const Json& row : rows)
    text += "  " + padded(row.at("name"), longest(rows, "name")) + "  " +
            words[row.at(flag).get<bool>() ? 1 : 0] + "  " + row.at("summary").get<std::string>() + "\n";
  return text;
}

Json collect_kernels() {
  return collect_entries<Pliant_Kernels_get_num, Pliant_Kernels_get_info>("usable");
}

std::string kernels_text(const Json& rows) {
  return entries_text("kernels (best first)", rows, "usable", {"not usable", "usable    "});
}

Json collect_algorithms() {
  return collect_entries<Pliant_Algorithm_get_num, Pliant_Algorithm_get_info>("exact");
}

std::string algorithms_text(const Json& rows) {
  return entries_text("algorithms", rows, "exact", {"lossy", "exact"});
}

Json collect_codecs() {
  return {{"index", collect_entries<Pliant_Index_codec_get_num, Pliant_Index_codec_get_info>("exact")},
          {"value", collect_entries<Pliant_Value_codec_get_num, Pliant_Value_codec_get_info>("exact")}};
}

std::string codecs_text(const Json& codecs) {
  return entries_text("index codecs", codecs.at("index"), "exact", {"lossy", "exact"}) + "\n" +
         entries_text("value codecs (rounding stays in the residual)", codecs.at("value"), "exact",
                      {"rounds", "exact "});
}

Json collect_setting(int index) {
  Pliant_Setting setting{};
  check(Pliant_Setting_get_info(index, &setting));
  std::array<char, kValueRoom> value{};
  const char* source = "";
  const int code = Pliant_Setting_get_value(index, value.data(), kValueRoom, &source);
  Json row = {{"key", setting.key},
              {"environment", setting.environment},
              {"default", setting.default_value},
              {"values", setting.values},
              {"unit", setting.unit},
              {"meaning", setting.meaning},
              {"value", value.data()},
              {"source", source == nullptr ? "" : source}};
  if (code != MPI_SUCCESS) row["refused"] = true;
  return row;
}

Json collect_settings() {
  int n = 0;
  check(Pliant_Setting_get_num(&n));
  Json rows = Json::array();
  for (int i = 0; i < n; ++i) rows.push_back(collect_setting(i));
  return rows;
}

std::string setting_value(const Json& row) {
  const std::string value = row.at("value");
  if (row.contains("refused")) return value + " (refused)";
  if (value.empty()) return "-";
  const std::string unit = row.at("unit");
  return unit.empty() ? value : value + " " + unit;
}

std::string settings_text(const Json& rows) {
  std::size_t value_width = 0;
  for (const Json& row : rows) value_width = std::max(value_width, setting_value(row).size());
  std::string text = "settings (environment variable, or the same name in small letters as info key)\n";
  for (const Json& row : rows)
    text += "  " + padded(row.at("environment"), longest(rows, "environment")) + "  " +
            padded(setting_value(row), value_width) + "  " +
            padded(row.at("source"), longest(rows, "source")) + "  " + row.at("meaning").get<std::string>() +
            " (" + row.at("values").get<std::string>() + ")\n";
  return text;
}

constexpr std::array kSections = {
    Section{"version", "Version and optional parts of this build", collect_version, version_text},
    Section{"devices", "CUDA, NCCL and devices found, for buffers in a GPU's memory", collect_devices,
            devices_text},
    Section{"kernels", "Implementations of the inner loops, best first", collect_kernels, kernels_text},
    Section{"algorithms", "Allreduce algorithms", collect_algorithms, algorithms_text},
    Section{"codecs", "How kept indices and their values can travel", collect_codecs, codecs_text},
    Section{"settings", "Settings in force and where each comes from", collect_settings, settings_text},
};

}  // namespace

std::span<const Section> sections() {
  return kSections;
}

bool holds_refused_setting(const Json& collected) {
  return collected.is_array() && std::any_of(collected.begin(), collected.end(),
                                             [](const Json& row) { return row.contains("refused"); });
}

}  // namespace pliant::info
