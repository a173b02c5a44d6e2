// What this build and this environment consist of: version, devices, kernels, algorithms, codecs,
// settings.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace pliant::info {

using Json = nlohmann::ordered_json;

/// One thing pliant_info can tell.
struct Section {
  const char* name;  ///< as in JSON; the option is --name
  const char* help;
  Json (*collect)();
  std::string (*text)(const Json& collected);
};

std::span<const Section> sections();

/// Is any setting collected in this section refused by the library?
bool holds_refused_setting(const Json& collected);

}  // namespace pliant::info
