// Times, rates and amounts, parsed from and printed as text.
#include "apps/netlab/units.hpp"

#include <gtest/gtest.h>

#include "tests/netlab/support.hpp"

namespace pliant::netlab {
namespace {

constexpr const char* kNoNumbers[] = {"",         "-1",      "-1ms",  "-5mbit", "nan",     "nanms",
                                      "nanmbit",  "inf",     "infs",  "-inf",   "infmbit", "1e999ms",
                                      "1e999bit", "mbit",    "ms",    "KB",     " 1ms",    "+1ms",
                                      "x",        "1.5.5ms", "1,5ms", "1 ms",   "0x10ms",  "--1"};

TEST(Units, RatesHavePowersOf1000) {
  EXPECT_DOUBLE_EQ(parse_rate("rate", "100mbit"), 100e6);
  EXPECT_DOUBLE_EQ(parse_rate("rate", "1.5gbit"), 1.5e9);
  EXPECT_DOUBLE_EQ(parse_rate("rate", "64kbit"), 64e3);
  EXPECT_DOUBLE_EQ(parse_rate("rate", "9600bit"), 9600);
  EXPECT_DOUBLE_EQ(parse_rate("rate", "10Mbit/s"), 10e6);
  EXPECT_DOUBLE_EQ(parse_rate("rate", "2GBIT"), 2e9);
  EXPECT_DOUBLE_EQ(parse_rate("rate", "1e3kbit"), 1e6);
  EXPECT_EQ(parse_rate("rate", "0"), 0);
  EXPECT_EQ(parse_rate("rate", "0mbit"), 0);
}

TEST(Units, DurationsAreInSeconds) {
  EXPECT_DOUBLE_EQ(parse_duration("delay", "5ms"), 0.005);
  EXPECT_DOUBLE_EQ(parse_duration("delay", "250us"), 250e-6);
  EXPECT_DOUBLE_EQ(parse_duration("delay", "40ns"), 40e-9);
  EXPECT_DOUBLE_EQ(parse_duration("delay", "1.5s"), 1.5);
  EXPECT_DOUBLE_EQ(parse_duration("delay", "2MS"), 0.002);
  EXPECT_EQ(parse_duration("delay", "0"), 0);
}

TEST(Units, PointsInTimeNeedNoUnit) {
  EXPECT_DOUBLE_EQ(parse_time("time", "1.5"), 1.5);
  EXPECT_DOUBLE_EQ(parse_time("time", "1500ms"), 1.5);
  EXPECT_DOUBLE_EQ(parse_time("time", "12s"), 12);
  EXPECT_EQ(parse_time("time", "0"), 0);
}

TEST(Units, AmountsHavePowersOf1024) {
  EXPECT_EQ(parse_bytes("queue", "64KB"), 65536);
  EXPECT_EQ(parse_bytes("queue", "64k"), 65536);
  EXPECT_EQ(parse_bytes("queue", "1.5MB"), 1572864);
  EXPECT_EQ(parse_bytes("queue", "2GB"), 2147483648);
  EXPECT_EQ(parse_bytes("queue", "100B"), 100);
  EXPECT_EQ(parse_bytes("queue", "0"), 0);
}

TEST(Units, ANumberOtherThanZeroNeedsAKnownUnit) {
  for (const char* const text : {"100", "100mb", "100ms", "100mbits", "100mbit/m", "5 mbit"})
    EXPECT_NE(refusal([&] { parse_rate("rate", text); }).find("rate = " + std::string(text)),
              std::string::npos)
        << text;
  for (const char* const text : {"5", "5m", "5min", "5mbit", "5KB"})
    EXPECT_NE(refusal([&] { parse_duration("delay", text); }).find("delay = " + std::string(text)),
              std::string::npos)
        << text;
  for (const char* const text : {"1024", "5ms", "5TB", "5KiB"})
    EXPECT_NE(refusal([&] { parse_bytes("queue", text); }).find("queue = " + std::string(text)),
              std::string::npos)
        << text;
  EXPECT_NE(refusal([] { parse_time("--timeout", "5min"); }).find("--timeout = 5min"), std::string::npos);
}

TEST(Units, NegativeAndNoNumbersAreRefusedByName) {
  for (const std::string text : kNoNumbers) {
    const std::string quote = "x = " + text;
    EXPECT_NE(refusal([&] { parse_rate("x", text); }).find(quote), std::string::npos) << quote;
    EXPECT_NE(refusal([&] { parse_duration("x", text); }).find(quote), std::string::npos) << quote;
    EXPECT_NE(refusal([&] { parse_time("x", text); }).find(quote), std::string::npos) << quote;
    EXPECT_NE(refusal([&] { parse_bytes("x", text); }).find(quote), std::string::npos) << quote;
  }
}

TEST(Units, AnAmountHasAnUpperLimit) {
  EXPECT_EQ(parse_bytes("queue", "900GB"), std::int64_t{900} << 30);
  EXPECT_NE(refusal([] { parse_bytes("queue", "1000GB"); }).find("queue = 1000GB"), std::string::npos);
  EXPECT_NE(refusal([] { parse_bytes("queue", "1e300GB"); }).find("queue = 1e300GB"), std::string::npos);
}

TEST(Units, NanosecondsAreRoundedToTheNearest) {
  EXPECT_EQ(to_ns(1.5), 1'500'000'000);
  EXPECT_EQ(to_ns(100e-6), 100'000);
  EXPECT_EQ(to_ns(1.4e-9), 1);
  EXPECT_EQ(to_ns(1.6e-9), 2);
  EXPECT_DOUBLE_EQ(to_s(1'500'000'000), 1.5);
}

TEST(Units, TextForPeople) {
  EXPECT_EQ(rate_text(25e9), "25 Gbit/s");
  EXPECT_EQ(rate_text(1.5e6), "1.5 Mbit/s");
  EXPECT_EQ(rate_text(64e3), "64 kbit/s");
  EXPECT_EQ(rate_text(0), "0 kbit/s");
  EXPECT_EQ(duration_text(2), "2 s");
  EXPECT_EQ(duration_text(0.005), "5 ms");
  EXPECT_EQ(duration_text(100e-6), "100 us");
  EXPECT_EQ(duration_text(0), "0 ms");
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(65536), "64 KB");
  EXPECT_EQ(bytes_text(1.5 * 1024 * 1024), "1.5 MB");
}

}  // namespace
}  // namespace pliant::netlab
