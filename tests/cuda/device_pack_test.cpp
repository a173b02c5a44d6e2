// Packing of indices by kernels on the executor: the codec's bytes, and its refusals.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string_view>

#include "compress/index_codec.hpp"
#include "tests/compress/index_sets.hpp"
#include "tests/cuda/device_select.hpp"

namespace pliant {
namespace {

using cuda::Refusal;
using test::Bytes;
using test::Device;
using test::IndexSet;
using test::Unaligned;

/// In the order of Refusal.
constexpr std::array<std::string_view, 6> kProblems = {"",
                                                       "too short for a width for each block",
                                                       "a width is above 32",
                                                       "not as long as its widths say",
                                                       kIndexNotBelowCount,
                                                       "bits behind the last gap are set"};

struct PackBench {
  test::DeviceMemory storage;
  cuda::PackMemory memory;

  PackBench(Device& device, std::int64_t kept)
      : storage(cuda::divide_pack_memory(nullptr, kept).bytes),
        memory(cuda::divide_pack_memory(storage.data(), kept)) {
    device.next_schedule();
    EXPECT_EQ(cuda::enqueue_pack_reset(device.launcher(), memory, device.stream()), 0);
  }
};

/// Packs on the device into guarded memory, and returns the bytes.
Bytes pack(Device& device, const IndexSet& set) {
  PackBench bench(device, set.kept());
  Unaligned<std::uint32_t> indices(set.indices, 1);
  // Copied as bytes to an odd address.
  const std::int64_t room = block_indices.max_bytes(set.count, set.kept());
  Unaligned<std::uint8_t> packed(std::vector<std::uint8_t>(static_cast<std::size_t>(room)),
                                 set.indices.size() % 5);
  const cuda::PackTask task{indices.data(), set.count, set.kept(), packed.data(), 0};
  EXPECT_EQ(cuda::enqueue_pack(device.launcher(), bench.memory, task, device.stream()), 0) << device.trouble;
  EXPECT_TRUE(packed.surroundings_are_whole() && bench.storage.guard_is_whole());
  const std::vector<std::uint8_t> out = packed.copy();
  Bytes bytes;
  for (std::size_t i = 0; i < bench.memory.report->bytes; ++i)
    bytes.push_back(static_cast<std::byte>(out[i]));
  return bytes;
}

/// Unpacks on the device. `problem` is worded as by the codec.
std::vector<std::uint32_t> unpack(Device& device, const Bytes& bytes, std::int64_t count, std::int64_t kept,
                                  std::string_view& problem) {
  PackBench bench(device, kept);
  Unaligned<std::uint32_t> indices(std::vector<std::uint32_t>(static_cast<std::size_t>(kept)), 1);
  std::vector<std::uint8_t> plain;
  for (const std::byte byte : bytes) plain.push_back(std::to_integer<std::uint8_t>(byte));
  Unaligned<std::uint8_t> packed(plain, bytes.size() % 7);
  const cuda::PackTask task{indices.data(), count, kept, packed.data(),
                            static_cast<std::int64_t>(bytes.size())};
  EXPECT_EQ(cuda::enqueue_unpack(device.launcher(), bench.memory, task, device.stream()), 0)
      << device.trouble;
  EXPECT_TRUE(indices.surroundings_are_whole() && bench.storage.guard_is_whole());
  problem = kProblems[static_cast<std::size_t>(bench.memory.report->refusal)];
  return indices.copy();
}

std::vector<IndexSet> index_sets() {
  test::Random random(4);
  std::vector<IndexSet> sets;
  for (const std::int64_t kept : {0, 1, 2, 127, 128, 129, 255, 256, 1000, 4096, 20'000})
    for (const std::int64_t count : {kept, kept + 1, 3 * kept + 5, 200 * kept + 77})
      sets.push_back(test::random_set(random, count, kept));
  sets.push_back(test::clustered_set(random, 1'000'000, 3'000));
  // For each width: 128 gaps, the last of this many bits, and a tail.
  for (unsigned width = 0; width <= 32; ++width) {
    const std::int64_t widest = width == 0 ? 0 : (std::int64_t{1} << width) - 1;
    IndexSet set{.name = "width", .count = std::int64_t{1} << 32, .indices = {}};
    for (std::uint32_t i = 0; i < 127; ++i) set.indices.push_back(i);
    const std::int64_t far = std::min<std::int64_t>(127 + widest, (std::int64_t{1} << 32) - 12);
    for (int i = 0; i < 12; ++i) set.indices.push_back(static_cast<std::uint32_t>(far + i));
    sets.push_back(set);
  }
  return sets;
}

TEST(DevicePack, SameBytesAsTheCodecAndBack) {
  Device device;
  for (const IndexSet& set : index_sets()) {
    const Bytes expected = test::encode_indices(block_indices, set);
    EXPECT_EQ(pack(device, set), expected) << set.name << ", " << set.kept() << " of " << set.count;
    std::string_view problem;
    EXPECT_EQ(unpack(device, expected, set.count, set.kept(), problem), set.indices)
        << set.name << ", " << set.kept() << " of " << set.count;
    EXPECT_EQ(problem, "");
  }
}

/// The device must accept or refuse bytes as the codec does.
void expect_same_verdict(Device& device, const Bytes& bytes, std::int64_t count, std::int64_t kept) {
  std::vector<std::uint32_t> expected(static_cast<std::size_t>(kept));
  const char* const problem = block_indices.decode(bytes, count, kept, expected.data());
  std::string_view found;
  const std::vector<std::uint32_t> indices = unpack(device, bytes, count, kept, found);
  EXPECT_EQ(found, std::string_view(problem == nullptr ? "" : problem))
      << bytes.size() << " bytes, " << kept << " of " << count;
  if (problem != nullptr || !found.empty()) return;
  EXPECT_EQ(indices, expected);
}

TEST(DevicePack, RefusesWhatTheCodecRefuses) {
  Device device;
  test::Random random(5);
  for (const std::int64_t kept : {1, 5, 128, 131, 300}) {
    const IndexSet set = test::random_set(random, 40 * kept, kept);
    const Bytes good = test::encode_indices(block_indices, set);
    for (int i = 0; i < 40; ++i) {
      Bytes bad = good;
      const std::size_t at = random() % bad.size();
      if (i % 4 == 0) bad[random() % static_cast<std::size_t>((kept + 127) / 128)] ^= std::byte{33};
      if (i % 4 == 1) bad.resize(at);
      if (i % 4 == 2) bad.back() ^= std::byte{0x80};
      if (i % 4 == 3) bad[at] = static_cast<std::byte>(random());
      expect_same_verdict(device, bad, set.count, kept);
    }
    expect_same_verdict(device, good, set.indices.back(), kept);
    expect_same_verdict(device, good, std::int64_t{set.indices.back()} + 1, kept);
  }
}

/// If two things are wrong, the codec names the one that it meets first.
TEST(DevicePack, NamesTheFirstProblem) {
  Device device;
  test::Random random(7);
  const IndexSet set = test::random_set(random, 5'000, 131);  // a block, and a tail of 3
  Bytes bytes = test::encode_indices(block_indices, set);
  ASSERT_NE(std::to_integer<unsigned>(bytes[1]) * 3 % 8, 0U);  // there are bits behind the last gap
  bytes.back() |= std::byte{0x80};
  for (const std::int64_t count : {std::int64_t{set.indices[127]}, std::int64_t{set.indices[127]} + 1,
                                   std::int64_t{set.indices[130]}, set.count})
    expect_same_verdict(device, bytes, count, 131);
}

TEST(DevicePack, RefusesSumsThatWrap) {
  Device device;
  constexpr std::int64_t kKept = 256;
  Bytes bytes(2 + 2 * 16 * 32, std::byte{0xff});  // every gap is 2^32 - 1
  bytes[0] = bytes[1] = std::byte{32};
  expect_same_verdict(device, bytes, std::int64_t{1} << 32, kKept);
}

}  // namespace
}  // namespace pliant
