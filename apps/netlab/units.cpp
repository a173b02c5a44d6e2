#include "apps/netlab/units.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <span>

#include "core/error.hpp"

namespace pliant::netlab {
namespace {

/// A value is number * factor / divisor, so that 100us is the double nearest to 0.0001.
struct Unit {
  std::string_view name;
  double factor;
  double divisor = 1;
};

constexpr std::array kRateUnits = {Unit{"bit", 1}, Unit{"kbit", 1e3}, Unit{"mbit", 1e6}, Unit{"gbit", 1e9}};
constexpr std::array kTimeUnits = {Unit{"ns", 1, 1e9}, Unit{"us", 1, 1e6}, Unit{"ms", 1, 1e3}, Unit{"s", 1}};
constexpr double kKibi = 1024;
constexpr std::array kByteUnits = {
    Unit{"b", 1},     Unit{"kb", kKibi},       Unit{"mb", kKibi* kKibi},      Unit{"gb", kKibi* kKibi* kKibi},
    Unit{"k", kKibi}, Unit{"m", kKibi* kKibi}, Unit{"g", kKibi* kKibi* kKibi}};

struct Quantity {
  double number = 0;
  std::string unit;  ///< lower case
};

[[noreturn]] void refuse(std::string_view what, std::string_view text, std::string_view rule,
                         std::string_view example) {
  throw Error(ErrorClass::argument, quoted(what, text), rule, "Write it like " + std::string(example));
}

Quantity split(std::string_view what, std::string_view text, std::string_view rule,
               std::string_view example) {
  Quantity quantity;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, quantity.number);
  if (error != std::errc() || !std::isfinite(quantity.number) || quantity.number < 0)
    refuse(what, text, rule, example);
  for (const char* c = rest; c != end; ++c)
    quantity.unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  return quantity;
}

double parse(std::string_view what, std::string_view text, std::span<const Unit> units, std::string_view rule,
             std::string_view example) {
  const Quantity quantity = split(what, text, rule, example);
  if (quantity.unit.empty() && quantity.number == 0) return 0;
  const auto unit = std::ranges::find(units, quantity.unit, &Unit::name);
  if (unit == units.end()) refuse(what, text, rule, example);
  return quantity.number * unit->factor / unit->divisor;
}

std::string format(double value, const char* unit) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.4g %s", value, unit);
  return text.data();
}

}  // namespace

TimeNs now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return TimeNs{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

double parse_rate(std::string_view what, std::string_view text) {
  constexpr std::string_view kRule = "a rate is 0 or a number with bit, kbit, mbit or gbit, per second";
  std::string_view number = text;
  if (number.ends_with("/s")) number.remove_suffix(2);
  return parse(what, number, kRateUnits, kRule, "100mbit");
}

double parse_duration(std::string_view what, std::string_view text) {
  return parse(what, text, kTimeUnits, "a duration is 0 or a number with ns, us, ms or s", "5ms");
}

double parse_time(std::string_view what, std::string_view text) {
  constexpr std::string_view kRule = "a point in time is 0 to 1e9 seconds, with or without ns, us, ms or s";
  constexpr std::string_view kExample = "1.5 or 1500ms";
  constexpr double kLatest_s = 1e9;
  const Quantity quantity = split(what, text, kRule, kExample);
  const double time_s =
      quantity.unit.empty() ? quantity.number : parse(what, text, kTimeUnits, kRule, kExample);
  if (time_s > kLatest_s) refuse(what, text, kRule, kExample);
  return time_s;
}

std::int64_t parse_bytes(std::string_view what, std::string_view text) {
  constexpr std::string_view kRule = "an amount is 0 or a number with B, KB, MB or GB";
  const double bytes = parse(what, text, kByteUnits, kRule, "256KB");
  if (bytes > 1e12) refuse(what, text, "an amount is at most 1e12 bytes", "256KB");
  return static_cast<std::int64_t>(bytes);
}

std::string rate_text(double bits_per_s) {
  if (bits_per_s >= 1e9) return format(bits_per_s / 1e9, "Gbit/s");
  if (bits_per_s >= 1e6) return format(bits_per_s / 1e6, "Mbit/s");
  return format(bits_per_s / 1e3, "kbit/s");
}

std::string duration_text(double seconds) {
  if (seconds >= 1) return format(seconds, "s");
  if (seconds >= 1e-3 || seconds == 0) return format(seconds * 1e3, "ms");
  return format(seconds * 1e6, "us");
}

std::string bytes_text(double bytes) {
  if (bytes >= kKibi * kKibi) return format(bytes / (kKibi * kKibi), "MB");
  if (bytes >= kKibi) return format(bytes / kKibi, "KB");
  return format(bytes, "B");
}

}  // namespace pliant::netlab
