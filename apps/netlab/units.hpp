// Times, rates and amounts, as people write them: 100mbit, 5ms, 1MB. And the clock of the lab.
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

/// "100mbit" -> 1e8 [bit/s]. Units bit, kbit, mbit, gbit (powers of 1000; "/s" may follow); 0 needs none.
/// Throws Error(argument), as the following do; `what` names the value in the message.
double parse_rate(std::string_view what, std::string_view text);
/// "5ms" -> 0.005 [s]. Units ns, us, ms, s; 0 needs none.
double parse_duration(std::string_view what, std::string_view text);
/// "1.5" or "1500ms" -> 1.5 [s]: a point in time, in seconds where no unit is given.
double parse_time(std::string_view what, std::string_view text);
/// "64KB" -> 65536 [byte]. Units B, KB, MB, GB (powers of 1024, B may be left out); 0 needs none.
std::int64_t parse_bytes(std::string_view what, std::string_view text);

/// "100 Mbit/s", "0.5 ms", "1.2 MB": three digits or what is exact.
std::string rate_text(double bits_per_s);
std::string duration_text(double seconds);
std::string bytes_text(double bytes);

}  // namespace pliant::netlab
