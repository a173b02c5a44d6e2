// The parts of this build and environment: version, devices, kernels, algorithms, codecs, settings.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace pliant::info {

using Json = nlohmann::ordered_json;

/// One topic that pliant_info can print.
struct Section {
  const char* name;  ///< key in JSON; the option is --name
  const char* help;
  Json (*collect)();
  std::string (*text)(const Json& collected);
};

std::span<const Section> sections();

/// Whether the library refuses a setting in this section.
bool holds_refused_setting(const Json& collected);

}  // namespace pliant::info
