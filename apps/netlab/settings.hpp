// The settings of a host's link: their keys, values and targets.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/netlab/units.hpp"

namespace pliant::netlab {

inline constexpr int kMostHosts = 64;

/// How much of its link's time a host may catch up at once after its processor stood still. On a noisy
/// machine 2 ms lost up to half of a link's rate. 10 ms lost nothing, and collectives took the same time
/// (`pliant_netlab selftest`).
inline constexpr double kHostBurst_s = 10e-3;

/// The cable between a host and the switch in the middle.
struct LinkSettings {
  double up_bits_per_s = 1e9;    ///< rate of sending; 0 = cut
  double down_bits_per_s = 1e9;  ///< rate of receiving; 0 = cut
  double delay_s = 100e-6;       ///< one way to a host with the same delay
  double jitter_s = 0;  ///< a frame's delay varies uniformly by up to this, but frames keep their order
  /// Room at each end of the link, in wire bytes; 0 = default_queue_bytes(). The host's end has room for
  /// kHostBurst_s more, so that no frame that its interface lets through is lost there.
  std::int64_t queue_bytes = 0;

  bool operator==(const LinkSettings&) const = default;
};

/// Throw Error(argument), where `what` names the value. A rate [bit/s] must be 0 or 1 kbit/s to 100 Gbit/s, and
/// a delay at most 10 s.
void check_rate(std::string_view what, double bits_per_s);
void check_delay(std::string_view what, double seconds);

/// The default room for waiting frames: max(1 MiB, four times rate times round trip).
std::int64_t default_queue_bytes(double bits_per_s, double delay_s);

/// One `key=value`.
struct Assignment {
  const struct SettingKey* key = nullptr;
  double value = 0;
};

/// A key: how to parse its value, and what it changes.
struct SettingKey {
  std::string_view name;
  std::string_view meaning;
  double (*parse)(std::string_view key, std::string_view text);
  void (*apply)(LinkSettings&, double value);
};

std::span<const SettingKey> setting_keys();

/// Parses "rate=50mbit". Throws Error(argument).
Assignment parse_assignment(std::string_view text);

void assign(std::span<const Assignment> assignments, LinkSettings& settings);

/// Parses "all", "host3", "host0,host2" or "host4-host7" to sorted host numbers. Throws Error(argument).
std::vector<int> parse_target(std::string_view text, int hosts);

std::string host_name(int host);

}  // namespace pliant::netlab
