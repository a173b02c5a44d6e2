#include "apps/netlab/statistics.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace pliant::netlab {
namespace {

nlohmann::ordered_json json_of(const LinkCounts& counts) {
  return {{"frames", counts.frames},
          {"wire_bytes", counts.wire_bytes},
          {"dropped", counts.dropped},
          {"most_queued_bytes", counts.most_queued_bytes}};
}

template <class... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), pattern, values...);
  return text.data();
}

std::string direction_text(const nlohmann::ordered_json& counts) {
  return format("%10lld %12s %8lld %10s", counts["frames"].get<long long>(),
                bytes_text(counts["wire_bytes"].get<double>()).c_str(), counts["dropped"].get<long long>(),
                bytes_text(counts["most_queued_bytes"].get<double>()).c_str());
}

/// Share of frames delivered less than `us` microseconds late.
double share_below(const nlohmann::ordered_json& classes, double us) {
  double below = 0;
  double all = 0;
  for (const auto& [end, frames] : classes.get<std::vector<std::pair<double, double>>>()) {
    all += frames;
    if (end <= us) below += frames;
  }
  return all > 0 ? below / all : 1;
}

}  // namespace

nlohmann::ordered_json json_of(const NetworkCounts& counts) {
  nlohmann::ordered_json hosts = nlohmann::ordered_json::array();
  for (const HostCounts& host : counts.hosts)
    hosts.push_back({{"up", json_of(host.up)}, {"down", json_of(host.down)}, {"refused", host.refused}});
  nlohmann::ordered_json classes = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < Lateness::kClasses; ++i)
    classes.push_back({std::int64_t{1} << i, counts.lateness.frames[i]});
  return {{"hosts", hosts},
          {"lateness",
           {{"most_us", static_cast<double>(counts.lateness.most_ns) / 1e3}, {"frames_below_us", classes}}},
          {"busy_s", counts.busy_s},
          {"running_s", counts.running_s},
          {"realtime", counts.is_realtime}};
}

std::string statistics_text(const nlohmann::ordered_json& json) {
  std::string text = format("%-8s %10s %12s %8s %10s   %10s %12s %8s %10s\n", "host", "sent", "on the wire",
                            "dropped", "queue", "received", "on the wire", "dropped", "queue");
  int host = 0;
  for (const auto& counts : json["hosts"])
    text += format("%-8s ", host_name(host++).c_str()) + direction_text(counts["up"]) + "   " +
            direction_text(counts["down"]) + "\n";
  const auto& classes = json["lateness"]["frames_below_us"];
  text += format(
      "frames handed over late: %.4g %% by less than 32 us, %.4g %% by less than 256 us, at most %.3g ms\n",
      100 * share_below(classes, 32), 100 * share_below(classes, 256),
      json["lateness"]["most_us"].get<double>() / 1e3);
  text += format("the network took %.3g %% of one core%s\n",
                 100 * json["busy_s"].get<double>() / std::max(1e-9, json["running_s"].get<double>()),
                 json["realtime"].get<bool>()
                     ? ""
                     : ", without real-time priority (it needs root): times are less exact");
  return text;
}

}  // namespace pliant::netlab
