// The format of a message of top-k values: a header, the indices, and their values.
//
// Little-endian. Offsets in the header:
//
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
// Codec and kept give the length of the values. The indices take the rest. Messages may follow one another
// without separators.
#pragma once

#include "compress/index_codec.hpp"
#include "compress/value_codec.hpp"

namespace pliant {

inline constexpr std::int64_t kHeaderBytes = 40;

/// The shape on which sender and receiver have agreed. 0 <= kept <= count <= 2^32.
struct WireShape {
  std::int64_t count;
  std::int64_t kept;
};

/// Space [byte] that encode_message() may write to. Here and below, `values` is null for messages of indices
/// alone.
std::int64_t max_message_bytes(WireShape shape, const IndexCodec& indices, const ValueCodec* values);

/// Space [byte] for any message of float32 values with at most shape.kept elements.
std::int64_t max_message_bytes_up_to(WireShape shape, const IndexCodec& indices);

/// Mean over random index sets. A pure function, so ranks agree.
double predicted_message_bytes(WireShape shape, const IndexCodec& indices, const ValueCodec* values);

/// Input of encode_message(). Arrays of [kept]; `values` are replaced by their rounding errors.
struct Kept {
  const std::uint32_t* indices;
  float* values;  ///< null for indices alone
};

/// Returns the bytes written. Falls back to raw indices if the codec is not shorter, and to float32 if a
/// value is not finite. The header tells the receiver.
std::int64_t encode_message(WireShape shape, const IndexCodec& index_codec, const ValueCodec* value_codec,
                            Kept kept, std::byte* out);

/// Bytes of a whole message, which holds all elements of a vector and no indices.
constexpr std::int64_t whole_message_bytes(std::int64_t count) {
  return kHeaderBytes + count * static_cast<std::int64_t>(sizeof(float));
}

/// Writes a whole message of float32 values; returns its bytes. Receivers accept it only with
/// Keeps::at_most_or_whole.
std::int64_t encode_whole_message(std::span<const float> values, std::byte* out);

/// Bytes of the first message in `bytes`, which must be complete. Checks nothing else of it. sender: the rank
/// named in errors. Throws Error(other).
std::int64_t message_bytes(std::span<const std::byte> bytes, int sender);

/// Bytes of a message of which at least the header has arrived. Throws Error(other) if it has more than
/// `most` bytes.
std::int64_t announced_bytes(std::span<const std::byte> front, std::int64_t most, int sender);

/// How many elements a message may keep.
enum class Keeps {
  exactly,          ///< shape.kept: sender and receiver agreed on it
  at_most,          ///< up to shape.kept: the message says how many
  at_most_or_whole  ///< up to shape.kept, or everything, in a whole message
};

/// The message that a receiver expects.
struct Expected {
  WireShape shape;
  bool with_values;
  int sender;  ///< the rank named in errors
  Keeps keeps = Keeps::exactly;
};

/// The decoded message's number of elements and kind.
struct Decoded {
  std::int64_t kept;
  bool whole;  ///< kept == count, and no indices were written
};

/// Writes indices[kept], and values[kept] if these are expected, or values[count] of a whole message. Throws
/// Error(other) for anything that encode_message() or encode_whole_message() would not write for `expected`.
/// The outputs are then partly written.
Decoded decode_message(std::span<const std::byte> message, const Expected& expected, std::uint32_t* indices,
                       float* values);

/// Writes the checksum of an otherwise complete message. encode_message() already does this.
void seal_message(std::span<std::byte> message);

}  // namespace pliant
