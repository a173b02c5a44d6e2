// What can be set of a host's link, by which key, and for which hosts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/netlab/units.hpp"

namespace pliant::netlab {

inline constexpr int kMostHosts = 64;

/// How much of its link's time a host may catch up at once, when a processor stood still. With 2 ms a noisy
/// machine lost up to half of a link's rate, with 10 ms nothing, and collectives took the same time
/// (`pliant_netlab selftest`).
inline constexpr double kHostBurst_s = 10e-3;

/// The cable between a host and the switch in the middle.
struct LinkSettings {
  double up_bits_per_s = 1e9;    ///< what the host sends; 0 = cut
  double down_bits_per_s = 1e9;  ///< what the host receives; 0 = cut
  double delay_s = 100e-6;       ///< one way between this host and one with the same delay
  double jitter_s = 0;           ///< each frame's delay varies evenly by up to this; frames keep their order
  /// Room at each end of the link, in wire bytes; 0 = default_queue_bytes(). The host's end has room for
  /// kHostBurst_s more: what its interface lets through is lost in no network.
  std::int64_t queue_bytes = 0;

  bool operator==(const LinkSettings&) const = default;
};

/// Throw Error(argument) unless a rate [bit/s] is 0 or 1 kbit/s to 100 Gbit/s, a delay at most 10 s.
/// `what` says what has that value.
void check_rate(std::string_view what, double bits_per_s);
void check_delay(std::string_view what, double seconds);

/// Room for what is waiting, where none was set: max(1 MiB, four times rate times round trip).
std::int64_t default_queue_bytes(double bits_per_s, double delay_s);

/// One `key=value`.
struct Assignment {
  const struct SettingKey* key = nullptr;
  double value = 0;
};

/// A key: how its value reads and what it changes.
struct SettingKey {
  std::string_view name;
  std::string_view meaning;
  double (*parse)(std::string_view key, std::string_view text);
  void (*apply)(LinkSettings&, double value);
};

std::span<const SettingKey> setting_keys();

/// "rate=50mbit". Throws Error(argument).
Assignment parse_assignment(std::string_view text);

void assign(std::span<const Assignment> assignments, LinkSettings& settings);

/// "all", "host3", "host0,host2", "host4-host7": host numbers, sorted. Throws Error(argument).
std::vector<int> parse_target(std::string_view text, int hosts);

std::string host_name(int host);

}  // namespace pliant::netlab
