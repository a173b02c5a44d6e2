// Known answers, and equality of the instruction's results with the table's.
#include "compress/crc32c.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

namespace pliant {
namespace {

using Checksum = std::uint32_t (*)(std::span<const std::byte> bytes, std::uint32_t so_far);

std::vector<std::byte> random_bytes(std::size_t count) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(Crc32c, GivesTheKnownAnswers) {
  const std::string_view digits = "123456789";
  // RFC 3720, appendix B.4.
  const std::vector<std::byte> zeros(32);
  const std::vector<std::byte> ones(32, std::byte{0xff});
  for (const Checksum checksum : {crc32c, crc32c_by_table}) {
    EXPECT_EQ(checksum(std::as_bytes(std::span(digits)), 0), 0xe3069283U);
    EXPECT_EQ(checksum(zeros, 0), 0x8a9136aaU);
    EXPECT_EQ(checksum(ones, 0), 0x62a8ab43U);
    EXPECT_EQ(checksum({}, 0), 0U);
  }
}

TEST(Crc32c, IsTheTablesForAllLengthsAndAlignments) {
  const std::vector<std::byte> bytes = random_bytes(320);
  for (std::size_t begin = 0; begin < 16; ++begin)
    for (std::size_t length = 0; length <= 300; ++length) {
      const auto part = std::span(bytes).subspan(begin, length);
      ASSERT_EQ(crc32c(part), crc32c_by_table(part)) << begin << ", " << length;
    }
}

TEST(Crc32c, IsTheTablesForLongInputs) {
  const std::vector<std::byte> bytes = random_bytes(20'000);
  for (const std::size_t length : {3071U, 3072U, 3073U, 3080U, 6143U, 6144U, 9999U, 19'990U})
    for (std::size_t begin = 0; begin < 10; ++begin) {
      const auto part = std::span(bytes).subspan(begin, length);
      ASSERT_EQ(crc32c(part, 0x12345678), crc32c_by_table(part, 0x12345678)) << begin << ", " << length;
    }
}

TEST(Crc32c, GoesOnWhereItStopped) {
  const std::vector<std::byte> bytes = random_bytes(5000);
  const std::uint32_t whole = crc32c(bytes);
  for (const std::size_t cut : {0U, 1U, 36U, 40U, 3072U, 4999U, 5000U}) {
    const std::uint32_t first = crc32c(std::span(bytes).first(cut));
    EXPECT_EQ(crc32c(std::span(bytes).subspan(cut), first), whole) << cut;
  }
}

TEST(Crc32c, SeesEveryBit) {
  std::vector<std::byte> bytes = random_bytes(3100);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += 7) {
    bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    ASSERT_NE(crc32c(bytes), whole) << bit;
    bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  }
}

}  // namespace
}  // namespace pliant
