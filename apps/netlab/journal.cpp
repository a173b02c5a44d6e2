#include "apps/netlab/journal.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <istream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/error.hpp"

namespace pliant::netlab {
namespace {

constexpr std::array<std::string_view, 3> kCauses = {"start", "schedule", "set"};

JournalEntry entry_of(const nlohmann::json& json) {
  JournalEntry entry;
  entry.time_ns = to_ns(json.at("time").get<double>());
  if (!json.at("scheduled").is_null()) entry.scheduled_ns = to_ns(json["scheduled"].get<double>());
  entry.host = json.at("host").get<int>();
  entry.settings = {json.at("up").get<double>(), json.at("down").get<double>(),
                    json.at("delay").get<double>(), json.at("jitter").get<double>(),
                    json.at("queue").get<std::int64_t>()};
  const auto cause = std::ranges::find(kCauses, json.at("cause").get<std::string>());
  if (cause == kCauses.end()) throw std::invalid_argument("unknown cause");
  entry.cause = static_cast<Cause>(cause - kCauses.begin());
  return entry;
}

/// "host0 to host3", "host1".
std::string hosts_text(int first, int last) {
  return host_name(first) + (last > first ? " to " + host_name(last) : "");
}

bool says_the_same(const JournalEntry& a, const JournalEntry& b) {
  constexpr TimeNs kAtOnce = 20'000'000;
  return a.settings == b.settings && a.cause == b.cause && a.scheduled_ns == b.scheduled_ns &&
         b.time_ns - a.time_ns < kAtOnce;
}

std::string settings_text(const LinkSettings& settings) {
  std::string text = "up " + rate_text(settings.up_bits_per_s) + ", down " +
                     rate_text(settings.down_bits_per_s) + ", delay " + duration_text(settings.delay_s);
  if (settings.jitter_s > 0) text += ", jitter " + duration_text(settings.jitter_s);
  if (settings.queue_bytes > 0) text += ", queue " + bytes_text(static_cast<double>(settings.queue_bytes));
  return text;
}

}  // namespace

std::string_view cause_text(Cause cause) {
  return kCauses[static_cast<std::size_t>(cause)];
}

nlohmann::ordered_json json_of(const JournalEntry& entry) {
  const LinkSettings& settings = entry.settings;
  return {{"time", to_s(entry.time_ns)},
          {"scheduled", entry.scheduled_ns ? nlohmann::ordered_json(to_s(*entry.scheduled_ns)) : nullptr},
          {"host", entry.host},
          {"up", settings.up_bits_per_s},
          {"down", settings.down_bits_per_s},
          {"delay", settings.delay_s},
          {"jitter", settings.jitter_s},
          {"queue", settings.queue_bytes},
          {"cause", cause_text(entry.cause)}};
}

std::vector<JournalEntry> read_journal(std::istream& file, const std::string& name) {
  std::vector<JournalEntry> entries;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    try {
      entries.push_back(entry_of(nlohmann::json::parse(line)));
    } catch (const std::exception&) {
      throw Error(ErrorClass::io, name + ":" + std::to_string(number) + ": not an entry of a lab's log",
                  "each line is what pliant_netlab run --log or pliant_netlab log --json wrote",
                  "Pass such a file");
    }
  }
  return entries;
}

std::string text_of(const std::vector<JournalEntry>& entries) {
  std::string text;
  for (auto entry = entries.begin(); entry != entries.end();) {
    auto last = entry;
    while (last + 1 != entries.end() && (last + 1)->host == last->host + 1 &&
           says_the_same(*entry, *(last + 1)))
      ++last;
    std::array<char, 32> time{};
    std::snprintf(time.data(), time.size(), "%12.6f s  ", to_s(entry->time_ns - entries.front().time_ns));
    text += time.data();
    text.append(cause_text(entry->cause)).append("  ");
    text += hosts_text(entry->host, last->host) + ": " + settings_text(entry->settings);
    if (last->scheduled_ns)
      text += "  (late by " + duration_text(to_s(last->time_ns - *last->scheduled_ns)) + ")";
    text += "\n";
    entry = last + 1;
  }
  return text;
}

}  // namespace pliant::netlab
