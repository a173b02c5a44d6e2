// A message of top-k values as it travels: a header, the indices, and the values at them.
//
// Little-endian. Header, by offset:
//    0  u32  magic: "PLT" and 0x9c, which no text has
//    4  u8   version of this format: 1
//    5  u8   index codec (index_codec.hpp); 0: no indices, since all of the vector is there
//    6  u8   value codec (value_codec.hpp); 0: no values
//    7  u8   type of the elements: 1 = float32
//    8  u64  count: elements of the vector
//   16  u64  kept: elements in this message
//   24  u64  payload_bytes: all behind the header
//   32  u32  padding_bytes: zeros between indices and values, to a multiple of 4 (0-3)
//   36  u32  CRC-32C of bytes 0-35 and the payload
//   40       indices, padding, values
// The length of the values follows from codec and kept, that of the indices is the rest.
// Messages can stand one behind the other without separators.
#pragma once

#include "compress/index_codec.hpp"
#include "compress/value_codec.hpp"

namespace pliant {

inline constexpr std::int64_t kHeaderBytes = 40;

/// What sender and receiver have agreed on. 0 <= kept <= count <= 2^32.
struct WireShape {
  std::int64_t count;
  std::int64_t kept;
};

/// Room that encode_message() may write to. `values` is null for messages of indices alone, here and below.
std::int64_t max_message_bytes(WireShape shape, const IndexCodec& indices, const ValueCodec* values);

/// The same with float32 values for any message of at most shape.kept elements.
std::int64_t max_message_bytes_up_to(WireShape shape, const IndexCodec& indices);

/// Mean over random index sets; a pure function: ranks agree.
double predicted_message_bytes(WireShape shape, const IndexCodec& indices, const ValueCodec* values);

/// What encode_message() sends. Arrays of [kept]; `values` become their rounding errors.
struct Kept {
  const std::uint32_t* indices;
  float* values;  ///< null for indices alone
};

/// Returns the bytes written. Falls back to raw indices where the codec is not shorter, and to float32 where
/// a value is not finite; a receiver needs to know neither.
std::int64_t encode_message(WireShape shape, const IndexCodec& index_codec, const ValueCodec* value_codec,
                            Kept kept, std::byte* out);

/// [byte] of a whole message: all elements of a vector, and no indices.
constexpr std::int64_t whole_message_bytes(std::int64_t count) {
  return kHeaderBytes + count * static_cast<std::int64_t>(sizeof(float));
}

/// Writes one of float32 values; returns its bytes. Only a receiver that expects one takes it.
std::int64_t encode_whole_message(std::span<const float> values, std::byte* out);

/// Bytes of the message at the front of `bytes`, which holds all of it. Checks no more of it than that.
/// sender: the rank that errors name. Throws Error(other).
std::int64_t message_bytes(std::span<const std::byte> bytes, int sender);

/// The same of a message that may not be there whole, but for its header, and has at most `most` bytes.
std::int64_t announced_bytes(std::span<const std::byte> front, std::int64_t most, int sender);

/// How many elements a message may keep.
enum class Keeps {
  exactly,          ///< shape.kept: sender and receiver agreed
  at_most,          ///< up to shape.kept: the message tells
  at_most_or_whole  ///< up to shape.kept, or everything, in a whole message
};

/// What a receiver knows of a message before it has it.
struct Expected {
  WireShape shape;
  bool with_values;
  int sender;  ///< the rank that errors name
  Keeps keeps = Keeps::exactly;
};

/// What a message has turned out to be.
struct Decoded {
  std::int64_t kept;
  bool whole;  ///< kept == count, and no indices were written
};

/// Writes indices[kept], and values[kept] if these are expected, or values[count] of a whole message. Throws
/// Error(other) for all that differs from what encode_message(), or encode_whole_message(), writes for
/// `expected`; some of both has then been written.
Decoded decode_message(std::span<const std::byte> message, const Expected& expected, std::uint32_t* indices,
                       float* values);

/// Writes the checksum of a message that is complete otherwise. encode_message() has done so.
void seal_message(std::span<std::byte> message);

}  // namespace pliant
