#include "apps/netlab/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/error.hpp"

namespace pliant::netlab {
namespace {

constexpr double kMostRate = 100e9;
constexpr double kLeastRate = 1e3;
constexpr double kLongestDelay_s = 10;
constexpr std::int64_t kSmallestQueue = 64 * 1024;

double rate_of(std::string_view key, std::string_view text) {
  const double rate = parse_rate(key, text);
  check_rate(quoted(key, text), rate);
  return rate;
}

double delay_of(std::string_view key, std::string_view text) {
  const double delay_s = parse_duration(key, text);
  check_delay(quoted(key, text), delay_s);
  return delay_s;
}

double queue_of(std::string_view key, std::string_view text) {
  const std::int64_t bytes = parse_bytes(key, text);
  if (bytes != 0 && bytes < kSmallestQueue)
    throw Error(ErrorClass::argument, quoted(key, text),
                "0, for the default, or at least 64KB: TCP hands over frames of that length", "Correct it");
  return static_cast<double>(bytes);
}

constexpr std::array kKeys = {
    SettingKey{"rate", "what the host sends and what it receives, each; 0 cuts the link", rate_of,
               [](LinkSettings& settings, double value) {
                 settings.up_bits_per_s = value;
                 settings.down_bits_per_s = value;
               }},
    SettingKey{"up", "what the host sends; 0 cuts", rate_of,
               [](LinkSettings& settings, double value) { settings.up_bits_per_s = value; }},
    SettingKey{"down", "what the host receives; 0 cuts", rate_of,
               [](LinkSettings& settings, double value) { settings.down_bits_per_s = value; }},
    SettingKey{"delay", "one way; between two hosts it is the mean of theirs", delay_of,
               [](LinkSettings& settings, double value) { settings.delay_s = value; }},
    SettingKey{"jitter", "each frame's delay varies evenly by up to this", delay_of,
               [](LinkSettings& settings, double value) { settings.jitter_s = value; }},
    SettingKey{"queue", "room for waiting frames; 0 = max(1MB, 4 x rate x round trip)", queue_of,
               [](LinkSettings& settings, double value) {
                 settings.queue_bytes = static_cast<std::int64_t>(value);
               }},
};

std::string key_names() {
  std::string names;
  for (const SettingKey& key : kKeys) names += (names.empty() ? "" : ", ") + std::string(key.name);
  return names;
}

/// "host3" or "3" -> 3.
std::optional<int> host_number(std::string_view text, int hosts) {
  if (text.starts_with("host")) text.remove_prefix(4);
  int number = -1;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size() || number < 0 || number >= hosts)
    return std::nullopt;
  return number;
}

}  // namespace

void check_rate(std::string_view what, double bits_per_s) {
  if (bits_per_s == 0 || (bits_per_s >= kLeastRate && bits_per_s <= kMostRate)) return;
  throw Error(ErrorClass::argument, what, "a rate is 0, for a cut link, or 1kbit to 100gbit", "Correct it");
}

void check_delay(std::string_view what, double seconds) {
  if (seconds >= 0 && seconds <= kLongestDelay_s) return;
  throw Error(ErrorClass::argument, what, "a delay is 0 to 10s", "Correct it");
}

std::int64_t default_queue_bytes(double bits_per_s, double delay_s) {
  constexpr std::int64_t kLeast = 1 << 20;
  return std::max(kLeast, static_cast<std::int64_t>(4 * bits_per_s / 8 * 2 * delay_s));
}

std::span<const SettingKey> setting_keys() {
  return kKeys;
}

Assignment parse_assignment(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    throw Error(ErrorClass::argument, quoted("setting", text), "must be key=value",
                "Write it like rate=50mbit");
  const std::string_view name = text.substr(0, equals);
  const auto key = std::ranges::find(kKeys, name, &SettingKey::name);
  if (key == kKeys.end())
    throw Error(ErrorClass::argument, quoted("key", name), "the keys are " + key_names(),
                "Choose one of them");
  return {&*key, key->parse(name, text.substr(equals + 1))};
}

void assign(std::span<const Assignment> assignments, LinkSettings& settings) {
  for (const Assignment& assignment : assignments) assignment.key->apply(settings, assignment.value);
}

std::vector<int> parse_target(std::string_view text, int hosts) {
  const auto refuse = [&] {
    throw Error(ErrorClass::argument, quoted("target", text),
                "must be all, host0 to " + host_name(hosts - 1) + ", or several: host0,host2 or host1-host3",
                "Correct it");
  };
  std::vector<int> targets;
  if (text == "all") {
    for (int host = 0; host < hosts; ++host) targets.push_back(host);
    return targets;
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t dash = part.find('-');
    const auto first = host_number(part.substr(0, dash), hosts);
    const auto last = dash == std::string_view::npos ? first : host_number(part.substr(dash + 1), hosts);
    if (!first || !last || *first > *last) refuse();
    for (int host = *first; host <= *last; ++host) targets.push_back(host);
    begin = end + 1;
  }
  std::ranges::sort(targets);
  targets.erase(std::ranges::unique(targets).begin(), targets.end());
  return targets;
}

std::string host_name(int host) {
  return "host" + std::to_string(host);
}

}  // namespace pliant::netlab
