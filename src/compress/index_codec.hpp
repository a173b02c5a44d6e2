// Index codecs: which `kept` of `count` elements a message is about, in fewer bytes.
//
// An index set is `kept` strictly ascending numbers, each < count; count <= 2^32. Nothing here allocates, and
// nothing depends on where a buffer is aligned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pliant {

struct IndexCodec {
  std::string_view name;
  std::string_view summary;
  std::uint8_t id;  ///< on the wire: never given to another codec

  /// Mean over random sets. A pure function without libm, whose last bit depends on the processor: ranks
  /// agree.
  double (*predicted_bytes)(std::int64_t count, std::int64_t kept);
  /// Room that encode() may write to.
  std::int64_t (*max_bytes)(std::int64_t count, std::int64_t kept);
  /// indices: [kept], a valid set. Returns the bytes written.
  std::int64_t (*encode)(const std::uint32_t* indices, std::int64_t count, std::int64_t kept, std::byte* out);
  /// Null, or what is wrong with `in`, which may come from anybody: then indices[kept] hold anything. Refuses
  /// what is not a valid set, of too few or too many bytes, or with bits set that mean nothing.
  const char* (*decode)(std::span<const std::byte> in, std::int64_t count, std::int64_t kept,
                        std::uint32_t* indices);
};

/// All there are, raw first.
std::span<const IndexCodec* const> index_codecs();

/// Throws Error(info_value) that lists the names there are, and auto, which is the caller's to understand.
const IndexCodec& find_index_codec(std::string_view name);

/// Null if there is none.
const IndexCodec* index_codec_of(std::uint8_t id);

extern const IndexCodec raw_indices;
extern const IndexCodec bitmap_indices;
extern const IndexCodec block_indices;
extern const IndexCodec rice_indices;

/// What decoders say of indices that do not ascend below count.
inline constexpr const char* kIndexNotBelowCount = "an index is not below the count";

}  // namespace pliant
