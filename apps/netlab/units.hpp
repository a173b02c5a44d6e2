// Times, rates and amounts as people write them (100mbit, 5ms, 1MB), and the clock of the lab.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace pliant::netlab {

/// Nanoseconds of CLOCK_MONOTONIC.
using TimeNs = std::int64_t;
inline constexpr TimeNs kNever = std::numeric_limits<TimeNs>::max();
inline constexpr double kNsPerS = 1e9;

TimeNs now_ns();

constexpr TimeNs to_ns(double seconds) {
  return static_cast<TimeNs>(seconds * kNsPerS + 0.5);
}
constexpr double to_s(TimeNs ns) {
  return static_cast<double>(ns) / kNsPerS;
}

/// Parses "100mbit" to 1e8 [bit/s]. Units are bit, kbit, mbit and gbit (powers of 1000), each with an
/// optional "/s"; 0 needs no unit. Throws Error(argument), as the next functions do. `what` names the value
/// in the message.
double parse_rate(std::string_view what, std::string_view text);
/// Parses "5ms" to 0.005 [s]. Units are ns, us, ms and s; 0 needs no unit.
double parse_duration(std::string_view what, std::string_view text);
/// Parses "1.5" or "1500ms" to 1.5 [s]: a point in time, in seconds by default.
double parse_time(std::string_view what, std::string_view text);
/// Parses "64KB" to 65536 [byte]. Units are B, KB, MB and GB (powers of 1024; B is optional); 0 needs no
/// unit.
std::int64_t parse_bytes(std::string_view what, std::string_view text);

/// Formats "100 Mbit/s", "0.5 ms" or "1.2 MB": three digits, or more where that is exact.
std::string rate_text(double bits_per_s);
std::string duration_text(double seconds);
std::string bytes_text(double bytes);

}  // namespace pliant::netlab
