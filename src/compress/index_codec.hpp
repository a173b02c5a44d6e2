// Index codecs: encode which `kept` of `count` elements a message holds, in fewer bytes.
//
// An index set is `kept` strictly ascending numbers, each < count; count <= 2^32. Codecs allocate nothing,
// and accept buffers of any alignment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pliant {

struct IndexCodec {
  std::string_view name;
  std::string_view summary;
  std::uint8_t id;  ///< on the wire; 2 was a codec that is gone, and no number is used again

  /// Mean over random sets. A pure function that all ranks agree on: it avoids libm, whose last bit depends
  /// on the processor.
  double (*predicted_bytes)(std::int64_t count, std::int64_t kept);
  /// Space [byte] that encode() may write to.
  std::int64_t (*max_bytes)(std::int64_t count, std::int64_t kept);
  /// indices: [kept], a valid set. Returns the bytes written.
  std::int64_t (*encode)(const std::uint32_t* indices, std::int64_t count, std::int64_t kept, std::byte* out);
  /// Returns null, or what is wrong with the untrusted `in`; indices[kept] are then unspecified. Rejects an
  /// invalid set, a wrong number of bytes, and nonzero bits without a meaning.
  const char* (*decode)(std::span<const std::byte> in, std::int64_t count, std::int64_t kept,
                        std::uint32_t* indices);
};

/// All codecs, raw first.
std::span<const IndexCodec* const> index_codecs();

/// Throws Error(info_value), listing the valid names, for an unknown name. The list includes auto, which the
/// caller must handle itself.
const IndexCodec& find_index_codec(std::string_view name);

/// Returns null for an unknown id.
const IndexCodec* index_codec_of(std::uint8_t id);

extern const IndexCodec raw_indices;
extern const IndexCodec block_indices;
extern const IndexCodec rice_indices;

/// The decoders' message for an index that is not below the count.
inline constexpr const char* kIndexNotBelowCount = "an index is not below the count";

}  // namespace pliant
